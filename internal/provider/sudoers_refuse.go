package provider

import (
	"fmt"
	"strconv"
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
	keys     map[string]bool // by which the findings would be accepted
	over     map[string]bool // what is said of acceptances that are over
}

func newRefusal(accepted acceptances) *refusal {
	return &refusal{accepted: accepted, found: map[string][]escalation.CommandFinding{}, keys: map[string]bool{}, over: map[string]bool{}}
}

// add takes a finding in, under what is said of its place. Key is what accepts it.
func (r *refusal) add(place, key string, f escalation.CommandFinding) {
	if _, ok := acceptedFor(r.accepted.reasons, f); ok || !f.Root {
		return
	}
	if r.found[place] == nil {
		r.places = append(r.places, place)
	}
	r.found[place] = append(r.found[place], f)
	if over, ok := acceptedFor(r.accepted.over, f); ok {
		r.over[over] = true
	} else {
		r.keys[key] = true
	}
}

// detail is the text of the error, with what else can be done about it; "" where everything is accepted.
func (r *refusal) detail(remedy string) string {
	if len(r.places) == 0 {
		return ""
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
	for _, over := range sortedNames(r.over) {
		fmt.Fprintf(&b, "%s. Mend it, or give accepted_until a later day.\n\n", over)
	}
	if keys := sortedNames(r.keys); len(keys) > 0 {
		key := keys[0]
		if strings.Contains(key, " ") {
			key = strconv.Quote(key)
		}
		fmt.Fprintf(&b, "To accept a risk, name it: accepted_risks = { %s = \"why\" }.", key)
	}
	return strings.TrimSpace(b.String())
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
		r.add(place, f.ID, f)
	}
	if detail := r.detail(""); detail != "" {
		diags.AddAttributeError(at, fmt.Sprintf("The policy makes %q root-equivalent", subject), detail)
	}
}
