//go:build linux

package nodelab_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// killedWith applies an account, has a script run on the node when the account is in place, and kills the shell then.
// It returns what the caller is told.
func killedWith(t *testing.T, p *node.Pool, n *lab.Node, a node.AccountChange, script string) error {
	t.Helper()
	slow(t, n)
	done := make(chan error, 1)
	go func() {
		done <- p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "account", Accounts: []node.AccountChange{a}, RestartServices: []string{"slow"}}}, nil)
	}()
	shell(t, n, "for i in $(seq 3000); do [ -e /run/reached ] && exit 0; sleep 0.1; done; exit 1")
	shell(t, n, script+"\nrm -rf /root/stage; cp -a /etc/pvesec/stage /root/stage; pkill -KILL -f '^/bin/sh -s$'; touch /run/go")
	return <-done
}

// clean checks that a change did not come about and left nothing behind.
func clean(t *testing.T, what string, err error) {
	t.Helper()
	var failed *node.ApplyError
	if !errors.As(err, &failed) || !failed.Clean() {
		t.Errorf("%s: %v", what, err)
	}
}

// TestAccountUndone: undoing a change of an account takes nothing from its user that is his own, not even a second
// time, and nothing that he does keeps the node from the next change.
func TestAccountUndone(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		next := func(what string) {
			t.Helper()
			if err := p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "the policy", Files: []node.File{policy("# " + what + "\n")}}}, nil); err != nil {
				t.Errorf("%s: the next change: %v", what, err)
			}
			if got := shell(t, n, "ls -d /etc/pvesec 2>/dev/null || true"); got != "" {
				t.Errorf("%s: a stage is left", what)
			}
		}
		before := accountsOf(t, n)
		a := nightAccount()
		clean(t, "a new account", killedWith(t, p, n, a, "id nightowl"))
		if after := accountsOf(t, n); after != before {
			t.Errorf("a new account: not as before:\n%s\nbefore\n%s", after, before)
		}
		// It was there for days, and its user has worked.
		clean(t, "a new account that was used", killedWith(t, p, n, a, "echo mine >/home/nightowl/notes; chown nightowl: /home/nightowl/notes"))
		if got := shell(t, n, "cat /home/nightowl/notes; id -u nightowl 2>/dev/null || echo no account; ls /home/nightowl/.ssh 2>/dev/null || echo no keys"); got != "mine\nno account\nno keys" {
			t.Errorf("a new account that was used: %s", got)
		}
		next("used")
		shell(t, n, "rm -rf /home/nightowl")

		// What is undone twice does not take away what came in between.
		a.Keys = nil
		if err := applyAccount(t, p, n, a); err != nil {
			t.Fatal(err)
		}
		uid := localAccount(t, p, n, "nightowl").UID
		a.Expect, a.Keys = "", &node.KeyFile{Content: []byte(aKey), Only: true}
		moved := a
		moved.Home, moved.UID, moved.EndSessions = "/home/op", uid+7, true
		for i, change := range []node.AccountChange{a, moved} {
			what := []string{"keys", "another home"}[i]
			clean(t, what, killedWith(t, p, n, change, ":"))
			shell(t, n, `setpriv --reuid nightowl --regid nightowl --clear-groups sh -c 'mkdir -p /home/nightowl/.ssh; echo "# mine" >/home/nightowl/.ssh/authorized_keys'
				mkdir -p -m 700 /etc/pvesec; cp -a /root/stage /etc/pvesec/stage`)
			next(what)
			if got := shell(t, n, "cat /home/nightowl/.ssh/authorized_keys; ls -A /home/nightowl/.ssh; ls /home; id -u nightowl"); !strings.HasPrefix(got, "# mine\nauthorized_keys\nagent\nnightowl\n") ||
				localAccount(t, p, n, "nightowl").UID != uid {
				t.Errorf("%s, undone twice: %s", what, got)
			}
			shell(t, n, "rm -r /home/nightowl/.ssh")
		}
		// Nor a file that somebody has written over the one of the transaction.
		clean(t, "written over", killedWith(t, p, n, a, "echo '# mine' >>/home/nightowl/.ssh/authorized_keys"))
		if got := shell(t, n, "cat /home/nightowl/.ssh/authorized_keys"); got != aKey+"# mine" {
			t.Errorf("written over: %s", got)
		}
		next("written over")

		// He makes undoing fail.
		failing := func(what, script string, change node.AccountChange) {
			t.Helper()
			if err := n.WriteFile(t.Context(), "/root/sabotage", "[ ! -e /run/sabotaged ] || exit 0\n: >/run/sabotaged\n"+script+"\nexit 1\n", 0o700); err != nil {
				t.Fatal(err)
			}
			if err := n.WriteFile(t.Context(), "/etc/systemd/system/sabotage.service", "[Service]\nType=oneshot\nExecStart=/bin/sh /root/sabotage\n", 0o644); err != nil {
				t.Fatal(err)
			}
			shell(t, n, "rm -f /run/sabotaged; systemctl daemon-reload")
			err := p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "account", Accounts: []node.AccountChange{change}, RestartServices: []string{"sabotage"}}}, nil)
			clean(t, what, err)
			if err == nil || !strings.Contains(err.Error(), "sabotage") {
				t.Errorf("%s: %v", what, err)
			}
		}
		a.Keys = &node.KeyFile{Content: []byte("# other\n"), Only: true}
		failing("a home that cannot be put back", "cd /home/nightowl/.ssh && rm -f authorized_keys && mkdir authorized_keys && : >authorized_keys/x && chattr +i .", a)
		next("a home that cannot be put back")
		shell(t, n, "cd /home/nightowl; chattr -i .ssh; rm -rf .ssh")
		was := accountsOf(t, n)
		moved.Keys = nil
		failing("another user id", "systemd-run --quiet --uid=nightowl sleep 1000; until pgrep -u nightowl -x sleep; do sleep 0.1; done", moved)
		if after := accountsOf(t, n); after != was {
			t.Errorf("another user id: not as before:\n%s\nbefore\n%s", after, was)
		}
		next("another user id")
	})
}

