package hardening

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// BreakGlassState is what one node holds of an emergency access.
type BreakGlassState struct {
	// Node is its name.
	Node string
	// Clock is what the node's clock showed, in Unix seconds, and Asked the middle of the time in which it was asked,
	// by the clock of this machine.
	Clock int64
	Asked time.Time
	// SudoVersion is the version of the node's sudo.
	SudoVersion string
	// Files gives the status of each file, Contents the text of those that are there, by path.
	Files    map[string]FileStatus
	Contents map[string]string
	// Timer is systemd's state of the timer that ends the access.
	Timer string
	// Lacks are the Debian packages that the access needs and the node does not have.
	Lacks []string
	// Unfinished tells that a transaction on this node was interrupted, Leftover that one left files of its own.
	Unfinished, Leftover bool
}

// Skew is how far the node's clock is ahead of this machine's, in whole seconds. What the way to the node takes is no
// skew.
func (s *BreakGlassState) Skew() int64 {
	skew := s.Clock - s.Asked.Unix()
	if skew >= -1 && skew <= 1 {
		return 0
	}
	return skew
}

// Observe reads what the node holds of the access, and its clock.
func (b BreakGlass) Observe(ctx context.Context, nodes Nodes, target node.Target) (*BreakGlassState, error) {
	query := node.Query{Files: b.Paths(), Services: []string{b.Ends() + ".timer"}, Commands: b.NeededCommands(), Clock: true}
	before := time.Now()
	seen, err := nodes.Observe(ctx, target, query)
	if err != nil {
		return nil, err
	}
	state := &BreakGlassState{
		Node: target.Name, Clock: seen.Clock, Asked: before.Add(time.Since(before) / 2), SudoVersion: seen.Facts.SudoVersion, Files: map[string]FileStatus{}, Contents: map[string]string{},
		Timer: serviceState(seen.Services[query.Services[0]]), Lacks: Lacking(seen, query.Commands), Unfinished: seen.Unfinished, Leftover: seen.Leftover,
	}
	for _, name := range query.Files {
		file := seen.Files[name]
		state.Files[name] = statusOf(file)
		if file.Exists {
			state.Contents[name] = string(followed(file).Content)
		}
	}
	return state, nil
}

// Paths lists the files of the access on a node.
func (b BreakGlass) Paths() []string {
	paths := []string{b.Path()}
	for _, file := range b.unitFiles() {
		paths = append(paths, file.path)
	}
	return paths
}

// Present tells whether the sudoers file is there.
func (s *BreakGlassState) Present(b BreakGlass) bool { return s.Files[b.Path()].Present }

// said are the subject and the times in the second line of a sudoers file of an emergency access, [BreakGlass.comment].
var said = regexp.MustCompile(`\A# .*\n# (Emergency access of \S+ from (\S+) to (\S+)\.)`)

// Same tells whether the sudoers file that is there is this access, granted with exactly these settings, and for which
// window. Any other is somebody else's.
func (s *BreakGlassState) Same(b BreakGlass) (Window, bool) {
	text := s.Contents[b.Path()]
	found := said.FindStringSubmatch(text)
	if found == nil {
		return Window{}, false
	}
	begins, err := time.Parse(time.RFC3339, found[2])
	ends, err2 := time.Parse(time.RFC3339, found[3])
	if err != nil || err2 != nil {
		return Window{}, false
	}
	w := Window{Granted: begins.Unix(), Begins: begins.Unix(), Ends: ends.Unix()}
	if strings.Contains(text, "NOTBEFORE=") {
		w.Granted-- // any moment before its begin gives this text
	}
	want, err := b.renderSudoers(w)
	return w, err == nil && text == want
}

// Whose is what the sudoers file that is there says of itself, empty where it is not one of an emergency access.
func (s *BreakGlassState) Whose(b BreakGlass) string {
	if found := said.FindStringSubmatch(s.Contents[b.Path()]); found != nil {
		return printable(found[1])
	}
	return ""
}

// Settle has nodes undo or end what an interrupted run left there, and changes nothing else.
func (b BreakGlass) Settle(ctx context.Context, nodes Nodes, targets []node.Target, progress func(node, step string)) error {
	changes := make([]node.Change, 0, len(targets))
	for _, target := range targets {
		changes = append(changes, node.Change{Target: target, Label: b.label()})
	}
	return nodes.Apply(ctx, changes, progress)
}

// Texts gives the text of each file for a window, by path.
func (b BreakGlass) Texts(w Window) (map[string]string, error) {
	files, err := b.managed(w)
	texts := map[string]string{}
	for _, file := range files {
		texts[file.path] = file.text
	}
	return texts, err
}

