package review

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// TestOverruledOn: another file's later rule, its denial, its options and its tags decide instead of the policy. Each
// cause is told with its place.
func TestOverruledOn(t *testing.T) {
	t.Parallel()
	const rule = "agent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w\n"
	for name, c := range map[string]struct {
		own, main, before, after string
		groups                   []string
		exclusive                bool
		want                     []string
	}{
		"nothing else":            {own: rule},
		"the stock options":       {own: rule, main: "Defaults env_reset\nDefaults mail_badpass\nDefaults secure_path=\"/usr/sbin:/usr/bin\"\nDefaults use_pty\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL"},
		"a denial before":         {own: rule, before: "agent ALL=(root) !/usr/bin/id"},
		"a denial":                {own: rule, after: "agent ALL=(root) !/usr/bin/id", want: []string{"sudo /usr/bin/id: denied, by /etc/sudoers.d/zz:1: agent ALL=(root) !/usr/bin/id"}},
		"a later rule, cut":       {own: rule, after: "agent ALL=(root) /usr/bin/id", exclusive: true},
		"a denial of all":         {own: rule, after: "\nALL ALL=(ALL) !ALL", want: []string{"sudo /usr/bin/id and 1 more: denied, by /etc/sudoers.d/zz:2: ALL ALL=(ALL) !ALL"}},
		"a later rule":            {own: rule, after: "agent ALL=(root) /usr/bin/id", want: []string{"sudo /usr/bin/id: asks for a password, by /etc/sudoers.d/zz:1: agent ALL=(root) /usr/bin/id"}},
		"a group's rule":          {own: rule, after: "%ops ALL=(root) /usr/bin/id", groups: []string{"ops"}, want: []string{"sudo /usr/bin/id: asks for a password, by /etc/sudoers.d/zz:1: %ops ALL=(root) /usr/bin/id"}},
		"a group of others":       {own: rule, after: "%ops ALL=(root) /usr/bin/id"},
		"a terminal":              {own: rule, main: "\nDefaults requiretty", want: []string{"sudo /usr/bin/id and 1 more: needs a terminal, by /etc/sudoers:2"}},
		"no terminal":             {own: rule, main: "Defaults !requiretty"},
		"a terminal of others":    {own: rule, main: "Defaults:carol requiretty"},
		"a terminal, taken back":  {own: "Defaults:agent !requiretty\n" + rule, main: "Defaults requiretty"},
		"no password":             {own: "agent ALL=(root) /usr/bin/id\n", after: "Defaults:agent !authenticate", want: []string{"sudo /usr/bin/id: asks for no password, by /etc/sudoers.d/zz:1"}},
		"the password of another": {own: "agent ALL=(root) /usr/bin/id\n", main: "Defaults targetpw", want: []string{"sudo /usr/bin/id: asks for the password of the target user, by /etc/sudoers:1"}},
		"noexec":                  {own: rule, after: "Defaults!/usr/bin/id noexec", want: []string{"sudo /usr/bin/id: runs no other programs (noexec), by /etc/sudoers.d/zz:1"}},
		"an end":                  {own: rule, after: "agent ALL=(root) NOTAFTER=20270101000000Z NOPASSWD: /usr/bin/w", want: []string{"sudo /usr/bin/w: not_after is \"20270101000000Z\" instead of \"\", by /etc/sudoers.d/zz:1: agent ALL=(root) NOTAFTER=20270101000000Z NOPASSWD: /usr/bin/w"}},
		"its own option":          {own: "Defaults:agent passwd_tries=1\n" + rule, after: "Defaults passwd_tries=9\nDefaults:agent passwd_tries=5", want: []string{"sudo /usr/bin/id and 1 more: passwd_tries is \"5\" instead of \"1\", by /etc/sudoers.d/zz:2"}},
		"an option of another":    {own: rule, after: "Defaults:agent passwd_tries=5"},
		"its path":                {own: "Defaults:agent secure_path=/usr/bin\n" + rule, after: "Defaults:agent secure_path=/opt", want: []string{"sudo /usr/bin/id and 1 more: secure_path is \"/opt\" instead of \"/usr/bin\", by /etc/sudoers.d/zz:1"}},
		"what nobody can compare": {own: rule, after: "Cmnd_Alias X = /usr/bin/id\nDefaults!X noexec", want: []string{"sudo /usr/bin/id: runs no other programs (noexec), by /etc/sudoers.d/zz:2", "unknown: Defaults bound to aliases or patterns of commands differ"}},
	} {
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: c.own, Exclusive: c.exclusive}
		own, errs := ParsePolicy("agent", "agent", c.own)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		around := hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent", Groups: c.groups}}, Files: map[string]string{
			"/etc/sudoers": c.main + "\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/aa": c.before + "\n", "/etc/sudoers.d/zz": c.after + "\n",
		}}
		if got := OverruledOn(p, own, around); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}
