package escalation

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestDoubts: Defaults for a group, an id or a netgroup of which the caller may be lead to root where they hold for
// him. It is told what that needs.
func TestDoubts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		defaults, id string
		groups       []string
		needs        bool
	}{
		{"Defaults:%admins setenv", freeEnvironment.ID, nil, true},
		{"Defaults:%admins setenv", "", []string{"ops"}, false},
		{"Defaults:%admins setenv", freeEnvironment.ID, []string{"admins"}, false},
		{"Defaults:#1000 !env_reset", keptEnvironment.ID, nil, true},
		{"Defaults:+staff env_keep += LD_PRELOAD", keptEnvironment.ID, nil, true},
		{"Defaults:%admins lecture_file=/etc/shadow, lecture=always", hazardousOption.ID, nil, true},
		{"Defaults:%admins logfile=/etc/profile", hazardousOption.ID, nil, true},
		{"Defaults:%admins logfile=/home/x/log", hazardousOption.ID, nil, true},
		{"Defaults:%admins umask=0", hazardousOption.ID, nil, true},
		{"Defaults:%admins runchroot=/home/x", callersRoot.ID, nil, true},
		{"Defaults:%admins !use_pty", noPTY.ID, nil, true},
		{"Defaults !env_reset\nDefaults:ALL, !%admins env_reset", keptEnvironment.ID, nil, true},
		{"Defaults:%admins setenv\nDefaults:agent !setenv", "", nil, false},
		{"Defaults:%a env_keep += \"LANG\"\nDefaults:%b setenv\nDefaults:%c !setenv", freeEnvironment.ID, nil, true},
		{"Defaults:%admins insults, passwd_tries=3", "", nil, false},
		{"Defaults:%admins env_keep += \"LANG TZ\"", "", nil, false},
	} {
		file, errs := sudoers.Parse("policy", c.defaults+"\n"+`agent ALL=(root) NOPASSWD: /usr/bin/uptime ""`+"\n", sudoers.PVE9)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent", Groups: c.groups}}}
		a := AnalyseReleases(sudoers.TreeOf(file), q, sudoers.PVE8, sudoers.PVE9)
		found := false
		for _, f := range a.Findings {
			if f.ID != c.id || (f.Condition != "") != c.needs || c.needs && f.Severity == Critical {
				t.Errorf("%s, groups %v: %s (%s), if %q", c.defaults, c.groups, f.ID, f.Severity, f.Condition)
			}
			found = found || f.ID == c.id
		}
		if found != (c.id != "") {
			t.Errorf("%s, groups %v: %q is found: %t", c.defaults, c.groups, c.id, found)
		}
		if c.id == freeEnvironment.ID && c.needs {
			s, err := FindStatement("edits sudoers")
			if err != nil {
				t.Fatal(err)
			}
			if p := a.Never(s); p.Verdict != regular.Unknown {
				t.Errorf("%s: %s is answered with %s", c.defaults, s.Name, p.Verdict)
			}
		}
	}
	many := "agent ALL=(root) NOPASSWD: /usr/bin/uptime \"\""
	for _, group := range strings.Fields("a b c d e f g h i") {
		many = "Defaults:%" + group + " setenv\n" + many
	}
	if a := analyseVouched(t, many, nil); len(a.Findings) != 1 || a.Findings[0].ID != undecided.ID {
		t.Errorf("more bindings than are looked at: %+v", a.Findings)
	}
}
