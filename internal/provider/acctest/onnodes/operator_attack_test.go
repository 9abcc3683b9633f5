package onnodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/attacker"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// attack is one operator on one node.
type attack struct {
	node       *lab.Node
	who        *operator
	target     *attacker.Target
	canary     string
	log        string
	logged     int // attempts that sudo's event log has
	alone      int // attempts without sudo
	violations []attacker.Violation
}

// run makes the attempts in portions, and judges after each.
func (a *attack) run(attempts []attacker.Attempt) error {
	if _, err := a.who.run(a.node, a.target.Weapons()); err != nil {
		return err
	}
	before, err := a.state()
	if err != nil {
		return err
	}
	const portion = 50
	for first := 0; first < len(attempts); first += portion {
		part := attempts[first:min(first+portion, len(attempts))]
		_, cut := a.who.run(a.node, attacker.Run(part, first)) // an attempt that succeeds may cut the connection
		after, err := a.state()
		if err != nil {
			return errors.Join(cut, err)
		}
		if found := a.target.Judge(before, after); len(found) > 0 {
			a.violations = append(a.violations, found...)
			return fmt.Errorf("%s: one of the attempts %d to %d did what nobody promised:\n%s\nthe attempts:\n%s", a.node.Name, first, first+len(part)-1, violationsOf(found), scripts(part, first))
		}
		if cut != nil {
			return cut
		}
		before = after
	}
	log, err := a.node.ReadFile(context.Background(), a.log)
	if err != nil {
		return err
	}
	for _, attempt := range attempts {
		if attempt.Unlogged {
			a.alone++
		}
	}
	missing := a.target.Unrecorded(log, attempts, 0)
	a.logged = len(attempts) - a.alone - len(missing)
	if len(missing) > 0 {
		return fmt.Errorf("%s: %d attempts are not in sudo's event log:\n%s", a.node.Name, len(missing), strings.Join(missing, "\n"))
	}
	return nil
}

// state looks at the node as root.
func (a *attack) state() (attacker.State, error) {
	script, args := a.target.State(a.canary)
	printed, err := a.node.Exec(context.Background(), script, append([]string{"/bin/sh", "-s"}, args...)...)
	if err != nil {
		return nil, err
	}
	return attacker.ParseState(printed), nil
}

func violationsOf(found []attacker.Violation) string {
	var text strings.Builder
	for _, v := range found {
		fmt.Fprintln(&text, v)
	}
	return text.String()
}

func scripts(attempts []attacker.Attempt, first int) string {
	var text strings.Builder
	for i, attempt := range attempts {
		fmt.Fprintf(&text, "%d (%s): %s\n", first+i, attempt.Technique, attempt.Script)
	}
	return text.String()
}

// recordedWays are the command lines that once led to root, from the analyser's tests.
func recordedWays(t *testing.T) []string {
	t.Helper()
	var recorded map[string]struct{ Root []string }
	text, err := os.ReadFile(filepath.Join(harness.Root, "internal", "escalation", "testdata", "vectors.json"))
	if err == nil {
		err = json.Unmarshal(text, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	var ways []string
	for _, program := range slices.Sorted(maps.Keys(recorded)) {
		for _, arguments := range recorded[program].Root {
			ways = append(ways, program+" "+arguments)
		}
	}
	return ways
}
