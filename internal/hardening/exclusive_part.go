package hardening

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// keepPart leaves a part of a line in the place of its unit, instead of another one that is there, and tells whether that is news. The whole line is held where the part cannot be written.
func (s *sorting) keepPart(why string, line *foreignLine, part sudoers.Entry) bool {
	text := sudoers.PrintEntry(part)
	read, problems := sudoers.Parse("line", text, sudoers.Version{})
	if len(problems) > 0 || !sudoers.SameEntries(read.Entries, []sudoers.Entry{part}) {
		return s.keep(why, line)
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
