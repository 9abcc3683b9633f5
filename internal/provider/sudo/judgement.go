package sudo

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// judging is what a plan knows about itself, by which its problems are judged. The zero value is a configuration that
// nobody planned.
type judging struct {
	// validating is set where the configuration is looked at without what was applied of it: Terraform does so before
	// each destroy, too.
	validating bool
	// unfit is what makes the text unfit as a policy although sudo accepts it.
	unfit []*sudoers.Error
	// narrows tells that the plan takes access away and grants nothing; nil where that is not known.
	narrows func() bool
	// unchanged tells that the configuration is the one that was applied last.
	unchanged bool
	// quiet is set where the policy was not refreshed before: in the plan that Terraform makes while it applies, and
	// with -refresh=false. Such a plan never comes before a destroy, so it refuses what another one only warns of.
	quiet bool
	// told is set where the refresh warned of the ways to root of the policy itself.
	told bool
	// toldToday are the ways to root by other files of the nodes that the refresh warned of.
	toldToday []string
	// notEnforced are those that enforcement lets pass.
	notEnforced []string
	// refused is why an apply of this plan is refused.
	refused []string
	// now is the time; nil for the clock.
	now func() time.Time
}

func (j *judging) time() time.Time {
	if j.now == nil {
		return time.Now()
	}
	return j.now()
}

// ofFindings judges ways to root.
func (j *judging) ofFindings() values.Judgement {
	switch {
	case j.narrows != nil && j.narrows():
		return values.Tolerated
	case j.unchanged:
		return values.Deferred
	}
	return values.Refused
}

// ofStatements judges what the configuration itself asks for, such as never: a change of it is refused, also where it
// takes access away.
func (j *judging) ofStatements() values.Judgement {
	if !j.unchanged {
		return values.Refused
	}
	return j.ofFindings()
}

// problem is one thing that stands against a plan. Lines tell it in short, for an attribute.
type problem struct {
	at              path.Path
	summary, detail string
	lines           []string
}

// add reports a problem as it is judged.
func (j *judging) add(judged values.Judgement, p problem, diags *diag.Diagnostics) {
	if j.validating {
		diags.AddAttributeWarning(p.at, p.summary, p.detail+"\n\n"+refusedByPlan)
		return
	}
	if judged == values.Deferred {
		j.refused = append(j.refused, p.lines...)
		if j.quiet {
			judged = values.Refused
		}
	}
	judged.Report(diags, j.quiet, p.at, p.summary, p.detail)
}

// refusedByPlan says of a problem why it is a warning while nobody plans.
const refusedByPlan = "A plan refuses this in a policy that is new or changed. Terraform validates before each destroy too, so it is a warning here."

// refusedValue is the attribute refused.
func (j *judging) refusedValue() types.List { return listOrNull(j.refused) }

func listOrNull(lines []string) types.List {
	if len(lines) == 0 {
		return types.ListNull(types.StringType)
	}
	return values.StringList(lines)
}

// report reports ways to root: as an error, or as a warning where the configuration says so, did not change, or only
// takes access away.
func (m *sudoersPolicyModel) report(p problem, diags *diag.Diagnostics) {
	if m.Enforcement.ValueString() == enforceWarn {
		diags.AddAttributeWarning(p.at, p.summary, p.detail)
		return
	}
	m.add(m.ofFindings(), p, diags)
}

