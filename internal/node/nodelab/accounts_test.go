//go:build linux

package nodelab_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// aKey is a public key whose private one nobody has.
const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k agent@example\n"

// aHash is of no password.
const aHash = "$y$j9T$Zd0rLjv1UkPqvW3TzqJ9a.$ukWnJ0qHq1bJ7hH7OVrZr0aYyZK1hJb2rNnE2yJdPQ3"

// nightowl is an account as a resource asks for it.
func nightAccount() node.AccountChange {
	return node.AccountChange{
		Name: "nightowl", Comment: "Night shift, 2nd floor", Home: "/home/nightowl", Shell: "/bin/bash", PrimaryGroup: "nightowl", Groups: []string{"video", "audio"}, OnlyGroups: true, Expires: -1,
		Password: node.LockPassword, Keys: &node.KeyFile{Content: []byte(aKey), Only: true}, Expect: node.AbsentAccount,
	}
}

// accountsOf is everything that a change of accounts may touch, but for the date of a password's last change and the
// copies that the tools keep.
func accountsOf(t *testing.T, n *lab.Node) string {
	t.Helper()
	return shell(t, n, `cat /etc/passwd; cut -d: -f1,2,4- /etc/shadow; sort /etc/group /etc/gshadow; sort /etc/subuid /etc/subgid; find /home -printf '%y %m %u:%g %p %l\n' | grep -v ' \.bash' | sort -k4; find /home -type f -exec sha256sum {} + | sort -k2; ls /etc/pvesec 2>&1 || true`)
}

func applyAccount(t *testing.T, p *node.Pool, n *lab.Node, a node.AccountChange) error {
	t.Helper()
	return p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "account", Accounts: []node.AccountChange{a}}}, nil)
}

func localAccount(t *testing.T, p *node.Pool, n *lab.Node, name string) node.LocalAccount {
	t.Helper()
	o, err := p.Observe(t.Context(), target(n), node.Query{LocalAccounts: true, OnlyAccount: name}) // now, and not what was read before
	if err != nil {
		t.Fatal(err)
	}
	return o.LocalAccounts[name]
}

