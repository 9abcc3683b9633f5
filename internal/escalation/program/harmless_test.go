package program

import "testing"

// TestHarmlessExamples: what is an example of an operation without effects has none of another operation of its
// program. Two that cover one command line and do not say the same contradict each other: a list of what is disruptive,
// and a statement, then speak of what only shows something.
func TestHarmlessExamples(t *testing.T) {
	t.Parallel()
	for _, p := range Programs() {
		for _, o := range p.Operations {
			if len(o.Effects) > 0 {
				continue
			}
			for _, example := range o.Examples {
				outcomes, _ := p.JudgeFixed(asArguments(example))
				for _, of := range outcomes {
					if of.Operation != o {
						t.Errorf("%s %s %s, and also %s: %s", p.Paths[0], example, o.Does, of.Effect, of.Operation.Does)
					}
				}
			}
		}
	}
}