// TestAccountSealed: the shell dies right after the change stands. What cannot be undone is done all the same.
func TestAccountSealed(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		before := accountsOf(t, n)
		if err := applyAccount(t, p, n, nightAccount()); err != nil {
			t.Fatal(err)
		}
		if err := n.WriteFile(t.Context(), "/usr/sbin/mv", "#!/bin/sh\n/usr/bin/mv \"$@\" || exit 1\ncase $* in */sealed) : >/run/killed; pkill -KILL -f '^/bin/sh -s$' ;; esac\nexit 0\n", 0o755); err != nil {
			t.Fatal(err)
		}
		keys := nightAccount()
		keys.Expect, keys.Keys = "", &node.KeyFile{Content: []byte("# none\n"), Only: true}
		if err := applyAccount(t, p, n, keys); err != nil {
			t.Errorf("keys: %v", err)
		}
		if got := shell(t, n, "ls -A /home/nightowl/.ssh; cat /home/nightowl/.ssh/authorized_keys /var/backups/pvesec/home-nightowl-.ssh-authorized_keys/*; rm /run/killed"); got != "authorized_keys\n# none\n"+strings.TrimSpace(aKey) {
			t.Errorf("keys: %s", got)
		}
		shell(t, n, "(setsid setpriv --reuid nightowl --clear-groups sleep 1000 </dev/null >/dev/null 2>&1 &); until pgrep -u nightowl -x sleep; do sleep 0.1; done")
		if err := applyAccount(t, p, n, node.AccountChange{Name: "nightowl", Absent: true, RemoveHome: true, EndSessions: true}); err != nil {
			t.Errorf("removal: %v", err)
		}
		if got := shell(t, n, "rm /run/killed /usr/sbin/mv; pgrep -f '^sleep 1000' || true"); got != "" {
			t.Errorf("it still runs: %s", got)
		}
		if after := accountsOf(t, n); after != before {
			t.Errorf("not as before:\n%s\nbefore\n%s", after, before)
		}
	})
}

// TestAccountUndoneLater: undoing a change takes back what the change did, and nothing that an administrator has done
// by hand since: an account made in its place, a password that root gave it, a lock, an end, a group.
func TestAccountUndoneLater(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		look := func() string {
			return shell(t, n, "id nightowl 2>&1 || exit 0; getent passwd nightowl | cut -d: -f5-; getent shadow nightowl | cut -d: -f2 | cut -c1-2; getent shadow nightowl | cut -d: -f8")
		}
		a := nightAccount()
		a.Keys = nil
		clean(t, "made anew by hand", killedWith(t, p, n, a, "userdel -f nightowl; useradd -M -u 4242 -d /home/nightowl nightowl"))
		if got := look(); !strings.HasPrefix(got, "uid=4242(nightowl)") {
			t.Errorf("an account that was made by hand in its place: %s", got)
		}
		shell(t, n, "userdel -f nightowl; rm -rf /home/nightowl")
		clean(t, "a password by hand", killedWith(t, p, n, a, "echo nightowl:of-the-night | chpasswd"))
		if got := look(); !strings.Contains(got, "\n$") {
			t.Errorf("an account that was given a password by hand: %s", got)
		}
		shell(t, n, "userdel -f nightowl; rm -rf /home/nightowl")
		clean(t, "a new account", killedWith(t, p, n, a, ":"))
		if got := look(); !strings.Contains(got, "no such user") {
			t.Errorf("an account that nobody touched: %s", got)
		}

		if err := applyAccount(t, p, n, a); err != nil {
			t.Fatal(err)
		}
		before := accountsOf(t, n)
		change := a
		change.Expect, change.Comment, change.Groups, change.Expires = "", "Day shift", []string{"audio", "plugdev"}, 30000
		change.Password, change.Hash = node.SetPassword, "$y$j9T$B7jFOCk8GMJd2ZDCGmb0g0$B8jRqyRCPqW2ASjCnFQ2ZOuLHXKNVS8dMtQAUKvBTRB"
		clean(t, "nothing by hand", killedWith(t, p, n, change, ":"))
		if after := accountsOf(t, n); after != before {
			t.Errorf("nothing by hand: not as before:\n%s\nbefore\n%s", after, before)
		}
		// He is locked and ended, leaves a group, and comes into another one.
		clean(t, "after an incident", killedWith(t, p, n, change, "echo nightowl:another | chpasswd; chage -E 20000 nightowl; gpasswd -d nightowl audio; gpasswd -a nightowl dialout"))
		got := look()
		if !strings.Contains(got, "(dialout)") || !strings.Contains(got, "(video)") || strings.Contains(got, "(audio)") || strings.Contains(got, "(plugdev)") ||
			!strings.Contains(got, "Night shift, 2nd floor:") || !strings.Contains(got, "\n$") || !strings.HasSuffix(got, "\n20000") {
			t.Errorf("after an incident: %s", got)
		}
	})
}
