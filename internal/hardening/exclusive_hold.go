package hardening

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// change is what removes the lines that are not held.
func (s *sorting) change() node.Change {
	change := node.Change{Target: s.target, Label: "foreign sudoers lines"}
	for _, name := range s.edited() {
		state := s.t.files[name]
		file := node.File{Path: name, Kind: node.Absent, Validate: node.Sudoers}
		if text, left := s.without(name); left || name == sudoersMain {
			file = node.File{Path: name, Kind: node.Regular, Content: []byte(text), Mode: 0o440, Owner: "root", Group: "root", Validate: node.Sudoers}
		}
		change.Files = append(change.Files, file)
		change.Expect = append(change.Expect, statusOf(state).expectAt(name))
	}
	return change
}

// edited are the files that lines are taken out of.
func (s *sorting) edited() []string {
	var names []string
	for _, line := range s.lines {
		if line.unit == line && line.held == "" && !slices.Contains(names, line.file) {
			names = append(names, line.file)
		}
	}
	return names
}

// without is the text of a file without the lines that go; left tells whether it still says anything.
func (s *sorting) without(name string) (text string, left bool) {
	file := s.t.tree.File(name)
	if file == nil {
		return "", false
	}
	gone := func(line *foreignLine) bool { return line.file == name && line.unit == line && line.held == "" }
	var b strings.Builder
	at := 0
	for _, line := range s.lines {
		if !gone(line) {
			continue
		}
		b.WriteString(file.Text[at:line.span.Start])
		b.WriteString(strings.Join(line.instead, ""))
		left = left || len(line.instead) > 0
		at = line.span.End
	}
	b.WriteString(file.Text[at:])
	for _, entry := range file.Entries {
		line := s.of[entry]
		left = left || canonicalEntry(entry) != "" && (line == nil || !gone(line))
	}
	return b.String(), left
}

// hold keeps lines whose removal would give somebody more, cut pvesec off, or break what stays. It ends: each round holds at least one line more, and with all held nothing changes.
func (s *sorting) hold() {
	s.holdNamed()
	for {
		for s.holdWhole() {
		}
		s.before = s.unshadowed()
		after := s.t.after(s.change())
		if !s.holdOptions(after) && !s.holdDenials(after) && !s.holdAliases(after) && !s.holdOwnWay(after) && !s.holdWidening(after) {
			s.markHarmless(after)
			return
		}
	}
}

// keep holds the units of lines that are not held yet, and tells whether there were any.
func (s *sorting) keep(why string, lines ...*foreignLine) bool {
	held := false
	for _, line := range lines {
		if unit := line.unit; unit.held == "" {
			unit.held, held = why, true
		}
	}
	return held
}

// going are the lines that are not held, of which a test is true.
func (s *sorting) going(test func(*foreignLine) bool) []*foreignLine {
	return slices.DeleteFunc(slices.Clone(s.lines), func(line *foreignLine) bool { return line.unit.held != "" || !test(line) })
}

// holdNamed holds what no transaction can remove: a file with control characters in its name.
func (s *sorting) holdNamed() {
	for _, line := range s.lines {
		if strings.ContainsFunc(line.file, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			s.keep("the name of the file has control characters: remove it by hand", line)
		}
	}
}

// holdWhole holds the lines of a text with NUL bytes, which sudo reads cut short, so that no place in it is certain: all of the main file, and of a file of which one must stay. Another
// file goes as a whole.
func (s *sorting) holdWhole() bool {
	held := false
	for _, file := range s.t.tree.Files {
		stays := file.Name == sudoersMain || slices.ContainsFunc(s.lines, func(line *foreignLine) bool {
			return line.file == file.Name && (line.unit.held != "" || len(line.instead) > 0)
		})
		if stays && file.Text != string(followed(s.t.files[file.Name]).Content) {
			held = s.keep("the file has NUL bytes: edit it by hand", s.going(func(line *foreignLine) bool { return line.file == file.Name })...) || held
		}
	}
	return held
}

