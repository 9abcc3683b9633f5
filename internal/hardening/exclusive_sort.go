package hardening

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sorting tells the lines of a node's sudoers files apart: those that stay, and those that do not belong there.
type sorting struct {
	own    SudoersExclusive
	t      *sudoersTree
	target node.Target
	// operator is the user that pvesec logs in as, "root" for nobody whose sudo counts. ownWay are the lines that let
	// it in.
	operator string
	password bool
	ownWay   []string

	// kept are files that stay, with the reason; read are those that were looked at.
	kept []string
	read map[string]bool
	// lines are those that do not belong there, in the order in which they were found; of tells the line of an entry.
	lines []*foreignLine
	of    map[sudoers.Entry]*foreignLine
	// subjects are whom the lines are about, see [sorting.everyone].
	subjects []policy.Subject
	// before is what the change is compared with, see [sorting.unshadowed].
	before *sudoersTree
	// known are the words of user lists that mean an account or a group of the node.
	known map[string]bool
	eased []string
	// fresh are lines of which a part stays since the last look at what becomes allowed.
	fresh map[*foreignLine]bool
	// work is what comparisons cost so far; spent tells that they may cost no more, see [sorting.within].
	work  int
	spent bool
}

// foreignLine is a line that does not belong to the sudoers files of a node.
type foreignLine struct {
	file string
	at   int // the number of its first line, 0 for a file without lines
	text string
	span sudoers.Span
	// entry is what sudo reads of it, nil where sudo skips it.
	entry sudoers.Entry
	// instead are lines that come in its place: the one that the distribution ships, and the parts that stay of the
	// lines of its unit.
	instead []string
	// part is what stays of it in the place of its unit since it restrains, and way since pvesec gets in by it; nil for
	// nothing.
	part, way sudoers.Entry
	// unit is the line whose removal takes this one out of force: itself, or the include that leads to its file.
	unit *foreignLine
	// held says why the line stays, "" where it goes; harmless tells that it gives nobody anything.
	held     string
	harmless bool
}

// String gives the line with its place.
func (l *foreignLine) String() string {
	text := printable(l.file)
	if l.at > 0 {
		text += fmt.Sprintf(":%d", l.at)
	}
	text += ": " + printable(l.text)
	if len(l.instead) > 0 && l.held == "" {
		lines := make([]string, len(l.instead))
		for i, line := range l.instead {
			lines[i] = printable(canonicalLine(line))
		}
		text += " (in its place: " + strings.Join(lines, "; ") + ")"
	}
	if l.unit != l {
		text += fmt.Sprintf(" (out of force: included by %s:%d)", printable(l.unit.file), l.unit.at)
	}
	return text
}

func newSorting(own SudoersExclusive, nodes Nodes, t *sudoersTree, target node.Target) *sorting {
	s := &sorting{own: own, t: t, target: target, read: map[string]bool{}, of: map[sudoers.Entry]*foreignLine{}, fresh: map[*foreignLine]bool{}, known: knownNames(t)}
	if s.operator, s.password = operatorOf(nodes); s.operator != "root" {
		for line := range strings.SplitSeq(AccessSudoers(s.operator, s.password), "\n") {
			if canonical := canonicalLine(line); canonical != "" {
				s.ownWay = append(s.ownWay, canonical)
			}
		}
	}
	return s
}

// sort follows what stays from the main file on, and then what is in force by foreign includes alone.
func (s *sorting) sort() {
	main := s.t.tree.File(sudoersMain)
	if main == nil {
		return // sudo reads nothing
	}
	state, stays := followed(s.t.files[sudoersMain]), s.stays
	if s.ships(sudoersMain, state) != "" {
		stays = nil
	}
	s.file(main, stays)
	for _, line := range slices.Clone(s.lines) {
		if include, is := line.entry.(*sudoers.Include); is {
			s.outOfForce(line.file, include, line)
		}
	}
	slices.SortStableFunc(s.lines, func(a, b *foreignLine) int {
		if a.file != b.file {
			return strings.Compare(a.file, b.file)
		}
		return a.at - b.at
	})
	slices.Sort(s.kept)
}

// stays tells whether an entry of the main file belongs there: Debian ships it, somebody named it, it lets pvesec in,
// or it leads to files that stay.
func (s *sorting) stays(entry sudoers.Entry) bool {
	line := canonicalEntry(entry)
	if line == "" || slices.Contains(shippedLines, line) || slices.Contains(s.ownWay, line) {
		return true
	}
	if slices.ContainsFunc(s.own.Lines, func(named string) bool { return canonicalLine(named) == line }) {
		return true
	}
	include, is := entry.(*sudoers.Include)
	if !is {
		return false
	}
	target := s.leadsTo(sudoersMain, include)
	return include.Dir && strings.TrimSuffix(target, "/") == sudoersDir || !include.Dir && path.Dir(target) == sudoersDir && s.belongs(target) != ""
}

// leadsTo is the path that an include means.
func (s *sorting) leadsTo(file string, include *sudoers.Include) string {
	host, _, _ := strings.Cut(s.t.seen.Facts.Hostname, ".")
	return sudoers.ResolveInclude(file, include.Path, host, s.t.version)
}

