//go:build linux

package nodelab_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// hook stands before a tool on the path of the remote program. It counts the commands that the transaction runs, from its first
// line to its last, and lets the fault happen right before the one whose number is in /run/fault/at. That one goes on afterwards.
// Those that run under timeout(1) count as well: their grandparent is the shell.
const hook = `#!/bin/sh
IFS= read -r parent </proc/$PPID/cmdline
case $parent in
timeout*)
	read -r pid name state above rest </proc/$PPID/stat
	IFS= read -r parent </proc/$above/cmdline
	;;
esac
case $parent in
/bin/sh*-s*)
	read -r n </run/fault/count
	n=$((n + 1))
	echo $n >/run/fault/count
	read -r at </run/fault/at
	[ "$at" != 0 ] || echo "$n ${0##*/} $*" >>/run/fault/steps
	[ "$n" != "$at" ] || { : >/run/fault/struck; . /run/fault/action; }
	;;
esac
[ "${0##*/}" != date ] || [ ! -e /run/fault/clock ] || { read -r clock </run/fault/clock; set -- -d "$clock" "$@"; }
exec %[1]s "$@"
`

// hooked are the tools that a transaction runs. They lie in /usr/bin, and the hooks in /usr/sbin, which comes first on its path.
var hooked = []string{
	"mv", "ln", "rm", "cp", "mkdir", "rmdir", "chown", "chmod", "sync", "stat", "sha256sum", "base64", "cmp", "sed", "flock", "date", "cat", "tr", "grep",
	"id", "getent", "find", "readlink", "head", "tail", "visudo",
	"useradd", "usermod", "userdel", "groupadd", "groupdel", "chpasswd", "chage", "setpriv", "dd", "sort",
}

// quoted makes one word of a shell of a text.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// putHooks makes the hooks, outside of the path, and the state that every fault starts from.
func putHooks(ctx context.Context, n *lab.Node, content string) error {
	script := "rm -rf /etc/pvesec /var/backups/pvesec; id agent >/dev/null 2>&1 || useradd -m agent; mkdir /opt/hooks; for tool in visudo useradd usermod userdel groupadd groupdel chpasswd; do mv /usr/sbin/$tool /usr/bin/$tool; done\n"
	for _, tool := range hooked {
		script += fmt.Sprintf("printf '%%s' %s >/opt/hooks/%s\n", quoted(fmt.Sprintf(hook, "/usr/bin/"+tool)), tool)
	}
	script += "chmod 755 /opt/hooks/*; printf '%s' " + quoted(content) + " >/etc/sudoers.d/agent; chmod 440 /etc/sudoers.d/agent; sync\n" // so that a power cut leaves it all
	_, err := n.Shell(ctx, script)
	return err
}

// arm puts the hooks in front of the tools and has a fault happen before a step. A step of 0 only lists the steps.
func arm(ctx context.Context, n *lab.Node, step int, action string) error {
	_, err := n.Shell(ctx, fmt.Sprintf("rm -rf /run/fault; mkdir /run/fault; echo 0 >/run/fault/count; echo %d >/run/fault/at; cat >/run/fault/action <<'END'\n%s\nEND\ncp -p /opt/hooks/* /usr/sbin/", step, action))
	return err
}

// disarmed is a script that takes the hooks away again.
var disarmed = "/usr/bin/rm -rf /run/fault; cd /usr/sbin; /usr/bin/rm -f " + strings.Join(hooked, " ") + "; cd /\n"

// await makes the node wait until this side has done its part.
const await = "touch /run/fault/reached; while [ ! -e /run/fault/go ]; do /usr/bin/sleep 0.02; done"

// reached waits until a node has come to the step, and says whether it has.
func reached(ctx context.Context, n *lab.Node, done <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-done: // the change ended without
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err := n.Shell(ctx, "until [ -e /run/fault/reached ]; do sleep 0.02; done")
	return err
}
