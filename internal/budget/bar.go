package budget

import "testing"

// Bar reports a figure of a benchmark beside what it is to reach, and fails the benchmark where it misses that by more
// than a quarter: figures differ from run to run.
func Bar(b reporter, figure, bar float64, unit string) {
	b.Helper()
	b.ReportMetric(figure, unit)
	b.ReportMetric(figure/bar, unit+"/bar")
	if figure > bar*5/4 {
		b.Errorf("%.3g %s, and the bar is %.3g", figure, unit, bar)
	}
}

// reporter is what Bar needs of a [testing.B].
type reporter interface {
	testing.TB
	ReportMetric(n float64, unit string)
}