// TestAccount makes, changes and removes an account with the tools of both releases.
func TestAccount(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		before := accountsOf(t, n)
		a := nightAccount()
		if err := applyAccount(t, p, n, a); err != nil {
			t.Fatal(err)
		}
		got := localAccount(t, p, n, "nightowl")
		uid := got.UID
		if uid < 1000 || got.Comment != a.Comment || got.Home != a.Home || got.Shell != a.Shell || strings.Join(got.Groups, " ") != "audio video" || got.Group != "nightowl" ||
			got.Password != node.PasswordLocked || got.Expires != -1 || string(got.Keys["authorized_keys"].Content) != aKey || got.HomeState.UID != uid || len(got.Ways) == 0 {
			t.Errorf("made %+v", got)
		}
		if got := shell(t, n, "stat -c '%a %U %n' /home/nightowl/.ssh /home/nightowl/.ssh/authorized_keys; grep -c nightowl /etc/subuid || true"); got != "700 nightowl /home/nightowl/.ssh\n600 nightowl /home/nightowl/.ssh/authorized_keys\n0" {
			t.Errorf("key file and subordinate ids: %s", got)
		}
		a.Expect = got.Looks
		made := accountsOf(t, n)
		if err := applyAccount(t, p, n, a); err != nil {
			t.Fatal(err)
		}
		if again := accountsOf(t, n); again != made {
			t.Errorf("the second time changed something:\n%s\nbefore\n%s", again, made)
		}
		b := node.AccountChange{
			Name: "nightowl", Expect: got.Looks, UID: uid + 7, Comment: "", Home: "/home/op", Shell: "/bin/sh", Groups: []string{"video", "cdrom"}, DropGroups: []string{"audio"}, Expires: 30000,
			Password: node.SetPassword, Hash: aHash, Keys: &node.KeyFile{Content: []byte("# none\n"), Only: true}, EndSessions: true,
		}
		if err := applyAccount(t, p, n, b); err != nil {
			t.Fatal(err)
		}
		got = localAccount(t, p, n, "nightowl")
		if got.UID != uid+7 || got.Comment != "" || got.Home != "/home/op" || got.Shell != "/bin/sh" || strings.Join(got.Groups, " ") != "cdrom video" || got.Password != node.PasswordSet ||
			got.Expires != 30000 || string(got.Keys["authorized_keys"].Content) != "# none\n" || got.HomeState.UID != uid+7 {
			t.Errorf("changed to %+v", got)
		}
		if got := shell(t, n, "grep ^nightowl: /etc/shadow"); !strings.HasPrefix(got, "nightowl:"+aHash+":") {
			t.Errorf("shadow has %s", got)
		}
		// Locking keeps the hash behind the lock, once.
		b.Expect, b.Password, b.Hash = got.Looks, node.LockPassword, ""
		for range 2 {
			if err := applyAccount(t, p, n, b); err != nil {
				t.Fatal(err)
			}
			if got := shell(t, n, "grep ^nightowl: /etc/shadow"); !strings.HasPrefix(got, "nightowl:!"+aHash+":") {
				t.Errorf("shadow has %s", got)
			}
		}
		shell(t, n, "usermod -v 300000-365535 -w 300000-365535 nightowl; (setsid setpriv --reuid "+fmt.Sprint(uid+7)+" --clear-groups sleep 1000 </dev/null >/dev/null 2>&1 &)")
		// Its user is logged in, and stays so.
		gone := node.AccountChange{Name: "nightowl", Absent: true, Expect: got.Looks}
		if err := applyAccount(t, p, n, gone); err != nil {
			t.Fatal(err)
		}
		if got := shell(t, n, "grep nightowl /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid || true; pgrep -c -f '^sleep 1000'; ls -d /home/op"); got != "1\n/home/op" {
			t.Errorf("after the removal: %s", got)
		}
		shell(t, n, "pkill -f '^sleep 1000'; rm -r /home/op /home/nightowl")
		if after := accountsOf(t, n); after != before {
			t.Errorf("not as before:\n%s\nbefore\n%s", after, before)
		}
		// Of two runs at once one makes it, and the other is told that it is there.
		a.Expect = node.AbsentAccount
		told := make(chan error, 2)
		for _, run := range []*node.Pool{p, newPool(t, c, "root")} {
			go func() { told <- applyAccount(t, run, n, a) }()
		}
		if first, second := <-told, <-told; (first == nil) == (second == nil) || !strings.Contains(fmt.Sprint(first, second), "exists on ") {
			t.Fatalf("of two runs one says %v, the other %v", first, second)
		}
		// With its home and its sessions.
		shell(t, n, "usermod -v 300000-365535 nightowl; (setsid runuser -u nightowl -- sleep 1000 </dev/null >/dev/null 2>&1 &); (setsid setpriv --reuid 300005 --clear-groups sleep 1000 </dev/null >/dev/null 2>&1 &)\n"+
			"until pgrep -u nightowl sleep && pgrep -u 300005 sleep; do sleep 0.1; done")
		gone.Expect, gone.RemoveHome, gone.EndSessions = "", true, true
		if err := applyAccount(t, p, n, gone); err != nil {
			t.Fatal(err)
		}
		if got := shell(t, n, "pgrep -f '^sleep 1000' || true"); got != "" {
			t.Errorf("still runs: %s", got)
		}
		if after := accountsOf(t, n); after != before {
			t.Errorf("not as before:\n%s\nbefore\n%s", after, before)
		}
	})
}

