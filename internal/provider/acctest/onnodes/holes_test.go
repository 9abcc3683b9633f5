package onnodes

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/attacker"
)

// hole is a policy, or a node, that gives more than it seems to.
type hole struct {
	name, policy string
	// options stand before the tags of the policy.
	options string
	// technique is the group of attempts that gets through.
	technique string
	// tries are texts of the attempts that are made, so that the test takes seconds; none for all of the technique.
	tries []string
	// concern is what the judge must say.
	concern string
	// breaks is a hole that leaves another node than it was: what comes next starts with a new one.
	breaks bool
	// mistake is what somebody did to the node as root.
	mistake string
}

const (
	evilRoot  = "no root: + file /etc/evil-root"
	otherCall = "only what is promised: + call "
)

var holes = []hole{
	{name: "an option left open", policy: "/usr/sbin/qm set *", technique: "plain", concern: evilRoot},
	{name: "a denial and an abbreviation", policy: "/usr/sbin/qm *, !/usr/sbin/qm set *, !/usr/sbin/qm destroy *", technique: "abbreviation", concern: evilRoot},
	{name: "guests of others", policy: "/usr/sbin/qm ^(start|stop) [0-9]+$", technique: "plain", concern: otherCall + "qm"},
	{name: "users of PVE", policy: "/usr/sbin/pveum ^user modify .*$", technique: "plain", concern: "root@pam untouched: + call pveum user modify root@pam --enable=0"},
	{name: "services", breaks: true, policy: "/usr/bin/systemctl *", technique: "plain", tries: []string{"mask"}, concern: "no service: + service /etc/systemd/system/cron.service /dev/null"},
	{name: "packages", breaks: true, policy: "/usr/bin/dpkg ^-i .*$", technique: "plain", concern: "no package: + package evil"},
	{name: "the network", breaks: true, policy: "/usr/bin/ip *", technique: "plain", tries: []string{"address"}, concern: "no network change: "},
	{name: "accounts", breaks: true, policy: "/usr/sbin/usermod *", technique: "plain", concern: "no account: "},
	{name: "a file by an option", breaks: true, policy: "/usr/bin/journalctl *", technique: "plain", tries: []string{"--cursor-file"}, concern: "no file outside of the promise: + file /etc/evil"},
	{name: "a denied option", policy: "/usr/sbin/qm *, !/usr/sbin/qm *--hookscript*", technique: "abbreviated option", concern: evilRoot},
	{name: "a denied option with a value", policy: "/usr/sbin/qm *, !/usr/sbin/qm * --hookscript *", technique: "= form", concern: evilRoot},
	{name: "a denied long option", policy: "/usr/sbin/qm *, !/usr/sbin/qm *--*", technique: "one dash", concern: evilRoot},
	{name: "a denied long option with a value", policy: "/usr/sbin/qm *, !/usr/sbin/qm *--*, !/usr/sbin/qm * -* *", technique: "one dash and =", concern: evilRoot},
	{name: "a denied option in small letters", policy: "/usr/sbin/qm *, !/usr/sbin/qm *-[a-z]*", technique: "upper case", concern: evilRoot},
	{name: "a denied option at the end", policy: "/usr/sbin/qm *, !/usr/sbin/qm set [0-9]* --hookscript *", technique: "option order", concern: evilRoot},
	{name: "directories of old", breaks: true, policy: "/bin/*, /sbin/*", technique: "path", tries: []string{"/home/agent/p"}, concern: evilRoot},
	{name: "a name that is relative", policy: "/usr/sbin/qm set *", technique: "relative name", concern: evilRoot},
	{name: "a pattern in the path, a link", breaks: true, policy: "/home/*/attempts/*/qm", technique: "link", tries: []string{"/usr/bin/bash"}, concern: evilRoot},
	{name: "a pattern in the path, a copy", breaks: true, policy: "/home/*/attempts/*/qm", technique: "copy", tries: []string{"/usr/bin/bash"}, concern: evilRoot},
	{name: "a pattern in the path, another program", policy: "/home/*/attempts/*/qm", technique: "copy of a program", concern: evilRoot},
	{name: "a pattern in the path, a link to it", policy: "/home/*/attempts/*/qm", technique: "link to a program", concern: evilRoot},
	{name: "a pattern in the path, a link that changes", policy: "/home/*/attempts/*/qm", technique: "race", concern: evilRoot},
	{name: "directories of the caller", policy: "/home/*/attempts/*/qm\nDefaults:agent !secure_path", technique: "program in PATH", concern: evilRoot},
	{name: "arguments that are one", breaks: true, policy: "/usr/bin/journalctl --cursor-file=/etc/evil -n *", technique: "one argument", concern: "no file outside of the promise: + file /etc/evil -n 1 -q"},
	{name: "any argument, and a newline", breaks: true, policy: "/usr/bin/touch *, /usr/bin/mkdir *, /usr/sbin/qm *", technique: "newline", concern: ": + "},
	{name: "any argument, and a sign", breaks: true, policy: "/usr/bin/touch *, /usr/bin/mkdir *, /usr/sbin/qm *", technique: "metacharacters", concern: ": + "},
	{name: "wrappers", breaks: true, policy: "/usr/bin/env, /usr/bin/nice, /usr/bin/timeout, /usr/bin/setsid, /usr/bin/sudo, /usr/bin/sh", technique: "wrapper", tries: []string{"/home/agent/p"}, concern: evilRoot},
	{name: "any option of sudo", policy: "/usr/sbin/qm *", technique: "sudo options", concern: otherCall + "qm"},
	{name: "more behind it", policy: "/usr/sbin/qm list *", technique: "suffix", concern: evilRoot},
	{name: "more behind the word", policy: "/usr/sbin/qm list*", technique: "glued", concern: otherCall + "qm list"},
	{name: "more before it", policy: "/usr/sbin/qm *list", technique: "infix", concern: evilRoot},
	{name: "a way to write", breaks: true, policy: "/usr/bin/tee ^/etc/sudoers.d/[a-z]+$", technique: "way out", tries: []string{"/usr/bin/tee"}, concern: "no sudoers edit: + file /etc/sudoers.d/evil"},
	{name: "an archive", breaks: true, policy: "/usr/bin/tar ^-xf [a-z.]+ -C [a-z./]+$", technique: "way out", tries: []string{"/usr/bin/tar"}, concern: "no sudoers edit: + file /etc/sudoers.d/evil.sudoers"},
	{name: "an editor", breaks: true, policy: "sudoedit /etc/*", technique: "way out", tries: []string{"sudo -n -e", "sudoedit"}, concern: "no file outside of the promise: + file /etc/passwd"},
	{name: "a program of the operator", policy: "/home/agent/p", technique: "plain", tries: []string{"sudo -n /home/agent/p"}, concern: evilRoot},
	{name: "what goes on", breaks: true, policy: "/usr/bin/setsid *", technique: "way out", tries: []string{"/usr/bin/setsid /usr/bin/sleep"}, concern: "no root: + process /usr/bin/sleep 60"},
	{name: "a silent policy", breaks: true, policy: "/usr/sbin/qm list\nDefaults:agent !logfile", technique: "way out", tries: []string{"/usr/bin/tar"}, concern: "attempts are not in sudo's event log"},
	{name: "a pager", policy: "/usr/bin/less /etc/hostname", technique: "terminal", tries: []string{"/usr/bin/less"}, concern: evilRoot},
	{name: "a name of a file", policy: "/usr/bin/tail ^-n [0-9]+ [a-z]+$", technique: "working directory", concern: "no secret: + secret /home/agent/attempts"},
	{name: "any directory", options: "CWD=*", policy: "/usr/bin/tail ^-n [0-9]+ [a-z]+$", technique: "sudo -D", concern: "no secret: + secret /home/agent/attempts"},
	{name: "any root directory", options: "CWD=* CHROOT=*", policy: "/usr/bin/tail ^-n [0-9]+ [a-z]+$", technique: "sudo -R", concern: "no secret: + secret /home/agent/attempts"},
	{name: "a variable on the command line", policy: "SETENV: /usr/sbin/qm list", technique: "variable on the command line", tries: []string{"PERL5LIB"}, concern: evilRoot},
	{name: "a variable that is kept", policy: "/usr/sbin/qm list\nDefaults:agent env_keep += \"PERL5LIB PERL5OPT\"", technique: "variable", tries: []string{"PERL5LIB"}, concern: evilRoot},
	{name: "variables that may be kept", policy: "SETENV: /usr/sbin/qm list\nDefaults:agent env_delete -= \"PERL5LIB PERL5OPT\"", technique: "all variables kept", tries: []string{"PERL5LIB"}, concern: evilRoot},
	{name: "a variable that may be kept", policy: "SETENV: /usr/sbin/qm list", technique: "one variable kept", tries: []string{"PERL5LIB"}, concern: evilRoot},
	{name: "a recorded way", policy: "/usr/sbin/qm set *", technique: "recorded", tries: []string{"/usr/sbin/qm set"}, concern: otherCall + "qm set 100"},
	{name: "a directory for all", breaks: true, policy: "/usr/sbin/qm list", mistake: "chmod 777 /etc/cron.d", technique: "without sudo", tries: []string{"/etc/cron.d"}, concern: "no file outside of the promise: + file /etc/cron.d/evil"},
}

