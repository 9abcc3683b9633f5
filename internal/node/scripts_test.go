package node_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestScripts runs texts beside other questions, under every shell: each has its own answer, whatever it prints and
// however it ends, and no input.
func TestScripts(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell})
			s.Write(t, "etc/motd", "Welcome\n", 0o644)
			const (
				raw    = "cat -- \"$root/etc/motd\"\nprintf 'a\\000b\\377'"
				fails  = "echo 'it is '\\''odd' >&2\nexit 3"
				reads  = "cat\necho the end"
				floods = "head -c 3000000 /dev/zero"
			)
			seen, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Files: []string{"/etc/motd"}, Scripts: []string{raw, fails, reads, floods, raw}})
			if err != nil {
				t.Fatal(err)
			}
			if string(seen.Files["/etc/motd"].Content) != "Welcome\n" || len(seen.Scripts) != 4 {
				t.Errorf("motd is %q, and there are %d answers", seen.Files["/etc/motd"].Content, len(seen.Scripts))
			}
			if got := seen.Scripts[raw]; string(got.Data) != "Welcome\na\x00b\xff" || got.Status != 0 {
				t.Errorf("the answer is %q, %+v", got.Data, got)
			}
			if got := seen.Scripts[fails]; got.Status != 3 || strings.TrimSpace(got.Complaint) != "it is 'odd" {
				t.Errorf("the answer is %+v", got)
			}
			if got := seen.Scripts[reads]; string(got.Data) != "the end\n" || got.Status != 0 {
				t.Errorf("the answer is %q, %+v", got.Data, got)
			}
			if got := seen.Scripts[floods]; !got.Cut || len(got.Data) != 2<<20 || !bytes.Equal(got.Data[:4], make([]byte, 4)) {
				t.Errorf("%d bytes came, cut %v", len(got.Data), got.Cut)
			}
		})
	}
}

// TestRunLimit: a script that is run has the time that was given to it, and not the one of questions.
func TestRunLimit(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	pool := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, ConnectTimeout: 20 * time.Second, Timing: node.Timing{Patient: time.Second}})
	for script, test := range map[string]struct {
		limit  time.Duration
		status int
	}{
		"sleep 2; echo done": {time.Minute, 0},
		"sleep 60":           {time.Second, 124},
	} {
		got, err := pool.Run(testContext(t), target("pve1", s), script, test.limit)
		if err != nil || got.Status != test.status {
			t.Errorf("%s within %s: %+v, %v", script, test.limit, got, err)
		}
	}
}
