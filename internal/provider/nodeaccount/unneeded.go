package nodeaccount

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// unneeded are the accepted risks, in order, that match neither a finding of the account nor a problem of it on a node.
func (m *nodeAccountModel) unneeded(ctx context.Context, problems []string, diags *diag.Diagnostics) []string {
	findings := m.account(ctx, diags).Findings()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(values.AcceptedRisks(ctx, m.AcceptedRisks, diags))), func(id string) bool {
		return slices.Contains(problems, id) || slices.ContainsFunc(findings, func(f hardening.AccountFinding) bool { return f.ID == id })
	})
}

// problemsOnNodes are the ids of the problems that the nodes show; known is false while one was not read.
func (m *nodeAccountModel) problemsOnNodes(ctx context.Context, diags *diag.Diagnostics) (ids []string, known bool) {
	for name := range m.Deployed.Elements() {
		entry := m.recorded(ctx, name, diags)
		if entry == nil || len(entry.Changes.Elements()) > 0 {
			return nil, false
		}
		for _, problem := range values.StringsInList(ctx, entry.Problems, diags) {
			id, _, _ := strings.Cut(problem, ":")
			ids = append(ids, id)
		}
	}
	return ids, len(m.NodesSkipped.Elements()) == 0
}

// warnOfUnneeded warns of accepted risks that accept nothing. What the nodes show of an account is known where the
// state has it: of one that is new only the ids of groups and keys are judged, and of one that may be there already
// (adopt) none.
func (r *nodeAccountResource) warnOfUnneeded(ctx context.Context, plan, state *nodeAccountModel, diags *diag.Diagnostics) {
	if !values.FullyKnown(plan.AcceptedRisks) {
		return
	}
	if state == nil {
		if !plan.Adopts.ValueBool() {
			values.WarnOfUnneeded(plan.What(), slices.DeleteFunc(plan.unneeded(ctx, nil, diags), hardening.FoundOnNodes), nil, diags)
		}
		return
	}
	problems, known := state.problemsOnNodes(ctx, diags)
	if known && r.Clients.Holdings().Read(plan.What()) {
		values.WarnOfUnneeded(plan.What(), plan.unneeded(ctx, problems, diags), nil, diags)
	}
}
