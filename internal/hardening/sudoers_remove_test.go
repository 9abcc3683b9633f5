package hardening

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestRemoveRestores: a removal puts the text back that a node had before, and removes the file of a node that had
// none.
func TestRemoveRestores(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1", "pve2")
	p := SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
	m.write("pve1", p.Path(), p.Content)
	m.write("pve2", p.Path(), p.Content)
	if _, err := p.Remove(t.Context(), m, targets("pve1", "pve2"), map[string]string{"pve1": "agent ALL=(root) /usr/bin/w\n"}, silent); err != nil {
		t.Fatal(err)
	}
	if got := string(m.files["pve1"][p.Path()].Content); got != "agent ALL=(root) /usr/bin/w\n" {
		t.Errorf("pve1 holds %q", got)
	}
	if m.files["pve2"][p.Path()].Exists {
		t.Error("pve2 still has the file")
	}
	if file := m.applied[0].Files[0]; file.Validate != node.Sudoers || file.Applied != Digest(p.Content) {
		t.Errorf("%+v", file)
	}
}

// choosyNodes refuse every sudoers text that has one of their words, all nodes of the change with it.
type choosyNodes struct {
	*memoryNodes
	refuse func(name, text string) error
}

func (c choosyNodes) Apply(ctx context.Context, changes []node.Change, progress func(node, step string)) error {
	failed := &node.ApplyError{}
	for _, change := range changes {
		outcome := node.Outcome{Node: change.Target.Name, State: node.Unchanged}
		for _, file := range change.Files {
			if file.Kind == node.Regular {
				outcome.Err = errors.Join(outcome.Err, c.refuse(change.Target.Name, string(file.Content)))
			} else if strings.HasPrefix(change.Target.Name, "gone") {
				outcome.Err = c.refuse(change.Target.Name, "")
			}
		}
		failed.Outcomes = append(failed.Outcomes, outcome)
	}
	if slices.ContainsFunc(failed.Outcomes, func(o node.Outcome) bool { return o.Err != nil }) {
		return failed
	}
	return c.memoryNodes.Apply(ctx, changes, progress)
}

// TestRemoveIsNotRefusedForAText: a node that refuses the text that was there before loses the policy all the same; the
// others get theirs back.
func TestRemoveIsNotRefusedForAText(t *testing.T) {
	t.Parallel()
	p := SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
	const old, bad = "agent ALL=(root) /usr/bin/w\n", "agent ALL=(root\n"
	for name, why := range map[string]error{
		"visudo is gone":          &node.MissingCommandError{Node: "pve1", Command: "visudo"},
		"visudo is stricter":      &node.ValidationError{Node: "pve1", Path: p.Path(), Tool: "visudo", Output: "syntax error"},
		"the whole tree is worse": &node.ValidationError{Node: "pve1", Path: p.Path(), Tool: "visudo", Whole: true},
		"visudo does not end":     &node.SlowError{Node: "pve1", Command: "visudo"},
		"it cannot be written":    &node.InstallError{Node: "pve1", Path: p.Path(), Step: "staging", Output: "no space left"},
		"it is not in force":      &node.NotInForceError{Node: "pve1", Path: p.Path()},
		"anything else":           errors.New("the text is not text"),
	} {
		m := choosyNodes{newMemoryNodes("pve1", "pve2", "pve3"), func(_, text string) error {
			if text == bad {
				return why
			}
			return nil
		}}
		for _, name := range []string{"pve1", "pve2", "pve3"} {
			m.write(name, p.Path(), p.Content)
		}
		unrestored, err := p.Remove(t.Context(), m, targets("pve1", "pve2", "pve3"), map[string]string{"pve1": bad, "pve2": old, "pve3": ""}, silent)
		if err != nil || len(unrestored) != 1 || !errors.Is(unrestored["pve1"], why) {
			t.Errorf("%s: %v, not restored: %v", name, err, unrestored)
		}
		if m.files["pve1"][p.Path()].Exists || m.files["pve3"][p.Path()].Exists || string(m.files["pve2"][p.Path()].Content) != old {
			t.Errorf("%s: the nodes hold %v", name, maps.Keys(m.files))
		}
	}
}

// TestRemoveKeepsTheTextOfANodeThatIsAway: what a removal meets as well does not give up the text that goes back.
func TestRemoveKeepsTheTextOfANodeThatIsAway(t *testing.T) {
	t.Parallel()
	p := SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
	for name, why := range map[string]error{
		"no answer": &node.UnreachableError{}, "another key": &node.HostKeyError{}, "no login": &node.AuthError{}, "no power": &node.PrivilegeError{},
		"locked": &node.LockedError{}, "cut off": &node.RemoteError{Err: errors.New("broken")}, "interrupted": context.Canceled,
	} {
		tries := 0
		m := choosyNodes{newMemoryNodes("pve1"), func(string, string) error { tries++; return why }}
		m.write("pve1", p.Path(), p.Content)
		unrestored, err := p.Remove(t.Context(), m, targets("pve1"), map[string]string{"pve1": "agent ALL=(root) /usr/bin/w\n"}, silent)
		if !errors.Is(err, why) || len(unrestored) > 0 || tries != 1 {
			t.Errorf("%s: %v, not restored: %v, %d tries", name, err, unrestored, tries)
		}
	}
}
