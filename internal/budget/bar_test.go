package budget

import (
	"maps"
	"testing"
)

// gauge is a benchmark that only notes what is reported.
type gauge struct {
	judge
	figures map[string]float64
}

func (g *gauge) ReportMetric(n float64, unit string) { g.figures[unit] = n }

// TestBar: a figure that misses its bar by a quarter passes, and by more it does not.
func TestBar(t *testing.T) {
	t.Parallel()
	for figure, fails := range map[float64]bool{1: false, 8: false, 10: false, 10.1: true} {
		g := &gauge{figures: map[string]float64{}}
		Bar(g, figure, 8, "s")
		if (len(g.said) > 0) != fails || !maps.Equal(g.figures, map[string]float64{"s": figure, "s/bar": figure / 8}) {
			t.Errorf("%v: %v, %v", figure, g.said, g.figures)
		}
	}
}
