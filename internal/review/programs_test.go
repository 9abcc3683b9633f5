package review

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPrograms: only paths that are granted by their full names and at which no program is known are looked for on
// nodes.
func TestPrograms(t *testing.T) {
	t.Parallel()
	const text = `Cmnd_Alias SITE = /usr/local/sbin/report, !/usr/local/sbin/never
agent ALL=(root) /usr/sbin/qmm start 100, /usr/sbin/qm start 100, /usr/bin/qm list, /sbin/zpool status, SITE, /opt/site/*, /opt/site/, sudoedit /etc/motd, NONE
bob ALL=(root) /usr/local/sbin/others
`
	p, malformed := ParsePolicy("agent", "agent", text)
	if p == nil {
		t.Fatal(malformed)
	}
	if diff := cmp.Diff([]string{"/usr/bin/qm", "/usr/local/sbin/report", "/usr/sbin/qmm"}, p.Programs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
