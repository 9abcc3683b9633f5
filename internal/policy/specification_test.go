package policy

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// The tests of this file are the decisions, a table for each rule of sudo's own procedure: lookup.c, match.c and
// match_command.c of its plug-in.

// A ruling is what a policy says of a command line of agent on pve1.
type ruling struct {
	rule, policy, command string
	change                func(*Request)
	want                  Verdict
}

var (
	agent = user("agent", 1001, "agent", "ops")
	www   = user("www-data", 33, "www-data")
)

func rule(t *testing.T, table []ruling) {
	t.Helper()
	for _, tc := range table {
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

// The last command that matches decides (sudoers_lookup_check). Whom a line is not about skips it.
func TestLastMatchWins(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
		{"nothing matches", "", "/bin/id", nil, Unmatched},
		{"the last match wins", "agent ALL=ALL, !/bin/id", "/bin/id", nil, Denied},
		{"in either order", "agent ALL=!/bin/id, ALL", "/bin/id", nil, Allowed},
		{"also over lines", "agent ALL=!/bin/id\n%ops ALL=/bin/id", "/bin/id", nil, Allowed},
		{"a user denied skips the line", "agent ALL=/bin/id\nALL, !agent ALL=!/bin/id", "/bin/id", nil, Allowed},
		{"privileges of one line count in order too", "agent ALL=/bin/id : ALL=!/bin/id", "/bin/id", nil, Denied},
		{"a rule for another host is skipped", "agent ALL=/bin/id\nagent pve2=!/bin/id", "/bin/id", nil, Allowed},
		{"and one that is over", "agent ALL=/bin/id\nagent ALL=NOTAFTER=20200101000000Z !/bin/id", "/bin/id", nil, Allowed},
	})
}

// Users by name, id, group, alias; the last member of a list that matches decides (user_matches, userlist_matches).
func TestUsers(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
		{"names ignore case", "AGENT ALL=ALL", "/bin/id", nil, Allowed},
		{"unless told otherwise", "Defaults !case_insensitive_user\nAgent ALL=ALL", "/bin/id", nil, Unmatched},
		{"ids", "#1001 ALL=ALL", "/bin/id", nil, Allowed},
		{"group ids", "%#1001 ALL=ALL", "/bin/id", nil, Allowed},
		{"an undefined alias is a name", "AGENT ALL=ALL", "/bin/id", nil, Allowed},
		{"a negated alias flips", "User_Alias A = !agent, bob\n!A ALL=ALL", "/bin/id", nil, Allowed},
		{"an alias that does not match says nothing", "User_Alias A = bob\nALL, !A ALL=ALL", "/bin/id", nil, Allowed},
		{"a cycle ends", "User_Alias A = B : B = A\nA ALL=ALL", "/bin/id", nil, Unmatched},
		{"groups", "%ops ALL=ALL", "/bin/id", nil, Allowed},
		{"another's group", "%adm ALL=ALL", "/bin/id", nil, Unmatched},
		{"a denied member behind", "ALL, !%ops ALL=ALL", "/bin/id", nil, Unmatched},
		{"and allowed again", "ALL, !%ops, agent ALL=ALL", "/bin/id", nil, Allowed},
		{"double negation", "!!agent ALL=ALL", "/bin/id", nil, Allowed},
	})
}

// Hosts by short and long name, pattern, address, network, alias (host_matches, addr_matches).
func TestHosts(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
		{"hosts", "agent pve2=ALL", "/bin/id", nil, Unmatched},
		{"host globs", "agent PVE?=ALL", "/bin/id", nil, Allowed},
		{"long host names", "agent pve1.example.com=ALL", "/bin/id", nil, Allowed},
		{"addresses", "agent 10.0.0.0/24=ALL", "/bin/id", nil, Allowed},
		{"net masks", "agent 10.0.1.0/255.255.255.0=ALL", "/bin/id", nil, Unmatched},
		{"host aliases", "Host_Alias H = pve1\nagent H, !H=ALL", "/bin/id", nil, Unmatched},
		{"ALL but one", "agent ALL, !pve1=ALL", "/bin/id", nil, Unmatched},
		{"names ignore case", "agent PVE1=ALL", "/bin/id", nil, Allowed},
		{"an address itself", "agent 10.0.0.7=ALL", "/bin/id", nil, Allowed},
		{"an undefined alias is a name", "agent PVE1, NOWHERE=ALL", "/bin/id", nil, Allowed},
	})
}

// Run-as lists: users, groups behind a colon, and the user himself (runaslist_matches).
func TestTargets(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
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
		{"a group of the target", "agent ALL=(%www-data) ALL", "/bin/id", func(r *Request) { r.RunAsUser = &www }, Allowed},
		{"an alias of targets", "Runas_Alias R = www-data\nagent ALL=(R) ALL", "/bin/id", func(r *Request) { r.RunAsUser = &www }, Allowed},
		{"a target by its id", "agent ALL=(#33) ALL", "/bin/id", func(r *Request) { r.RunAsUser = &www }, Allowed},
	})
}

// Commands by path, directory, glob and expression (command_matches).
func TestCommands(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
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
		{"ALL is every command", "agent ALL=ALL", "/no/such/command", nil, Allowed},
		{"another directory", "agent ALL=/usr/local/bin/id", "/usr/bin/id", nil, Unmatched},
		{"an expression without anchors around both of its branches", "agent ALL=^/bin/id|who$", "/usr/local/bin/who", nil, Allowed},
		{"case by request", "agent ALL=^(?i)/USR/BIN/ID$", "/usr/bin/id", nil, Allowed},
		{"a malformed expression matches nothing", "agent ALL=ALL, !^/usr/bin/(id$", "/bin/id", nil, Allowed},
		{"list is a command of its own", "agent ALL=list", "list", nil, Allowed},
	})
}

// Arguments joined by one space against a pattern, or an expression (command_args_match); sudoedit's as paths.
func TestArguments(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
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
		{"boundaries are lost", "agent ALL=/bin/x a b", "/bin/x a b", nil, Allowed},
		{"a star takes nothing as well", "agent ALL=/bin/x *", "/bin/x", nil, Allowed},
		{"sets of bytes", "agent ALL=/bin/x [a-c]", "/bin/x B", nil, Unmatched},
		{"a question mark is one byte", "agent ALL=/bin/x ?", "/bin/x ab", nil, Unmatched},
		{"case counts", "agent ALL=/bin/x start", "/bin/x START", nil, Unmatched},
		{"an expression of no arguments", "agent ALL=/bin/x ^$", "/bin/x", nil, Allowed},
	})
}

// NOTBEFORE and NOTAFTER, both inclusive; and files that must be there.
func TestTimes(t *testing.T) {
	t.Parallel()
	rule(t, []ruling{
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
		{"to the second", "agent ALL=NOTBEFORE=20260101000000Z ALL", "/bin/id", nil, Allowed},
		{"at both ends", "agent ALL=NOTAFTER=20260101000000Z ALL", "/bin/id", nil, Allowed},
		{"over", "agent ALL=NOTAFTER=20251231235959Z ALL", "/bin/id", nil, Unmatched},
	})
}
