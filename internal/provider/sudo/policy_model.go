package sudo

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// sudoersPolicyModel is pvesec_sudoers_policy in configuration, plan and state.
type sudoersPolicyModel struct {
	Name           types.String `tfsdk:"name"`
	Subject        types.String `tfsdk:"subject"`
	Rules          types.List   `tfsdk:"rule"`
	Defaults       types.List   `tfsdk:"defaults"`
	Document       types.String `tfsdk:"document"`
	Content        types.String `tfsdk:"content"`
	Exclusive      types.Bool   `tfsdk:"exclusive"`
	SHA256         types.String `tfsdk:"sha256"`
	Grants         types.List   `tfsdk:"grants"`
	Lint           types.List   `tfsdk:"lint"`
	Analysis       types.Object `tfsdk:"analysis"`
	AcceptedRisks  types.Map    `tfsdk:"accepted_risks"`
	Never          types.List   `tfsdk:"never"`
	Always         types.List   `tfsdk:"always"`
	OnNewAccess    types.String `tfsdk:"on_new_access"`
	Change         types.Object `tfsdk:"change"`
	AcceptedUntil  types.Map    `tfsdk:"accepted_until"`
	Vouched        types.Map    `tfsdk:"vouched"`
	VouchedEffects types.Map    `tfsdk:"vouched_effects"`
	Enforcement    types.String `tfsdk:"enforcement"`
	RemovedGrants  types.Map    `tfsdk:"removed_grants"`
	Refused        types.List   `tfsdk:"refused"`
	NotEnforced    types.List   `tfsdk:"not_enforced"`
	Logged         types.Map    `tfsdk:"logged"`
	Overruled      types.Map    `tfsdk:"overruled"`
	SharedWith     types.Set    `tfsdk:"shared_with"`
	Expires        types.Object `tfsdk:"expires"`
	Elsewhere      types.Set    `tfsdk:"defined_elsewhere"`

	RestoreOnDestroy types.Bool `tfsdk:"restore_on_destroy"`

	session.Placed
	judging
	readers map[bool]*beyondReader
	// readBack is what an apply read of the nodes after it, nil where it did not.
	readBack *session.Reading[hardening.SudoersState]
}

// deployedPolicyModel is what one node holds of a policy.
type deployedPolicyModel struct {
	Present       types.Bool   `tfsdk:"present"`
	Mode          types.String `tfsdk:"mode"`
	Owner         types.String `tfsdk:"owner"`
	SHA256        types.String `tfsdk:"sha256"`
	Changes       types.List   `tfsdk:"changes"`
	ForeignGrants types.List   `tfsdk:"foreign_grants"`
	// Beyond and RootEquivalent are what the node allows that the policy does not.
	Beyond         types.List `tfsdk:"beyond"`
	RootEquivalent types.Bool `tfsdk:"root_equivalent"`
}

var deployedPolicyType = values.ObjectTypeOf(deployedAttributes())

// observedPolicy is a node's entry of deployed as it was found. recorded is the text that the node should have. A file
// that differs from it in its form alone means the same to sudo, and is shown as if it were that text. Beyond is what
// the node allows beyond that text.
func observedPolicy(state *hardening.SudoersState, recorded string, beyond review.Beyond) deployedPolicyModel {
	model := deployedPolicyModel{
		Present:       types.BoolValue(state.File.Present),
		Mode:          types.StringValue(state.File.Mode),
		Owner:         types.StringValue(state.File.Owner),
		SHA256:        types.StringValue(state.File.SHA256),
		Changes:       values.StringList(nil),
		ForeignGrants: values.StringList(grantTexts(state.Foreign)),

		Beyond:         values.StringList(beyond.Allowed),
		RootEquivalent: types.BoolValue(beyond.Root),
	}
	if state.File.Present && hardening.SameForm(recorded, state.Content) {
		model.SHA256 = types.StringValue(hardening.Digest(recorded))
	} else if state.File.Present {
		model.Changes = values.StringList(hardening.LineChanges(recorded, state.Content))
	}
	return model
}

// beyond reads what nodes allow beyond the policy, with other files as they are, or as an exclusive policy leaves them.
func (m *sudoersPolicyModel) beyond(exclusive bool) *beyondReader {
	policy := m.policy()
	policy.Exclusive = exclusive
	if known := m.readers[exclusive]; known != nil && reflect.DeepEqual(known.policy, policy) {
		return known
	}
	if m.readers == nil {
		m.readers = map[bool]*beyondReader{}
	}
	m.readers[exclusive] = newBeyondReader(policy, m.text())
	return m.readers[exclusive]
}

// openBeyond leaves what a node allows beyond the policy for the apply.
func openBeyond(entry types.Object) types.Object {
	return withBeyond(entry, types.ListUnknown(types.StringType), types.BoolUnknown())
}

func withBeyond(entry types.Object, beyond types.List, root types.Bool) types.Object {
	attributes := entry.Attributes()
	attributes["beyond"], attributes["root_equivalent"] = beyond, root
	return types.ObjectValueMust(deployedPolicyType.AttrTypes, attributes)
}

// planned is a node's entry of deployed as an apply leaves it.
func (m *sudoersPolicyModel) planned(ctx context.Context, foreign types.List, beyond review.Beyond, diags *diag.Diagnostics) types.Object {
	return deployedEntry(ctx, deployedPolicyModel{
		Present:       types.BoolValue(true),
		Mode:          types.StringValue(hardening.SudoersMode),
		Owner:         types.StringValue(hardening.SudoersOwner),
		SHA256:        m.SHA256,
		Changes:       values.StringList(nil),
		ForeignGrants: foreign,

		Beyond:         values.StringList(beyond.Allowed),
		RootEquivalent: types.BoolValue(beyond.Root),
	}, diags)
}

func deployedEntry(ctx context.Context, model deployedPolicyModel, diags *diag.Diagnostics) types.Object {
	return values.WriteObject(ctx, deployedPolicyType.AttrTypes, model, diags)
}

func grantTexts(grants []hardening.ForeignGrant) []string {
	texts := make([]string, len(grants))
	for i, grant := range grants {
		texts[i] = grant.String()
	}
	return texts
}

// deployedPolicies are the entries of deployed by node name; none while the map is null or unknown.
func (m *sudoersPolicyModel) deployedPolicies(ctx context.Context, diags *diag.Diagnostics) map[string]deployedPolicyModel {
	byNode := map[string]deployedPolicyModel{}
	if !m.Deployed.IsNull() && !m.Deployed.IsUnknown() {
		diags.Append(session.Decided(m.Deployed).ElementsAs(ctx, &byNode, false)...)
	}
	return byNode
}

// policy is the model as package hardening needs it. Call it only with known values.
func (m *sudoersPolicyModel) policy() hardening.SudoersPolicy {
	return hardening.SudoersPolicy{
		Name:      m.Name.ValueString(),
		Subjects:  m.subjects(),
		Content:   m.Content.ValueString(),
		Exclusive: m.Exclusive.ValueBool(),

		SharedWith: values.StringsInSet(context.Background(), m.SharedWith, &diag.Diagnostics{}), // none while they are not known
	}
}
