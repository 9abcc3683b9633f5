package policy

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestDefaultsBoundInDoubt: where it is not certain that Defaults are bound to the command, or they change the root
// directory in which sudo has found it, what rules match is not known. Sudo of both releases allows what the rules of
// the first two policies deny.
func TestDefaultsBoundInDoubt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy, command string
		want            Verdict
		depends         string
	}{
		"the root directory is taken away": {"Defaults!/opt/*/one !runchroot\nalice ALL=(root) ALL, !/opt/h/\n", "/opt/h/one b", Unknown, "runchroot"},
		"another root directory":           {"Defaults!/opt/*/one runchroot=*\nalice ALL=(root) ALL, !/opt/h/\n", "/opt/h/one b", Unknown, "runchroot"},
		"in another locale": {
			"Defaults sudoers_locale=nosuch\nDefaults!^/opt/.*$ runas_default=nosuch\nalice ALL=/opt/g/\n", "/opt/g/\xffone2", Unknown, "line 2",
		},
		"of another command": {"Defaults!/opt/*/two !runchroot\nalice ALL=(root) ALL, !/opt/h/\n", "/opt/h/one b", Denied, ""},
		"of no consequence":  {"Defaults!/opt/*/one !lecture\nalice ALL=(root) ALL, !/opt/h/\n", "/opt/h/one b", Denied, ""},
		"certain":            {"Defaults!/opt/h/one runas_default=bob\nalice ALL=(root) ALL, !/opt/h/\n", "/opt/h/one b", Denied, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
				words := strings.Split(test.command, " ")
				zero := 0
				r := Request{
					Subject: Subject{Name: "alice"}, Host: "pve1", Env: Debian(v), Command: words[0], Args: words[1:], RunAsUser: &Subject{Name: "root", UID: &zero},
				}
				tree := parse(t, test.policy)
				d := Decide(tree, r)
				if d.Verdict != test.want || !strings.Contains(strings.Join(d.If, "\n"), test.depends) {
					t.Errorf("%s: %s if %q, want %s", v, d.Verdict, d.If, test.want)
				}
				line := NewLine(r.Command, r.Args...)
				if quick := Compile(tree, r).Decide(line.Command, line.Args, line.HasArgs); quick.Verdict != d.Verdict {
					t.Errorf("%s: compiled %s, else %s", v, quick.Verdict, d.Verdict)
				}
			}
		})
	}
}
