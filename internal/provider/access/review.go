package access

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// accessFindingModel is one path to root.
type accessFindingModel struct {
	ID             types.String `tfsdk:"id"`
	Severity       types.String `tfsdk:"severity"`
	PrivilegesHeld types.List   `tfsdk:"privileges_held"`
	Example        types.String `tfsdk:"example"`
	Accepted       types.String `tfsdk:"accepted"`
}

// The types of effective_permissions and findings, as the schema describes them.
var (
	effectiveType     = values.ObjectTypeOf(effectiveAttribute("").NestedObject.Attributes)
	accessFindingType = values.TypeOfFields(accessFindingFields)
)

// accessReview holds the permissions of a user or token and the findings about them.
type accessReview struct {
	effective []proxmox.PathRights
	findings  []escalation.Finding
	holds     map[string][]string // by finding: each privilege with where it comes from
	byGroup   bool                // some finding comes through a group
	shared    bool                // some right rests on a role that another resource may change in the same run
}

// reviewAccess resolves the current rights of authID (a user, or user@realm!token), or with planned the rights after
// the apply.
func reviewAccess(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, authID string, planned *proxmox.Principal) (accessReview, error) {
	rights, err := pve.RightsOf(ctx, user, planned)
	if err != nil {
		return accessReview{}, err
	}
	review := accessReview{effective: rights.Effective(authID), holds: map[string][]string{}}
	for _, at := range review.effective {
		for _, right := range at.Rights {
			review.shared = review.shared || slices.ContainsFunc(right.Sources, func(s proxmox.Source) bool { return !rights.BuiltIn(s.Role) && !ownRole(planned, s.Role) })
		}
	}
	review.findings = waysToRoot(rights, authID)
	for _, finding := range review.findings {
		for _, hold := range finding.Holds {
			text := hold.String()
			for _, source := range rights.At(authID, hold.Path)[hold.Privilege].Sources {
				text += ": " + source.String()
				review.byGroup = review.byGroup || source.Type == "group"
				break
			}
			review.holds[finding.ID] = append(review.holds[finding.ID], text)
		}
	}
	return review, nil
}

// ownRole tells whether a role is the managed one of a planned user.
func ownRole(planned *proxmox.Principal, role string) bool {
	return planned != nil && planned.Role != nil && planned.Role.ID == role
}

// findingsValue returns the findings with the reasons of accepted_risks.
func (r accessReview) findingsValue(ctx context.Context, accepted map[string]string, diags *diag.Diagnostics) types.List {
	models := make([]accessFindingModel, 0, len(r.findings))
	for _, finding := range r.findings {
		holds, problems := types.ListValueFrom(ctx, types.StringType, r.holds[finding.ID])
		diags.Append(problems...)
		model := accessFindingModel{
			ID: types.StringValue(finding.ID), Severity: types.StringValue(string(finding.Severity)), PrivilegesHeld: holds,
			Example: types.StringValue(finding.Witness), Accepted: types.StringNull(),
		}
		if reason, ok := accepted[finding.ID]; ok {
			model.Accepted = types.StringValue(reason)
		}
		models = append(models, model)
	}
	value, problems := types.ListValueFrom(ctx, accessFindingType, models)
	diags.Append(problems...)
	return value
}

// refuseFindings reports the findings that are not accepted as an error.
func (r accessReview) refuseFindings(who string, accepted map[string]string, diags *diag.Diagnostics) {
	r.judgeFindings(values.Refused, false, who, accepted, diags)
}

// open reports whether a finding is not accepted.
func (r accessReview) open(accepted map[string]string) bool {
	return slices.ContainsFunc(r.findings, func(f escalation.Finding) bool { _, ok := accepted[f.ID]; return !ok })
}

// mostWhole is how many findings are told with their reasons. Of more, a line is told of each, so that a reader sees
// all of them.
const mostWhole = 5

// judgeFindings reports the findings that are not accepted, as an error or a warning depending on the judgement.
func (r accessReview) judgeFindings(j values.Judgement, quiet bool, who string, accepted map[string]string, diags *diag.Diagnostics) {
	open := slices.DeleteFunc(slices.Clone(r.findings), func(f escalation.Finding) bool { _, ok := accepted[f.ID]; return ok })
	if len(open) == 0 {
		return
	}
	var text strings.Builder
	for _, finding := range open {
		fmt.Fprintf(&text, "%s (%s): %s", finding.ID, finding.Severity, strings.Join(r.holds[finding.ID], "; "))
		if len(open) <= mostWhole {
			fmt.Fprintf(&text, "\n%s\n\n    %s\n\n%s\n\n", finding.Why, finding.Witness, finding.Fix)
		} else {
			fmt.Fprintf(&text, ": %s\n", finding.Witness)
		}
	}
	if len(open) > mostWhole {
		text.WriteString("\nThe guide \"PVE findings\" says of each id why it matters and what to grant instead.\n\n")
	}
	text.WriteString("To accept a risk, add it with a reason: accepted_risks = { \"ID\" = \"why\" }.")
	at := path.Root("grant")
	if r.byGroup {
		at = path.Root("groups")
	}
	j.Report(diags, quiet, at, who+" could become root", text.String())
}

// warnOfToday warns of paths to root that exist before the change and that the change closes.
func warnOfToday(ctx context.Context, who string, recorded types.List, planned accessReview, diags *diag.Diagnostics) {
	if recorded.IsNull() || recorded.IsUnknown() {
		return
	}
	var models []accessFindingModel
	diags.Append(recorded.ElementsAs(ctx, &models, false)...)
	var lines []string
	for _, model := range models {
		stays := slices.ContainsFunc(planned.findings, func(f escalation.Finding) bool { return f.ID == model.ID.ValueString() })
		if stays || !model.Accepted.IsNull() {
			continue
		}
		var holds []string
		diags.Append(model.PrivilegesHeld.ElementsAs(ctx, &holds, false)...)
		lines = append(lines, fmt.Sprintf("%s: %s", model.ID.ValueString(), strings.Join(holds, "; ")))
	}
	if len(lines) > 0 {
		diags.AddWarning(who+" can become root today", strings.Join(lines, "\n")+"\n\nThe apply closes this path. Check how it was used until now.")
	}
}

// checkRiskID returns an error if a text is not the id of a finding about privileges.
func checkRiskID(id string) error {
	rules := escalation.Privileges()
	known := make([]string, len(rules))
	for i, rule := range rules {
		if known[i] = rule.ID; rule.ID == id {
			return nil
		}
	}
	return fmt.Errorf("there is no finding %q; findings about privileges are %s to %s", id, known[0], known[len(known)-1])
}

// judgeMissing reports the privileges that the provider's own token lacks.
func judgeMissing(j values.Judgement, quiet bool, missing []proxmox.Missing, diags *diag.Diagnostics) {
	if len(missing) == 0 {
		return
	}
	lines := make([]string, len(missing))
	for i, m := range missing {
		lines[i] = "    " + m.String()
	}
	sort.Strings(lines)
	j.Report(diags, quiet, path.Empty(), "Missing privileges of the provider's API token",
		"These privileges are missing:\n\n"+strings.Join(lines, "\n")+"\n\nA token with privilege separation needs its own ACL entry; the user's entry is not enough: "+
			"pveum acl modify PATH --tokens 'USER@REALM!TOKEN' --roles ROLE.")
}
