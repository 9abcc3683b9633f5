package auditlog

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Found is a node's entry of deployed as it was read.
func (m *auditLoggingModel) Found(ctx context.Context, seen *hardening.AuditState, diags *diag.Diagnostics) types.Object {
	found := *seen
	if m.wasUnproven(seen.Node) {
		found.Health.Problems = append(slices.Clone(found.Health.Problems), unprovenProblem)
	}
	return deployedAudit(ctx, &found, values.StringsInMap(m.Files), diags)
}

// judgements are the attributes of an entry of deployed that only the node knows, and that no apply promises to mend.
var judgements = []string{"overruled", "problems"}

// planned is a node's entry of deployed as an apply leaves it. What other files overrule and what is wrong with the
// trail is known where nothing is: an apply may not change it, so where there is something, and where nobody has looked
// yet, the value comes with the apply, and the plan is not empty. Rules is what the kernel will do with the audit
// rules.
func (m *auditLoggingModel) planned(ctx context.Context, state *auditLoggingModel, name string, rules attr.Value, diags *diag.Diagnostics) types.Object {
	attributes := m.Installed(ctx, nil, diags).Attributes()
	attributes["audit_rules"] = rules
	var known map[string]attr.Value
	if state != nil {
		if entry, is := state.Deployed.Elements()[name].(types.Object); is {
			known = entry.Attributes()
		}
	}
	for _, judgement := range judgements {
		if lines, listed := known[judgement].(types.List); !listed || lines.IsUnknown() || len(lines.Elements()) > 0 {
			attributes[judgement] = types.ListUnknown(types.StringType)
		}
	}
	return types.ObjectValueMust(deployedAuditType.AttrTypes, attributes)
}

// Installed is a node's entry of deployed after an apply. Only the node knows what other files overrule, and what else
// is wrong.
func (m *auditLoggingModel) Installed(ctx context.Context, seen *hardening.AuditState, diags *diag.Diagnostics) types.Object {
	desired := m.logging(ctx, diags).Desired()
	if seen != nil {
		desired.Overruled, desired.Health = seen.Overruled, seen.Health
		if m.unproven[seen.Node] {
			desired.Health.Problems = append(slices.Clone(desired.Health.Problems), unprovenProblem)
		}
		if seen.AuditRules == hardening.AuditAfterBoot || seen.AuditRules == hardening.AuditLocked {
			desired.AuditRules = seen.AuditRules // an apply that left rules out has failed
		}
	} else if slices.Contains(slices.Collect(maps.Values(m.unproven)), true) { // a node that was not read back
		desired.Health.Problems = []string{unprovenProblem}
	}
	return deployedAudit(ctx, &desired, desired.Contents, diags)
}

// deployedAuditModel is what one node holds of audit logging.
type deployedAuditModel struct {
	Files    types.Map  `tfsdk:"files"`
	Services types.Map  `tfsdk:"services"`
	Changes  types.List `tfsdk:"changes"`
	// AuditRules is what the kernel does with the audit rules.
	AuditRules types.String `tfsdk:"audit_rules"`
	// Overruled are lines of other files; an apply leaves them, but plans for none.
	Overruled types.List `tfsdk:"overruled"`
	Problems  types.List `tfsdk:"problems"`
}

var deployedAuditType = values.ObjectTypeOf(deployedAttributes())

// deployedAudit is a node's entry of deployed.
func deployedAudit(ctx context.Context, state *hardening.AuditState, recorded map[string]string, diags *diag.Diagnostics) types.Object {
	files := map[string]string{}
	for name, status := range state.Files {
		files[name] = status.String()
	}
	return values.WriteObject(ctx, deployedAuditType.AttrTypes, deployedAuditModel{
		Files:    values.StringMap(files),
		Services: values.StringMap(state.Services),
		Changes:  values.StringList(state.Changes(recorded)),

		AuditRules: textUnless(state.AuditRules, ""),

		Overruled: values.StringList(state.Overruled),
		Problems:  values.StringList(state.Health.Problems),
	}, diags)
}
