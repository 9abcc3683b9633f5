package auditlog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Prove sends records through the trail of each node and looks for them where they must arrive.
func (m *auditLoggingModel) Prove(ctx context.Context, shared *session.Clients, targets []node.Target, diags *diag.Diagnostics) {
	if !m.Probe.ValueBool() {
		return
	}
	pool, err := shared.Pool()
	if err != nil {
		values.AddError(diags, "Unable to probe "+m.What(), err)
		return
	}
	logging := m.logging(ctx, diags)
	results := session.Each(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.ProbeResult, error) {
		return logging.Probe(ctx, pool, target, hardening.ProbePatience)
	})
	report := probeReport{what: m.What(), after: "The settings are in force. Mend what is named and apply again, or set probe = false to apply without a probe. Terraform marks a new resource as tainted and would replace it; " +
		"terraform untaint keeps it."}
	report.tell(ctx, results, diags)
	m.unproven = map[string]bool{}
	for _, one := range results {
		m.unproven[one.Target.Name] = one.Err != nil || len(one.Value.Broken) > 0
	}
}

// unprovenProblem is among the problems of a node on which the probe of the last apply failed. Terraform replaces a new
// resource then and hands no private state to the removal, so that deployed must tell.
const unprovenProblem = "the probe of the last apply failed: apply again, which sends another one"

// wasUnproven tells whether the probe of the last apply failed on a node.
func (m *auditLoggingModel) wasUnproven(name string) bool {
	entry, is := m.Deployed.Elements()[name].(types.Object)
	if !is {
		return false
	}
	problems, is := entry.Attributes()["problems"].(types.List)
	return is && slices.ContainsFunc(problems.Elements(), func(problem attr.Value) bool { return problem.Equal(types.StringValue(unprovenProblem)) })
}

// probeReport tells what became of the probes of several nodes.
type probeReport struct{ what, after string }

// tell makes an error of each link that is broken, and a warning of what could not be tried. It names all nodes that
// say the same.
func (p probeReport) tell(ctx context.Context, results []session.One[hardening.ProbeResult], diags *diag.Diagnostics) {
	broken, unproven := map[string][]string{}, map[string][]string{}
	add := func(to map[string][]string, lines []string, name string) {
		if len(lines) > 0 {
			text := strings.Join(lines, "\n  ")
			to[text] = append(to[text], name)
		}
	}
	for _, one := range results {
		name := one.Target.Name
		if one.Err != nil {
			values.AddError(diags, fmt.Sprintf("Unable to probe %s on %s", p.what, name), one.Err)
			continue
		}
		for _, found := range one.Value.Found {
			tflog.Info(ctx, "the probe found "+found, map[string]any{"node": name})
		}
		add(broken, one.Value.Broken, name)
		lines := one.Value.Unproven
		if len(one.Value.Tried) == 0 {
			for _, group := range one.Value.Empty {
				lines = append(lines, group+": the node lists no member of the group by whom to try")
			}
		}
		add(unproven, lines, name)
	}
	for _, text := range slices.Sorted(maps.Keys(broken)) {
		diags.AddError(fmt.Sprintf("Records of %s do not arrive on %s", p.what, strings.Join(broken[text], ", ")),
			fmt.Sprintf("A probe was sent and looked for during %.0f seconds:\n\n  %s\n\n%s", hardening.ProbePatience.Seconds(), text, p.after))
	}
	for _, text := range slices.Sorted(maps.Keys(unproven)) {
		diags.AddWarning(fmt.Sprintf("The probe of %s did not try everything on %s", p.what, strings.Join(unproven[text], ", ")), "Not tried:\n\n  "+text)
	}
}
