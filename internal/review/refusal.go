package review

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// FindingRule says what a finding is about, with the name of the program: "qm gives a guest a hook script".
func FindingRule(f escalation.CommandFinding) string { return WayRule(f, f.Way) }

// WayRule says what one way of a finding is about.
func WayRule(f escalation.CommandFinding, w escalation.Way) string {
	if f.Command == "" {
		return w.Does
	}
	return f.Command[strings.LastIndexByte(f.Command, '/')+1:] + ": " + w.Does
}

// Refusal makes one error of ways to root that nobody accepted. They are told by the place that lets them through.
type Refusal struct {
	accepted Acceptances
	places   []string // in the order in which they are told
	found    map[string][]refused
	alike    map[string]int  // where in a place a finding is that others differ from by the program alone
	keys     map[string]bool // by which the findings would be accepted
	over     map[string]bool // what is said of acceptances that are over
}

// NewRefusal begins a refusal of what is not accepted.
func NewRefusal(accepted Acceptances) *Refusal {
	return &Refusal{accepted: accepted, found: map[string][]refused{}, alike: map[string]int{}, keys: map[string]bool{}, over: map[string]bool{}}
}

// Add takes a finding in, under what is said of its place. Key makes the key that accepts a way of it.
func (r *Refusal) Add(place string, key func(escalation.Way) string, f escalation.CommandFinding) {
	left, some := f.Without(func(w escalation.Way) bool {
		_, ok := AcceptedFor(r.accepted.Reasons, f, w)
		return ok || !w.Root()
	})
	if !some {
		return
	}
	if r.found[place] == nil {
		r.places = append(r.places, place)
	}
	r.take(place, left)
	for _, w := range left.Ways {
		if over, ok := AcceptedFor(r.accepted.Over, f, w); ok {
			r.over[over] = true
		} else {
			r.keys[key(w)] = true
		}
	}
}

// refused is a finding that nobody accepted.
type refused struct {
	escalation.CommandFinding
	// also are other programs of the same grants that do the same: /usr/sbin/ip beside /usr/bin/ip, or the shells that
	// an expression has.
	also []string
}

// take tells a finding together with one of the same place that differs from it by the program alone.
func (r *Refusal) take(place string, f escalation.CommandFinding) {
	key := fmt.Sprintf("%q %v", place, f.Places)
	for _, w := range f.Ways {
		key += fmt.Sprintf(" %q %q %q %q", w.Key(), w.Effect, w.Severity, w.Condition)
	}
	if at, known := r.alike[key]; known && f.Command != "" {
		here := &r.found[place][at]
		here.also = append(here.also, f.Command)
		return
	}
	if f.Command != "" {
		r.alike[key] = len(r.found[place])
	}
	r.found[place] = append(r.found[place], refused{CommandFinding: f})
}

// Any tells whether anything is refused.
func (r *Refusal) Any() bool { return len(r.places) > 0 }

// Lines tell each finding in one line, with where it is.
func (r *Refusal) Lines() []string {
	var lines []string
	for _, place := range r.places {
		where := excerpt(strings.Join(strings.Fields(place), " "))
		for _, f := range r.found[place] {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s (%s): %s. %s", f.ID, f.Severity, shortOf(f), where)))
		}
	}
	return lines
}

// mostWhole is how many findings are told with their reasons. Of more, a line is told of each, of mostTold in all, and
// the rest is counted.
const (
	mostWhole = 5
	mostTold  = 100
)

// elsewhereWhole says where the rest is told.
const elsewhereWhole = "The guide \"Root findings\" says of each id why it matters and what to grant instead. Data source pvesec_sudoers_analysis has it all.\n\n"

// Detail is the text of the error, with what else can be done about it; "" where everything is accepted.
func (r *Refusal) Detail(remedy string) string {
	if len(r.places) == 0 {
		return ""
	}
	var b strings.Builder
	findings := 0
	for _, here := range r.found {
		findings += len(here)
	}
	told, untold := 0, map[string]int{}
	for _, place := range r.places {
		if told < mostTold {
			b.WriteString(place)
		}
		for _, f := range r.found[place] {
			switch told++; {
			case findings <= mostWhole:
				tellWhole(&b, f)
			case told <= mostTold:
				fmt.Fprintf(&b, "%s (%s): %s\n", f.ID, f.Severity, shortOf(f))
			default:
				untold[fmt.Sprintf("%s (%s)", f.ID, f.Severity)]++
			}
		}
		if findings > mostWhole && told <= mostTold {
			b.WriteString("\n")
		}
	}
	if findings > mostWhole {
		b.WriteString(elsewhereWhole)
	}
	for _, kind := range slices.Sorted(maps.Keys(untold)) {
		fmt.Fprintf(&b, "%s: %d more\n\n", kind, untold[kind])
	}
	b.WriteString(remedy)
	b.WriteString(r.Acceptance())
	return strings.TrimSpace(b.String())
}

// longestExcerpt is how much of a long line is told, in characters.
const longestExcerpt = 500

// excerpt is a line without the end of a long one.
func excerpt(line string) string {
	characters := 0
	for at := range line {
		if characters++; characters > longestExcerpt {
			return line[:at] + "…"
		}
	}
	return line
}

// Acceptance says how the risks can be accepted, and what has become of those that were.
func (r *Refusal) Acceptance() string {
	var b strings.Builder
	for _, over := range slices.Sorted(maps.Keys(r.over)) {
		fmt.Fprintf(&b, "%s. Remove the cause, or set a later day in accepted_until.\n\n", over)
	}
	if len(r.keys) > 0 {
		b.WriteString("To accept the risks, give a reason for each:\n\n    accepted_risks = {\n")
		for _, key := range slices.Sorted(maps.Keys(r.keys)) {
			fmt.Fprintf(&b, "      %s = \"why\"\n", strconv.Quote(key))
		}
		b.WriteString("    }")
	}
	return strings.TrimSpace(b.String())
}

// tellWhole tells a finding with its reason, an example, the other ways that follow from the same grant, and what to
// grant instead.
func tellWhole(b *strings.Builder, f refused) {
	fmt.Fprintf(b, "%s (%s): %s\n%s\n\n", f.ID, f.Severity, FindingRule(f.CommandFinding), f.Why)
	if f.Example != "" {
		fmt.Fprintf(b, "    %s\n\n", f.Example)
	}
	if len(f.also) > 0 {
		fmt.Fprintf(b, "The same grant allows the same with %s.\n\n", some(f.also))
	}
	if len(f.Places) > 1 {
		lines := make([]string, len(f.Places))
		for i, p := range f.Places {
			lines[i] = strconv.Itoa(p.Pos.Line)
		}
		fmt.Fprintf(b, "Lines %s have the same cause.\n\n", some(lines))
	}
	if len(f.Ways) > 1 {
		more := make([]string, len(f.Ways)-1)
		for i, w := range f.Ways[1:] {
			more[i] = fmt.Sprintf("  %s: %s", w.ID, w.Does)
		}
		fmt.Fprintf(b, "The same grant also:\n%s\n\n", strings.Join(more, "\n"))
	}
	fmt.Fprintf(b, "%s\n\n", f.Fix)
}

// shortOf tells a finding on one line.
func shortOf(f refused) string {
	text := FindingRule(f.CommandFinding)
	if f.Example != "" {
		text += ": " + f.Example
	}
	if len(f.also) > 0 {
		text += " (and with " + some(f.also) + ")"
	}
	return text
}

// some are words with commas, of which many are counted.
func some(words []string) string {
	if more := len(words) - mostTold; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:mostTold], ", "), more)
	}
	return strings.Join(words, ", ")
}
