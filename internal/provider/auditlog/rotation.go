package auditlog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// refuseRotatedTwice refuses a rotation of logs that another file of a node rotates too. Where the state has the same
// rotation, a refresh has told of it already. A node that does not answer is left to the apply, which has logrotate
// judge all files. Replaced is the file of the resource that this one takes the place of, empty for none: it goes
// first.
func (r *auditLoggingResource) refuseRotatedTwice(ctx context.Context, logging hardening.AuditLogging, state *auditLoggingModel, replaced string, targets []node.Target, diags *diag.Diagnostics) {
	at := logging.LogrotatePath()
	text := logging.Render()[at]
	if text == "" {
		return
	}
	nodes, err := r.Clients.Nodes()
	if err != nil {
		return
	}
	for _, target := range targets {
		if state != nil && state.Deployed.Elements()[target.Name] != nil && values.StringsInMap(state.Files)[at] == text {
			continue
		}
		lines, err := logging.RotatedElsewhere(ctx, nodes, target)
		lines = slices.DeleteFunc(lines, func(line string) bool { return replaced != "" && strings.HasPrefix(line, replaced+":") })
		if err != nil || len(lines) == 0 {
			continue
		}
		diags.AddAttributeError(path.Root("rotation"), "Invalid rotation: another file of "+target.Name+" rotates the same log",
			fmt.Sprintf("logrotate drops the whole file that it reads second, so that nothing in it is rotated any more. These lines are in the way:\n\n  %s\n\n"+
				"Remove them, write the logs into another directory, or set enabled = false in rotation.", strings.Join(lines, "\n  ")))
	}
}

// rotationKey is in the private part of the plan of every resource that has a state, with the path of its file for
// logrotate: Terraform says nothing of the state when it plans what takes the place of that resource, and hands this
// on.
const rotationKey = "rotation"

// replacedRotation is the file for logrotate of the resource in the state, or of the one that is about to be replaced.
func replacedRotation(ctx context.Context, state *auditLoggingModel, before values.PrivateReader, after values.PrivateWriter, diags *diag.Diagnostics) string {
	if state != nil {
		at := state.logging(ctx, diags).LogrotatePath()
		encoded, err := json.Marshal(at)
		if err == nil {
			diags.Append(after.SetKey(ctx, rotationKey, encoded)...)
		}
		return at
	}
	var at string
	if encoded, _ := before.GetKey(ctx, rotationKey); len(encoded) > 0 && json.Unmarshal(encoded, &at) != nil {
		return ""
	}
	return at
}

// warnOfUnlogged warns of policies that are on a node without the settings that logged what they allow.
func warnOfUnlogged(ctx context.Context, logging hardening.AuditLogging, nodes hardening.Nodes, targets []node.Target, diags *diag.Diagnostics) {
	at := map[string][]string{}
	for _, target := range targets {
		left, err := logging.Unlogged(ctx, nodes, target)
		if err != nil {
			continue // the settings are gone, and the next plan of a policy tells what is logged
		}
		for _, name := range left {
			at[name] = append(at[name], target.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(at)) {
		diags.AddWarning("Nothing of pvesec logs "+name+" on "+strings.Join(at[name], ", ")+" any more",
			fmt.Sprintf("Audit logging %q is removed, and this policy is still there: what it allows is logged as the node does it by itself. Remove the policy too, or add pvesec_audit_logging for its subject. "+
				"Where both go, let the policy go first: depends_on = [pvesec_audit_logging.…] in the policy does that.", logging.Name))
	}
}
