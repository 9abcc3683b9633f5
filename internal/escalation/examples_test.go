package escalation

import (
	"strings"
	"testing"
)

// TestExamplesCanBeRead: where an expression admits bytes that nobody types, an example without them is shown.
func TestExamplesCanBeRead(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"/usr/bin/journalctl ^--no-pager -u [^ ]+$", "/usr/bin/ps ^-o [^ ]+$", "/usr/bin/lvs ^-o [^ ]+$", "/usr/bin/grep ^-c [^ ]+ /var/log/syslog$", "/usr/bin/find ^/var/log -newer [^ ]+$"} {
		for _, f := range analyseFor(t, "agent ALL=(root) NOPASSWD: "+command, "agent").Findings {
			for _, w := range f.Ways {
				if strings.Contains(w.Example, "$'") {
					t.Errorf("%s: %s", command, w.Example)
				}
			}
		}
	}
}
