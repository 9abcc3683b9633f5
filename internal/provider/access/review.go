package access

import (
	"context"
	"fmt"
	"maps"
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

// effectiveModel holds the permissions of a user or token on one path.
type effectiveModel struct {
	Privileges   types.Set  `tfsdk:"privileges"`
	ThisPathOnly types.Set  `tfsdk:"this_path_only"`
	Extra        types.List `tfsdk:"extra"`
}

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

// waysToRoot compares the rights with the rules of package escalation. Steps over the members of groups count, in any
// number.
func waysToRoot(rights *proxmox.Rights, authID string) []escalation.Finding {
	w := &waysOf{rights: rights, leads: map[string]bool{}}
	w.leads[authID] = false // groups can form a circle
	return w.from(authID)
}

// waysOf finds ways to root, with what is known of the users that can be taken over on the way.
type waysOf struct {
	rights *proxmox.Rights
	leads  map[string]bool // by user; false also for one that is looked at
	groups map[string]bool // those whose rights lead to root
}

func (w *waysOf) from(authID string) []escalation.Finding {
	at := map[string]map[string]proxmox.Right{}
	return escalation.FindPrivileges(escalation.Held{
		Paths: w.rights.Paths(authID),
		PVE8:  w.rights.Knows("VM.Monitor"),
		Has: func(path, privilege string) bool {
			here, asked := at[path]
			if !asked {
				here = w.rights.At(authID, path)
				at[path] = here
			}
			_, has := here[privilege]
			return has
		},
		PowerfulMember: w.powerfulMember,
		PowerfulGroup:  w.powerful,
		AnyMember: func(group string) string {
			for _, member := range w.rights.Members(group) {
				return string(member)
			}
			return ""
		},
	})
}

// powerfulMember is a member of a group that leads to root, without the users that are looked at.
func (w *waysOf) powerfulMember(group string) string {
	for _, member := range w.rights.Members(group) {
		if member.IsRootPAM() {
			return string(member)
		}
		leads, known := w.leads[string(member)]
		if !known {
			w.leads[string(member)] = false
			leads = len(w.from(string(member))) > 0
			w.leads[string(member)] = leads
		}
		if leads {
			return string(member)
		}
	}
	return ""
}

// anyone is a user of no name that exists: PVE refuses a slash in a name.
const anyone = proxmox.UserID("any/one@pve")

// powerful tells whether the rights of a group lead to root, for a user that has no others, and no member leads there
// already.
func (w *waysOf) powerful(group string) bool {
	leads, known := w.groups[group]
	if !known {
		if w.groups == nil {
			w.groups = map[string]bool{}
		}
		w.groups[group] = false // the rights of a group can be about the group itself
		of := &waysOf{rights: w.rights.With(proxmox.Principal{UserID: anyone, Groups: []string{group}}), leads: map[string]bool{string(anyone): false}, groups: w.groups}
		leads = len(of.from(string(anyone))) > 0
		w.groups[group] = leads
	}
	return leads && w.powerfulMember(group) == ""
}

// pathRights is the entry of effective_permissions for one path.
type pathRights struct{ privileges, thisPathOnly, extra []string }

// rights are the rights by path. explained tells whether an ACL entry is one that the configuration wrote.
func (r accessReview) rights(explained func(proxmox.Source) bool) map[string]pathRights {
	byPath := map[string]pathRights{}
	for _, at := range r.effective {
		var here []string
		extra := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(at.Rights)) {
			right := at.Rights[name]
			if !right.Propagate {
				here = append(here, name)
			}
			if !slices.ContainsFunc(right.Sources, explained) && len(right.Sources) > 0 {
				source := right.Sources[0].String()
				extra[source] = append(extra[source], name)
			}
		}
		lines := make([]string, 0, len(extra))
		for _, source := range slices.Sorted(maps.Keys(extra)) {
			lines = append(lines, strings.Join(extra[source], ", ")+": "+source)
		}
		byPath[at.Path] = pathRights{slices.Collect(maps.Keys(at.Rights)), here, lines}
	}
	return byPath
}

// effectiveValue returns the rights by path.
func (r accessReview) effectiveValue(ctx context.Context, explained func(proxmox.Source) bool, diags *diag.Diagnostics) types.Map {
	byPath := map[string]effectiveModel{}
	for at, rights := range r.rights(explained) {
		extra, problems := types.ListValueFrom(ctx, types.StringType, rights.extra)
		diags.Append(problems...)
		byPath[at] = effectiveModel{Privileges: values.StringSet(rights.privileges), ThisPathOnly: values.StringSet(rights.thisPathOnly), Extra: extra}
	}
	value, problems := types.MapValueFrom(ctx, effectiveType, byPath)
	diags.Append(problems...)
	return value
}

// expectedRights reads the value of effectiveValue back, for a comparison with PVE's own answer.
func expectedRights(ctx context.Context, value types.Map, diags *diag.Diagnostics) []proxmox.PathRights {
	byPath := map[string]effectiveModel{}
	diags.Append(value.ElementsAs(ctx, &byPath, false)...)
	expected := make([]proxmox.PathRights, 0, len(byPath))
	for _, at := range slices.Sorted(maps.Keys(byPath)) {
		here := values.StringsInSet(ctx, byPath[at].ThisPathOnly, diags)
		rights := map[string]proxmox.Right{}
		for _, name := range values.StringsInSet(ctx, byPath[at].Privileges, diags) {
			rights[name] = proxmox.Right{Propagate: !slices.Contains(here, name)}
		}
		expected = append(expected, proxmox.PathRights{Path: at, Rights: rights})
	}
	return expected
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

// grantsExplain tells whether a source is an ACL entry of one of the holders with a listed grant.
func grantsExplain(holders map[string][]proxmox.Grant) func(proxmox.Source) bool {
	return func(source proxmox.Source) bool {
		return slices.ContainsFunc(holders[source.Holder], func(g proxmox.Grant) bool {
			return source.Type != "group" && g.Path == source.Path && g.Role == source.Role
		})
	}
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

// verifyAccess compares the permissions that PVE reports after a write with the plan.
func verifyAccess(ctx context.Context, pve *proxmox.Client, authID string, expected []proxmox.PathRights, diags *diag.Diagnostics) {
	differences, err := pve.VerifyRights(ctx, authID, expected)
	switch {
	case err != nil:
		diags.AddWarning("Unable to verify the permissions of "+authID, values.UpperFirst(err.Error())+"\n\nThe change was applied. The next plan compares again.")
	case len(differences) > 0:
		diags.AddWarning(authID+" has other permissions than planned", strings.Join(differences, "\n")+
			"\n\nSomeone else changed roles, groups or ACL entries at the same time. The next plan shows the current permissions.")
	}
}