// TestAccountRefused: what pvesec never changes, and what cannot be, changes nothing.
func TestAccountRefused(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		shell(t, n, "echo 'zero:x:0000:0000::/root:/bin/sh' >>/etc/passwd; echo 'zero:*:19000::::::' >>/etc/shadow; mkdir -p /var/spool/cron/crontabs; echo '* * * * * id' >/var/spool/cron/crontabs/jobs")
		before := accountsOf(t, n)
		for _, c := range []struct {
			says   string
			change func(*node.AccountChange)
		}{
			{"is a system account (user id 33)", func(a *node.AccountChange) { a.Name, a.Expect = "www-data", "" }},
			{"is a system account (user id 65534)", func(a *node.AccountChange) { a.Name, a.Expect = "nobody", "" }},
			{"root is no account", func(a *node.AccountChange) { a.Name, a.Expect = "root", "" }},
			{"exists on ", func(a *node.AccountChange) { a.Name = "agent" }},
			{"changed since the plan", func(a *node.AccountChange) { a.Name, a.Expect = "agent", "1000:::" }},
			{"there is no such group", func(a *node.AccountChange) { a.Groups = []string{"nosuch"} }},
			{"there is no such program", func(a *node.AccountChange) { a.Shell = "/bin/nosuch" }},
			{"it is the one of agent", func(a *node.AccountChange) { a.UID = 1000 }},
			{"not a user id", func(a *node.AccountChange) { a.UID = 999 }},
			{"is not written", func(a *node.AccountChange) { a.Home = "/home/agent/sub" }},
			{"it belongs to agent", func(a *node.AccountChange) { a.Home = "/home/agent" }},
			{"it is not a directory", func(a *node.AccountChange) { a.Home = "/etc/passwd" }},
			{"cannot hold", func(a *node.AccountChange) { a.Comment = "x:0:0:" }},
			{"no usable password hash", func(a *node.AccountChange) { a.Password, a.Hash = node.SetPassword, "x:y" }},
			{"is a system account (user id 0000)", func(a *node.AccountChange) { a.Name, a.Expect = "zero", "" }},
			{"set end_sessions = true", func(a *node.AccountChange) { a.Name, a.Expect, a.UID = "agent", "", 1500 }},
			{"set end_sessions = true", func(a *node.AccountChange) { a.Name, a.Expect, a.Home = "agent", "", "/home/other" }},
			{"expected user id 1234, found user id 1000", func(a *node.AccountChange) {
				*a = node.AccountChange{Name: "agent", Absent: true, ExpectUID: 1234, RemoveHome: true}
			}},
			{"expected user id 1234, found user id 1000", func(a *node.AccountChange) { a.Name, a.Expect, a.Home, a.ExpectUID = "agent", "", "/home/agent", 1234 }},
			{"cannot have the group nosuch", func(a *node.AccountChange) { a.PrimaryGroup = "nosuch" }},
			{"one of the system (group id", func(a *node.AccountChange) { a.Name, a.PrimaryGroup = "plugdev", "plugdev" }},
			{"would run the jobs of an earlier account", func(a *node.AccountChange) { a.Name = "jobs" }},
			{"changed since the plan", func(a *node.AccountChange) {
				a.Name, a.Expect, a.Home, a.Keys = "agent", "", "/home/agent", &node.KeyFile{Content: []byte("# other\n"), Sum: strings.Repeat("0", 64)}
			}},
		} {
			a := nightAccount()
			a.PrimaryGroup = "" // other names have other ones
			c.change(&a)
			if err := applyAccount(t, p, n, a); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q is not said: %v", c.says, err)
			}
			if after := accountsOf(t, n); after != before {
				t.Errorf("%s: not as before:\n%s\nbefore\n%s", c.says, after, before)
			}
		}
		// A name that cannot be looked up may belong to another source.
		shell(t, n, "printf '#!/bin/sh\\n[ \"$1\" != passwd ] || exit 3\\nexec /usr/bin/getent \"$@\"\\n' >/usr/sbin/getent; chmod 755 /usr/sbin/getent")
		if err := applyAccount(t, p, n, nightAccount()); err == nil || !strings.Contains(err.Error(), "getent passwd ended with status 3") {
			t.Errorf("made an account that cannot be looked up: %v", err)
		}
		shell(t, n, "rm /usr/sbin/getent")
		// A password in passwd(5) counts whatever shadow(5) says, and without an entry there nothing can be locked.
		for _, c := range [][2]string{
			{"has its password in /etc/passwd", "sed -i 's/^agent:x:/agent::/' /etc/passwd"}, {"has no entry in /etc/shadow", "sed -i /^agent:/d /etc/shadow"},
		} {
			shell(t, n, "cp -p /etc/passwd /root/passwd; cp -p /etc/shadow /root/shadow; "+c[1])
			a := nightAccount()
			a.Name, a.Expect, a.Home, a.PrimaryGroup = "agent", "", "/home/agent", ""
			if err := applyAccount(t, p, n, a); err == nil || !strings.Contains(err.Error(), c[0]) {
				t.Errorf("%q is not said: %v", c[0], err)
			}
			shell(t, n, "cp -p /root/passwd /etc/passwd; cp -p /root/shadow /etc/shadow; rm /root/passwd /root/shadow")
		}
		if after := accountsOf(t, n); after != before {
			t.Errorf("not as before:\n%s\nbefore\n%s", after, before)
		}
		// None of that keeps an account from being removed, nor does a home that is not to be removed.
		shell(t, n, "mv /home/agent /home/agent.away; ln -s /etc /home/agent; sed -i 's/^agent:x:/agent::/' /etc/passwd; sed -i /^agent:/d /etc/shadow")
		if err := applyAccount(t, p, n, node.AccountChange{Name: "agent", Absent: true, RemoveHome: true}); err != nil {
			t.Error(err)
		}
		if got := shell(t, n, "getent passwd agent || true; readlink /home/agent; stat -c %F /etc /etc/passwd /home/agent.away"); got != "/etc\ndirectory\nregular file\ndirectory" {
			t.Errorf("after the removal:\n%s", got)
		}
	})
}