// digest is a digest of what the configuration asks for, as far as it bears on access; "" while it is not known.
func (m *sudoersPolicyModel) digest(ctx context.Context) string {
	if m.Name.IsUnknown() || m.Subject.IsUnknown() || m.Content.IsUnknown() || m.Exclusive.IsUnknown() || m.Enforcement.IsUnknown() || m.OnNewAccess.IsUnknown() ||
		!m.knowsAcceptances() || !values.FullyKnown(m.Never) || !values.FullyKnown(m.Always) || !values.FullyKnown(m.Nodes) || !m.knowsShared() {
		return ""
	}
	var problems diag.Diagnostics
	applied := []any{
		m.Name.ValueString(), m.Subject.ValueString(), m.Content.ValueString(), m.Exclusive.ValueBool(), m.Enforcement.ValueString(), m.OnNewAccess.ValueString(),
		values.AcceptedRisks(ctx, m.AcceptedRisks, &problems), values.AcceptedRisks(ctx, m.AcceptedUntil, &problems), m.vouched(&problems),
		values.StringsInList(ctx, m.Never, &problems), values.StringsInList(ctx, m.Always, &problems), values.StringsInSet(ctx, m.Nodes, &problems),
	}
	if shared := values.StringsInSet(ctx, m.SharedWith, &problems); len(shared) > 0 {
		applied = append(applied, shared)
	}
	if elsewhere := m.elsewhere(); len(elsewhere) > 0 {
		applied = append(applied, "elsewhere", elsewhere)
	}
	digest := values.AppliedDigest(applied)
	if problems.HasError() {
		return ""
	}
	return digest
}

// Applied records what was applied, by which a later plan knows a configuration that did not change, and leaves a memo.
func (m *sudoersPolicyModel) Applied(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	values.WriteApplied(ctx, private, m.digest(ctx), diags)
	m.remember(ctx, private, diags)
}

// warnOfApplied warns at a refresh of ways to root of the policy itself that nobody accepts today, of a policy that was
// applied as it is recorded: the acceptance has ended, or another version of the provider finds more. A plan refuses
// every other one.
func (m *sudoersPolicyModel) warnOfApplied(ctx context.Context, text *review.Policy, private values.PrivateReader, diags *diag.Diagnostics) {
	if text == nil || m.Enforcement.ValueString() == enforceWarn || !m.wasApplied(ctx, private, diags) {
		return
	}
	if p, found := m.ownProblem(text, m.acceptances(ctx, diags)); found {
		diags.AddAttributeWarning(p.at, fmt.Sprintf("The policy as it was applied makes %s root-equivalent", quoted(text.Subjects)),
			p.detail+"\n\n"+values.NotRefusedYet)
	}
}

// wasApplied tells that the configuration is the one that was applied last.
func (m *sudoersPolicyModel) wasApplied(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) bool {
	last := values.ReadApplied(ctx, private, diags)
	return last != "" && last == m.digest(ctx)
}

// wasImported tells that nothing was applied yet of a policy that the state holds, and that the plan grants what the
// imported text does: the nodes hold that whatever becomes of the plan.
func (m *sudoersPolicyModel) wasImported(ctx context.Context, text *review.Policy, state *sudoersPolicyModel, private values.PrivateReader, diags *diag.Diagnostics) bool {
	if values.ReadApplied(ctx, private, diags) != "" || text == nil || diags.HasError() || !state.Name.Equal(m.Name) || !m.sameSubjects(state) {
		return false
	}
	change := text.ChangeFrom(state.Content.ValueString())
	return change.Nothing()
}

// refusedAttribute describes refused.
func refusedAttribute() schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: "Why an apply of this plan is refused, one line for each reason; null where nothing stands against it. A plan has reasons where nobody changed the configuration since its last apply: an acceptance " +
			"ended, or another file of a node makes the subject root. Terraform plans before it destroys too, so that this is a warning in the plan, and an error of an apply that writes. " +
			"`terraform plan -detailed-exitcode` returns 2 then.",
		ElementType: types.StringType,
		Computed:    true,
	}
}

// notEnforcedAttribute describes not_enforced.
func notEnforcedAttribute() schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: "Ways to root by other sudoers files of the nodes that nobody accepted and that `enforcement = \"warn\"` lets pass, one line each; null where there is none, and after the next refresh: while there is one, " +
			"`terraform plan -detailed-exitcode` returns 2. An apply changes nothing about it. Remove the grant from that file, or accept the risk in that file.",
		ElementType: types.StringType,
		Computed:    true,
	}
}
