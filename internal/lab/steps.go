//go:build linux

package lab

import (
	"context"
	"fmt"
	"strings"
)

// hook stands before a tool on the path of the remote program. It counts the commands that the transaction runs, from
// its first line to its last, and lets the fault happen right before the one whose number is in /run/fault/at. That one
// goes on afterwards. Those that run under timeout(1) count as well: their grandparent is the shell. Each is one line
// in the list.
const hook = `#!/bin/sh
nl='
'
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
	line="$n ${0##*/} $*"
	while case $line in *"$nl"*) true ;; *) false ;; esac; do line="${line%%%%"$nl"*} ${line#*"$nl"}"; done
	[ "$at" != 0 ] || printf '%%s\n' "$line" >>/run/fault/steps
	[ "$n" != "$at" ] || { : >/run/fault/struck; . /run/fault/action; }
	;;
esac
[ "${0##*/}" != date ] || [ ! -e /run/fault/clock ] || { read -r clock </run/fault/clock; set -- -d "$clock" "$@"; }
exec %[1]s "$@"
`

// hooked are the tools that a transaction runs. They lie in /usr/bin, and the hooks in /usr/sbin, which comes first on
// its path.
var hooked = []string{
	"mv", "ln", "rm", "cp", "mkdir", "rmdir", "chown", "chmod", "sync", "stat", "sha256sum", "base64", "cmp", "sed", "flock", "date", "cat", "tr", "grep",
	"id", "getent", "find", "readlink", "head", "tail", "visudo",
	"systemctl", "useradd", "usermod", "userdel", "groupadd", "groupdel", "chpasswd", "chage", "setpriv", "dd", "sort",
}

// atHome are those of them that lie in /usr/sbin.
const atHome = "visudo useradd usermod userdel groupadd groupdel chpasswd"

// HookSteps makes the hooks, outside of the path.
func (n *Node) HookSteps(ctx context.Context) error {
	script := "mkdir /opt/hooks; for tool in " + atHome + "; do mv /usr/sbin/$tool /usr/bin/$tool; done\n"
	for _, tool := range hooked {
		script += fmt.Sprintf("printf '%%s' '%s' >/opt/hooks/%s\n", strings.ReplaceAll(fmt.Sprintf(hook, "/usr/bin/"+tool), "'", `'\''`), tool)
	}
	script += "chmod 755 /opt/hooks/*\n"
	if n.Kernel {
		script += "sync\n" // a power cut would leave empty files
	}
	_, err := n.Shell(ctx, script)
	return err
}

// ArmStep puts the hooks in front of the tools and has an action happen before a step of the next transaction. A step
// of 0 only lists the steps, in /run/fault/steps. The hooks go with the power: what is left are links to nowhere, which
// a shell passes over. Files would be empty ones, and every tool would succeed without doing anything.
func (n *Node) ArmStep(ctx context.Context, step int, action string) error {
	_, err := n.Shell(ctx, fmt.Sprintf("rm -rf /run/fault; mkdir /run/fault; echo 0 >/run/fault/count; echo %d >/run/fault/at; cat >/run/fault/action <<'END'\n%s\nEND\ncp -pr /opt/hooks /run/fault/; ln -sf /run/fault/hooks/* /usr/sbin/", step, action))
	return err
}

// Disarmed is a script that takes the hooks away again.
var Disarmed = "/usr/bin/rm -rf /run/fault; cd /usr/sbin; /usr/bin/rm -f " + strings.Join(hooked, " ") + "; cd /\n"

// StepWaits is an action that makes the node wait until the caller has done its part, and made /run/fault/go.
const StepWaits = "touch /run/fault/reached; while [ ! -e /run/fault/go ]; do /usr/bin/sleep 0.02; done; /usr/bin/rm -f /run/fault/reached"

// StepGoesOn is a script that lets a step that waits go on, and waits until it does.
const StepGoesOn = "touch /run/fault/go; for i in $(seq 500); do [ -e /run/fault/reached ] || break; sleep 0.02; done\n"

// AwaitStep waits until the node has come to a step that waits. It is an error where done is closed before.
func (n *Node) AwaitStep(ctx context.Context, done <-chan struct{}) error {
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
