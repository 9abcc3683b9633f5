package hardening

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// skips tells that the node's sudo skips a setting, and goes by the others of its line.
func (t *sudoersTree) skips(option *sudoers.Setting) bool {
	problem, _ := option.Check(t.version)
	return problem != ""
}

// optionsIn are the options that are in force, as facts by which one tells what a further option does beside them. Each
// line is read once.
type optionsIn struct {
	// of has the facts of each line, lines in how many lines each fact is.
	of    map[optionLine]map[optionFact]bool
	lines map[optionFact]int
	// times are all values of timestamp_timeout, sorted in the end.
	times []float64
	// asked counts the facts that were asked for, for tests.
	asked int
}

// optionLine is a line of options: lines that are alike in one file are one.
type optionLine struct{ file, text string }

// optionFact is something that a line of options says, and of which option or value it says it.
type optionFact struct {
	kind factKind
	of   string
}

type factKind uint8

const (
	factSet      factKind = iota // it sets the option in some way
	factGiven                    // it gives the option a value
	factForAll                   // it gives the option a value for all users
	factOff                      // it turns the option off
	factOpens                    // it lets through variables whose value may name code, programs or files
	factUnlogged                 // by it something is not in the system log, so that a log file may have the only record of it
	factDir                      // it has this directory in secure_path
	factTime                     // it has a password hold for this time
	factTimeAll                  // it has a time for passwords of all users
)

// optionsOf are those of a tree, without those that its sudo skips.
func optionsOf(t *sudoersTree) *optionsIn {
	in := &optionsIn{of: map[optionLine]map[optionFact]bool{}, lines: map[optionFact]int{}}
	for _, entry := range t.tree.Entries {
		if options, is := entry.(*sudoers.Defaults); is {
			in.add(optionLine{options.At.File, canonicalEntry(options)}, options, t.skips)
		}
	}
	slices.Sort(in.times)
	return in
}

// add takes up a line.
func (in *optionsIn) add(line optionLine, options *sudoers.Defaults, skips func(*sudoers.Setting) bool) {
	facts := in.of[line]
	if facts != nil {
		return
	}
	facts = map[optionFact]bool{}
	in.of[line] = facts
	for i := range options.Settings {
		if option := &options.Settings[i]; !skips(option) {
			factsOf(option, options.Scope == sudoers.ScopeGlobal, facts)
		}
	}
	for fact := range facts {
		in.lines[fact]++
		if value, err := strconv.ParseFloat(fact.of, 64); err == nil && fact.kind == factTime && in.lines[fact] == 1 {
			in.times = append(in.times, value)
		}
	}
}

// factsOf notes what a setting says.
func factsOf(s *sudoers.Setting, forAll bool, facts map[optionFact]bool) {
	facts[optionFact{factSet, s.Name}] = true
	if s.Operator == sudoers.OpFalse {
		facts[optionFact{factOff, s.Name}] = true
	}
	if s.Operator == sudoers.OpAssign {
		facts[optionFact{factGiven, s.Name}] = true
		if forAll {
			facts[optionFact{factForAll, s.Name}] = true
		}
	}
	switch s.Name {
	case "env_keep":
		if (s.Operator == sudoers.OpAssign || s.Operator == sudoers.OpAdd) && policy.OpenVariable(s.Value) != "" {
			facts[optionFact{factOpens, s.Name}] = true
		}
	case "syslog":
		if s.Operator == sudoers.OpFalse {
			facts[optionFact{kind: factUnlogged}] = true
		}
	case "syslog_goodpri", "syslog_badpri":
		if s.Operator == sudoers.OpFalse || s.Value == "none" {
			facts[optionFact{kind: factUnlogged}] = true
		}
	case "secure_path":
		if s.Operator == sudoers.OpAssign {
			for dir := range strings.SplitSeq(s.Value, ":") {
				facts[optionFact{factDir, dir}] = true
			}
		}
	case "timestamp_timeout":
		if value, is := timeoutMinutes(s); is {
			facts[optionFact{factTime, timeText(value)}] = true
			if forAll {
				facts[optionFact{kind: factTimeAll}] = true
			}
		}
	}
}

func timeText(minutes float64) string { return strconv.FormatFloat(minutes, 'g', -1, 64) }

// but are the options without those of one line, and of what stays of it since pvesec gets in by it.
func (in *optionsIn) but(line *foreignLine) *optionsBeside {
	beside := &optionsBeside{in: in}
	text := optionLine{line.file, canonicalEntry(line.entry)}
	beside.without = append(beside.without, in.of[text])
	if line.way != nil {
		if way := (optionLine{line.unit.file, canonicalEntry(line.way)}); way != text {
			beside.without = append(beside.without, in.of[way])
		}
	}
	return beside
}

// optionsBeside are the options in force beside those of one line.
type optionsBeside struct {
	in      *optionsIn
	without []map[optionFact]bool
	// least and most are the shortest and the longest time for passwords, once they were looked for.
	least, most float64
	looked      bool
}

// say tells whether some line says something.
func (b *optionsBeside) say(kind factKind, of string) bool {
	fact := optionFact{kind, of}
	b.in.asked++
	lines := b.in.lines[fact]
	for _, facts := range b.without {
		if facts[fact] {
			lines--
		}
	}
	return lines > 0
}

// times are the shortest and the longest time for which a password may hold. Where nothing says it for all it may be
// the one that sudo is built with.
func (b *optionsBeside) times() (least, most float64) {
	if b.looked {
		return b.least, b.most
	}
	var times []float64
	if !b.say(factTimeAll, "") {
		times = append(times, sudosTimeout)
	}
	said := func(value float64) bool { return b.say(factTime, timeText(value)) }
	if at := slices.IndexFunc(b.in.times, said); at >= 0 {
		times = append(times, b.in.times[at])
	}
	for _, value := range slices.Backward(b.in.times) {
		if said(value) {
			times = append(times, value)
			break
		}
	}
	b.least, b.most, b.looked = slices.Min(times), slices.Max(times), true
	return b.least, b.most
}
