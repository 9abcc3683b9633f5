package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestErased: a log goes with what logrotate made of it, and a directory with all in it; without a copy, after
// everything else, and not where somebody else could choose what that is. A link goes, and not what it leads to.
func TestErased(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		for _, fails := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "", true: "/undone"}[fails], func(t *testing.T) {
				t.Parallel()
				s := nodetest.Start(t, nodetest.Options{Shell: shell})
				fakes(t, s)
				logs := []string{"a.log", "a.log.1", "a.log.2.gz", "a.log-20260101", "io/agent/00/00/01/log"}
				stay := []string{"a.log.gz", "a.logs", "b.log.1", "kept/x", "io/agent-2/log", "io/agent.1/log", "io/none-1/log"}
				for _, file := range append(append([]string{}, logs...), stay...) {
					s.Write(t, "var/log/"+file, "x", 0o600)
				}
				if err := os.Symlink("kept", filepath.Join(s.Root, "var/log/link")); err != nil {
					t.Fatal(err)
				}
				s.Write(t, "var/log/open/x.log", "x", 0o600)
				if err := os.Chmod(filepath.Join(s.Root, "var/log/open"), 0o777); err != nil {
					t.Fatal(err)
				}
				change := node.Change{Target: target("pve1", s), Label: "logs", Files: mine(t,
					node.File{Path: "/var/log/a.log", Kind: node.Erased}, node.File{Path: "/var/log/io/agent", Kind: node.ErasedTree}, node.File{Path: "/var/log/io/none", Kind: node.ErasedTree},
					node.File{Path: "/var/log/link", Kind: node.Erased}, node.File{Path: "/var/log/open/x.log", Kind: node.Erased}, node.File{Path: "/var/log/none", Kind: node.Erased},
				)}
				var noted []string
				change.Noted = func(text string) { noted = append(noted, text) }
				if fails {
					s.Write(t, "etc/failing/cron", "", 0o644)
					change.RequireActive = []string{"cron"}
				}
				if err := newPool(t, s).Apply(testContext(t), []node.Change{change}, nil); (err != nil) != fails {
					t.Fatal(err)
				}
				list := s.List(t, "var")
				for _, file := range logs {
					if there := strings.Contains(list, "/var/log/"+file+" "); there != fails {
						t.Errorf("%s is there: %v\n%s", file, there, list)
					}
				}
				for _, file := range append(stay, "open/x.log") {
					if !strings.Contains(list, "/var/log/"+file+" ") {
						t.Errorf("%s is gone\n%s", file, list)
					}
				}
				if strings.Contains(list, "backups/pvesec/") || strings.Contains(list, "/var/log/link") != fails {
					t.Errorf("a copy or the link is left\n%s", list)
				}
				if said := strings.Join(noted, "\n"); !fails && !strings.Contains(said, "/var/log/open/x.log stays: /var/log/open can be written by its group") {
					t.Errorf("noted %q", said)
				}
				noTraces(t, s)
			})
		}
	}
	s := nodetest.Start(t, nodetest.Options{})
	for _, path := range []string{"/etc/passwd", "/var/log", "/var/lib/x", "/etc/systemd/system/ssh.service", "/var/logs/x"} {
		err := newPool(t, s).Apply(testContext(t), []node.Change{{Target: target("pve1", s), Files: []node.File{{Path: path, Kind: node.Erased}}}}, nil)
		if err == nil || !strings.Contains(err.Error(), "is no log") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
