package hardening

import (
	"context"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// holdWidening holds lines without which somebody would be allowed more than today by what stays, or the same on easier
// conditions. Where the files say too much to compare, it holds what lines deny: without grants alone nobody is allowed
// more.
func (s *sorting) holdWidening(ctx context.Context, after *sudoersTree) bool {
	held := false
	s.eased, s.fresh = nil, map[*foreignLine]bool{}
	trials := trials{}
	for _, subject := range s.subjects {
		if !s.within(ctx, 0) {
			break
		}
		grants := s.grants(s.before, subject)
		of := map[sudoers.Pos]bool{}
		for _, grant := range grants {
			of[grant.Spec.At] = true
		}
		concerned := s.going(func(line *foreignLine) bool {
			spec, is := line.entry.(*sudoers.UserSpec)
			return line.entry != nil && (!is || of[spec.At])
		})
		if len(concerned) == 0 || !slices.ContainsFunc(s.grants(after, subject), func(g policy.Grant) bool { return !g.Negated }) {
			continue
		}
		change := s.compared(ctx, subject, s.before, after)
		switch {
		case len(change.NewlyAllowed) > 0:
			gained := change.NewlyAllowed[0]
			held = s.holdBack(fmt.Sprintf("without it %s would be allowed %s, by %s:%d", printable(subject.Name), printable(gained.String()), printable(gained.Rule.Pos.File), gained.Rule.Pos.Line), concerned, grants) || held
		case len(change.Gaps) > 0:
			held = s.keepDenials(fmt.Sprintf("it cannot be told what %s would be allowed without it: %s", printable(subject.Name), printable(change.Gaps[0].Reason)), denying(concerned, grants)...) || held
		}
		if len(change.NewlyAllowed) == 0 {
			held = s.holdEased(ctx, subject, change, concerned, after, trials) || held
		}
	}
	if s.spent {
		held = s.keepDenials("it denies something, and the sudoers files say too much to compare what would be allowed without it", s.going(func(*foreignLine) bool { return true })...) || held
		s.eased = append(s.eased, tooMuch)
	}
	return held
}

// tooMuch is what is told where the files say too much to compare.
const tooMuch = "the sudoers files say too much to compare all that a removal changes. Grants go, and what their lines deny stays, so that nobody is allowed more. Where a rule that goes asked for more " +
	"than one that stays, such as a password, that is not asked for any more"

// holdBack holds the denials among lines. Where there are none the options and aliases are what holds something back,
// or, where there are none of them either, all lines.
func (s *sorting) holdBack(why string, concerned []*foreignLine, grants []policy.Grant) bool {
	denials := denying(concerned, grants)
	if s.keepDenials(why, denials...) || slices.ContainsFunc(denials, func(line *foreignLine) bool { return s.fresh[line] }) {
		return true
	}
	others := slices.DeleteFunc(slices.Clone(concerned), func(line *foreignLine) bool { _, rule := line.entry.(*sudoers.UserSpec); return rule })
	return s.keep(why, others...) || s.keep(why, concerned...)
}

// denying are the lines that deny the subject of the grants something.
func denying(lines []*foreignLine, grants []policy.Grant) []*foreignLine {
	by := map[sudoers.Pos]bool{}
	for _, grant := range grants {
		by[grant.Spec.At] = by[grant.Spec.At] || grant.Negated
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line *foreignLine) bool { return !by[line.entry.Pos()] })
}

// mostTried bounds how many lines are tried one by one for each subject.
const mostTried = 32

// trials are what is in force if a line stays, and whether it gives somebody something then, by line. All subjects
// share those of one round.
type trials map[*foreignLine]*trial

type trial struct {
	with  *sudoersTree
	tried bool
	gives bool
}

// of is the trial of a line.
func (t trials) of(s *sorting, line *foreignLine) *trial {
	if t[line] == nil {
		t[line] = &trial{with: s.t.after(s.changeWith(line))}
	}
	return t[line]
}

// holdEased holds lines without which a command would lose a condition: options, and rules that give nobody anything. A
// rule that gives somebody something goes, and it is told.
func (s *sorting) holdEased(ctx context.Context, subject policy.Subject, change policy.Comparison, concerned []*foreignLine, after *sudoersTree, trials trials) bool {
	still := map[*foreignLine][]policy.ConditionChange{} // what the subject is eased even with a line
	for _, c := range eased(change) {
		what := fmt.Sprintf("%s would be allowed %s with %s %q instead of %q, by %s:%d", printable(subject.Name), printable(c.String()), c.Condition, printable(c.To), printable(c.From),
			printable(c.Rule.Pos.File), c.Rule.Pos.Line)
		for _, line := range concerned[:min(len(concerned), mostTried)] {
			if s.spent {
				break
			}
			trial := trials.of(s, line)
			if _, known := still[line]; !known {
				still[line] = eased(s.compared(ctx, subject, s.before, trial.with))
			}
			if slices.ContainsFunc(still[line], func(still policy.ConditionChange) bool { return still.Condition == c.Condition }) {
				continue
			}
			if !trial.tried {
				trial.tried, trial.gives = true, s.gives(ctx, line, trial.with, after)
			}
			if !trial.gives && !s.spent {
				return s.keep("without it "+what, line)
			}
		}
		s.eased = append(s.eased, what)
	}
	return false
}

// changeWith is the change if a line stayed.
func (s *sorting) changeWith(line *foreignLine) node.Change {
	line.unit.held = "for a trial"
	defer func() { line.unit.held = "" }()
	return s.change()
}
