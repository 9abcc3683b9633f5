package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoersChangeModel is a change as Terraform has it.
type sudoersChangeModel struct {
	Verdict         string   `tfsdk:"verdict"`
	NewlyAllowed    []string `tfsdk:"newly_allowed"`
	NoLongerAllowed []string `tfsdk:"no_longer_allowed"`
	Changed         []string `tfsdk:"changed"`
	Unknown         []string `tfsdk:"unknown"`
}

var sudoersChangeType = map[string]attr.Type{
	"verdict": types.StringType, "newly_allowed": values.StringListType, "no_longer_allowed": values.StringListType, "changed": values.StringListType, "unknown": values.StringListType,
}

// Values of on_new_access.
const (
	warnOfNewAccess = "warn"
	denyNewAccess   = "deny"
)

// planChange fills in change: what the apply changes for the subject, compared with what the nodes hold. Where nothing is to be written it stays as
// it was recorded, so that it tells of the last change and is no change itself.
func (m *sudoersPolicyModel) planChange(ctx context.Context, state *sudoersPolicyModel, observed map[string]observedNode, warn bool, diags *diag.Diagnostics) {
	m.Change = types.ObjectUnknown(sudoersChangeType)
	if m.Content.IsUnknown() || m.Deployed.IsUnknown() || m.Subject.IsUnknown() {
		return
	}
	if state != nil && m.Content.Equal(state.Content) && m.Deployed.Equal(state.Deployed) {
		m.Change = state.Change
		return
	}
	after, problems := sudoers.Parse(m.Name.ValueString(), m.Content.ValueString(), review.PlanVersion)
	if len(problems) > 0 {
		return // reported where it was rendered
	}
	nodes := map[string][]string{} // by the text that they hold
	for _, name := range slices.Sorted(maps.Keys(m.deployedPolicies(ctx, diags))) {
		text := m.heldText(ctx, state, observed, name, diags)
		nodes[text] = append(nodes[text], name)
	}
	if len(nodes) == 0 {
		m.Change = types.ObjectNull(sudoersChangeType)
		return
	}
	whole := review.NoChange()
	for _, text := range slices.Sorted(maps.Keys(nodes)) {
		before, _ := sudoers.Parse(m.Name.ValueString(), text, review.PlanVersion) // lines that are malformed grant nothing, as for sudo
		where := ""
		if len(nodes) > 1 {
			where = " (on " + strings.Join(nodes[text], ", ") + ")"
		}
		whole.Merge(review.Compare(sudoers.TreeOf(before), sudoers.TreeOf(after), review.AskAbout(policy.Subject{Name: m.Subject.ValueString()})), where)
	}
	value, invalid := types.ObjectValueFrom(ctx, sudoersChangeType, sudoersChangeModel(whole))
	diags.Append(invalid...)
	m.Change = value
	if state != nil {
		m.judgeNewAccess(&whole, warn, diags)
	}
}

// heldText is the text of the policy on a node as it is; "" where there is none. A file that nobody planned on is not replaced by an apply, so that
// a new policy starts from nothing.
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

// judgeNewAccess says what on_new_access wants to be said of a change. A warning is said only if warn is set, an error always.
func (m *sudoersPolicyModel) judgeNewAccess(more *review.Change, warn bool, diags *diag.Diagnostics) {
	lines := slices.Concat(more.NewlyAllowed, more.Unknown)
	if more.Verdict == string(policy.Wider) || more.Verdict == string(policy.Incomparable) {
		lines = slices.Concat(lines, more.Changed)
	}
	if len(lines) == 0 {
		return
	}
	summary := fmt.Sprintf("The change allows %q more", m.Subject.ValueString())
	detail := "Compared with what the nodes hold:\n\n    " + strings.Join(lines, "\n    ")
	switch mode := m.OnNewAccess.ValueString(); {
	case mode == denyNewAccess:
		diags.AddAttributeError(m.textAttribute(), summary, detail+"\n\non_new_access = \"deny\" refuses it. Take it out, or set on_new_access to \"warn\" for this change.")
	case mode == warnOfNewAccess && warn:
		diags.AddAttributeWarning(m.textAttribute(), summary, detail)
	}
}

// sudoersChangeAttribute describes change.
func sudoersChangeAttribute() schema.SingleNestedAttribute {
	list := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the last change of the policy means for the subject, or in a plan the one to come: the policy compared with what each node holds of it, over every command line.",
		Computed:            true,
		Attributes: map[string]schema.Attribute{
			"verdict": schema.StringAttribute{
				MarkdownDescription: "`equal`, `narrower`, `wider`, `incomparable` (wider in some ways and narrower in others), or `unknown`.",
				Computed:            true,
			},
			"newly_allowed":     list("A command line for each path and rule that allows what was not allowed."),
			"no_longer_allowed": list("A command line for each path and rule that allowed what is not allowed any more."),
			"changed":           list("Command lines that stay allowed on other conditions, such as `nopasswd` or `noexec`, with the condition before and after."),
			"unknown":           list("What could not be compared, and why."),
		},
	}
}
