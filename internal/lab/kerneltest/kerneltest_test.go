package kerneltest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// failed is what a test on two nodes prints; %s is what the kernel of the second said.
const failed = `=== RUN   TestAuditRules/bookworm
    audit_rules_test.go:52: pve1: Process exited with status 255
    fortest.go:24: console of pve1:
        [    0.000000] Linux version 6.12.43
    fortest.go:24: console of pve2:
        [   12.310000] %s
--- FAIL: TestAuditRules/bookworm (12.00s)
`

const known = `Kernel panic - not syncing: Kernel mode fault at addr 0x40e, ip 0x6002fc13
        [   12.310000] CPU: 0 UID: 0 PID: 811 Comm: systemd-udevd Not tainted 6.12.43 #1
        [   12.310000] Call Trace:
        [   12.310000]  [<6002fc13>] flush_tlb_mm+0x33/0x60
        [   12.310000]  [<601112aa>] exit_mmap+0x9a/0x2d0
        [   12.310000]  [<60042f31>] mmput+0x41/0xe0
        [   12.310000]  [<600444b2>] copy_process+0x1a02/0x2710
        [   12.310000]  [<60045a30>] sys_clone+0x50/0x70`

var errStatus = errors.New("exit status 1")

// record is a test that notes what it is told.
type record struct{ logs, errors []string }

func (r *record) Helper()           {}
func (r *record) Name() string      { return "TestAuditRules/bookworm" }
func (r *record) Log(args ...any)   { r.logs = append(r.logs, fmt.Sprint(args...)) }
func (r *record) Error(args ...any) { r.errors = append(r.errors, fmt.Sprint(args...)) }

// TestRepeat: only a failure with the known panic is repeated, only once, and make is told.
func TestRepeat(t *testing.T) {
	panics := strings.ReplaceAll(failed, "%s", known)
	for name, test := range map[string]struct {
		outputs []string // of a failed attempt, or of one that passed where it is empty
		fails   bool
		says    string
	}{
		"passes":                       {outputs: []string{""}},
		"panics, then passes":          {outputs: []string{panics, ""}, says: "TestAuditRules/bookworm: repeated, because the emulated kernel of pve2 panicked (flush_tlb_mm)\n"},
		"panics twice":                 {outputs: []string{panics, panics}, fails: true, says: "TestAuditRules/bookworm: repeated, because the emulated kernel of pve2 panicked (flush_tlb_mm)\n"},
		"panics, then fails":           {outputs: []string{panics, failed}, fails: true, says: "TestAuditRules/bookworm: repeated, because the emulated kernel of pve2 panicked (flush_tlb_mm)\n"},
		"fails":                        {outputs: []string{failed}, fails: true},
		"fails without a word":         {outputs: []string{"no console"}, fails: true},
		"panics at another address":    {outputs: []string{strings.Replace(panics, "0x40e", "0x40e0", 1)}, fails: true},
		"panics elsewhere":             {outputs: []string{strings.Replace(panics, "flush_tlb_mm", "force_flush_all", 1)}, fails: true},
		"panics at the end of an exec": {outputs: []string{strings.Replace(panics, "copy_process", "begin_new_exec", 1)}, fails: true},
		"a test prints a panic":        {outputs: []string{known}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			counts := filepath.Join(t.TempDir(), "counts")
			t.Setenv("PVESEC_TEST_COUNTS", counts)
			r, attempts := &record{}, 0
			repeat(r, func() (string, error) {
				output := test.outputs[attempts]
				attempts++
				if output == "" {
					return "", nil
				}
				return output, errStatus
			})
			if attempts != len(test.outputs) || (len(r.errors) > 0) != test.fails || len(r.logs) != attempts {
				t.Errorf("%d attempts, errors %q, %d outputs are logged", attempts, r.errors, len(r.logs))
			}
			if said, err := os.ReadFile(counts); string(said) != test.says || (err == nil) != (test.says != "") {
				t.Errorf("make is told %q, %v, want %q", said, err, test.says)
			}
		})
	}
}

// word is a flag of this program, as a part of the cells is one of those that strike.
var word = flag.String("word", "", "what the process of a test is told")

// TestProcess: a body runs in a process of its own with the flags of this one, and if it fails, so does that process.
func TestProcess(t *testing.T) { //nolint:paralleltest // it sets a flag
	if err := flag.Set("word", "x=y"); err != nil {
		t.Fatal(err)
	}
	for name, fails := range map[string]bool{"a (body)": false, "a body that fails": true} {
		t.Run(name, func(t *testing.T) {
			body := func(t *testing.T) {
				t.Helper()
				if t.Log("told " + *word); fails {
					t.Error("broken")
				}
			}
			if os.Getenv(testVariable) != "" {
				Run(t, body)
				return
			}
			output, err := alone(t)
			if (err != nil) != fails || !strings.Contains(output, "told x=y\n") || strings.Contains(output, "broken") != fails {
				t.Errorf("%v\n%s", err, output)
			}
			if strings.Count(output, "=== RUN") != 2 {
				t.Errorf("more runs than this test:\n%s", output)
			}
		})
	}
	if os.Getenv(testVariable) == "" {
		if _, err := alone(t); err == nil {
			t.Error("a process in which a test fails passes")
		}
	}
}

// TestPattern: no other test has the pattern of one.
func TestPattern(t *testing.T) {
	t.Parallel()
	if got := pattern("TestA/b.c/d"); got != `^TestA$/^b\.c$/^d$` {
		t.Errorf("got %s", got)
	}
}
