package program

import (
	"slices"
	"testing"
)

// TestOtherwise puts the example of what is known of all other arguments to each program. It has one of the effects, or a worse one: no operation
// that an administrator may be granted covers it.
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
