package program

import (
	"regexp"
	"slices"
	"testing"
)

// TestOtherwise puts the example of what is known of all other arguments to each program. It has one of the effects, or
// a worse one: no operation that an administrator may be granted covers it.
func TestOtherwise(t *testing.T) {
	t.Parallel()
	for _, p := range Programs() {
		o := p.Otherwise
		if o == nil {
			continue
		}
		t.Run(p.Paths[0], func(t *testing.T) {
			t.Parallel()
			outcomes, _ := p.JudgeFixed(asArguments(o.Example))
			if !slices.ContainsFunc(outcomes, func(x Outcome) bool { return x.Effect.Info().Root() || slices.Contains(o.Effects, x.Effect) }) {
				t.Errorf("%q has none of %q: an operation covers it", o.Example, o.Effects)
			}
		})
	}
}

// writes finds what says that files of the caller's choice are written.
var writes = regexp.MustCompile(`\bwrites?\b.*\b(files?|devices?)\b`)

// TestOtherwiseWrites demands of what is said to write files an effect that is a way to root: who chooses the name of a
// file that root writes is root.
func TestOtherwiseWrites(t *testing.T) {
	t.Parallel()
	said := 0
	for _, p := range Programs() {
		if o := p.Otherwise; o != nil && writes.MatchString(o.Does) {
			said++
			if !slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Info().Root() }) {
				t.Errorf("%s: it %s, with no effect but %q", p.Paths[0], o.Does, o.Effects)
			}
		}
	}
	if said < 30 {
		t.Errorf("%d programs are said to write files", said)
	}
}

// TestOtherwiseReviewed refuses what says of no command line that it is a way to root, and not why.
func TestOtherwiseReviewed(t *testing.T) {
	t.Parallel()
	for reviewed, accepted := range map[string]bool{"": false, "it takes no names of files": true} {
		o := &Operation{Does: "changes the speed", Effects: []Effect{ChangesNetwork}, Example: "-F x", Reviewed: reviewed}
		if err := o.checkOtherwise(); (err == nil) != accepted {
			t.Errorf("reviewed %q: %v", reviewed, err)
		}
	}
}
