//go:build linux

package nodelab_test

import (
	"context"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// A fault is one way in which the world gets worse.
type fault struct {
	name string
	// action is what happens before a step, run by a shell on the node.
	action string
	// outside happens on this side while the node waits; nil for none.
	outside func(ctx context.Context, n *lab.Node) error
	// repair ends the fault, as somebody would have to who wants to go on.
	repair func(ctx context.Context, n *lab.Node) error
	// every is how many steps lie between two at which `make test` injects it; only, when not nil, picks the steps.
	every int
	only  func(step string) bool
	// before is a script that brings the fault before the change, which meets it whenever it does; there are no steps
	// then. after ends it.
	before, after string
	// says is what the error must tell, or "done" where the change must go through in spite of it.
	says string
	// foreign is set where somebody else writes what the change is about.
	foreign bool
	// unsure is set where a node may end in a state that cannot be told, or cannot be put back before the repair.
	unsure bool
	// slow is set where a limit of time has to pass.
	slow bool
}

// The shell of the session is in $sh, sshd's part of it in $sshd.
const session = `sh=$(/usr/bin/pgrep -o -f '^/bin/sh -s$')
read -r pid name state sshd rest </proc/$sh/stat
`

// ours are the directories with the stage of a change and with the copies of what it replaced.
const ours = "/etc/pvesec /var/backups/pvesec"

// faults are those that happen right before a command of the transaction.
func faults() []fault {
	thaw := script("chattr -i /etc/sudoers.d /etc/sudoers.d/agent; rm -f /full")
	thawOurs := script("chattr -R -i " + ours + " || true")
	return []fault{
		{name: "hangs", action: "trap '' TERM; while :; do /usr/bin/sleep 1; done", every: 7, slow: true, unsure: true, only: func(step string) bool {
			return !strings.Contains(step, " flock -n") // takes the lock or does not, and never waits
		}},
		{name: "shell stopped", action: session + "kill -STOP $sh", every: 9, slow: true},
		{name: "shell killed", action: session + "kill -KILL $sh", every: 1},
		{name: "all killed", action: "/usr/bin/pkill -KILL -f '^/bin/sh -s$'", every: 2},
		{name: "connection cut", action: session + "kill -9 $sshd", every: 2},
		{name: "disk full", action: "/usr/bin/dd if=/dev/zero of=/full bs=1M 2>/dev/null", repair: thaw, every: 3, unsure: true},
		{name: "immutable file", action: "/usr/bin/chattr +i /etc/sudoers.d/agent", repair: thaw, every: 3, unsure: true},
		{name: "immutable directory", action: "/usr/bin/chattr +i /etc/sudoers.d", repair: thaw, every: 3, unsure: true},
		{name: "immutable directories of ours", action: "/usr/bin/find " + ours + " -type d -exec /usr/bin/chattr +i {} + 2>/dev/null; true", repair: thawOurs, every: 3, unsure: true},
		{name: "command fails", action: "exit 1", every: 3, unsure: true},
		{name: "command missing", action: `echo "/bin/sh: ${0##*/}: not found" >&2; exit 127`, every: 4, unsure: true},
		{name: "second writer", action: "echo '# foreign' >/etc/sudoers.d/agent.new; /usr/bin/chmod 440 /etc/sudoers.d/agent.new; /usr/bin/mv /etc/sudoers.d/agent.new /etc/sudoers.d/agent", foreign: true, every: 4},
		{name: "clock ahead", action: "echo '2099-12-31 23:59:59' >/run/fault/clock", every: 3, says: "done"},
		{name: "clock back", action: "echo '2000-01-01 00:00:00' >/run/fault/clock", every: 3, says: "done"},
		{name: "read-only", action: lab.StepWaits, outside: readOnly, repair: readWrite, every: 4, unsure: true},
		powerCut(6, nil),
	}
}

func powerCut(every int, only func(step string) bool) fault {
	return fault{
		name: "power cut", action: lab.StepWaits, every: every, only: only, unsure: true,
		outside: func(_ context.Context, n *lab.Node) error { n.Kill(); return nil },
		repair:  func(ctx context.Context, n *lab.Node) error { return n.Start(ctx) },
	}
}

// script runs on the node from outside of SSH.
func script(text string) func(ctx context.Context, n *lab.Node) error {
	return func(ctx context.Context, n *lab.Node) error {
		_, err := n.Shell(ctx, text)
		return err
	}
}

// shellOf is a fault of root's login shell.
func shellOf(name, text, says string) fault {
	return fault{
		name: name, says: says, after: "usermod -s /bin/bash root; rm -f /usr/local/bin/shell",
		before: "printf '%s\\n' " + quoted(text) + " >/usr/local/bin/shell; chmod 755 /usr/local/bin/shell; usermod -s /usr/local/bin/shell root",
	}
}

// startFile is a fault of what root's login shell reads when it starts.
func startFile(name, text, says string) fault {
	return fault{
		name: name, says: says, after: "mv /root/.bashrc.away /root/.bashrc; pkill -KILL -f ' -c /bin/sh -s$' || true; pkill -f '^sleep 98765$' || true",
		before: "mv /root/.bashrc /root/.bashrc.away; printf '%s\\n' " + quoted(text) + " >/root/.bashrc",
	}
}

// sshd is a setting of the node's SSH server.
func sshd(setting, says string) fault {
	return fault{
		name: "sshd " + setting, says: says, after: "rm /etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh",
		before: "echo " + quoted(setting) + " >/etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh",
	}
}

// forged are frames of an answer as somebody writes them who does not know the mark.
const forged = `for w in hello locked prepared committed finished sealed settled; do echo "pvesec-000000000000000000000000 $w 0"; done`

// conditions are the faults that are there before the change begins.
func conditions() []fault {
	list := []fault{
		startFile("start file talks", "echo Welcome; printf 'pvesec-0 hello 0'", "done"),
		startFile("start file ends", "exit 0", "ended with status 0"),
		startFile("start file reads", "cat >/dev/null", "the policy was not applied"),
		shellOf("nologin", "#!/usr/sbin/nologin", "ended with status"),
		shellOf("restricted shell", "#!/bin/sh\nexec /bin/rbash \"$@\"", "ended with status"),
		shellOf("shell forges answers", "#!/bin/sh\n"+forged, "ended with status"),
		shellOf("shell prints rubbish", "#!/bin/sh\nhead -c 3000000 /dev/urandom; exit 0", "the policy was not applied"),
		sshd("MaxSessions 1", "done"),
		sshd("MaxSessions 0", "MaxSessions"),
		sshd("MaxStartups 1:100:1", "done"),
		sshd("ForceCommand /bin/sh -s", "done"),
		sshd("ForceCommand /usr/bin/false", "ended with status 1"),
		sshd("PermitRootLogin no", "refused the login"),
		sshd("AllowUsers nobody", "refused the login"),
	}
	waits := startFile("start file waits", "sleep 98765", "start files")
	waits.slow = true
	list = append(list, waits)
	for _, tool := range []string{
		"flock", "base64", "timeout", "sha256sum", "mv", "stat", "cmp", "cp", "ln", "rm", "mkdir", "rmdir", "chown", "chmod", "cat", "sed", "grep", "sync", "find", "readlink", "date", "head", "tail",
		"tr", "id", "getent", "visudo",
	} {
		list = append(list, fault{
			name: "without " + tool, says: tool,
			before: "cp /usr/bin/mv /usr/local/sbin/away; for d in /usr/sbin /usr/bin; do [ ! -e $d/" + tool + " ] || away $d/" + tool + " $d/" + tool + ".away; done",
			after:  "for d in /usr/sbin /usr/bin; do [ ! -e $d/" + tool + ".away ] || away $d/" + tool + ".away $d/" + tool + "; done; rm /usr/local/sbin/away",
		})
	}
	return list
}
