package hardening

import (
	"context"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
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

// without is the text of a file without the lines that go, as sudo reads it: without what stands behind a NUL byte in
// its line; left tells whether it still says anything.
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

// hold keeps lines whose removal would give somebody more, cut pvesec off, or break what stays. It ends: each round
// holds at least one line more, and with all held nothing changes.
func (s *sorting) hold(ctx context.Context) error {
	s.holdNamed()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.before = s.unshadowed()
		after := s.t.after(s.change())
		if !s.holdOptions(after) && !s.holdDenials(after) && !s.holdAliases(after) && !s.holdOwnWay(ctx, after) && !s.holdWidening(ctx, after) {
			s.markHarmless(after)
			return ctx.Err()
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
