package hardening

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SudoersExclusive says what the sudoers files of a node may hold beside what pvesec wrote and what packages ship.
type SudoersExclusive struct {
	// Files are names of files in /etc/sudoers.d that stay as they are.
	Files []string
	// Lines are lines of /etc/sudoers that stay.
	Lines []string
	// Resources are the names of policies and audit loggings whose files stay by their header; nil for any name. An
	// emergency access stays in any case: it ends by itself.
	Resources []string
}

// expects tells whether a file stays whose header names a policy or an audit logging.
func (e SudoersExclusive) expects(resource string) bool {
	return e.Resources == nil || slices.Contains(e.Resources, resource)
}

// CheckExclusiveFile says why a text cannot be the name of a file that stays in /etc/sudoers.d, or returns nil.
func CheckExclusiveFile(name string) error {
	if !sudoers.IncludedName(name) {
		return fmt.Errorf("%q is not the name of a file that sudo reads in %s: write the name alone, without the directory; names with \".\" or \"~\" at the end are skipped by sudo", name, sudoersDir)
	}
	return nil
}

// CheckSudoersLine says why a text cannot be a line of /etc/sudoers, or returns nil.
func CheckSudoersLine(text string) error {
	if canonicalLine(text) == "" {
		return fmt.Errorf("%q is not one line of sudoers: write it as it stands in %s, without a comment", text, sudoersMain)
	}
	return nil
}

// ExclusiveState is what the sudoers files of one node hold.
type ExclusiveState struct {
	// Foreign are the lines that an apply removes: "/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL".
	Foreign []string
	// Held are lines that do not belong there and stay, since their removal would give somebody more, or cut pvesec
	// off.
	Held []HeldLine
	// Kept are the files that stay, with the reason: `/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`.
	Kept []string
	// Eased tells whose commands lose a condition with the removal, such as a password.
	Eased []string
	// Unfinished tells that a transaction on this node was interrupted, Leftover that one left files of its own.
	Unfinished, Leftover bool

	change node.Change
}

// HeldLine is a line that stays although it does not belong there.
type HeldLine struct {
	// Line is as in [ExclusiveState.Foreign].
	Line string
	// Why says what its removal would do.
	Why string
	// Harmless tells that the line gives nobody anything.
	Harmless bool
}

// String gives the line and the reason.
func (h HeldLine) String() string { return h.Line + " (" + h.Why + ")" }

// Observe reads the sudoers files of a node and tells what does not belong there.
func (e SudoersExclusive) Observe(ctx context.Context, nodes Nodes, target node.Target) (*ExclusiveState, error) {
	query := node.Query{Files: memberFiles, Conffiles: []string{sudoersMain, sudoersDir}, Clock: true}
	if operator, _ := operatorOf(nodes); operator != "root" {
		query.Accounts = []string{operator}
	}
	t, err := readSudoersTree(ctx, nodes, target, query)
	if err != nil {
		return nil, err
	}
	s, err := e.sorted(ctx, nodes, t, target)
	if err != nil {
		return nil, err
	}
	return s.state(), nil
}

// sorted tells the lines of a node apart, and holds those that must stay.
func (e SudoersExclusive) sorted(ctx context.Context, nodes Nodes, t *sudoersTree, target node.Target) (*sorting, error) {
	s := newSorting(e, nodes, t, target)
	s.sort()
	if len(s.lines) == 0 {
		return s, nil
	}
	s.before = s.unshadowed()
	var err error
	if s.subjects, err = s.everyone(ctx, nodes); err != nil {
		return nil, err
	}
	return s, s.hold(ctx)
}

// state sums up.
func (s *sorting) state() *ExclusiveState {
	state := &ExclusiveState{Kept: s.kept, Eased: s.eased, Unfinished: s.t.seen.Unfinished, Leftover: s.t.seen.Leftover, change: s.change()}
	for _, line := range s.lines {
		if unit := line.unit; unit.held != "" {
			state.Held = append(state.Held, HeldLine{line.String(), unit.held, unit.harmless && line == unit})
		} else {
			state.Foreign = append(state.Foreign, line.String())
		}
	}
	return state
}

// UnplannedLinesError says that an apply would remove lines which its plan did not show. Nothing was changed.
type UnplannedLinesError struct {
	Node  string
	Lines []string
}

func (e *UnplannedLinesError) Error() string {
	return fmt.Sprintf("node %s has sudoers lines that the plan did not show, so that nobody reviewed their removal:\n\n  %s\n\nNothing was changed on any node. Plan again, and apply what that plan shows",
		e.Node, strings.Join(e.Lines, "\n  "))
}

// Install removes from all nodes, or from none, what does not belong there. planned gives the lines that the plan
// showed, by node; a node without an entry is one that the plan could not tell about.
func (e SudoersExclusive) Install(ctx context.Context, nodes Nodes, targets []node.Target, planned map[string][]string, progress func(node, step string)) (map[string][]string, error) {
	removed := map[string][]string{}
	var changes []node.Change
	for _, target := range targets {
		state, err := e.Observe(ctx, nodes, target)
		if err != nil {
			return nil, err
		}
		if shown, told := planned[target.Name]; told {
			unplanned := slices.DeleteFunc(slices.Clone(state.Foreign), func(line string) bool { return slices.Contains(shown, line) })
			if len(unplanned) > 0 {
				return nil, &UnplannedLinesError{target.Name, unplanned}
			}
		}
		removed[target.Name] = state.Foreign
		if len(state.change.Files) > 0 {
			changes = append(changes, state.change)
		}
	}
	if len(changes) == 0 {
		return removed, nil
	}
	if err := guardOwnAccess(ctx, nodes, changes); err != nil {
		return nil, err
	}
	return removed, nodes.Apply(ctx, changes, progress)
}
