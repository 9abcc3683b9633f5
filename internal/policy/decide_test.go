package policy

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var (
	PVE8 = sudoers.PVE8
	PVE9 = sudoers.PVE9
)

// parse gives the tree of a policy that must be accepted.
func parse(t *testing.T, text string) *sudoers.Tree {
	t.Helper()
	f, errs := sudoers.Parse("policy", text, sudoers.Version{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return sudoers.TreeOf(f)
}

func user(name string, uid int, groups ...string) Subject {
	return Subject{Name: name, UID: &uid, GIDs: []int{uid}, Groups: groups}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	agent := user("agent", 1001, "agent", "ops")
	www := user("www-data", 33, "www-data")
	for _, tc := range []struct {
		rule, policy, command string
		change                func(*Request)
		want                  Verdict
	}{
		{"nothing matches", "", "/bin/id", nil, Unmatched},
		{"the last match wins", "agent ALL=ALL, !/bin/id", "/bin/id", nil, Denied},
		{"in either order", "agent ALL=!/bin/id, ALL", "/bin/id", nil, Allowed},
		{"also over lines", "agent ALL=!/bin/id\n%ops ALL=/bin/id", "/bin/id", nil, Allowed},
		{"a user denied skips the line", "agent ALL=/bin/id\nALL, !agent ALL=!/bin/id", "/bin/id", nil, Allowed},

		{"names ignore case", "AGENT ALL=ALL", "/bin/id", nil, Allowed},
		{"unless told otherwise", "Defaults !case_insensitive_user\nAgent ALL=ALL", "/bin/id", nil, Unmatched},
		{"ids", "#1001 ALL=ALL", "/bin/id", nil, Allowed},
		{"group ids", "%#1001 ALL=ALL", "/bin/id", nil, Allowed},
		{"an undefined alias is a name", "AGENT ALL=ALL", "/bin/id", nil, Allowed},
		{"a negated alias flips", "User_Alias A = !agent, bob\n!A ALL=ALL", "/bin/id", nil, Allowed},
		{"an alias that does not match says nothing", "User_Alias A = bob\nALL, !A ALL=ALL", "/bin/id", nil, Allowed},
		{"a cycle ends", "User_Alias A = B : B = A\nA ALL=ALL", "/bin/id", nil, Unmatched},

		{"hosts", "agent pve2=ALL", "/bin/id", nil, Unmatched},
		{"host globs", "agent PVE?=ALL", "/bin/id", nil, Allowed},
		{"long host names", "agent pve1.example.com=ALL", "/bin/id", nil, Allowed},
		{"addresses", "agent 10.0.0.0/24=ALL", "/bin/id", nil, Allowed},
		{"net masks", "agent 10.0.1.0/255.255.255.0=ALL", "/bin/id", nil, Unmatched},
		{"host aliases", "Host_Alias H = pve1\nagent H, !H=ALL", "/bin/id", nil, Unmatched},

		{"root by default", "agent ALL=(www-data) ALL", "/bin/id", nil, Unmatched},
		{"a target user", "agent ALL=(www-data) ALL", "/bin/id", func(r *Request) { r.RunAsUser = &www }, Allowed},
		{"runas_default", "Defaults runas_default=www-data\nagent ALL=(www-data) ALL", "/bin/id", nil, Allowed},
		{"runas_default by its id", "Defaults runas_default=www-data\nagent ALL=(#33) ALL", "/bin/id", func(r *Request) { r.Env.Accounts = []Subject{www} }, Allowed},
		{"a denied target skips the entry", "agent ALL=(ALL) /bin/id, (ALL, !root) !/bin/id", "/bin/id", nil, Allowed},
		{"ALL covers users, not groups", "agent ALL=(ALL) ALL", "/bin/id", func(r *Request) { r.RunAsGroup = "disk" }, Unmatched},
		{"unless listed", "agent ALL=(ALL : disk) ALL", "/bin/id", func(r *Request) { r.RunAsGroup = "disk" }, Allowed},
		{"own groups of the target", "agent ALL=(www-data) ALL", "/bin/id", func(r *Request) { r.RunAsUser, r.RunAsGroup = &www, "www-data" }, Allowed},
		{"an empty list is the user himself", "agent ALL=() ALL", "/bin/id", func(r *Request) { r.RunAsUser = &agent }, Allowed},
		{"not root", "agent ALL=() ALL", "/bin/id", nil, Unmatched},
		{"a group alone", "agent ALL=(:disk) ALL", "/bin/id", func(r *Request) { r.RunAsGroup = "disk" }, Allowed},
		{"the run-as list is inherited", "agent ALL=(www-data) /bin/a, /bin/id", "/bin/id", nil, Unmatched},

		{"merged directories", "agent ALL=/usr/bin/id", "/bin/id", nil, Allowed},
		{"dots in a path", "agent ALL=/bin/id", "/usr/bin/../bin/id", nil, Allowed},
		{"a directory", "agent ALL=/bin/", "/usr/bin/id -x", nil, Allowed},
		{"not what is below it", "agent ALL=/usr/", "/usr/bin/id", nil, Unmatched},
		{"globs", "agent ALL=/usr/bin/[hi]*", "/bin/id", nil, Allowed},
		{"do not cross a slash", "agent ALL=/usr/*", "/usr/bin/id", nil, Unmatched},
		{"nor match a leading dot", "agent ALL=/opt/*", "/opt/.x", nil, Unmatched},
		{"but do with fast_glob", "Defaults fast_glob\nagent ALL=/opt/*", "/opt/.x", nil, Allowed},
		{"regular expressions", "agent ALL=^/usr/bin/(id|who)$", "/bin/id", nil, Allowed},
		{"on the path as given only, before 1.9.14", "agent ALL=^/usr/bin/(id|who)$", "/bin/id", func(r *Request) { r.Env = Debian(PVE8) }, Unmatched},
		{"an undefined command alias matches nothing", "agent ALL=ALL, !IDS", "/bin/id", nil, Allowed},
		{"command aliases have three values", "Cmnd_Alias C = /bin/id, !/bin/who\nagent ALL=!C", "/bin/who", nil, Allowed},

		{"any arguments", "agent ALL=/bin/id", "/bin/id a b", nil, Allowed},
		{"no arguments", `agent ALL=/bin/id ""`, "/bin/id", nil, Allowed},
		{"none at all", `agent ALL=/bin/id ""`, "/bin/id a", nil, Unmatched},
		{"a star crosses everything", "agent ALL=/bin/cat /var/log/*", "/bin/cat /var/log/../../etc/shadow /x", nil, Allowed},
		{"a star is not no argument", "agent ALL=/bin/x list *", "/bin/x list", nil, Unmatched},
		{"argument expressions", "agent ALL=/bin/x ^start [0-9]+$", "/bin/x start 12", nil, Allowed},
		{"are anchored", "agent ALL=/bin/x ^start [0-9]+$", "/bin/x start 12 --force", nil, Unmatched},
		{"escaped wildcards", `agent ALL=/bin/x \*`, "/bin/x a", nil, Unmatched},
		{"sudoedit", "agent ALL=sudoedit /etc/*", "sudoedit /etc/hosts", nil, Allowed},
		{"sudoedit does not cross a slash", "agent ALL=sudoedit /etc/*", "sudoedit /etc/ssh/x", nil, Unmatched},

		{"before its time", "agent ALL=NOTBEFORE=20300101000000Z ALL", "/bin/id", nil, Unmatched},
		{"in time", "agent ALL=NOTAFTER=20300101000000Z ALL", "/bin/id", nil, Allowed},
		{"both ends, forgotten by 1.9.15", "agent ALL=NOTBEFORE=20300101000000Z NOTAFTER=20310101000000Z ALL", "/bin/id", func(r *Request) {
			r.Env = Debian(sudoers.Version{Major: 1, Minor: 9, Patch: 15})
		}, Allowed},
		{"both ends, before", "agent ALL=NOTBEFORE=20300101000000Z NOTAFTER=20310101000000Z ALL", "/bin/id", func(r *Request) { r.Env = Debian(PVE8) }, Unmatched},
		{"a file that is missing", "agent ALL=/opt/*", "/opt/x", func(r *Request) {
			r.Env = Debian(PVE9)
			r.Env.Exists = func(string) bool { return false }
		}, Unmatched},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(tc.command)
			r := Request{
				Subject: agent, Host: "pve1", LongHost: "pve1.example.com", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.7")},
				Command: words[0], Args: words[1:], Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Env: Debian(PVE9),
			}
			if tc.change != nil {
				tc.change(&r)
			}
			if d := Decide(parse(t, tc.policy+"\n"), r); d.Verdict != tc.want {
				t.Errorf("%s, want %s (rule %v)", d.Verdict, tc.want, d.Rule)
			}
		})
	}
}

