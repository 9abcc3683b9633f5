package sudo

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// What a way to root that nobody accepted does to a plan.
const (
	enforceRefuse = "refuse"
	enforceWarn   = "warn"
)

// refuseRoot refuses ways to root of the policy itself, or warns of them.
func refuseRoot(at path.Path, subject, text string, findings []escalation.CommandFinding, accepted review.Acceptances, warn bool, diags *diag.Diagnostics) {
	all := strings.Split(text, "\n")
	r := review.NewRefusal(accepted)
	for _, f := range findings {
		place := ""
		if line := f.Pos.Line; line > 0 && line <= len(all) {
			place = fmt.Sprintf("Line %d:\n\n    %s\n\n", line, strings.TrimSpace(all[line-1]))
		}
		r.Add(place, func(w escalation.Way) string { return w.ID }, f)
	}
	if detail := r.Detail(""); detail != "" {
		report(warn, at, fmt.Sprintf("The policy makes %q root-equivalent", subject), detail, diags)
	}
}

// report adds an error, or a warning.
func report(warn bool, at path.Path, summary, detail string, diags *diag.Diagnostics) {
	if warn {
		diags.AddAttributeWarning(at, summary, detail)
		return
	}
	diags.AddAttributeError(at, summary, detail)
}

// warns tells whether ways to root are warnings only.
func (m *sudoersPolicyModel) warns() bool { return m.Enforcement.ValueString() == enforceWarn }

// warnOfUnmatched warns of acceptances that accept nothing.
func (m *sudoersPolicyModel) warnOfUnmatched(accepted review.Acceptances, findings []escalation.CommandFinding, diags *diag.Diagnostics) {
	for _, key := range review.Unmatched(accepted.Reasons, findings...) {
		diags.AddAttributeWarning(path.Root("accepted_risks").AtMapKey(key), "An acceptance that accepts nothing",
			fmt.Sprintf("No finding of this policy matches %q. Remove it, or the risk comes back unseen.", key))
	}
}