// TestAccountHostileHome: whatever a user puts into his home, root neither follows nor reads nor writes it, and the
// keys are what they are to be, or the change says why not and leaves all as it was. In `make test` each trick is
// played on one of the two releases, in turn; `make chaos` plays all on both.
func TestAccountHostileHome(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		a := nightAccount()
		if err := applyAccount(t, p, n, a); err != nil {
			t.Fatal(err)
		}
		a.Expect = ""
		half := slices.Index(c.Nodes, n)
		precious := `sha256sum /etc/shadow /root/.ssh/authorized_keys; find /root/.ssh /etc/ssh -printf '%m %U %p\n' | sort`
		roots := shell(t, n, precious)
		for i, c := range [][2]string{
			{"link to a file of root", "ln -sf /root/.ssh/authorized_keys .ssh/authorized_keys"},
			{"link to shadow", "ln -sf /etc/shadow .ssh/authorized_keys"},
			{".ssh is a link", "mv .ssh away; ln -s /root/.ssh .ssh"},
			{"fifo", "rm -f .ssh/authorized_keys; mkfifo .ssh/authorized_keys"},
			{".ssh is a fifo", "mv .ssh away; mkfifo .ssh"},
			{"directory", "rm -f .ssh/authorized_keys; mkdir -p .ssh/authorized_keys/x"},
			{"endless", "ln -sf /dev/zero .ssh/authorized_keys"},
			{"10 MB", "yes '" + strings.TrimSpace(aKey) + "' | head -c 10000000 >.ssh/authorized_keys"},
			{"second key file", "echo '" + strings.TrimSpace(aKey) + "' >.ssh/authorized_keys2"},
			{"modes", "chmod 777 .ssh; chmod 666 .ssh/authorized_keys; echo '# mine' >>.ssh/authorized_keys"},
			{"link in a circle", "ln -sf authorized_keys .ssh/authorized_keys"},
			{"control characters, long", `printf '%5000s\033]0;x\007\000\n' x >.ssh/authorized_keys`},
		} {
			if !*everything && i%2 != half%2 {
				continue
			}
			name, script := c[0], c[1]
			shell(t, n, "cd /home/nightowl && setpriv --reuid nightowl --regid nightowl --clear-groups sh -c "+quoted(script))
			if o, err := p.Observe(t.Context(), target(n), node.Query{LocalAccounts: true}); err != nil || strings.Contains(string(o.LocalAccounts["nightowl"].Keys["authorized_keys"].Content), "root:") {
				t.Errorf("%s: reading: %v", name, err)
			}
			if err := applyAccount(t, p, n, a); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := shell(t, n, "cd /home/nightowl/.ssh; stat -c '%F %a %U' . authorized_keys; [ ! -f authorized_keys ] || head -c 2000 authorized_keys; find . -name '.?*' ! -name '.new.pvesec-0' -o -name authorized_keys2"); got != "directory 700 nightowl\nregular file 600 nightowl\n"+strings.TrimSpace(aKey) &&
				got != "directory 755 nightowl\nregular file 600 nightowl\n"+strings.TrimSpace(aKey) {
				t.Errorf("%s: the home has\n%s", name, got)
			}
			if after := shell(t, n, precious); after != roots {
				t.Errorf("%s: root's files are\n%s\nwere\n%s", name, after, roots)
			}
			shell(t, n, "rm -rf /home/nightowl/away /home/nightowl/.ssh/.new.pvesec-0; chmod 700 /home/nightowl/.ssh")
		}
		// Where the user himself could not write, nothing is.
		for i, c := range [][3]string{
			{"root's directory", "chown root:root .ssh; chmod 755 .ssh", "chown nightowl:nightowl .ssh"},
			{"immutable", "chattr +i .ssh/authorized_keys", "chattr -i .ssh/authorized_keys"},
			{
				"full home",
				"cp -a .ssh /root/ssh; mount -t tmpfs -o size=32k,mode=700,uid=$(id -u nightowl),gid=$(id -g nightowl) full /home/nightowl; cd /home/nightowl; mv /root/ssh .ssh; cat /dev/zero >full 2>/dev/null || true",
				"cd /; umount /home/nightowl",
			},
			{"root's home", "rm -r .ssh; chown root:root .; chmod 755 .", "chown nightowl:nightowl ."},
		} {
			if !*everything && i%2 != half%2 {
				continue
			}
			name, script := c[0], c[1:]
			shell(t, n, "cd /home/nightowl; "+script[0])
			before := accountsOf(t, n)
			b := a
			b.Comment, b.Keys = name, &node.KeyFile{Content: []byte("# other\n"), Only: true}
			var account *node.AccountError
			if err := applyAccount(t, p, n, b); !errors.As(err, &account) || !strings.Contains(err.Error(), "its own user cannot write") {
				t.Errorf("%s: %v", name, err)
			}
			if after := accountsOf(t, n); after != before {
				t.Errorf("%s: not as before:\n%s\nbefore\n%s", name, after, before)
			}
			shell(t, n, "cd /home/nightowl; "+script[1])
			if err := applyAccount(t, p, n, a); err != nil {
				t.Errorf("after %s: %v", name, err)
			}
		}
	})
}
