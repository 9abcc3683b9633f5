package hardening

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestContentIsAboutItsSubject: no line of a policy gives anything to somebody else, by no name: what another gets is
// in no plan of it.
func TestContentIsAboutItsSubject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ subject, text, says string }{
		"its subject":               {"agent", "Defaults:agent !requiretty\nagent ALL=(root) /usr/bin/id\n", ""},
		"an alias of it":            {"agent", "User_Alias ME = agent\nDefaults:ME !requiretty\nME ALL=(root) /usr/bin/id\n", ""},
		"an alias of an alias":      {"agent", "User_Alias A = B\nUser_Alias B = agent\nA ALL=(root) /usr/bin/id\n", ""},
		"an alias nobody uses":      {"agent", "User_Alias X = mallory\nagent ALL=(root) /usr/bin/id\n", ""},
		"somebody else":             {"agent", "agent ALL=(root) /usr/bin/id\nmallory ALL=(ALL) ALL\n", "2: the line is about mallory, but the policy is about agent"},
		"somebody else by an alias": {"agent", "User_Alias X = mallory\nagent ALL=(root) /usr/bin/id\nX ALL=(ALL) NOPASSWD: ALL\n", "1: the line is about mallory, but the policy is about agent"},
		"everyone but it":           {"agent", "User_Alias X = ALL, !agent\nagent ALL=(root) /usr/bin/id\nX ALL=(ALL) NOPASSWD: ALL\n", "1: the line is about ALL, but the policy is about agent"},
		"a hidden one":              {"agent", "User_Alias A = B\nUser_Alias B = agent, C\nUser_Alias C = %ops\nA ALL=(root) /usr/bin/id\n", "3: the line is about %ops, but the policy is about agent"},
		"an alias of another file":  {"agent", "agent ALL=(root) /usr/bin/id\nOPS ALL=(ALL) NOPASSWD: ALL\n", "2: the line is about the alias OPS, which the text does not define"},
		"a circle":                  {"agent", "User_Alias A = B\nUser_Alias B = A\nA ALL=(root) /usr/bin/id\n", "is about the alias"},
		"options of somebody else":  {"agent", "Defaults:mallory !authenticate\nagent ALL=(root) /usr/bin/id\n", "1: the line is about mallory, but the policy is about agent"},
		"options by an alias":       {"agent", "User_Alias X = mallory\nDefaults:X exempt_group=users\nagent ALL=(root) /usr/bin/id\n", "1: the line is about mallory, but the policy is about agent"},
		"a netgroup":                {"agent", "+ops ALL=(root) /usr/bin/id\n", "1: the line is about +ops, but the policy is about agent"},
		"several":                   {"", "User_Alias X = agent, carol\nDefaults:carol !requiretty\nX ALL=(root) /usr/bin/id\n", ""},
		"options of no subject":     {"", "Defaults:mallory !authenticate\nagent, carol ALL=(root) /usr/bin/id\n", "1: the options are about mallory, and no rule of the policy is"},
		"options for all":           {"agent", "Defaults !env_reset\nDefaults:agent env_reset\nagent ALL=(root) NOPASSWD: /usr/bin/id\n", "1: the option env_reset is not bound to a user"},
		"options of a command":      {"agent", "Defaults!/usr/bin/w env_keep += LD_PRELOAD\nagent ALL=(root) /usr/bin/id\n", "1: the option env_keep is not bound to a user"},
		"options of an account":     {"agent", "Defaults>www-data env_keep += LD_PRELOAD\nagent ALL=(root) /usr/bin/id\n", "1: the option env_keep is not bound to a user"},
		"options of a host":         {"agent", "Defaults@pve1 !authenticate\nagent ALL=(root) /usr/bin/id\n", "1: the option authenticate is not bound to a user"},
		"options of all subjects":   {"", "Defaults rootpw\nagent, carol ALL=(root) /usr/bin/id\n", "1: the option rootpw is not bound to a user"},
		"a longer time for some":    {"agent", "Defaults timestamp_timeout=10\nagent ALL=(root) /usr/bin/id\n", "1: the option timestamp_timeout is not bound to a user"},
		"a fresh environment":       {"agent", "Defaults env_reset\nagent ALL=(root) /usr/bin/id\n", "1: the option env_reset is not bound to a user"},
		"one for its subject":       {"agent", "Defaults:agent env_reset\nagent ALL=(root) /usr/bin/id\n", ""},
		"no time for all":           {"agent", "Defaults timestamp_timeout=0\nagent ALL=(root) /usr/bin/id\n", ""},
		"more for all, less of it":  {"agent", "Defaults use_pty, !setenv, passprompt=\"%p: \"\nDefaults!/usr/bin/id noexec\nagent ALL=(root) /usr/bin/id\n", ""},
		"several and an unknown":    {"", "agent, OPS ALL=(root) /usr/bin/id\n", "1: the rule is about OPS: no User_Alias of the text has this name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, problems := sudoers.Parse("policy", c.text, sudoers.Version{})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			said := ""
			if problems = CheckContent(file, c.subject); len(problems) > 0 {
				said = fmt.Sprintf("%d: %s", problems[0].Pos.Line, problems[0].Msg)
			}
			if c.says == "" && said != "" || !strings.Contains(said, c.says) {
				t.Errorf("it says %q, want %q", said, c.says)
			}
		})
	}
}

// TestAliasesOfAliasesAreReadOnce: a text of aliases that each name another one twice costs what it is long.
func TestAliasesOfAliasesAreReadOnce(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "User_Alias A%d = A%d, A%d\n", i, i+1, i+1)
	}
	text.WriteString("User_Alias A200 = agent, mallory\nA0 ALL=(root) /usr/bin/id\n")
	subjects, err := SubjectsOf("policy", text.String())
	if err != nil || !slices.Equal(subjects, []string{"agent", "mallory"}) {
		t.Errorf("subjects are %q: %v", subjects, err)
	}
}
