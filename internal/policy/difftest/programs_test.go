package difftest

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestPrograms: a policy that names every program of a node where it is has no finding about its place, and one that
// names it in the other directory has.
func TestPrograms(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		// Those of packages only: the world of these tests has more.
		out, err := s.node.Shell(t.Context(), `cat /var/lib/dpkg/info/*.list | sed -n 's,^/\(usr/\)\?\(s\?bin/.\),/usr/\2,p' | sort -u`)
		if err != nil {
			t.Fatal(err)
		}
		moved := func(path string) bool {
			command := sudoers.Rule{Commands: []string{path}}
			text, errs := sudoers.Render(sudoers.Policy{Subject: "alice", Rules: []sudoers.Rule{command}}, s.world.version)
			if len(errs) > 0 {
				return false // a name such as [, which is a pattern to sudo
			}
			for _, f := range lint.Lint(treeOf(text, s.world.version), lint.Options{Version: s.world.version}) {
				if f.ID == "PVESEC-S0010" {
					return true
				}
			}
			return false
		}
		known := 0
		for _, path := range strings.Fields(out) {
			other := strings.Replace(path, "/usr/bin/", "/usr/sbin/", 1)
			if other == path {
				other = strings.Replace(path, "/usr/sbin/", "/usr/bin/", 1)
			}
			if moved(path) {
				t.Errorf("%s is there, and is said to have moved", path)
			}
			if moved(other) && !strings.Contains(out, other+"\n") {
				known++
			}
		}
		t.Logf("%d programs that are known to be elsewhere", known)
		if known < 50 {
			t.Errorf("only %d programs of the node are known", known)
		}
	})
}
