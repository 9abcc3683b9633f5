package session

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// What on_unreachable may say.
const (
	failUnreachable = "fail"
	skipUnreachable = "skip"
)

// notReached is what the entry of a skipped node says in changes.
const notReached = "not reached: the state of the node is unknown"

// NotReached tells whether the changes of an entry say that the node was skipped.
func NotReached(changes types.List) bool {
	return changes.Equal(values.StringList([]string{notReached}))
}

// noNodeAnswered is the error for an apply that would skip every node.
const noNodeAnswered = "No node answered, so pvesec changed nothing. Check the network and the addresses of the nodes, then apply again."

// onUnreachableAttribute describes on_unreachable, which each resource on nodes has.
func onUnreachableAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "What to do when a node does not answer. `fail` (default) changes no node. `skip` continues with the other nodes, warns about the skipped one and keeps " +
			"its last known state; plans show the pending change until an apply reaches it, as known after apply. A wrong host key or a refused login " +
			"is an error with both. A node that answers the plan and not the apply is an error too: the next plan skips it. Destroying the resource and removing a node from `nodes` never skip a node, because the state would forget what stays there.",
		Optional:   true,
		Computed:   true,
		Default:    stringdefault.StaticString(failUnreachable),
		Validators: []validator.String{stringvalidator.OneOf(failUnreachable, skipUnreachable)},
	}
}

// Reachable returns the targets that answer. With "fail" it returns all: the operation itself then fails if a node does
// not answer.
func (c *Configured) Reachable(ctx context.Context, targets []node.Target, onUnreachable types.String, diags *diag.Diagnostics) []node.Target {
	if onUnreachable.ValueString() != skipUnreachable || c.Clients == nil || c.Clients.pool == nil {
		return targets
	}
	silent := c.Clients.pool.Unreachable(ctx, targets)
	if len(silent) == 0 {
		return targets
	}
	var reached []node.Target
	for _, target := range targets {
		if silent[target.Name] == nil {
			reached = append(reached, target)
		}
	}
	names := make([]string, 0, len(silent))
	for name := range silent {
		names = append(names, name)
	}
	sort.Strings(names)
	var detail strings.Builder
	for _, name := range names {
		fmt.Fprintf(&detail, "%s\n\n", values.UpperFirst(silent[name].Error()))
	}
	diags.AddAttributeWarning(path.Root("on_unreachable"), "Unable to reach "+strings.Join(names, ", ")+", skipped",
		detail.String()+"pvesec read and changed nothing there (on_unreachable = \"skip\"). The state keeps the last known values, and plans show the pending change until an apply reaches the node.")
	return reached
}

// PlanSkipped fills in nodes_skipped and leaves the entries of deployed open that an apply may leave as they are: those
// that differ from what is recorded, of nodes that did not answer when they were read last, and of nodes of which
// nothing is recorded. recorded is the state, nil for a resource that is new. Both follow from the state, so that the
// plan which Terraform makes while it applies is the same.
func (p *Placed) PlanSkipped(ctx context.Context, recorded *Placed, diags *diag.Diagnostics) {
	var before types.Map
	switch {
	case p.OnUnreachable.ValueString() != skipUnreachable && !p.OnUnreachable.IsUnknown():
		p.NodesSkipped = values.StringList(nil)
		return
	case recorded == nil || recorded.NodesSkipped.IsNull():
		p.NodesSkipped = types.ListUnknown(types.StringType)
	default:
		p.NodesSkipped, before = recorded.NodesSkipped, recorded.Deployed
	}
	if p.Deployed.IsNull() || p.Deployed.IsUnknown() {
		return
	}
	skipped := values.StringsInList(ctx, known(p.NodesSkipped), diags)
	entries := p.Deployed.Elements()
	for name, entry := range entries {
		last, is := before.Elements()[name]
		if is && (last.Equal(entry) || !slices.Contains(skipped, name)) {
			continue
		}
		if object, ok := p.Deployed.ElementType(ctx).(types.ObjectType); ok {
			entries[name] = types.ObjectUnknown(object.AttrTypes)
		}
	}
	p.setDeployed(ctx, entries, diags)
}

// known is a list, or null where it is not known.
func known(list types.List) types.List {
	if list.IsUnknown() {
		return types.ListNull(types.StringType)
	}
	return list
}

// refuseSilence refuses to skip nodes that answered when the plan was made: the plan says what they hold after the
// apply.
func refuseSilence(plan *Placed, recorded map[string]attr.Value, silent []node.Target, summary string, diags *diag.Diagnostics) {
	var names []string
	for _, target := range silent {
		entry, planned := plan.Deployed.Elements()[target.Name]
		if last, is := recorded[target.Name]; planned && !entry.IsUnknown() && !(is && last.Equal(entry)) {
			names = append(names, target.Name)
		}
	}
	if len(names) > 0 {
		diags.AddError(summary, fmt.Sprintf("%s answered when the plan was made, and does not answer now. Nothing was changed on any node. Plan again: the new plan skips it, and says so.", strings.Join(names, ", ")))
	}
}

// skippedAttribute describes nodes_skipped.
func skippedAttribute() schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: "Nodes that did not answer when the nodes were read last, and that `on_unreachable = \"skip\"` left out. Only of these, and of nodes that are new, are entries of `deployed` known after the apply.",
		ElementType:         types.StringType,
		Computed:            true,
	}
}

// Decided are the entries of a map of objects that are known.
func Decided(value types.Map) types.Map {
	if value.IsNull() || value.IsUnknown() {
		return value
	}
	entries := value.Elements()
	for name, entry := range entries {
		if entry.IsUnknown() {
			delete(entries, name)
		}
	}
	return types.MapValueMust(value.ElementType(context.Background()), entries)
}

// NeedsAll tells that every node has to answer.
func (p *Placed) NeedsAll() bool { return p.OnUnreachable.ValueString() == failUnreachable }