// file sorts the entries of a file, and follows the includes that stay. Without stays all of the file does, what sudo
// skips today included: it may skip a definition only since another file has one of that name, and the line is in force
// when that is gone.
func (s *sorting) file(file *sudoers.File, stays func(sudoers.Entry) bool) {
	s.read[file.Name] = true
	at := 0
	for _, entry := range file.Entries {
		span := entry.Span()
		s.malformed(file, at, span.Start, stays)
		at = span.End
		if stays != nil && !stays(entry) {
			s.foreign(file, entry)
		} else if include, is := entry.(*sudoers.Include); is {
			s.follow(file.Name, include)
		}
	}
	s.malformed(file, at, len(file.Text), stays)
}

// follow sorts what an include that stays brings in.
func (s *sorting) follow(from string, include *sudoers.Include) {
	target := strings.TrimSuffix(s.leadsTo(from, include), "/")
	if !include.Dir {
		s.included(target, from)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.t.files)) {
		if path.Dir(name) == target && sudoers.IncludedName(path.Base(name)) && s.t.files[name].Exists {
			s.included(name, from)
		}
	}
}

// included sorts a file that an include which stays leads to.
func (s *sorting) included(name, from string) {
	state := s.t.files[name]
	if s.read[name] || !state.Exists || state.Type == node.TypeDirectory {
		return
	}
	file := s.t.tree.File(name)
	inDir := path.Dir(name) == sudoersDir
	why := ""
	if inDir {
		why = s.belongs(name)
	} else if name != sudoersMain {
		why = "included by " + printable(from)
	}
	switch {
	case file == nil && why == "" && inDir: // sudo reads nothing there, today
		s.read[name] = true
		s.add(&foreignLine{file: name, text: describeSpecial(state)})
	case file == nil:
	case why != "":
		s.kept = append(s.kept, fmt.Sprintf("%s (%s)", printable(name), why))
		s.file(file, s.staysIn(file))
	default:
		s.file(file, func(entry sudoers.Entry) bool {
			line := canonicalEntry(entry)
			return line == "" || slices.Contains(s.ownWay, line)
		})
	}
}

// staysIn tells which entries of a file that belongs there belong there, nil for all of it. Audit logging writes some
// lines of options and nothing else: whatever else is below its header is not its own.
func (s *sorting) staysIn(file *sudoers.File) func(sudoers.Entry) bool {
	if s.auditFile(file.Name) == "" || s.named(file.Name) {
		return nil
	}
	written := auditLines(file)
	return func(entry sudoers.Entry) bool {
		line := canonicalEntry(entry)
		return line == "" || written[line] || slices.Contains(s.ownWay, line)
	}
}

func describeSpecial(state node.FileState) string {
	switch state.Type {
	case node.TypeSymlink:
		return "a symbolic link that leads to no file: " + state.LinkTarget
	default:
		return "a special file"
	}
}

// outOfForce notes what only a foreign include brings in. Those files stay on the node, and sudo reads them no more.
func (s *sorting) outOfForce(from string, include *sudoers.Include, unit *foreignLine) {
	target := strings.TrimSuffix(s.leadsTo(from, include), "/")
	for _, file := range s.t.tree.Files {
		if file.Name != target && (!include.Dir || path.Dir(file.Name) != target) || s.read[file.Name] {
			continue
		}
		s.read[file.Name] = true
		for _, entry := range file.Entries {
			if canonicalEntry(entry) == "" {
				continue
			}
			line := s.foreign(file, entry)
			line.unit = unit
			if deeper, is := entry.(*sudoers.Include); is {
				s.outOfForce(file.Name, deeper, unit)
			}
		}
	}
}

// foreign notes an entry that does not belong there.
func (s *sorting) foreign(file *sudoers.File, entry sudoers.Entry) *foreignLine {
	line := s.add(&foreignLine{file: file.Name, at: entry.Pos().Line, text: canonicalEntry(entry), span: entry.Span(), entry: entry})
	s.of[entry] = line
	if options, is := entry.(*sudoers.Defaults); is && file.Name == sudoersMain && options.Scope == sudoers.ScopeGlobal {
		line.instead = s.shippedInstead(file, options)
	}
	return line
}

func (s *sorting) add(line *foreignLine) *foreignLine {
	line.unit = line
	s.lines = append(s.lines, line)
	return line
}

// shippedInstead are the lines that Debian ships for options which a foreign line of the main file sets, where they are
// not there: without them sudo would go by what it was built with.
func (s *sorting) shippedInstead(file *sudoers.File, options *sudoers.Defaults) []string {
	var back []string
	for _, option := range options.Settings {
		shipped := shippedOption(option.Name)
		if shipped == "" || slices.Contains(back, shipped+"\n") {
			continue
		}
		there := func(entry sudoers.Entry) bool { return canonicalEntry(entry) == shipped }
		elsewhere := func(line *foreignLine) bool { return slices.Contains(line.instead, shipped+"\n") }
		if !slices.ContainsFunc(file.Entries, there) && !slices.ContainsFunc(s.lines, elsewhere) {
			back = append(back, shipped+"\n")
		}
	}
	return back
}
