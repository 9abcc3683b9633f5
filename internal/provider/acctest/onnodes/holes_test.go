package onnodes

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/attacker"
)

// hole is a policy that gives more than it seems to.
type hole struct {
	name, policy string
	// tries are texts of the attempts that are made, so that the test takes seconds.
	tries []string
	// concern is what the judge must say.
	concern string
}

var holes = []hole{
	{"an option left open", "/usr/sbin/qm set *", []string{"/usr/sbin/qm set 2001"}, "no root: + file /etc/evil-root"},
	{"a denial and an abbreviation", "/usr/sbin/qm *, !/usr/sbin/qm set *, !/usr/sbin/qm destroy *", []string{"/usr/sbin/qm se"}, "no root: + file /etc/evil-root"},
	{"guests of others", "/usr/sbin/qm ^(start|stop) [0-9]+$", []string{"/usr/sbin/qm st"}, "only what is promised: + call qm"},
	{"users of PVE", "/usr/sbin/pveum ^user modify .*$", []string{"/usr/sbin/pveum user modify"}, "root@pam untouched: + call pveum user modify root@pam --enable=0"},
	{"a way to write", "/usr/bin/tee ^/etc/sudoers.d/[a-z]+$", []string{"/usr/bin/tee"}, "no sudoers edit: + file /etc/sudoers.d/evil"},
	{"an archive", "/usr/bin/tar ^-xf [a-z.]+ -C [a-z./]+$", []string{"/usr/bin/tar"}, "no sudoers edit: + file /etc/sudoers.d/evil.sudoers"},
	{"an editor", "sudoedit /etc/*", []string{"sudo -n -e", "sudoedit"}, "no file outside of the promise: + file /etc/passwd"},
	{"a pager", "/usr/bin/less /etc/hostname", []string{"/usr/bin/less"}, "no root: + file /etc/evil-root"},
	{"a relative name", "/usr/bin/tail ^-n [0-9]+ [a-z]+$", []string{"/usr/bin/tail"}, "no secret: + secret /home/agent/attempts"},
	{"a program of the operator", "/home/agent/p", []string{"sudo -n /home/agent/p"}, "no root: + file /etc/evil-root"},
	{"a pattern in the path", "/home/*/attempts/*/qm", []string{"/usr/bin/bash ./qm", "/usr/bin/bash qm"}, "no root: + file /etc/evil-root"},
	{"services", "/usr/bin/systemctl *", []string{"systemctl mask", "systemctl --now mask"}, "no service: + service cron.service masked"},
	{"packages", "/usr/bin/dpkg ^-i .*$", []string{"/usr/bin/dpkg -i"}, "no package: + package evil"},
	{"the network", "/usr/bin/ip *", []string{"/usr/bin/ip address"}, "no network change: "},
	{"accounts", "/usr/sbin/usermod *", []string{"/usr/sbin/usermod"}, "no account: "},
	{"a file by an option", "/usr/bin/journalctl *", []string{"/usr/bin/journalctl --cursor-file"}, "no file outside of the promise: + file /etc/evil"},
	{"a variable on the command line", "SETENV: /usr/sbin/qm list", []string{"PERL5LIB"}, "no root: + file /etc/evil-root"},
	{"a variable that is kept", "/usr/sbin/qm list\nDefaults:agent env_keep += \"PERL5LIB PERL5OPT\"", []string{"PERL5LIB"}, "no root: + file /etc/evil-root"},
	{"what goes on", "/usr/bin/setsid *", []string{"/usr/bin/setsid /usr/bin/sleep"}, "no root: + process /usr/bin/sleep 60"},
	{"a silent policy", "/usr/sbin/qm list\nDefaults:agent !logfile", []string{"/usr/bin/tar"}, "attempts are not in sudo's event log"},
}

// TestAttackerFindsHoles: with a policy that has a hole, the operator gets through, and the judge says to what, on both releases. A test of examples that passes
// is worth as much as this one.
func TestAttackerFindsHoles(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}}).Nodes[0]
			for i, h := range holes {
				if i > 0 {
					if err := node.Reset(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if err := h.tried(t, node); err == nil || !strings.Contains(err.Error(), h.concern) {
					t.Errorf("%s: the judge does not say %q: %v", h.name, h.concern, err)
				}
			}
		})
	}
}

// tried has an operator try with the policy of a hole.
func (h *hole) tried(t *testing.T, node *lab.Node) error {
	t.Helper()
	const canary = "not-to-be-read"
	who := newOperator(t, "agent")
	shell(t, node, attacker.Prepare(canary)+"useradd -m -s /bin/bash agent; install -d -o agent -m 700 /home/agent/.ssh; echo '"+who.publicKey()+
		"' >/home/agent/.ssh/authorized_keys; chown agent /home/agent/.ssh/authorized_keys; touch /var/log/sudo-agent.log")
	policy := "Defaults:agent logfile=/var/log/sudo-agent.log, loglinelen=0, use_pty\nagent ALL=(root) NOPASSWD: " + h.policy + "\n"
	if err := node.WriteFile(t.Context(), "/etc/sudoers.d/agent", policy, 0o440); err != nil {
		t.Fatal(err)
	}
	shell(t, node, "visudo -cq")
	target := attacker.Target{User: "agent", Promised: []string{"/usr/sbin/qm list"}, Allows: []string{"qm list", "qm status 2[0-9]{3}"}}
	var attempts []attacker.Attempt
	for _, attempt := range attacker.Generate(&target, nil, *attackSeed) {
		for _, text := range h.tries {
			if strings.Contains(attempt.Script, text) {
				attempts = append(attempts, attempt)
				break
			}
		}
	}
	a := attack{node: node, who: who, target: &target, canary: canary, log: "/var/log/sudo-agent.log"}
	return a.run(attempts)
}
