package review

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// FindingRule names the command that a finding is about, and how it is used.
func FindingRule(f escalation.CommandFinding) string {
	if f.Class == "" {
		return f.About
	}
	return f.Command[strings.LastIndexByte(f.Command, '/')+1:] + " " + f.About
}

// Refusal makes one error of findings that are as good as root and that nobody accepted. They are told by the place that lets them through.
type Refusal struct {
	accepted Acceptances
	places   []string // in the order in which they are told
	found    map[string][]escalation.CommandFinding
	keys     map[string]bool // by which the findings would be accepted
	over     map[string]bool // what is said of acceptances that are over
}

// NewRefusal begins a refusal of what is not accepted.
func NewRefusal(accepted Acceptances) *Refusal {
	return &Refusal{accepted: accepted, found: map[string][]escalation.CommandFinding{}, keys: map[string]bool{}, over: map[string]bool{}}
}

// Add takes a finding in, under what is said of its place. Key is what accepts it.
func (r *Refusal) Add(place, key string, f escalation.CommandFinding) {
	if _, ok := AcceptedFor(r.accepted.Reasons, f); ok || !f.Root {
		return
	}
	if r.found[place] == nil {
		r.places = append(r.places, place)
	}
	r.found[place] = append(r.found[place], f)
	if over, ok := AcceptedFor(r.accepted.Over, f); ok {
		r.over[over] = true
	} else {
		r.keys[key] = true
	}
}

// Detail is the text of the error, with what else can be done about it; "" where everything is accepted.
func (r *Refusal) Detail(remedy string) string {
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
			fmt.Fprintf(&b, "%s (%s): %s\n%s\n\n", f.ID, f.Severity, FindingRule(f), f.Why)
			if f.Witness != "" {
				fmt.Fprintf(&b, "    %s\n\n", f.Witness)
			}
		}
		fmt.Fprintf(&b, "%s\n\n", here[0].Fix)
	}
	b.WriteString(remedy)
	for _, over := range slices.Sorted(maps.Keys(r.over)) {
		fmt.Fprintf(&b, "%s. Mend it, or give accepted_until a later day.\n\n", over)
	}
	if keys := slices.Sorted(maps.Keys(r.keys)); len(keys) > 0 {
		key := keys[0]
		if strings.Contains(key, " ") {
			key = strconv.Quote(key)
		}
		fmt.Fprintf(&b, "To accept a risk, name it: accepted_risks = { %s = \"why\" }.", key)
	}
	return strings.TrimSpace(b.String())
}
