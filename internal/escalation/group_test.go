package escalation

import "testing"

// TestWorseWayStays: of two ways of one place about the same option the worse one is told, whichever comes first; of
// two as bad the one that needs nothing else.
func TestWorseWayStays(t *testing.T) {
	t.Parallel()
	way := func(severity Severity, condition string) Way {
		return Way{ID: "PVESEC-E0023", Detail: "log_servers", Severity: severity, Condition: condition}
	}
	for _, c := range []struct{ better, worse Way }{
		{way(Medium, ""), way(High, "")}, {way(Medium, "another file"), way(High, "root runs visudo")}, {way(High, "root runs visudo"), way(High, "")}, {way(High, "somebody writes it"), way(Critical, "")},
	} {
		for _, ways := range [][]Way{{c.better, c.worse}, {c.worse, c.better}} {
			var one collector
			var all []Analysis
			for i, w := range ways {
				one.add(Place{}, "", w)
				var alone collector
				alone.add(Place{}, "", ways[i])
				all = append(all, Analysis{Findings: alone.findings()})
			}
			for name, findings := range map[string][]CommandFinding{"add": one.findings(), "Merge": Merge(all...).Findings} {
				if len(findings) != 1 || len(findings[0].Ways) != 1 || findings[0].Severity != c.worse.Severity || findings[0].Condition != c.worse.Condition {
					t.Errorf("%s of %+v is %+v", name, ways, findings)
				}
			}
		}
	}
}

// TestGrantsOfAnotherSeverityAreApart: an option that is worse for one grant than for another is told of each of them
// as it is.
func TestGrantsOfAnotherSeverityAreApart(t *testing.T) {
	t.Parallel()
	for _, severities := range [][]Severity{{Medium, High}, {High, Medium}} {
		var c collector
		for i, severity := range severities {
			place := Place{Grant: "agent ALL = /usr/bin/true"}
			place.Pos.Line = i + 1
			c.add(place, "", Way{ID: "PVESEC-E0023", Detail: "log_servers", Severity: severity})
		}
		findings := c.findings()
		if len(findings) != 2 || findings[0].Severity != severities[0] || findings[1].Severity != severities[1] {
			t.Errorf("%v: %+v", severities, findings)
		}
	}
}
