package review

import "github.com/pvesec/terraform-provider-pvesec/internal/escalation"

// Shown is a finding as a plan lists it. It stands for others too, where many have one cause.
type Shown struct {
	escalation.CommandFinding
	// More is for how many others it stands: of the same id, about the same option, as severe, and accepted for the same reason or not accepted as well.
	More int
}

// mostOfACause is how many findings with one cause are listed one by one.
const mostOfACause = 100

// ShownOf are findings as a plan lists them. What is refused is decided about each of them, before.
func ShownOf(findings []escalation.CommandFinding, accepted map[string]string) []Shown {
	type cause struct {
		key, does, reason string
		severity          escalation.Severity
		root, accepted    bool
	}
	count, rest := map[cause]int{}, map[cause]int{}
	shown := make([]Shown, 0, min(len(findings), mostOfACause))
	for _, f := range findings {
		of := cause{key: f.Key(), does: f.Does, severity: f.Severity, root: f.Root()}
		of.reason, of.accepted = AcceptedWhole(accepted, f)
		count[of]++
		switch {
		case count[of] <= mostOfACause:
			shown = append(shown, Shown{CommandFinding: f})
		case count[of] == mostOfACause+1:
			rest[of] = len(shown)
			shown = append(shown, Shown{CommandFinding: f})
		default:
			shown[rest[of]].More++
		}
	}
	return shown
}
