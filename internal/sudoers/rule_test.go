package sudoers

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	t.Parallel()
	got, errs := Render(Policy{
		Subject:  "agent",
		Header:   "Managed by Terraform.\nDo not edit.",
		Defaults: []string{"use_pty", `env_keep += "LANG LC_ALL"`, "!lecture"},
		Rules: []Rule{
			{Commands: []string{"/usr/sbin/qm start 100", `/usr/bin/pveversion ""`}, NoPasswd: Yes},
			{
				Commands: []string{"!/usr/bin/id x"}, RunAsUsers: []string{"www data", "#33"}, RunAsGroups: []string{"ALL"},
				Hosts: []string{"pve1", "10.0.0.0/24"}, Cwd: "/srv/a b", Timeout: "5m", NotAfter: "20300101000000Z",
				NoExec: Yes, Setenv: No, LogOutput: Yes, Comment: "until 2030",
			},
		},
	}, PVE8)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := `# Managed by Terraform.
# Do not edit.

Defaults:agent use_pty
Defaults:agent env_keep += "LANG LC_ALL"
Defaults:agent !lecture

agent ALL=(root) NOPASSWD: /usr/sbin/qm start 100, /usr/bin/pveversion ""

# until 2030
agent pve1, 10.0.0.0/24=("www data", #33 : ALL) CWD=/srv/a\ b TIMEOUT=5m NOTAFTER=20300101000000Z NOEXEC: NOSETENV: LOG_OUTPUT: !/usr/bin/id x
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestSettingThatGoesOn: a setting cannot go on in the next line, and the error stands at its backslash.
func TestSettingThatGoesOn(t *testing.T) {
	t.Parallel()
	_, errs := Render(Policy{Subject: "agent", Defaults: []string{`use_pty,\\`}}, PVE9)
	if len(errs) == 0 || errs[0].Err.Pos.Line != 1 || errs[0].Err.Pos.Col != 9 {
		t.Errorf("got %v", errs)
	}
}

func TestLongRulesAreBroken(t *testing.T) {
	t.Parallel()
	r := Rule{NoPasswd: Yes}
	for range 20 {
		r.Commands = append(r.Commands, "/usr/sbin/qm status 100 --verbose 1")
	}
	got, errs := Render(Policy{Subject: "%ops", Rules: []Rule{r}}, PVE9)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, line := range strings.Split(got, "\n") {
		if len(line) > lineWidth+60 {
			t.Errorf("line of %d bytes", len(line))
		}
	}
	f, perrs := Parse("f", got, PVE9)
	spec, ok := f.Entries[0].(*UserSpec)
	if len(perrs) > 0 || len(f.Entries) != 1 || !ok || len(spec.Privileges[0].Commands) != 20 {
		t.Errorf("parsed again: %v", perrs)
	}
}

func TestRuleErrorsNameTheirPlace(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Policy{
		"Subject: col 1: empty subject":                                                              {},
		"Subject: col 1: a control character in the subject":                                         {Subject: "a\nb ALL=ALL"},
		"Defaults[1]: col 1: unknown defaults entry \"use_ptty\"":                                    {Subject: "a", Defaults: []string{"use_pty", "use_ptty"}},
		"Defaults[0]: col 1: a setting must stand on one line":                                       {Subject: "a", Defaults: []string{"use_pty\nb ALL=ALL"}},
		"Defaults[0]: col 1: not exactly one setting":                                                {Subject: "a", Defaults: []string{"use_pty, !lecture"}},
		"rules[0].Commands: col 1: a rule needs a command":                                           {Subject: "a", Rules: []Rule{{}}},
		"rules[1].Commands[1]: col 1: expected a fully-qualified":                                    {Subject: "a", Rules: []Rule{{Commands: []string{"ALL"}}, {Commands: []string{"/x", "ls"}}}},
		"rules[0].Timeout: col 1: invalid timeout value":                                             {Subject: "a", Rules: []Rule{{Commands: []string{"ALL"}, Timeout: "soon"}}},
		"rules[0].RunAsGroups[0]: col 1: '%' has no meaning here":                                    {Subject: "a", Rules: []Rule{{Commands: []string{"ALL"}, RunAsGroups: []string{"%g"}}}},
		"rules[0].Hosts[0]: col 1: empty name":                                                       {Subject: "a", Rules: []Rule{{Commands: []string{"ALL"}, Hosts: []string{""}}}},
		"rules[0].Hosts[1]: col 1: '!' excludes nothing here: it would be a letter of the name":      {Subject: "a", Rules: []Rule{{Commands: []string{"/bin/x"}, Hosts: []string{"ALL", "!pve2"}}}},
		"rules[0].RunAsUsers[1]: col 1: '!' excludes nothing here: it would be a letter of the name": {Subject: "a", Rules: []Rule{{Commands: []string{"/bin/x"}, RunAsUsers: []string{"ALL", "!root"}}}},
		"rules[0].RunAsUsers[0]: col 1: not one name":                                                {Subject: "a", Rules: []Rule{{Commands: []string{"/bin/x"}, RunAsUsers: []string{"root,bob"}}}},
		"rules[0].Hosts[0]: col 1: not one name":                                                     {Subject: "a", Rules: []Rule{{Commands: []string{"/bin/x"}, Hosts: []string{"pve1 pve2"}}}},
		"Subject: col 1: not one name":                                                               {Subject: "a,b", Rules: []Rule{{Commands: []string{"/bin/x"}}}},
		"rules[0].Timeout: col 1: no time: sudo takes it for no limit":                               {Subject: "a", Rules: []Rule{{Commands: []string{"/bin/x"}, Timeout: "0"}}},
		"rules[0].RunAsUsers[0]: col 1: a control character in a name":                               {Subject: "a", Rules: []Rule{{Commands: []string{"ALL"}, RunAsUsers: []string{"x\n"}}}},
		"rules[0].Cwd: col 1: values for \"CWD\" must start":                                         {Subject: "a", Rules: []Rule{{Commands: []string{"ALL"}, Cwd: "x"}}},
	} {
		_, errs := Render(p, PVE9)
		if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), want) || errs[0].Err.Hint == "" {
			t.Errorf("got %v, want %s", errs, want)
		}
	}
}

// TestNamesOfDirectories: names that accounts, groups and hosts of a directory have are one name each.
func TestNamesOfDirectories(t *testing.T) {
	t.Parallel()
	for _, p := range []Policy{
		{Subject: "%Admins (EU)"}, {Subject: "%:cn=adm,dc=example"}, {Subject: `DOMAIN\user`}, {Subject: "#1000"}, {Subject: "user@example.org"}, {Subject: "John (ext)"},
		{Subject: "a", Rules: []Rule{{RunAsUsers: []string{"%Admins (EU)", "ALL", "+ops"}, RunAsGroups: []string{"Admins (EU)"}, Hosts: []string{"10.0.0.0/8", "fe80::1", "fd77::/16", "pve[!2]", "*.lab", "pve1"}}}},
	} {
		if len(p.Rules) == 0 {
			p.Rules = []Rule{{}}
		}
		p.Rules[0].Commands = []string{"/usr/bin/id"}
		if _, errs := Render(p, PVE9); len(errs) > 0 {
			t.Errorf("%+v: %v", p, errs)
		}
	}
	for _, p := range []Policy{
		{Subject: "!agent", Rules: []Rule{{}}}, {Subject: "a", Rules: []Rule{{Hosts: []string{"pve1:pve2"}}}}, {Subject: "a", Rules: []Rule{{Hosts: []string{"10.0.0.0/33"}}}},
	} {
		p.Rules[0].Commands = []string{"/usr/bin/id"}
		if _, errs := Render(p, PVE9); len(errs) != 1 {
			t.Errorf("%+v: %v", p, errs)
		}
	}
}

func TestParseCommandTakesOneCommandOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/usr/bin/id":            "",
		" /usr/bin/id a b ":      "",
		`!/x a\,b c\:d`:          "",
		"^/x$ ^a,b:c$":           "",
		"sudoedit /etc/hosts":    "",
		"list":                   "",
		"ALL":                    "",
		"POWER":                  "",
		"sha256:" + hash + " /x": "",
		"":                       "1:1: empty command",
		"/x, /y":                 "1:3: ',' would begin another command",
		"/x a # b":               "1:6: '#' begins a comment",
		"/x : ALL=ALL":           "1:4: ':' would begin another rule",
		"/x =":                   "1:4: '=' stands alone",
		"/x\n/y":                 "1:3: a command must stand on one line",
		"/x a\\":                 "1:1: syntax error",
		"\\":                     "1:1: syntax error",
		"\\ ":                    "1:2: syntax error",
		"NOPASSWD: /x":           "1:1: syntax error",
		"(root) /x":              "1:1: syntax error",
		"TIMEOUT=1 /x":           "1:1: syntax error",
		"#include /x":            "1:1: syntax error",
		"Defaults use_pty":       "1:1: expected a fully-qualified path name",
		"User_Alias A = b":       "1:1: expected a fully-qualified path name",
		"# x":                    "1:1: syntax error",
		"/dir/ x":                "1:7: syntax error",
		"ALL x":                  "1:5: syntax error",
	} {
		m, errs := ParseCommand(text, PVE9)
		got := ""
		if len(errs) > 0 {
			got = strings.TrimPrefix(errs[0].Error(), ":")
			if errs[0].Hint == "" {
				t.Errorf("%q: no hint", text)
			}
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("ParseCommand(%q): %q, want %q", text, got, want)
		}
		if got != "" && m.Command.Kind != 0 {
			t.Errorf("ParseCommand(%q) gives a command with its error", text)
		}
	}
}
