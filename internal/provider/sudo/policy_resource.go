package sudo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

var (
	_ resource.ResourceWithConfigure      = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithIdentity       = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithImportState    = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*sudoersPolicyResource)(nil)
	_ memo.Planner                        = (*sudoersPolicyResource)(nil)
)

type sudoersPolicyResource struct {
	session.OnNodes[sudoersPolicyModel, hardening.SudoersState, *sudoersPolicyModel]
}

// NewPolicyResource is resource pvesec_sudoers_policy.
func NewPolicyResource() resource.Resource { return &sudoersPolicyResource{} }

func (r *sudoersPolicyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sudoers_policy"
	resp.ResourceBehavior.MutableIdentity = true // the nodes are a part of it
}

// IdentitySchema describes the identity.
func (r *sudoersPolicyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = session.NodeIdentitySchema()
}

// ValidateConfig parses whatever is known, so that terraform validate already finds a malformed policy, with no node
// and no API. It also warns of what is legal and still wrong: here, since a plan is made anew while it is applied and
// would warn twice.
func (r *sudoersPolicyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model sudoersPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	nothing := model.Rules.IsNull() && model.Document.IsNull() && model.Content.IsNull()
	if nothing {
		resp.Diagnostics.AddAttributeWarning(path.Root("rule"), "The policy grants nothing",
			"It has no rule, no document and no content. If its rules come from a list, that list is empty. Otherwise write a rule block, or remove the resource.")
	}
	model.validating = true
	model.checkSubject(&resp.Diagnostics)
	model.checkShared(ctx, &resp.Diagnostics)
	model.checkStatements(ctx, &resp.Diagnostics)
	if text := render(ctx, &model, &resp.Diagnostics); text != nil {
		if !nothing && len(text.Grants()) == 0 {
			resp.Diagnostics.AddAttributeWarning(model.textAttribute(), "The policy grants nothing",
				"None of its rules grants a command. If the commands come from a list, that list is empty. Otherwise write them, or remove the resource.")
		}
		model.refuseUnfit(nil, &resp.Diagnostics)
		model.warnOfLint(text, &resp.Diagnostics)
		model.refuseLint(ctx, text, &resp.Diagnostics)
		model.warnOfRoot(ctx, text, &resp.Diagnostics)
		model.warnOfIdle(ctx, text, &resp.Diagnostics)
		model.now = r.Clients.Now
		model.warnOfEnds(text, &resp.Diagnostics)
	}
}

// What names the policy.
func (m *sudoersPolicyModel) What() string {
	return fmt.Sprintf("sudoers policy %q", m.Name.ValueString())
}

// Observer reads the policy's file, and what other files grant its subject.
func (m *sudoersPolicyModel) Observer(context.Context, *diag.Diagnostics) session.Observer[hardening.SudoersState] {
	return m.policy().Observe
}

// Holds tells whether a node has the policy's file.
func (m *sudoersPolicyModel) Holds(seen *hardening.SudoersState) bool { return seen.File.Present }

// Unfinished tells whether an earlier change was interrupted.
func (m *sudoersPolicyModel) Unfinished(seen *hardening.SudoersState) (unfinished, leftover bool) {
	return seen.Unfinished, seen.Leftover
}

// Commands are the programs that a node needs for the policy.
func (m *sudoersPolicyModel) Commands(context.Context, *diag.Diagnostics) []string {
	return m.policy().Commands()
}

// Lacks are the packages that a node needs for the policy and does not have.
func (m *sudoersPolicyModel) Lacks(seen *hardening.SudoersState) []string { return seen.Lacks }

// Found is a node's entry of deployed as it was read.
func (m *sudoersPolicyModel) Found(ctx context.Context, seen *hardening.SudoersState, diags *diag.Diagnostics) types.Object {
	return deployedEntry(ctx, observedPolicy(seen, m.Content.ValueString(), m.beyond(false).today(seen)), diags)
}

// Installed is a node's entry of deployed after an apply. Only the node knows what other files grant the subject.
func (m *sudoersPolicyModel) Installed(ctx context.Context, seen *hardening.SudoersState, diags *diag.Diagnostics) types.Object {
	if seen == nil {
		return m.planned(ctx, values.StringList(nil), review.Beyond{}, diags)
	}
	return m.planned(ctx, values.StringList(grantTexts(seen.Foreign)), m.beyond(false).today(seen), diags)
}

// ReadsBack tells that the nodes are read after an apply where the plan could not know what their other files say.
func (m *sudoersPolicyModel) ReadsBack(open bool) bool {
	return open || !values.FullyKnown(m.Analysis) || !values.FullyKnown(m.Logged) || !values.FullyKnown(m.Overruled) || !values.FullyKnown(m.Expires)
}

