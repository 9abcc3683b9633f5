package access

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// unneeded are the accepted risks, in order, that accept no finding.
func (r accessReview) unneeded(accepted map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(accepted)), func(id string) bool {
		return slices.ContainsFunc(r.findings, func(f escalation.Finding) bool { return f.ID == id })
	})
}

// unneededIn are the accepted risks of a state, in order, that accept no finding of it.
func unneededIn(ctx context.Context, accepted types.Map, findings types.List, diags *diag.Diagnostics) []string {
	if findings.IsNull() || findings.IsUnknown() {
		return nil
	}
	var models []accessFindingModel
	diags.Append(findings.ElementsAs(ctx, &models, false)...)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(values.AcceptedRisks(ctx, accepted, diags))), func(id string) bool {
		return slices.ContainsFunc(models, func(f accessFindingModel) bool { return f.ID.ValueString() == id })
	})
}
