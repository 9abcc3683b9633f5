package review

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestNeverAround proves statements of a policy on nodes whose other files give its rules another meaning.
func TestNeverAround(t *testing.T) {
	t.Parallel()
	const (
		own       = "agent ALL=(root) NOPASSWD: /usr/bin/uptime *, !/usr/bin/uptime ^.*$\n"
		uptime    = "/usr/bin/uptime ^-c "
		packages  = "installs packages"
		dangerous = "agent ALL=(root) NOPASSWD: TOOLS\n"
		plain     = "agent ALL=(root) /usr/bin/uptime\n"
		edits     = "edits sudoers"
	)
	for name, c := range map[string]struct {
		own, other, statement string
		want                  regular.Verdict
		asked                 bool
	}{
		"stock":                       {own, "Defaults env_reset", uptime, regular.Yes, false},
		"what is shown":               {plain, "Defaults passprompt=Password:, insults", edits, regular.Yes, false},
		"variables":                   {plain, "Defaults setenv", edits, regular.No, true},
		"the environment":             {plain, "Defaults !env_reset", edits, regular.No, true},
		"the environment of another":  {plain, "Defaults:carol !env_reset", edits, regular.Yes, true},
		"a variable":                  {plain, "Defaults env_keep += LD_PRELOAD", edits, regular.No, true},
		"programs of a program":       {"Defaults:agent noexec\nagent ALL=(root) /usr/bin/timeout 60 *\n", "Defaults:agent !noexec", edits, regular.No, true},
		"records":                     {plain, "Defaults log_input, log_output, iolog_dir=/var/log/sudo-io", edits, regular.Yes, true},
		"somebody else's rule":        {own, "carol ALL=(root) /usr/bin/uptime -c x", uptime, regular.Yes, false},
		"locale":                      {own, "Defaults sudoers_locale=C.UTF-8", uptime, regular.No, true},
		"locale of the subject":       {own, "Defaults:agent sudoers_locale=C.UTF-8", uptime, regular.No, true},
		"locale of another":           {own, "Defaults:carol sudoers_locale=C.UTF-8", uptime, regular.Yes, true},
		"root":                        {own, "Defaults runchroot=/srv", uptime, regular.No, true},
		"granted there":               {own, "agent ALL=(root) NOPASSWD: /usr/bin/uptime -c x", uptime, regular.Yes, true},
		"denied there":                {own, "agent ALL=(root) !/usr/bin/uptime", uptime, regular.Yes, true},
		"another target":              {"agent ALL= NOPASSWD: /usr/bin/uptime -p\nagent ALL=(daemon) NOPASSWD: /usr/bin/uptime -c x\n", "Defaults runas_default=daemon", uptime, regular.Yes, true},
		"alias":                       {dangerous, "Cmnd_Alias TOOLS = /usr/bin/uptime -c x", uptime, regular.No, true},
		"alias, harmless":             {dangerous, "Cmnd_Alias TOOLS = /usr/bin/uptime -p", uptime, regular.Yes, true},
		"alias, by name":              {dangerous, "Cmnd_Alias TOOLS = /usr/bin/apt-get install x", packages, regular.No, true},
		"alias, by name and harmless": {dangerous, "Cmnd_Alias TOOLS = /usr/bin/uptime -p", packages, regular.Yes, true},
		"granted there, by name":      {"agent ALL=(root) NOPASSWD: /usr/bin/uptime -p\n", "agent ALL=(root) NOPASSWD: /usr/bin/apt-get install x", packages, regular.Yes, true},
	} {
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: c.own}
		text, errs := ParsePolicy("agent", "agent", c.own)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		around := hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent"}}, Files: map[string]string{
			"/etc/sudoers": "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/z": c.other + "\n",
		}}
		proofs := NeverAround(p, text, around, []string{"/usr/bin/id", c.statement})
		if !c.asked {
			if proofs != nil {
				t.Errorf("%s: %+v, though no other file matters", name, proofs)
			}
			continue
		}
		if len(proofs) != 2 || proofs[0].Verdict != regular.Yes || proofs[1].Verdict != c.want {
			t.Errorf("%s: %+v", name, proofs)
		}
	}
}
