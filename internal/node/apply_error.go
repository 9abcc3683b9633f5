package node

import (
	"fmt"
	"slices"
	"strings"
)

// State is what became of one node in a transaction that failed.
type State string

// The states of an [Outcome].
const (
	// Committed: the node has the new state.
	Committed State = "committed"
	// RolledBack: the node was changed and is as it was before.
	RolledBack State = "rolled back"
	// Unchanged: nothing was changed on the node.
	Unchanged State = "unchanged"
	// Unknown: the connection broke and the node did not answer again, so it has the old state or the new one. A node
	// that was not told that the change stands restores by itself as soon as it notices, within a minute of silence, or
	// at the next transaction after a crash.
	Unknown State = "unknown"
	// NotRestored: the node could not put everything back. Its journal stays, and the next transaction tries again.
	NotRestored State = "not restored"
)

// An Outcome is the end of a transaction on one node.
type Outcome struct {
	Node  string
	State State
	// WasCommitted reports that the node had verified the new state before it rolled back because of another node.
	WasCommitted bool
	// Installed are the packages that the node installed for the change. They stay.
	Installed []string
	// Err is the reason why the transaction failed here; nil for a node that only followed the others.
	Err error
}

// ApplyError reports that a change failed, and the state of every node.
type ApplyError struct {
	// Label is the label of the change.
	Label    string
	Outcomes []Outcome
}

// Clean reports whether every node is in its old state.
func (e *ApplyError) Clean() bool {
	return !slices.ContainsFunc(e.Outcomes, func(o Outcome) bool { return o.State != Unchanged && o.State != RolledBack })
}

// Unwrap returns the causes, for errors.As.
func (e *ApplyError) Unwrap() []error {
	var errs []error
	for _, o := range e.Outcomes {
		if o.Err != nil {
			errs = append(errs, o.Err)
		}
	}
	return errs
}

// Error is the summary, and below it the detail.
func (e *ApplyError) Error() string { return e.Summary() + "\n\n" + e.Detail() }

// Summary is one line that says what is in force now.
func (e *ApplyError) Summary() string {
	label := e.Label
	if label == "" {
		label = "the change"
	}
	if Interrupted(e) {
		if !slices.ContainsFunc(e.Outcomes, func(o Outcome) bool { return o.State != Unchanged || len(o.Installed) > 0 }) {
			return fmt.Sprintf("%s was not applied: interrupted; nothing was changed", label)
		}
		return fmt.Sprintf("%s was not applied: interrupted; %s", label, e.verdict())
	}
	return fmt.Sprintf("%s was not applied; %s", label, e.verdict())
}

// Detail is a table of the nodes, a line for each and what went wrong there.
func (e *ApplyError) Detail() string {
	var b strings.Builder
	width := 0
	for _, o := range e.Outcomes {
		width = max(width, len(o.Node))
	}
	for i, o := range e.Outcomes {
		text := o.text()
		head := fmt.Sprintf("  %-*s  %-12s", width, o.Node, o.State)
		if text == "" {
			head = strings.TrimRight(head, " ")
		}
		indent := "\n" + strings.Repeat(" ", len(head)+2)
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(head)
		if text != "" {
			b.WriteString("  " + strings.ReplaceAll(text, "\n", indent))
		}
	}
	return b.String()
}

func (o Outcome) text() string {
	var parts []string
	if o.WasCommitted && o.State != Committed {
		parts = append(parts, "(was committed)")
	}
	if len(o.Installed) > 0 && o.State != Committed {
		parts = append(parts, fmt.Sprintf("(%s installed, and not removed)", strings.Join(o.Installed, ", ")))
	}
	if o.Err != nil {
		parts = append(parts, o.Err.Error())
	}
	return strings.Join(parts, " ")
}

// verdict sums up what the operator has to know first.
func (e *ApplyError) verdict() string {
	if e.Clean() {
		if slices.ContainsFunc(e.Outcomes, func(o Outcome) bool { return len(o.Installed) > 0 }) {
			return "every node is as it was before, except for packages that were installed"
		}
		return "every node is as it was before"
	}
	var parts []string
	for _, g := range []struct {
		state State
		says  string
	}{
		{NotRestored, "could not be restored"},
		{Unknown, "did not answer again and has the old state or the new one, see below"},
		{Committed, "already has the new state; apply again to make all alike"},
	} {
		var nodes []string
		for _, o := range e.Outcomes {
			if o.State == g.state {
				nodes = append(nodes, o.Node)
			}
		}
		if len(nodes) > 0 {
			parts = append(parts, strings.Join(nodes, ", ")+" "+g.says)
		}
	}
	return strings.Join(parts, "; ")
}
