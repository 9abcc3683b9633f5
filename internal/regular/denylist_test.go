package regular

import (
	"fmt"
	"testing"
)

// command is a rule on a command line: a path and a glob for its arguments, any if it is "*".
type command struct {
	allow      bool
	path, args string
}

// denylist is a policy in the style of those that grant much and take pieces out of it: 150 grants and 157 denials on
// 92 command paths, nearly all of which have few rules.
func denylist() []command {
	var list []command
	allow := func(path string, args ...string) {
		for _, a := range args {
			list = append(list, command{true, path, a})
		}
	}
	deny := func(path string, args ...string) {
		for _, a := range args {
			list = append(list, command{false, path, a})
		}
	}
	allow("/usr/sbin/qm", "list", "list *", "status *", "config *", "start *", "stop *", "shutdown *", "set *", "clone *", "migrate *", "snapshot *", "rollback *", "resize *")
	allow("/usr/sbin/pct", "list", "status *", "config *", "start *", "stop *", "shutdown *", "set *", "clone *", "snapshot *", "restore *")
	allow("/usr/sbin/pveum", "user list", "user list *", "user add *", "user modify *", "group *", "role list", "role add *", "acl *", "passwd *", "token *")
	allow("/usr/sbin/pvesh", "get *", "ls *", "create /nodes/*/vzdump *", "set /cluster/options *")
	allow("/usr/bin/systemctl", "status *", "is-active *", "restart pve*", "reload *", "start *", "stop *")
	allow("/usr/sbin/zfs", "list *", "get *", "snapshot *", "set reservation=* *", "destroy *@*")
	allow("/usr/sbin/ip", "a", "addr *", "link *", "route *", "neigh *")
	for i := len(list); i < 150; i++ {
		allow(fmt.Sprintf("/usr/bin/tool%02d", i%73), []string{"*", "-a", "--version", "show *", "/var/log/*"}[i/73%5])
	}
	for _, option := range []string{"enable", "disable", "password", "keys", "comment", "expire", "groups", "firstname", "lastname", "email", "append"} {
		deny("/usr/sbin/pveum", "* root@pam --"+option+" *")
	}
	for _, verb := range []string{"user modify", "user delete", "user passwd", "token delete", "token modify", "acl modify *", "role modify *", "group modify *"} {
		deny("/usr/sbin/pveum", verb+" root@pam*")
	}
	for _, unit := range []string{"ssh", "sshd", "auditd", "rsyslog", "cron", "pve-cluster", "pvedaemon", "pve-firewall", "systemd-journald", "networking"} {
		deny("/usr/bin/systemctl", "stop "+unit+"*", "disable "+unit+"*", "mask "+unit+"*")
	}
	for _, path := range []string{"/etc/sudoers", "/etc/passwd", "/etc/shadow", "/etc/ssh", "/etc/pve", "/root", "/boot"} {
		deny("/usr/bin/chmod", "* "+path+"*", path+"*")
		deny("/usr/bin/chown", "* "+path+"*")
		deny("/usr/bin/rm", "* "+path+"*", "-rf "+path+"*")
		deny("/usr/bin/mv", "* "+path+"*")
		deny("/usr/bin/tee", "*"+path+"*")
		deny("/usr/sbin/pvesh", "*"+path+"*")
	}
	for i := 0; i < 52; i++ {
		deny([]string{"/usr/sbin/ip", "/usr/sbin/iptables", "/usr/sbin/qm", "/usr/sbin/pct"}[i%4], fmt.Sprintf("option%02d * vmbr0 *", i/4))
	}
	return list
}

// class is the rules of one path.
type class struct {
	path  string
	rules []Rule
}

// byPath compiles a policy and partitions it.
func byPath(tb testing.TB, list []command) []class {
	tb.Helper()

	paths := make([]Expr, len(list))
	for i, c := range list {
		paths[i] = mustCompile(tb, Literal(c.path))
	}
	partition, complete := Partition(paths, Budget{})
	if !complete {
		tb.Fatal("not complete")
	}
	var classes []class
	for _, p := range partition {
		c := class{path: p.Witness}
		for _, i := range p.Members {
			c.rules = append(c.rules, Rule{Allow: list[i].allow, Match: glob(tb, list[i].args)})
		}
		classes = append(classes, c)
	}
	return classes
}

// withoutDenials has the grants only.
func withoutDenials(list []Rule) []Rule {
	var grants []Rule
	for _, r := range list {
		if r.Allow {
			grants = append(grants, r)
		}
	}
	return grants
}

// TestDenylist takes a policy of the size that the package is made for.
func TestDenylist(t *testing.T) {
	t.Parallel()

	list := denylist()
	grants, denials := 0, 0
	for _, c := range list {
		if c.allow {
			grants++
		} else {
			denials++
		}
	}
	classes := byPath(t, list)
	if grants != 150 || denials != 157 {
		t.Fatalf("%d grants, %d denials, %d paths", grants, denials, len(classes))
	}
	states, changed := 0, 0
	for _, c := range classes {
		whole, open := Prioritised(c.rules), Prioritised(withoutDenials(c.rules))
		narrower := Subset(whole, open, Budget{})
		if narrower.Verdict != Yes {
			t.Errorf("%s: denials only take away, but %v: %q", c.path, narrower.Verdict, narrower.Witness)
		}
		wider := Subset(open, whole, Budget{})
		switch wider.Verdict {
		case No:
			changed++
			if whole.Contains(wider.Witness) || !open.Contains(wider.Witness) {
				t.Errorf("%s: %q is no witness", c.path, wider.Witness)
			}
		case Unknown:
			t.Errorf("%s: unknown after %d states", c.path, wider.States)
		}
		states += narrower.States + wider.States
	}
	if changed == 0 || changed > 7 {
		t.Errorf("denials change the answer on %d paths", changed)
	}
	// Without absorption the rules of pveum alone take hundreds of thousands.
	if states > 5000 {
		t.Errorf("%d states", states)
	}
}
