package program

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// writingModes are those in which a program opens an operand for writing, makes it, replaces it, removes it, or gives
// it away.
var writingModes = []string{"write", "append", "edit", "truncate", "own", "root_own", "take", "own_take", "delete", "mkdir", "makedir", "rename", "replace", "flag"}

// writtenPlaces are paths that nobody but root may choose, with whether a fixed command line that writes there is a way
// to root whatever it writes.
var writtenPlaces = map[string]bool{
	"/etc/cron.d/x": false, "/etc/sudoers.d/x": true, "/etc/shadow": false, "/root/.ssh/authorized_keys": false, "/usr/local/sbin/x": false, "/etc/systemd/system/x.service": false,
	"/home/agent/x": true, "/tmp/../etc/cron.d/x": true, "/etc//cron.d/x": true, "/srv/../etc/x": true, "/var/log/../../etc/cron.d/x": true, "/dev/shm/x": false, "x": true,
}

// nothingThere are the places where a mode does nothing to root, and why.
var nothingThere = map[string][]string{
	"root_own": {"/etc/cron.d/x", "/etc/sudoers.d/x", "/etc/shadow", "/root/.ssh/authorized_keys", "/usr/local/sbin/x", "/etc/systemd/system/x.service"}, // they are root's
	"edit":     {"/home/agent/x", "/dev/shm/x"},                                                                                                          // sudoedit writes what the caller may write, and follows no links
	"mkdir":    {"/dev/shm/x"}, "makedir": {"/dev/shm/x"},                                                                                                // everyone may make directories there
}

// TestWrittenOperandsAreFound walks over all operations. Each operand that is opened for writing, at each place where
// the program takes it, has an effect.
func TestWrittenOperandsAreFound(t *testing.T) {
	t.Parallel()
	asked, unreached := 0, []string{}
	for _, p := range Programs() {
		for _, o := range p.Operations {
			parsed, err := o.parsed()
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range operandsOf(parsed) {
				if kind := knowledge().operands.classed[target.kind]; kind == nil || !ofFiles(target.kind) || !slices.Contains(writingModes, target.mode) {
					continue
				}
				reached := false
				for place, root := range writtenPlaces {
					if slices.Contains(nothingThere[target.mode], place) {
						continue
					}
					args, ok := instance(parsed, target, place)
					if covers, err := o.covers(args); !ok || err != nil || !covers {
						continue
					}
					asked++
					reached = true
					outcomes, _ := p.JudgeFixed(args)
					if !slices.ContainsFunc(outcomes, func(of Outcome) bool {
						return of.Effect.Info().Root() || !root && of.Effect.Info().Severity != Harmless
					}) {
						t.Errorf("%s%s: nothing is found: %s", p.Paths[0], args, o.Does)
					}
				}
				if !reached {
					unreached = append(unreached, p.Paths[0]+" "+o.Args)
				}
			}
		}
	}
	t.Logf("%d command lines write somewhere", asked)
	if asked < 650 || len(unreached) > 0 {
		t.Errorf("only %d command lines were asked; operands without one: %q", asked, unreached)
	}
}

// ofFiles tells whether the values of a type are paths with the classes of files.
func ofFiles(kind string) bool {
	return kind == "file" || knowledge().operands.classed[kind].ClassesOf == "file"
}

// operandsOf are the operands of a synopsis, each once.
func operandsOf(s synopsis) (list []operand) {
	add := func(of []operand) {
		for _, o := range of {
			if !slices.Contains(list, o) {
				list = append(list, o)
			}
		}
	}
	switch s := s.(type) {
	case operand:
		add([]operand{s})
	case optional:
		add(operandsOf(s.of))
	case repeated:
		add(operandsOf(s.of))
	case choice:
		for _, of := range s {
			add(operandsOf(of))
		}
	case sequence:
		for _, i := range s {
			add(operandsOf(i.of))
		}
	}
	return list
}

// instance gives arguments of a synopsis, as few as possible, in which an operand stands with a value; ok is false
// where some operand has no value that is known.
func instance(s synopsis, target operand, value string) (args string, ok bool) {
	text, ok := words(s, target, value)
	return asArguments(strings.Join(strings.Fields(text), " ")), ok
}

func words(s synopsis, target operand, value string) (text string, ok bool) {
	has := func(s synopsis) bool { return slices.Contains(operandsOf(s), target) }
	switch s := s.(type) {
	case literal:
		return string(s), true
	case cluster:
		return "-" + string(s[:1]), true
	case operand:
		if s == target {
			return value, true
		}
		return sampleOf(s)
	case optional:
		if !has(s.of) {
			return "", true
		}
		return words(s.of, target, value)
	case repeated:
		return words(s.of, target, value)
	case choice:
		if i := slices.IndexFunc(s, has); i >= 0 {
			return words(s[i], target, value)
		}
		return words(s[0], target, value)
	case sequence:
		for i := range s {
			of, known := words(s[i].of, target, value)
			if !known {
				return "", false
			}
			if i > 0 && !s[i].glued {
				text += " "
			}
			text += of
		}
		return text, true
	default:
		return "", false
	}
}

// harmlessValues are values of operands that bring no effect in most modes.
var harmlessValues = []string{"/etc/hosts", "/var/lib/vz/dump/x", "/mnt/backup/x", "/root/backup/x.tar", "/var/log/app.log", "/dev/sdb", "/usr/bin/true", "nginx.service", "host:x"}

// sampleOf is a value of an operand, without an effect if there is one.
func sampleOf(o operand) (string, bool) {
	of, err := knowledge().operands.language(o.kind, o.mode, true)
	if err != nil {
		return "", false
	}
	for _, v := range harmlessValues {
		if of.all.Contains(v) && !slices.ContainsFunc(slices.Collect(maps.Values(of.by)), func(e regular.Expr) bool { return e.Contains(v) }) {
			return v, true
		}
	}
	text, some, known := regular.Meeting(of.all, of.all, regular.Budget{})
	return text, some && known
}
