package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// refusal makes one error of findings that are as good as root and that nobody accepted. They are told by the place that lets them through.
type refusal struct {
	accepted acceptances
	places   []string // in the order in which they are told
	found    map[string][]escalation.CommandFinding
	ids      map[string]bool
}

func newRefusal(accepted acceptances) *refusal {
	return &refusal{accepted: accepted, found: map[string][]escalation.CommandFinding{}, ids: map[string]bool{}}
}

// add takes a finding in, under what is said of its place.
func (r *refusal) add(place string, f escalation.CommandFinding) {
	if _, ok := r.accepted.reasons[f.ID]; ok || !f.Root {
		return
	}
	if r.found[place] == nil {
		r.places = append(r.places, place)
	}
	r.found[place] = append(r.found[place], f)
	r.ids[f.ID] = true
}

// report makes the error, with what can be done about it besides.
func (r *refusal) report(at path.Path, summary, remedy string, diags *diag.Diagnostics) {
	if len(r.places) == 0 {
		return
	}
	var b strings.Builder
	for _, place := range r.places {
		here := r.found[place]
		b.WriteString(place)
		const most = 5
		for i, f := range here {
			if i == most {
				fmt.Fprintf(&b, "and %d more, which the attribute analysis would show.\n\n", len(here)-most)
				break
			}
			fmt.Fprintf(&b, "%s (%s): %s\n%s\n\n", f.ID, f.Severity, findingRule(f), f.Why)
			if f.Witness != "" {
				fmt.Fprintf(&b, "    %s\n\n", f.Witness)
			}
		}
		fmt.Fprintf(&b, "%s\n\n", here[0].Fix)
	}
	b.WriteString(remedy)
	fresh := ""
	for _, id := range sortedNames(r.ids) {
		if over, ok := r.accepted.over[id]; ok {
			fmt.Fprintf(&b, "%s. Mend it, or give accepted_until a later day.\n\n", over)
		} else if fresh == "" {
			fresh = id
		}
	}
	if fresh != "" {
		fmt.Fprintf(&b, "To accept a risk, name it: accepted_risks = { %s = \"why\" }.", fresh)
	}
	diags.AddAttributeError(at, summary, strings.TrimSpace(b.String()))
}

// refuseRoot refuses ways to root of the policy itself.
func refuseRoot(at path.Path, subject, text string, findings []escalation.CommandFinding, accepted acceptances, diags *diag.Diagnostics) {
	all := strings.Split(text, "\n")
	r := newRefusal(accepted)
	for _, f := range findings {
		place := ""
		if line := f.Pos.Line; line > 0 && line <= len(all) {
			place = fmt.Sprintf("Line %d:\n\n    %s\n\n", line, strings.TrimSpace(all[line-1]))
		}
		r.add(place, f)
	}
	r.report(at, fmt.Sprintf("The policy makes %q root-equivalent", subject), "", diags)
}
