package hardening

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// keepPart leaves a part of a line in the place of its unit, instead of the one of the same kind that is there, and
// tells whether that is news. A part that cannot be written goes with the line: it never keeps what gives more.
func (s *sorting) keepPart(line *foreignLine, there *sudoers.Entry, part sudoers.Entry) bool {
	text := sudoers.PrintEntry(part)
	read, problems := sudoers.Parse("line", text, s.t.version)
	if len(problems) > 0 || !sudoers.SameEntries(read.Entries, []sudoers.Entry{part}) {
		return false
	}
	unit := line.unit
	if *there == nil {
		unit.instead = append(unit.instead, text)
	} else if at := slices.Index(unit.instead, sudoers.PrintEntry(*there)); unit.instead[at] != text {
		unit.instead[at] = text
	} else {
		return false
	}
	*there, s.fresh[line] = part, true
	return true
}
