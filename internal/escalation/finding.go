package escalation

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Severity says how bad a finding is for the node.
type Severity = program.Severity

// The severities, the worst first. Critical and High are ways to root; critical needs nothing else. Disruptive is no
// finding.
const (
	Critical   = program.Critical
	High       = program.High
	Medium     = program.Medium
	Disruptive = program.Disruptive
)

var severities = []Severity{Critical, High, Medium, Disruptive, program.Harmless}

// worse orders severities, the worst first.
func worse(a, b Severity) int {
	return cmp.Compare(slices.Index(severities, a), slices.Index(severities, b))
}

func isRoot(s Severity) bool { return s == Critical || s == High }

// Way is one thing that a command line does, or one thing that is wrong with a grant.
type Way struct {
	ID string
	// Detail is the option that it is about, where an id is about any of several.
	Detail   string
	Severity Severity
	// Effect is what the command line does, "" for what is wrong with a grant whatever its command.
	Effect program.Effect
	// Does is a clause: "runs a script as root on the node".
	Does string
	// Example is a command line that the policy allows and that does it, "" where there is none to show.
	Example string
	// Made tells that the example was made up by the search: it is allowed, but may be nothing that the program takes.
	Made      bool
	Condition string // an additional condition, "" for none
	Why       string
	Fix       string
	Source    string
}

// Key is what names it in an acceptance: its id, with the option that it is about.
func (w *Way) Key() string { return strings.TrimSpace(w.ID + " " + w.Detail) }

// Root tells whether it is a way to root.
func (w *Way) Root() bool { return isRoot(w.Severity) }

// Place is a grant, or an option of the Defaults, that a finding is about.
type Place struct {
	Pos   sudoers.Pos
	Grant string // the grant, "" for the Defaults
}

// CommandFinding is one thing to mend in a sudoers policy: a grant that leads to root, that nobody has described, or
// that is not logged. Its own fields are those of the worst way.
type CommandFinding struct {
	Way
	Place
	// Command is the path of the program, "" where a finding is about several.
	Command string
	// Ways are all ways that follow from it, the worst first. There is at least one.
	Ways []Way
	// Places are all grants that it is about, in the order of the policy.
	Places []Place
}

// Without leaves out the ways that somebody accepts; ok is false if none is left.
func (f *CommandFinding) Without(accepted func(Way) bool) (left CommandFinding, ok bool) {
	left = *f
	left.Ways = nil
	for _, w := range f.Ways {
		if !accepted(w) {
			left.Ways = append(left.Ways, w)
		}
	}
	if len(left.Ways) == 0 {
		return CommandFinding{}, false
	}
	left.Way = left.Ways[0]
	return left, true
}

// order sorts ways, the worst first; of two as bad the one with an example that convinces, and without a condition.
func order(ways []Way) {
	slices.SortStableFunc(ways, func(a, b Way) int {
		return cmp.Or(worse(a.Severity, b.Severity), boolean(a.Made, b.Made), boolean(a.Effect == program.Undescribed, b.Effect == program.Undescribed),
			cmp.Compare(len(a.Condition), len(b.Condition)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Example, b.Example))
	})
}

func boolean(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Analysis is what a policy means for the node.
type Analysis struct {
	// Findings are in the order of the policy, one for each thing to mend.
	Findings []CommandFinding
	// Disruptive are grants by which guests, services or data can be stopped or lost. They are no findings: to stop
	// guests may be just what an operator is there for.
	Disruptive []CommandFinding
	// Unvouched are commands that nobody described and that the caller cannot turn to his own ends: pinned, at a path
	// of root's. They are no findings. What they do is not known, so that no statement is proven while they are there.
	Unvouched []CommandFinding
	Denials   Denials
	// Assumptions say what the analysis takes for given.
	Assumptions []string
	outcomes    []outcomes // on each version, for statements
}

// Root tells whether any finding is a way to root.
func (a *Analysis) Root() bool {
	return slices.ContainsFunc(a.Findings, func(f CommandFinding) bool { return f.Root() })
}

// inOrder sorts findings as the policy has them.
func inOrder(list []CommandFinding) {
	slices.SortStableFunc(list, func(x, y CommandFinding) int {
		return cmp.Or(comparePos(x.Pos, y.Pos), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Command, y.Command))
	})
}

func comparePos(a, b sudoers.Pos) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}