// holeTarget is the operator of a policy with a hole.
var holeTarget = attacker.Target{User: "agent", Promised: []string{"/usr/sbin/qm list"}, Allows: attacker.Promise("qm list", "qm status 2[0-9]{3}")}

// TestEveryTechniqueGetsThrough: no technique is dead: each has a policy or a node with which it gets through.
func TestEveryTechniqueGetsThrough(t *testing.T) {
	t.Parallel()
	for _, attempt := range attacker.Generate(&holeTarget, recordedWays(t), *attackSeed) {
		if !slices.ContainsFunc(holes, func(h hole) bool { return h.technique == attempt.Technique }) {
			t.Errorf("nothing shows that an attempt can succeed: %s: %s", attempt.Technique, attempt.Script)
		}
	}
}

// TestAttackerFindsHoles: with a policy that has a hole, the operator gets through, and the judge says to what, on both
// releases. A test of examples that passes is worth as much as this one.
func TestAttackerFindsHoles(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			const canary = "not-to-be-read"
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}}).Nodes[0]
			who, used, ready := newOperator(t, holeTarget.User), false, false
			for _, h := range holes {
				t.Run(h.name, func(t *testing.T) { // one after the other: they share the node
					if !ready {
						if used {
							if err := node.Reset(t.Context()); err != nil {
								t.Fatal(err)
							}
						}
						shell(t, node, attacker.Prepare(canary)+"useradd -m -s /bin/bash agent; install -d -o agent -m 700 /home/agent/.ssh; echo '"+who.publicKey()+
							"' >/home/agent/.ssh/authorized_keys; chown agent /home/agent/.ssh/authorized_keys")
					}
					used, ready = true, !h.breaks
					a := attack{node: node, who: who, target: &holeTarget, canary: canary, log: "/var/log/sudo-agent.log"}
					if err := h.tried(t, &a); err == nil || !strings.Contains(err.Error(), h.concern) {
						t.Errorf("the judge does not say %q: %v", h.concern, err)
					}
				})
			}
		})
	}
}

// tried has the operator try with the policy of a hole.
func (h *hole) tried(t *testing.T, a *attack) error {
	t.Helper()
	policy := "Defaults:agent logfile=" + a.log + ", loglinelen=0, use_pty\nagent ALL=(root) " + h.options + " NOPASSWD: " + h.policy + "\n"
	if err := a.node.WriteFile(t.Context(), "/etc/sudoers.d/agent", policy, 0o440); err != nil {
		t.Fatal(err)
	}
	shell(t, a.node, "visudo -cq; rm -rf /home/agent/attempts; : >"+a.log+"\n"+h.mistake)
	var attempts []attacker.Attempt
	for _, attempt := range attacker.Generate(a.target, recordedWays(t), *attackSeed) {
		if attempt.Technique == h.technique && (h.tries == nil || slices.ContainsFunc(h.tries, func(text string) bool { return strings.Contains(attempt.Script, text) })) {
			attempts = append(attempts, attempt)
		}
	}
	return a.run(attempts)
}
