//go:build linux

package nodelab_test

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestSshdLockout: with the real sshd of both releases, a change that keeps pvesec out is taken back by the node, and
// one that does not stands. sshd is reloaded and never stopped: a session that was open before answers all the time.
func TestSshdLockout(t *testing.T) {
	t.Parallel()
	c := start(t)
	key, err := ssh.ParsePrivateKey(c.SSHKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		p := newPool(t, c, "root")
		second, err := ssh.Dial("tcp", n.Address+":"+strconv.Itoa(n.Port), &ssh.ClientConfig{User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		session, err := second.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		in, err1 := session.StdinPipe()
		out, err2 := session.StdoutPipe()
		if err1 != nil || err2 != nil || session.Start("cat") != nil {
			t.Fatal("no second session")
		}
		answers := func(when string) {
			t.Helper()
			if _, err := io.WriteString(in, "here\n"); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			read := make(chan error, 1)
			go func() {
				_, err := io.ReadFull(out, make([]byte, 5))
				read <- err
			}()
			select {
			case err := <-read:
				if err != nil {
					t.Fatalf("%s: %v", when, err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s: the session that was open does not answer", when)
			}
		}
		answers("at first")
		pid := func() string {
			return shell(t, n, "systemctl show --property=MainPID --value ssh.service; systemctl is-active ssh.service")
		}
		before := pid()
		change := func(text string) []node.Change {
			return []node.Change{{Target: target(n), Label: "the policy", RestartServices: []string{"ssh.service"}, Files: []node.File{{
				Path: "/etc/ssh/sshd_config.d/00-pvesec-x.conf", Content: []byte(text), Mode: 0o600, Validate: node.Sshd,
			}}}}
		}
		const lookup = "cat /etc/ssh/sshd_config.d/00-pvesec-x.conf 2>/dev/null || true; ls -A /etc/pvesec /etc/systemd/system /run/systemd/transient 2>/dev/null | grep pvesec || true"
		for what, text := range map[string]string{"another user": "AllowUsers mallory\n", "another way": "PubkeyAuthentication no\n", "another cipher": "KexAlgorithms sntrup761x25519-sha512@openssh.com\n"} {
			err := p.Apply(t.Context(), change(text), nil)
			if err == nil || !strings.Contains(err.Error(), "takes away the access that pvesec itself uses") {
				t.Errorf("%s: got %v", what, err)
			}
			answers(what)
			if got := shell(t, n, lookup); got != "" {
				t.Errorf("%s: left %s", what, got)
			}
			if _, err := newPool(t, c, "root").Observe(t.Context(), target(n), node.Query{}); err != nil {
				t.Errorf("%s: nobody gets in afterwards: %v", what, err)
			}
		}
		if err := p.Apply(t.Context(), change("MaxAuthTries 2\n"), nil); err != nil {
			t.Fatal(err)
		}
		answers("after a change that stands")
		if got := shell(t, n, lookup); got != "MaxAuthTries 2" {
			t.Errorf("the node has %q", got)
		}
		if now := pid(); now != before || !strings.HasSuffix(now, "active") {
			t.Errorf("sshd was stopped: %q, before %q", now, before)
		}
		broken := change("MaxAuthTries two\n")
		if err := p.Apply(t.Context(), broken, nil); err == nil || !strings.Contains(err.Error(), "MaxAuthTries") {
			t.Errorf("a file that sshd refuses: %v", err)
		}
		// Somebody else breaks the configuration. Nothing is added then, and what is there can be taken away; sshd runs
		// on.
		shell(t, n, "echo Nonsense yes >/etc/ssh/sshd_config.d/50-x.conf")
		gone := change("")
		gone[0].Files[0].Kind, gone[0].Files[0].Content = node.Absent, nil
		if err := p.Apply(t.Context(), gone, nil); err != nil {
			t.Errorf("a removal beside a broken file: %v", err)
		}
		shell(t, n, "rm /etc/ssh/sshd_config.d/50-x.conf")
		if got := shell(t, n, lookup); got != "" {
			t.Errorf("a removal left %s", got)
		}
		answers("at the end")
		if now := pid(); now != before {
			t.Errorf("sshd was stopped: %q, before %q", now, before)
		}
	})
}

// TestRealSshdAnswers: the real sshd of both releases names the file and the line that decide, and the connection that
// asks.
func TestRealSshdAnswers(t *testing.T) {
	t.Parallel()
	c := start(t)
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		addOps(t, n, "ops ALL=(root) NOPASSWD: /bin/sh -s\n")
		shell(t, n, `printf 'MaxAuthTries 9\nMatch User agent\n\tPermitTTY no\n' >/etc/ssh/sshd_config.d/50-x.conf`)
		p := newPool(t, c, "ops")
		seen, err := p.Observe(t.Context(), target(n), node.Query{Sshd: &node.SshdQuery{}})
		if err != nil {
			t.Fatal(err)
		}
		own := seen.Sshd.Own
		if own.User != "ops" || own.Address == "" || own.LocalPort == 0 || len(seen.Sshd.Algorithms["kex"]) == 0 {
			t.Fatalf("got %+v", seen.Sshd)
		}
		if !seen.Sshd.Unread {
			t.Error("a file that sshd has not read counts as read")
		}
		if want := strings.Fields(shell(t, n, "hostname -I")); !slices.Equal(seen.Sshd.Addresses, want) {
			t.Errorf("the addresses are %q, and the node has %q", seen.Sshd.Addresses, want)
		}
		shell(t, n, "systemctl reload ssh.service")
		if read, err := p.Observe(t.Context(), target(n), node.Query{Sshd: &node.SshdQuery{}}); err != nil || read.Sshd.Unread {
			t.Errorf("after a reload: %+v %v", read, err)
		}
		agent := own
		agent.User = "agent"
		seen, err = p.Observe(t.Context(), target(n), node.Query{Sshd: &node.SshdQuery{
			Connections: []node.SshdConnection{own, agent}, Path: "/etc/ssh/sshd_config.d/00-pvesec-x.conf", Content: []byte("MaxAuthTries 3\n"), Keywords: []string{"maxauthtries", "permittty"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		a := seen.Sshd
		tty := node.SshdLine{File: "/etc/ssh/sshd_config.d/50-x.conf", Line: 3, Keyword: "permittty", Value: "no", InMatch: true}
		if len(a.With) != 2 || a.With[0].Settings["maxauthtries"][0] != "3" || a.Without[0].Settings["maxauthtries"][0] != "9" || a.With[1].Settings["permittty"][0] != "no" || a.With[0].Settings["permittty"][0] != "yes" ||
			!a.With[0].Keys || a.With[1].Keys {
			t.Errorf("got %+v", a)
		}
		if len(a.Conditional) != 1 || a.Conditional[0] != tty || len(a.With[1].Lines) == 0 || a.With[1].Lines[len(a.With[1].Lines)-1] != tty || a.With[0].Lines[0].File != "/etc/ssh/sshd_config.d/00-pvesec-x.conf" {
			t.Errorf("the lines are %+v and %+v", a.Conditional, a.With)
		}
		if left := shell(t, n, "ls -d /run/pvesec-sshd* 2>/dev/null || true"); left != "" {
			t.Errorf("left %s", left)
		}
	})
}
