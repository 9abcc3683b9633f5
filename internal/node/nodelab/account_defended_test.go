//go:build linux

package nodelab_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestAccountDefended: what a user does to keep what he has does not help him.
func TestAccountDefended(t *testing.T) {
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
		a.Expect = ""

		// Comment, shell and password are his own. Who takes something away does not ask for them, and who gives does.
		planned := localAccount(t, p, n, "nightowl").Looks
		shell(t, n, "usermod -s /bin/sh -c changed nightowl")
		for _, c := range []struct {
			name string
			give func(*node.AccountChange)
		}{
			{"group", func(a *node.AccountChange) { a.Groups = []string{"audio", "video", "cdrom"} }},
			{"key", func(a *node.AccountChange) { a.Keys = &node.KeyFile{Content: []byte("# other\n" + aKey), Only: true} }},
			{"days", func(a *node.AccountChange) { a.Expires = 40000 }},
			{"secret", func(a *node.AccountChange) { a.Password, a.Hash = node.SetPassword, aHash }},
		} {
			if c.name == "days" {
				shell(t, n, "chage -E 30000 nightowl")
			}
			more := a
			c.give(&more)
			more.Expect = planned
			var changed *node.AccountChangedError
			if err := applyAccount(t, p, n, more); !errors.As(err, &changed) {
				t.Errorf("a %s more for another account than the one of the plan: %v", c.name, err)
			}
			shell(t, n, "chage -E -1 nightowl")
		}
		less := a
		less.Expect, less.Groups, less.Expires = planned, []string{"audio"}, 30000
		if err := applyAccount(t, p, n, less); err != nil {
			t.Errorf("taking away: %v", err)
		}
		if got := localAccount(t, p, n, "nightowl"); strings.Join(got.Groups, " ") != "audio" || got.Expires != 30000 || got.Shell != "/bin/bash" {
			t.Errorf("after taking away %+v", got)
		}

		// Another primary group is one that root gave him, and is looked at like the others.
		shell(t, n, "usermod -g sudo nightowl && groupdel nightowl")
		if got := localAccount(t, p, n, "nightowl"); got.Group != "sudo" || got.Looks == planned {
			t.Errorf("primary group %q", got.Group)
		}
		if err := applyAccount(t, p, n, a); err != nil {
			t.Fatal(err)
		}
		if got := localAccount(t, p, n, "nightowl"); got.Group != "nightowl" || got.GID < 1000 {
			t.Errorf("primary group %q %d", got.Group, got.GID)
		}

		// He kills whatever runs as him, and forks and exits all the time, so that no list of processes has him for
		// long. His sessions end before his key is withdrawn, and he comes back afterwards with what he has then.
		if err := n.WriteFile(t.Context(), "/usr/local/bin/fight", "#!/bin/sh\nwhile :; do pkill -KILL -u nightowl -x 'sh|dd|mv|cat|mkdir|stat|rm|setpriv'; done\n", 0o755); err != nil {
			t.Fatal(err)
		}
		// What forks starts first: the one that fights kills a setpriv, too.
		shell(t, n, `(setsid setpriv --reuid nightowl --regid nightowl --clear-groups perl -e 'for (;;) { exit if fork; open F, ">>/home/nightowl/alive"; print F "x"; close F }' </dev/null >/dev/null 2>&1 &)
			until [ -e /home/nightowl/alive ]; do sleep 0.1; done`)
		shell(t, n, "(setsid setpriv --reuid nightowl --regid nightowl --clear-groups /usr/local/bin/fight </dev/null >/dev/null 2>&1 &); until pgrep -u nightowl -x fight; do sleep 0.1; done")
		withdrawn := a
		withdrawn.EndSessions, withdrawn.Keys = true, &node.KeyFile{Content: []byte("# none\n"), Only: true, Sum: strings.Repeat("0", 64)}
		if err := applyAccount(t, p, n, withdrawn); err != nil {
			t.Errorf("withdrawing a key that is defended: %v", err)
		}
		if got := shell(t, n, "pgrep -u nightowl || true; cat /home/nightowl/.ssh/authorized_keys; ls -A /home/nightowl/.ssh; grep ^nightowl: /etc/shadow | cut -d: -f8"); got != "# none\nauthorized_keys" {
			t.Errorf("afterwards: %s", got)
		}
		if got := shell(t, n, "cd /home/nightowl; stat -c %s alive >/root/alive; sleep 1; stat -c %s alive | cmp - /root/alive 2>&1; rm alive /root/alive"); got != "" {
			t.Errorf("it still forks: %s", got)
		}
		// What was replaced is kept where only root sees it.
		if got := shell(t, n, "cat /var/backups/pvesec/home-nightowl-.ssh-authorized_keys/00000001-*; stat -c %a:%u /var/backups/pvesec/home-nightowl-.ssh-authorized_keys/*"); !strings.HasPrefix(got, strings.TrimSpace(aKey)) ||
			!strings.HasSuffix(got, "600:0") {
			t.Errorf("the copy of the old keys: %s", got)
		}

		// He stays logged in, and another account has his group. What would run as him again goes with the account.
		shell(t, n, `usermod -g nightowl agent; mkdir -p /var/spool/cron/crontabs /var/spool/cron/atjobs /var/lib/systemd/linger
			echo '* * * * * id' >/var/spool/cron/crontabs/nightowl; : >/var/lib/systemd/linger/nightowl; : >/var/lib/systemd/linger/agent
			: >/var/spool/cron/atjobs/a00001; chown nightowl /var/spool/cron/atjobs/a00001; : >/var/spool/cron/atjobs/b00001
			(setsid setpriv --reuid nightowl --clear-groups sleep 1000 </dev/null >/dev/null 2>&1 &); until pgrep -u nightowl -x sleep; do sleep 0.1; done`)
		uid := localAccount(t, p, n, "nightowl").UID
		if err := applyAccount(t, p, n, node.AccountChange{Name: "nightowl", Absent: true, ExpectUID: uid, RemoveHome: true}); err != nil {
			t.Errorf("removing one who stays logged in: %v", err)
		}
		if got := shell(t, n, `id -gn agent; grep -c ^nightowl: /etc/passwd || true; pgrep -c -f '^sleep 1000'; ls /var/spool/cron/crontabs /var/spool/cron/atjobs /var/lib/systemd/linger | grep -e nightowl -e 00001 -e agent
			cat /var/backups/pvesec/var-spool-cron-crontabs-nightowl/*`); got != "nightowl\n0\n1\nagent\nb00001\n* * * * * id" {
			t.Errorf("after the removal: %s", got)
		}
		shell(t, n, "usermod -g agent agent; groupdel nightowl; pkill -f '^sleep 1000'")
		if after := accountsOf(t, n); after != before {
			t.Errorf("not as before:\n%s\nbefore\n%s", after, before)
		}
	})
}

