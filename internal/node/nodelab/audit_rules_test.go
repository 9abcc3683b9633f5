//go:build linux

package nodelab_test

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestAuditRules: the real auditctl of both releases judges rules, and the kernel of a node that has one of its own
// learns of none of them.
func TestAuditRules(t *testing.T) {
	t.Parallel()
	kerneltest.Run(t, auditRules)
}

func auditRules(t *testing.T) {
	t.Helper()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{
		{Name: "pve8", Suite: lab.Bookworm}, {Name: "pve9", Suite: lab.Trixie}, {Name: "kernel", Suite: lab.Trixie, Kernel: true},
	}})
	p := newPool(t, c, "root")
	const good = "-w /etc/sudoers -p wa -k sudoers\n-w /etc/pve -p wa -k pve\n-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=-1 -k root\n" +
		"-a always,exit -F arch=b64 -F dir=/var/log -F perm=wa -F auid!=unset -F exe!=/usr/bin/sudo -F key=logs\n-e 2\n"
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		before := shell(t, n, "auditctl -s 2>&1 || true; auditctl -l 2>&1 || true")
		apply := func(content string) error {
			return p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "audit rules", Files: []node.File{
				{Path: "/etc/audit/rules.d/pvesec.rules", Content: []byte(content), Mode: 0o640, Validate: node.AuditRules},
			}}}, nil)
		}
		for bad, says := range map[string]string{
			"-a always,exit -F arch=b64 -S execvee -k bad\n": "Syscall name unknown: execvee",
			"-w relative -p wa\n":                            "The path must start with '/'",
			"-w /etc/x -p wz\n":                              "isn't supported",
			"-a always,exit -F nofield=1\n":                  "unknown field",
			"-a sometimes,exit -S open\n":                    "bad keyword",
			"--nooption\n":                                   "Option --nooption",
			good + "-w /etc/pve  -p wa -k pve\n":             "Rule exists: -w /etc/pve -p wa -k pve",
		} {
			if err := apply(bad); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %q: %v", n.Name, bad, err)
			}
		}
		if err := apply(good); err != nil {
			t.Errorf("%s: %v", n.Name, err)
		}
		if got := shell(t, n, "cat /etc/audit/rules.d/pvesec.rules"); got+"\n" != good {
			t.Errorf("%s has %q", n.Name, got)
		}
		if after := shell(t, n, "auditctl -s 2>&1 || true; auditctl -l 2>&1 || true"); strings.Contains(after, "enabled 2") && !strings.Contains(before, "enabled 2") || strings.Contains(after, "key=") || strings.Contains(after, "-k ") {
			t.Errorf("%s: judging rules loaded them:\nbefore\n%s\nafter\n%s", n.Name, before, after)
		}
	})
}