// Took judges the policy together with what the other files of the nodes say, and records that for the next plan.
func (m *sudoersPolicyModel) Took(ctx context.Context, reading session.Reading[hardening.SudoersState], diags *diag.Diagnostics) {
	text := m.text()
	around := surroundingsOf(reading.Seen)
	if reading.Private != nil && reading.Seen != nil {
		for name, record := range m.setObserved(ctx, reading.Private, reading.Seen, diags) {
			if _, read := around.on[name]; !read && record.Around != nil {
				around.on[name] = *record.Around
			}
		}
	}
	var found []review.ForeignFinding
	if reading.Refresh || !values.FullyKnown(m.Analysis) {
		found = m.showAround(ctx, text, around, diags)
	}
	if planned := m.Logged; reading.Refresh || planned.IsNull() || !values.FullyKnown(planned) {
		m.showLogged(ctx, around, false, "", diags)
		if !reading.Refresh {
			m.Logged = settleLogged(planned, m.Logged)
		}
	}
	m.settleEnds(ctx, text, around, reading.Refresh, diags)
	if reading.Refresh || m.Overruled.IsUnknown() || m.Overruled.IsNull() {
		m.showOverruled(ctx, text, around, reading.Refresh, nil, reading.Seen, diags)
		if m.Overruled.IsUnknown() {
			m.Overruled = types.MapNull(values.StringListType) // a text that no longer parses
		}
	}
	if !reading.Refresh && reading.Seen != nil && reading.Private != nil {
		m.readBack = &reading
	}
	if reading.Refresh {
		forget(ctx, reading.Private, diags)
		m.now = reading.Shared.Now
		// They tell of the change that the last plan showed.
		m.Change, m.RemovedGrants, m.Refused = types.ObjectNull(sudoersChangeType), types.MapNull(values.StringListType), types.ListNull(types.StringType)
		m.NotEnforced = types.ListNull(types.StringType)
		m.warnOfApplied(ctx, text, reading.Private, diags)
		m.tellToday(ctx, reading, found, diags)
		m.warnOfNobodyShared(around, diags)
	}
}

// Install brings the policy onto nodes that are as they were when the change was planned. A plan that is refused is not
// applied.
func (m *sudoersPolicyModel) Install(ctx context.Context, change session.Change[sudoersPolicyModel], diags *diag.Diagnostics) error {
	if reasons := values.StringsInList(ctx, m.Refused, diags); len(reasons) > 0 {
		return fmt.Errorf("the plan is refused:\n\n  %s", strings.Join(reasons, "\n  "))
	}
	if err := m.refuseLessLogged(ctx, change); err != nil {
		return err
	}
	planned := map[string]hardening.Planned{}
	for _, target := range change.Targets {
		// Of the file nothing: one that nobody planned on is somebody's, and must be imported or removed first.
		planned[target.Name] = hardening.Planned{Cuts: m.plannedCuts(ctx, target.Name, diags)}
	}
	if change.State != nil {
		observed := getObserved(ctx, change.Private, diags)
		for name, found := range change.State.deployedPolicies(ctx, diags) {
			status := hardening.FileStatus{Present: found.Present.ValueBool(), SHA256: found.SHA256.ValueString()}
			if actual, known := observed[name]; known && status.Present {
				status.SHA256 = actual.SHA256
			}
			applied := change.State.SHA256.ValueString()
			if found.SHA256.ValueString() == applied { // in another form, it may be
				applied = status.SHA256
			}
			planned[name] = hardening.Planned{File: status, Cuts: planned[name].Cuts, Applied: applied}
		}
	}
	if diags.HasError() {
		return errors.New("what the plan was made on cannot be read")
	}
	removed, err := m.policy().Install(ctx, change.Nodes, change.Targets, change.Leave, planned, session.Progress(ctx))
	if err != nil {
		return err
	}
	m.settleRemovedGrants(ctx, removed, diags)
	return nil
}

// Named sets the name.
func (m *sudoersPolicyModel) Named(name string) session.Observer[hardening.SudoersState] {
	m.Name = types.StringValue(name)
	return hardening.SudoersPolicy{Name: name}.Observe
}

// Adopt takes the text of the first node that has the file for the policy, so that others which differ show as drift.
// The subject is the one that the file's rules name; where they name several there is none.
func (m *sudoersPolicyModel) Adopt(ctx context.Context, targets []node.Target, seen map[string]*hardening.SudoersState, diags *diag.Diagnostics) {
	for _, target := range targets {
		found := seen[target.Name]
		if !m.Holds(found) {
			continue
		}
		subjects, err := hardening.SubjectsOf(m.Name.ValueString(), found.Content)
		if err != nil {
			diags.AddError("Unable to import "+m.What(), values.UpperFirst(err.Error()))
			return
		}
		m.Subject, m.Content, m.Exclusive = types.StringNull(), types.StringValue(found.Content), types.BoolValue(false)
		if len(subjects) == 1 {
			m.Subject = types.StringValue(subjects[0])
		}
		m.Enforcement = types.StringValue(enforceRefuse) // as the schema has it where the configuration says nothing
		text := render(ctx, m, diags)
		m.describe(ctx, text, diags)
		m.showEnds(ctx, text, nil, surroundings{}, nil, diags)
		return
	}
}

func foreignDetail(grants []hardening.ForeignGrant, exclusive bool) string {
	var b strings.Builder
	b.WriteString("Not written by this policy:\n\n")
	kept, policies, strangers, emergencies := false, false, false, false
	for _, grant := range grants {
		fmt.Fprintf(&b, "  %s\n", grant)
		other := grant.Policy != "" || grant.Emergency != "" || grant.Shared
		policies, strangers, emergencies = policies || grant.Policy != "" && !grant.Shared, strangers || !other, emergencies || grant.Emergency != ""
		kept = kept || !grant.Removable && !other
	}
	if policies {
		b.WriteString("\nA file that pvesec wrote for another policy stays. Name that policy in shared_with if both grant the same subject on purpose.\n")
	}
	if emergencies {
		b.WriteString("\nAn emergency access ends by itself. This policy leaves it alone.\n")
	}
	if !strangers {
		return strings.TrimRight(b.String(), "\n")
	}
	switch {
	case !exclusive:
		b.WriteString("\nSet exclusive = true: the next apply then removes the lines that name the subject (pvesec keeps a backup). Or remove them by hand.")
	case kept:
		b.WriteString("\nThe next apply removes the lines that name the subject (exclusive = true; pvesec keeps a backup). Lines that reach the subject through a group, an alias " +
			"or ALL concern others too, so they stay. Remove the subject from that group or alias.")
	default:
		b.WriteString("\nThe next apply removes it (exclusive = true; pvesec keeps a backup).")
	}
	return b.String()
}