// TestAccountVerified: a tool that does not do what it was told, and says nothing, is no change.
func TestAccountVerified(t *testing.T) {
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
		for _, c := range []struct {
			tool, says string
			change     func(*node.AccountChange)
		}{
			{"chage", "end on day none", func(a *node.AccountChange) { a.Expires = 30000 }},
			{"chpasswd", "another password", func(a *node.AccountChange) { a.Password, a.Hash = node.SetPassword, aHash }},
			{"usermod", "groups audio video", func(a *node.AccountChange) { a.Groups = []string{"audio"} }},
			{"usermod", "shell /bin/bash", func(a *node.AccountChange) { a.Shell, a.EndSessions = "/bin/sh", true }},
			{"usermod", "group id", func(a *node.AccountChange) { a.PrimaryGroup = "users" }},
			{"usermod", "user id", func(a *node.AccountChange) { a.UID, a.EndSessions = 3000, true }},
		} {
			before := accountsOf(t, n)
			shell(t, n, fmt.Sprintf("real=$(command -v %[1]s); mv $real $real.real; ln -s /usr/bin/true $real", c.tool))
			b := a
			c.change(&b)
			var failed *node.ApplyError
			if err := applyAccount(t, p, n, b); !errors.As(err, &failed) || !failed.Clean() || !strings.Contains(err.Error(), "is not as it was told to be") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("with a %s that does nothing: %v, want %q", c.tool, err, c.says)
			} else if strings.Contains(err.Error(), aHash) {
				t.Errorf("the hash is told: %v", err)
			}
			shell(t, n, fmt.Sprintf("real=$(command -v %[1]s); mv $real.real $real", c.tool))
			if after := accountsOf(t, n); after != before {
				t.Errorf("%s: not as before:\n%s\nbefore\n%s", c.tool, after, before)
			}
		}
	})
}
