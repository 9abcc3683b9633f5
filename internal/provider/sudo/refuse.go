package sudo

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// refuseRoot refuses ways to root of the policy itself.
func refuseRoot(at path.Path, subject, text string, findings []escalation.CommandFinding, accepted review.Acceptances, diags *diag.Diagnostics) {
	all := strings.Split(text, "\n")
	r := review.NewRefusal(accepted)
	for _, f := range findings {
		place := ""
		if line := f.Pos.Line; line > 0 && line <= len(all) {
			place = fmt.Sprintf("Line %d:\n\n    %s\n\n", line, strings.TrimSpace(all[line-1]))
		}
		r.Add(place, f.ID, f)
	}
	if detail := r.Detail(""); detail != "" {
		diags.AddAttributeError(at, fmt.Sprintf("The policy makes %q root-equivalent", subject), detail)
	}
}