// Changes lists in words by what the node differs from the access in a window.
func (s *BreakGlassState) Changes(b BreakGlass, w Window) ([]string, error) {
	files, err := b.managed(w)
	if err != nil {
		return nil, err
	}
	var changes []string
	for _, file := range files {
		found, want := s.Files[file.path], file.status()
		if !found.Present {
			changes = append(changes, file.path+": absent")
			continue
		}
		for _, line := range LineChanges(file.text, s.Contents[file.path]) {
			changes = append(changes, file.path+": "+line)
		}
		if want.SHA256 = found.SHA256; found != want {
			changes = append(changes, fmt.Sprintf("%s: %s %s instead of %s %s", file.path, found.Mode, found.Owner, want.Mode, want.Owner))
		}
	}
	if s.Timer != "active" {
		changes = append(changes, fmt.Sprintf("%s.timer: %s", b.Ends(), printable(s.Timer)))
	}
	return changes, nil
}

// Left lists the files of the access that are still there.
func (s *BreakGlassState) Left(b BreakGlass) []string {
	var left []string
	for _, name := range b.Paths() {
		if s.Files[name].Present {
			left = append(left, name+": still there")
		}
	}
	return left
}

// Opening is what opens an access on one node, or writes an open one anew.
type Opening struct {
	Target node.Target
	Window Window
	// Seen is what the node held.
	Seen *BreakGlassState
	// Applied are the texts that were applied last, by path; nil for none.
	Applied map[string]string
}

// runs tells whether a file is a timer that runs as it is wanted.
func (o Opening) runs(file managedFile) bool {
	return strings.HasSuffix(file.path, ".timer") && o.Seen.Timer == "active" && o.Seen.Contents[file.path] == file.text
}

// Open brings the access onto all nodes or onto none. Each must have the sudoers file as it was seen.
func (b BreakGlass) Open(ctx context.Context, nodes Nodes, openings []Opening, progress func(node, step string)) error {
	changes := make([]node.Change, 0, len(openings))
	for _, opening := range openings {
		change := node.Change{Target: opening.Target, Label: b.label(), Expect: []node.Expect{opening.Seen.Files[b.Path()].expectAt(b.Path())}}
		change.Files = append(change.Files, node.File{Path: recordingsDir, Kind: node.Directory, Mode: 0o755, Owner: "root", Group: "root"})
		files, err := b.managed(opening.Window)
		if err != nil {
			return err
		}
		for _, file := range files {
			file.applied = digestOf(opening.Applied[file.path])
			if opening.runs(file) {
				file.service = "" // a start anew would give its clock, which nobody sets, the whole duration again
			}
			file.installOn(&change, true)
		}
		changes = append(changes, change)
	}
	if len(changes) == 0 {
		return nil
	}
	if err := errors.Join(b.sparesOperator(ctx, nodes, openings), guardOwnAccess(ctx, nodes, changes)); err != nil {
		return err
	}
	return nodes.Apply(ctx, changes, progress)
}

// sparesOperator refuses an access whose end would end pvesec's own commands on a node: the user that pvesec logs in as
// is the subject or one of its group, and [BreakGlass.EndSessions] is set.
func (b BreakGlass) sparesOperator(ctx context.Context, nodes Nodes, openings []Opening) error {
	operator, ok := nodes.(Operator)
	if !ok || !b.EndSessions {
		return nil
	}
	user, _ := operator.Operator()
	if user == "root" {
		return nil
	}
	for _, opening := range openings {
		seen, err := nodes.Observe(ctx, opening.Target, node.Query{Accounts: []string{user}})
		if err != nil {
			return err
		}
		if group, is := strings.CutPrefix(b.Subject, "%"); b.Subject == user || is && slices.Contains(seen.Accounts[user].Groups, group) {
			return fmt.Errorf("node %s: the access of %s would be pvesec's own too, since pvesec logs in as %q there, and its end would end what pvesec runs (end_sessions). Nothing was changed. "+
				"Write end_sessions = false, or grant the access to others", opening.Target.Name, b.Subject, user)
		}
	}
	return nil
}

// Close ends the access on one node: first the sudoers file goes, whatever becomes of the rest; then the node's own
// program marks the end and, where the access says so, ends the subject's sessions; then what is left is removed.
// Unmarked is why the program did not run to its end, nil where it did. Where the file cannot be removed the program
// tries too, since it also knows how to remove one that somebody made immutable, and what it is run by stays if that
// fails.
func (b BreakGlass) Close(ctx context.Context, nodes Nodes, target node.Target, progress func(node, step string)) (unmarked, err error) {
	apply := func(change node.Change) error {
		change.Target, change.Label = target, b.label()
		return nodes.Apply(ctx, []node.Change{change}, progress)
	}
	file := node.Change{Files: []node.File{{Path: b.Path(), Kind: node.Absent, Validate: node.Sudoers}}}
	first := apply(file)
	var unreachable *node.UnreachableError
	if errors.As(first, &unreachable) {
		return nil, first
	}
	unmarked = apply(node.Change{RestartServices: []string{b.Ends() + ".service"}})
	if first != nil {
		if err := apply(file); err != nil {
			return nil, errors.Join(first, unmarked)
		}
	}
	var rest node.Change
	for _, file := range b.unitFiles() {
		file.removeFrom(&rest, true)
	}
	rest.Files = append(rest.Files, node.File{Path: recordingsDir, Kind: node.Absent})
	return unmarked, apply(rest)
}

func (b BreakGlass) label() string { return fmt.Sprintf("emergency access %q", b.Name) }
