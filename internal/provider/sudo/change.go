package sudo

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// sudoersChangeModel is a change as Terraform has it.
type sudoersChangeModel struct {
	Verdict         string   `tfsdk:"verdict"`
	NewlyAllowed    []string `tfsdk:"newly_allowed"`
	NoLongerAllowed []string `tfsdk:"no_longer_allowed"`
	Changed         []string `tfsdk:"changed"`
	Unknown         []string `tfsdk:"unknown"`
	Looser          []string `tfsdk:"-"`
}

var sudoersChangeType = values.TypeOfFields(changeFields).AttrTypes

// changeFields are the fields of a comparison.
var changeFields = []values.Field{
	{Name: "verdict", Type: types.StringType, Description: "`equal`, `narrower`, `wider`, `incomparable` (wider in some ways and narrower in others), or `unknown`."},
	{Name: "newly_allowed", Type: values.StringListType, Description: "A command line for each path and rule that allows what was not allowed."},
	{Name: "no_longer_allowed", Type: values.StringListType, Description: "A command line for each path and rule that allowed what is not allowed any more."},
	{Name: "changed", Type: values.StringListType, Description: "Command lines that stay allowed on other conditions, such as `nopasswd` or `noexec`, with the condition before and after."},
	{Name: "unknown", Type: values.StringListType, Description: "What could not be compared, and why."},
}

// planChange fills in change: what the apply changes for the subject, compared with what the nodes hold. Where nothing
// is to be written it stays as it is recorded, so that it is no change itself: a refresh has made it null.
func (m *sudoersPolicyModel) planChange(ctx context.Context, text *review.Policy, state *sudoersPolicyModel, observed map[string]observedNode, diags *diag.Diagnostics) {
	m.Change = types.ObjectUnknown(sudoersChangeType)
	switch {
	case text == nil, m.Deployed.IsUnknown():
	case m.changesNothing(state):
		m.Change = state.Change
	default:
		if whole := m.changeFrom(ctx, text, state, observed, diags); whole.Nothing() {
			m.Change = types.ObjectNull(sudoersChangeType)
		} else {
			m.Change = values.WriteObject(ctx, sudoersChangeType, sudoersChangeModel(whole), diags)
		}
	}
}

// changesNothing tells that a plan writes nothing.
func (m *sudoersPolicyModel) changesNothing(state *sudoersPolicyModel) bool {
	return state != nil && m.Content.Equal(state.Content) && m.Deployed.Equal(state.Deployed)
}

// changeFrom compares the policy with what each node holds of it.
func (m *sudoersPolicyModel) changeFrom(ctx context.Context, text *review.Policy, state *sudoersPolicyModel, observed map[string]observedNode, diags *diag.Diagnostics) review.Change {
	nodes := map[string][]string{} // by the text that they hold
	for _, name := range m.comparedNodes(state) {
		held := m.heldText(ctx, state, observed, name, diags)
		nodes[held] = append(nodes[held], name)
	}
	whole := review.NoChange()
	for _, held := range slices.Sorted(maps.Keys(nodes)) {
		where := ""
		if len(nodes) > 1 {
			where = " (on " + strings.Join(nodes[held], ", ") + ")"
		}
		whole.Merge(text.ChangeFrom(held), where)
	}
	if m.Deployed.IsUnknown() {
		whole.Unknown = append(whole.Unknown, "what nodes that are not known yet hold")
	}
	return whole
}

// comparedNodes are the nodes with which a plan is compared: those that it will be on, also where an apply may skip
// them, and while these are not known those that it is on.
func (m *sudoersPolicyModel) comparedNodes(state *sudoersPolicyModel) []string {
	nodes := m.Deployed
	if nodes.IsUnknown() {
		nodes = state.Deployed
	}
	return slices.Sorted(maps.Keys(nodes.Elements()))
}

// takesAway tells that a plan allows less than the nodes do, and nothing more on any of them. What is not known, or
// cannot be compared, is no.
func (m *sudoersPolicyModel) takesAway(ctx context.Context, text *review.Policy, state *sudoersPolicyModel, observed map[string]observedNode, targets []node.Target) bool {
	if text == nil || state == nil || !state.Name.Equal(m.Name) || !m.sameSubjects(state) || !state.Exclusive.Equal(m.Exclusive) {
		return false
	}
	var problems diag.Diagnostics
	entries := state.deployedPolicies(ctx, &problems)
	less := len(targets) < len(entries) || m.Exclusive.ValueBool() && cutsAnything(observed)
	for _, target := range targets {
		if entry, recorded := entries[target.Name]; !recorded || !entry.Present.ValueBool() {
			return false // the policy is new there
		}
		change := text.ChangeFrom(m.heldText(ctx, state, observed, target.Name, &problems))
		if len(change.NewlyAllowed)+len(change.Unknown) > 0 {
			return false
		}
		switch policy.Change(change.Verdict) {
		case policy.Narrower:
			less = true
		case policy.Equal:
			if len(change.Changed) > 0 {
				return false
			}
		default:
			return false
		}
	}
	if beside := m.changeBeside(ctx, state, observed, session.TargetNames(targets), &problems); len(beside.NewlyAllowed)+len(beside.Looser)+len(beside.Unknown) > 0 {
		return false
	}
	return less && !problems.HasError()
}

// cutsAnything tells that an apply of an exclusive policy removes a grant from a file of a node.
func cutsAnything(observed map[string]observedNode) bool {
	for _, record := range observed {
		if len(record.Cuts) > 0 {
			return true
		}
	}
	return false
}

// heldText is the text of the policy on a node as it is; "" where there is none. A file that nobody planned on is not
// replaced by an apply, so that a new policy starts from nothing.
func (m *sudoersPolicyModel) heldText(ctx context.Context, state *sudoersPolicyModel, observed map[string]observedNode, name string, diags *diag.Diagnostics) string {
	if state == nil || !state.Name.Equal(m.Name) {
		return ""
	}
	entry, known := state.deployedPolicies(ctx, diags)[name]
	switch {
	case !known || !entry.Present.ValueBool():
		return ""
	case len(entry.Changes.Elements()) > 0:
		return observed[name].Content
	}
	return state.Content.ValueString()
}

// sudoersChangeAttribute describes change.
func sudoersChangeAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What this plan changes for the subject: the policy compared with what each node holds of it, over every command line. Null where nothing changes for the subject, and after the next refresh.",
		Computed:            true,
		Attributes:          values.ResourceFields(changeFields),
	}
}
