package review

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// Shown is a finding as a plan lists it. It stands for others too, where many have one cause.
type Shown struct {
	escalation.CommandFinding
	// More is for how many others it stands: of the same id, about the same option, as severe, and accepted for the
	// same reason or not accepted as well.
	More int
}

// mostOfACause is how many findings with one cause are listed one by one.
const mostOfACause = 100

// ShownOf are findings as a plan lists them. What is refused is decided about each of them, before.
func ShownOf(findings []escalation.CommandFinding, accepted map[string]string) []Shown {
	var s shower
	shown := make([]Shown, 0, min(len(findings), mostOfACause))
	for _, f := range findings {
		if at, is := s.standsFor(f, "", accepted, len(shown)); is {
			shown[at].More++
			continue
		}
		shown = append(shown, Shown{CommandFinding: f})
	}
	return shown
}

// ShownForeign is a finding that takes other files of nodes, as a plan lists it.
type ShownForeign struct {
	ForeignFinding
	// More is as in [Shown], in the same file of the same nodes.
	More int
}

// ShownForeignOf are findings that take other files of nodes, as a plan lists them.
func ShownForeignOf(findings []ForeignFinding, accepted map[string]string) []ShownForeign {
	var s shower
	var shown []ShownForeign
	for _, f := range findings {
		where := strings.Join(append([]string{f.Pos.File}, f.Nodes...), "\x00")
		if at, is := s.standsFor(f.CommandFinding, where, accepted, len(shown)); is {
			shown[at].More++
			continue
		}
		shown = append(shown, ShownForeign{ForeignFinding: f})
	}
	return shown
}

// likeness is what findings have in common of which one stands for the others.
type likeness struct {
	key, does, where, reason string
	severity                 escalation.Severity
	root, accepted           bool
}

// shower decides which findings a list shows.
type shower struct{ count, at map[likeness]int }

// standsFor gives the shown finding that stands for this one too; without one, this is shown at the next place.
func (s *shower) standsFor(f escalation.CommandFinding, where string, accepted map[string]string, next int) (at int, is bool) {
	if s.count == nil {
		s.count, s.at = map[likeness]int{}, map[likeness]int{}
	}
	of := likeness{key: f.Key(), does: f.Does, where: where, severity: f.Severity, root: f.Root()}
	of.reason, of.accepted = AcceptedWhole(accepted, f)
	s.count[of]++
	if s.count[of] > mostOfACause+1 {
		return s.at[of], true
	}
	s.at[of] = next
	return 0, false
}