func TestDecisionReasons(t *testing.T) {
	t.Parallel()
	tree := parse(t, "Defaults use_pty, env_keep=\"A B\"\nDefaults:bob noexec\nDefaults:agent env_keep-=A, env_keep+=C\nDefaults!/usr/bin/id log_output\n"+
		"agent ALL=(root) NOPASSWD: /bin/id, /bin/who : ALL=PASSWD: /bin/id x\n")
	d := Decide(tree, Request{Subject: user("agent", 1), Command: "/bin/id"})
	if d.Verdict != Allowed || !d.NoPasswd || d.Tags.LogOutput != sudoers.Yes || d.Tags.NoExec != sudoers.Unset {
		t.Errorf("decision %+v", d)
	}
	if got := d.Rule.Pos.String() + " " + d.Rule.Text; got != "policy:5:28 agent ALL=(root) NOPASSWD: /bin/id" {
		t.Errorf("rule %s", got)
	}
	if d.Settings["use_pty"] != "on" || d.Settings["env_keep"] != "B C" {
		t.Errorf("settings %v", d.Settings)
	}
	if d := Decide(tree, Request{Subject: user("agent", 1), Command: "/bin/id", Args: []string{"x"}}); d.NoPasswd {
		t.Error("PASSWD of the last privilege is not used")
	}
	tree = parse(t, "Defaults !authenticate\nagent ALL=ALL\n")
	if d := Decide(tree, Request{Subject: user("agent", 1), Command: "/x"}); !d.NoPasswd || len(d.Assumptions) == 0 {
		t.Errorf("decision %+v", d)
	}
}
