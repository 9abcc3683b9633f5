package policy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestAddresses: sudo compares the bits of a mask one by one, refuses a length of 0, and holds IPv4 and IPv6 apart
// (match_addr.c).
func TestAddresses(t *testing.T) {
	t.Parallel()
	interfaces := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/24"), netip.MustParsePrefix("fd00::17/64")}
	for host, want := range map[string]Verdict{
		"0.0.0.0/0": Unmatched, "10.0.0.0/0": Unmatched, "::/0": Unmatched, "fd00::/0": Unmatched, "0.0.0.0/0.0.0.0": Allowed, "10.1.2.0/24": Allowed, "10.1.2.99/24": Allowed, "10.1.2.3/32": Allowed,
		"10.1.2.4/32": Unmatched, "10.1.2.0": Allowed, "10.1.3.0": Unmatched, "10.0.2.0/255.0.255.0": Allowed, "10.0.3.0/255.0.255.0": Unmatched, "fd00::/64": Allowed, "fd00::": Allowed, "fd00::/1": Allowed,
		"10.9.9.9/1": Allowed, "200.9.9.9/1": Unmatched, "fd00::17/128": Allowed, "fd00::18/128": Unmatched, "ALL, !10.0.0.0/0": Allowed, "ALL, !10.0.0.0/8": Unmatched,
	} {
		r := request("/bin/a")
		r.Interfaces = interfaces
		if got := Decide(treeOf(t, "op "+host+"=/bin/a"), r).Verdict; got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// TestNetgroupsSwitchedOff: with !use_netgroups no netgroup matches, in rules as in bindings.
func TestNetgroupsSwitchedOff(t *testing.T) {
	t.Parallel()
	r := request("/bin/a")
	r.Subject.Netgroups = []string{"ng"}
	for text, want := range map[string]Verdict{
		"+ng ALL=/bin/a": Allowed, "Defaults !use_netgroups\n+ng ALL=/bin/a": Unmatched, "Defaults !use_netgroups, use_netgroups\n+ng ALL=/bin/a": Allowed,
		"Defaults:op !use_netgroups\n+ng ALL=/bin/a": Unmatched, "Defaults@other !use_netgroups\n+ng ALL=/bin/a": Allowed, "Defaults !use_netgroups\nALL, !+ng ALL=/bin/a": Allowed,
		"User_Alias U=+ng\nDefaults !use_netgroups\nU ALL=/bin/a": Unmatched, "Defaults!/usr/bin/a !use_netgroups\n+ng ALL=/bin/a": Unmatched,
	} {
		tree := treeOf(t, text)
		if got := Decide(tree, r).Verdict; got != want {
			t.Errorf("%s, want %s for\n%s", got, want, text)
		}
		if got := Compile(tree, r).Decide("/bin/a", "", false).Verdict; got != want {
			t.Errorf("compiled %s, want %s for\n%s", got, want, text)
		}
	}
}

// TestWhoIsAskedForNoPassword: root, a user who runs a command as himself, and the members of exempt_group (check.c,
// check_user).
func TestWhoIsAskedForNoPassword(t *testing.T) {
	t.Parallel()
	op1, zero := 1001, 0
	subject := Subject{Name: "op", UID: &op1, Groups: []string{"op", "ops"}}
	self := subject
	root := Subject{Name: "root", UID: &zero}
	for _, test := range []struct {
		text    string
		subject Subject
		target  *Subject
		group   string
		want    bool
	}{
		{"op ALL=/bin/a", subject, nil, "", false},
		{"op ALL=NOPASSWD: /bin/a", subject, nil, "", true},
		{"Defaults exempt_group=ops\nop ALL=PASSWD: /bin/a", subject, nil, "", true},
		{"Defaults exempt_group=%ops\nop ALL=/bin/a", subject, nil, "", false},
		{"Defaults exempt_group=wheel\nop ALL=/bin/a", subject, nil, "", false},
		{"Defaults exempt_group=ops, !exempt_group\nop ALL=/bin/a", subject, nil, "", false},
		{"Defaults:bob exempt_group=ops\nop ALL=/bin/a", subject, nil, "", false},
		{"Defaults exempt_group=ops\n%ops ALL=/bin/a", Subject{Name: "%ops"}, nil, "", true},
		{"op ALL=(op) PASSWD: /bin/a", subject, &self, "", true},
		{"op ALL=(op:ops) /bin/a", subject, &self, "ops", true},
		{"op ALL=(op:disk) /bin/a", subject, &self, "disk", false},
		{"op ALL=(op) ROLE=x /bin/a", subject, &self, "", false},
		{"root ALL=PASSWD: /bin/a", root, nil, "", true},
	} {
		r := Request{Subject: test.subject, RunAsUser: test.target, RunAsGroup: test.group, Command: "/bin/a", Env: op.Env}
		d := Decide(treeOf(t, test.text), r)
		if d.Verdict != Allowed || d.NoPasswd != test.want {
			t.Errorf("%s, no password: %t, want %t for\n%s", d.Verdict, d.NoPasswd, test.want, test.text)
		}
	}
}

// TestDefaultTargetThatIsNone: sudo keeps root as target where runas_default names no account, and rules without a list
// are about that name only.
func TestDefaultTargetThatIsNone(t *testing.T) {
	t.Parallel()
	env := Debian(sudoers.PVE9)
	one := 1001
	env.Accounts = []Subject{{Name: "op", UID: &one}, {Name: "bob"}}
	for text, want := range map[string]Verdict{
		"Defaults runas_default=nosuch\nop ALL=/bin/a": Unmatched, "Defaults runas_default=nosuch\nop ALL=(ALL) /bin/a": Allowed, "Defaults runas_default=nosuch\nop ALL=(root) /bin/a": Allowed,
		"Defaults runas_default=bob\nop ALL=/bin/a": Allowed, "Defaults runas_default=bob\nop ALL=(root) /bin/a": Unmatched,
	} {
		r := request("/bin/a")
		r.Env = env
		if got := Decide(treeOf(t, text), r).Verdict; got != want {
			t.Errorf("%s, want %s for\n%s", got, want, text)
		}
	}
	if d := Decide(treeOf(t, "Defaults runas_default=bob\nop ALL=/bin/a"), request("/bin/a")); !strings.Contains(strings.Join(d.Assumptions, "\n"), "runas_default") {
		t.Errorf("that the account exists is not among the assumptions: %q", d.Assumptions)
	}
}

// TestLinksOfDebian: the links of commands that packages ship are part of every plan: /usr/sbin/ip leads to
// /usr/bin/ip, which sudo 1.9.13 takes for one command. What a site links itself is an assumption that the analysis
// names, where sudo compares files.
func TestLinksOfDebian(t *testing.T) {
	t.Parallel()
	for version, allowed := range map[sudoers.Version]bool{sudoers.PVE8: true, sudoers.PVE9: false} {
		for granted, asked := range map[string]string{"/usr/bin/ip": "/usr/sbin/ip", "/sbin/ip": "/bin/ip", "/usr/bin/lsmod": "/usr/sbin/lsmod", "/usr/bin/[i]p": "/usr/sbin/ip"} {
			tree := treeOf(t, "op ALL=(root) "+granted)
			q := Question{Subject: op.Subject, Env: Debian(version)}
			r := request(asked)
			r.Env = q.Env
			if d := Decide(tree, r); (d.Verdict == Allowed) != allowed {
				t.Errorf("%v: %s for %s by a grant of %s", version, d.Verdict, asked, granted)
			}
			statement, err := ParseStatement(asked, q.Env)
			if err != nil {
				t.Fatal(err)
			}
			if p := ProveNever(tree, q, statement); (p.Verdict == regular.No) != allowed || p.Verdict == regular.Unknown {
				t.Errorf("%v: never %s with a grant of %s: %v", version, asked, granted, p.Verdict)
			}
		}
	}
	for text, want := range map[string][2]bool{"op ALL=(root) /bin/a": {true, false}, "op ALL=(root) /bin/a, CHROOT=/x /bin/b": {true, true}} {
		for i, version := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
			access := Admits(treeOf(t, text), Request{Subject: op.Subject, Env: Debian(version)}, nil, regular.Budget{})
			if got := slices.ContainsFunc(access.Assumptions, func(a string) bool { return strings.HasPrefix(a, "no links lead to commands") }); got != want[i] {
				t.Errorf("%s on %v: %q", text, version, access.Assumptions)
			}
		}
	}
}

// TestProofsFollowLinks: until 1.9.13 sudo compares the files behind links. A proof must know what a decision knows.
func TestProofsFollowLinks(t *testing.T) {
	t.Parallel()
	for _, v := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
		env := Debian(v)
		env.Targets = map[string]string{"/opt/x/a": "/usr/bin/a", "/srv/y/a": "/usr/bin/a"}
		q := Question{Subject: op.Subject, Env: env}
		for _, command := range []string{"/usr/bin/a", "/usr/bin/", "/usr/bin/[a]", "/opt/*/a", "/opt/x/", "/srv/y/a"} {
			tree := treeOf(t, "op ALL="+command)
			for _, path := range []string{"/usr/bin/a", "/opt/x/a", "/srv/y/a"} {
				statement, err := ParseStatement(path, env)
				if err != nil {
					t.Fatal(err)
				}
				r := request(path)
				r.Env = env
				allowed := Decide(tree, r).Verdict == Allowed
				if proof := ProveNever(tree, q, statement); (proof.Verdict == regular.Yes) == allowed {
					t.Errorf("sudo %s: %s allows %s: %t, and never is %s", v, command, path, allowed, proof.Verdict)
				}
			}
		}
	}
}

// TestWhatIsAssumed names what a decision takes for given, where it can matter.
func TestWhatIsAssumed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"op ALL=CWD=* /bin/a": "-D", "Defaults runcwd=*\nop ALL=/bin/a": "-D", "op ALL=CHROOT=* /bin/a": "-R", "Defaults runchroot=*\nop ALL=/bin/a": "-R",
		"op ALL=(ALL) /bin/a": "-u and -g", "op ALL=(bob:ALL) /bin/a": "-u and -g", "Defaults runas_check_shell\nop ALL=(ALL) /bin/a": "/etc/shells",
	} {
		got := Decide(treeOf(t, text), request("/bin/a")).Assumptions
		if !slices.ContainsFunc(got, func(a string) bool { return strings.Contains(a, want) }) {
			t.Errorf("no %s among %q for\n%s", want, got, text)
		}
		if plain := strings.Join(Decide(treeOf(t, "op ALL=/bin/a"), request("/bin/a")).Assumptions, "\n"); strings.Contains(plain, want) {
			t.Errorf("%s without need: %q", want, plain)
		}
	}
}