// holdWidening holds lines without which somebody would be allowed more than today by what stays, or the same on easier conditions.
func (s *sorting) holdWidening(after *sudoersTree) bool {
	held := false
	s.eased = nil
	for _, subject := range s.subjects {
		grants := policy.Grants(s.before.tree, subject)
		concerned := s.going(func(line *foreignLine) bool {
			spec, is := line.entry.(*sudoers.UserSpec)
			return line.entry != nil && (!is || slices.ContainsFunc(grants, func(g policy.Grant) bool { return g.Spec.At == spec.At }))
		})
		if len(concerned) == 0 || !slices.ContainsFunc(policy.Grants(after.tree, subject), func(g policy.Grant) bool { return !g.Negated }) {
			continue
		}
		change := s.compared(subject, after)
		switch {
		case len(change.NewlyAllowed) > 0:
			gained := change.NewlyAllowed[0]
			held = s.holdBack(fmt.Sprintf("without it %s would be allowed %s, by %s:%d", printable(subject.Name), printable(gained.String()), printable(gained.Rule.Pos.File), gained.Rule.Pos.Line), concerned, grants) || held
		case len(change.Gaps) > 0:
			held = s.keepDenials(fmt.Sprintf("it cannot be told what %s would be allowed without it: %s", printable(subject.Name), printable(change.Gaps[0].Reason)), denying(concerned, grants)...) || held
		}
		if len(change.NewlyAllowed) == 0 {
			held = s.holdEased(subject, change, concerned, after) || held
		}
	}
	return held
}

// holdBack holds the denials among lines. Where there are none the options and aliases are what holds something back, or, where there are none of them either, all lines.
func (s *sorting) holdBack(why string, concerned []*foreignLine, grants []policy.Grant) bool {
	if s.keepDenials(why, denying(concerned, grants)...) {
		return true
	}
	others := slices.DeleteFunc(slices.Clone(concerned), func(line *foreignLine) bool { _, rule := line.entry.(*sudoers.UserSpec); return rule })
	return s.keep(why, others...) || s.keep(why, concerned...)
}

// denying are the lines that deny the subject of the grants something.
func denying(lines []*foreignLine, grants []policy.Grant) []*foreignLine {
	return slices.DeleteFunc(slices.Clone(lines), func(line *foreignLine) bool {
		return !slices.ContainsFunc(grants, func(g policy.Grant) bool { return g.Negated && g.Spec.At == line.entry.Pos() })
	})
}

// mostTried bounds how many lines are tried one by one for each subject.
const mostTried = 32

// holdEased holds lines without which a command would lose a condition: options, and rules that give nobody anything. A rule that gives somebody something goes, and it is told.
func (s *sorting) holdEased(subject policy.Subject, change policy.Comparison, concerned []*foreignLine, after *sudoersTree) bool {
	for _, c := range eased(change) {
		what := fmt.Sprintf("%s would be allowed %s with %s %q instead of %q, by %s:%d", printable(subject.Name), printable(c.String()), c.Condition, printable(c.To), printable(c.From),
			printable(c.Rule.Pos.File), c.Rule.Pos.Line)
		for i, line := range concerned {
			if i >= mostTried {
				break
			}
			with := s.t.after(s.changeWith(line))
			still := slices.ContainsFunc(eased(s.compared(subject, with)), func(still policy.ConditionChange) bool { return still.Condition == c.Condition })
			if !still && !s.gives(line, with, after) {
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

// compared compares what a subject is allowed now and afterwards.
func (s *sorting) compared(subject policy.Subject, after *sudoersTree) policy.Comparison {
	return policy.Compare(s.before.tree, after.tree, s.question(subject))
}

func (s *sorting) question(subject policy.Subject) policy.Question {
	return policy.Question{Subject: subject, Host: s.t.seen.Facts.Hostname, Env: policy.Debian(s.t.version)}
}
