package hardening

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// keepPart leaves a part of a line in the place of its unit, instead of another one that is there, and tells whether that is news. A part that cannot be written goes with the line: it never
// keeps what gives more.
func (s *sorting) keepPart(line *foreignLine, part sudoers.Entry) bool {
	text := sudoers.PrintEntry(part)
	read, problems := sudoers.Parse("line", text, s.t.version)
	if len(problems) > 0 || !sudoers.SameEntries(read.Entries, []sudoers.Entry{part}) {
		return false
	}
	unit := line.unit
	if line.part == nil {
		unit.instead = append(unit.instead, text)
	} else if there := slices.Index(unit.instead, sudoers.PrintEntry(line.part)); unit.instead[there] != text {
		unit.instead[there] = text
	} else {
		return false
	}
	line.part = part
	return true
}
