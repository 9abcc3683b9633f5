package difftest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// disagreement is a difference between sudo and this project that stays.
type disagreement struct {
	// ID is short, Kind is decision, syntax, value or list.
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// Versions of sudo that have it.
	Versions []string `json:"versions"`
	// Policy is a regular expression that the text of the policy matches; Command,
	// if set, one that the command line matches (words joined by single spaces).
	Policy  string `json:"policy"`
	Command string `json:"command,omitempty"`
	// Reason says why it stays: a bug of sudo, or a limit of the environment.
	Reason string `json:"reason"`

	policy, command *regexp.Regexp
	count           int
}

type disagreements struct {
	mutex sync.Mutex
	list  []*disagreement
}

func loadDisagreements(t *testing.T, kind string, v sudoers.Version) *disagreements {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "disagreements.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*disagreement
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	d := &disagreements{}
	for _, e := range all {
		if e.Reason == "" || e.ID == "" {
			t.Errorf("disagreement %+v has no reason", e)
		}
		for _, have := range e.Versions {
			if e.Kind == kind && have == v.String() {
				e.policy, e.command = regexp.MustCompile(e.Policy), regexp.MustCompile(e.Command)
				d.list = append(d.list, e)
			}
		}
	}
	return d
}

// match gives whether a listed entry explains a difference.
func (d *disagreements) match(policy, command string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, e := range d.list {
		if e.policy.MatchString(policy) && e.command.MatchString(command) {
			e.count++
			return true
		}
	}
	return false
}

func (d *disagreements) explains(q *question, _ bool) bool {
	line := ""
	for i, w := range q.line {
		if i > 0 {
			line += " "
		}
		line += w
	}
	return d.match(q.group.policy+q.group.beside, line)
}

// String counts what occurred.
func (d *disagreements) String() string {
	s := "listed disagreements:"
	for _, e := range d.list {
		s += fmt.Sprintf(" %s %d", e.ID, e.count)
	}
	return s
}

// enough is how much must be asked before what did not occur counts as gone.
const enough = 5_000

// finish fails the test on entries that did not occur although enough was asked.
func (d *disagreements) finish(t *testing.T, asked int) {
	t.Helper()
	for _, e := range d.list {
		if e.count == 0 && asked >= enough {
			t.Errorf("disagreement %s is listed and did not occur: remove it", e.ID)
		}
	}
}
