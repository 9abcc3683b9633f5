//go:build linux

package lab

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
)

// TestOwnKernel proves what only a node with its own kernel can show: auditing from rule to record, and a power cut
// that the file system's journal mends.
func TestOwnKernel(t *testing.T) {
	t.Parallel()
	for _, suite := range Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			kerneltest.Run(t, func(t *testing.T) {
				t.Helper()
				ownKernel(t, suite)
			})
		})
	}
}

func ownKernel(t *testing.T, suite Suite) {
	t.Helper()
	c := ForTest(t, ClusterSpec{Nodes: []NodeSpec{{Suite: suite, Kernel: true}}})
	n := c.Nodes[0]

	var processors unix.CPUSet
	machine, _ := n.machine.(*guest)
	if err := unix.SchedGetaffinity(machine.cmd.Process.Pid, &processors); err != nil || processors.Count() != 1 {
		t.Errorf("the kernel may run on %d processors, %v: its turns with the processes of the node take twice as long", processors.Count(), err)
	}
	shell(t, n, `auditctl -w /etc/sudoers.d -p wa -k lab-sudoers`)
	contains(t, shell(t, n, `auditctl -l`), "-w /etc/sudoers.d -p wa -k lab-sudoers")
	shell(t, n, `echo '# watched' >/etc/sudoers.d/watched`)
	record := shell(t, n, `
		for attempt in $(seq 50); do
			ausearch --input-logs -k lab-sudoers -f /etc/sudoers.d/watched -i 2>/dev/null && exit
			sleep 0.2
		done
		echo "no record arrived" >&2
		exit 1`)
	contains(t, record, "name=/etc/sudoers.d/watched")

	shell(t, n, `echo kept >/root/synced; sync; echo lost >/root/unsynced`)
	n.Kill()
	if n.Running() {
		t.Fatal("the node runs after its power was cut")
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := shell(t, n, `cat /root/synced`); got != "kept\n" {
		t.Errorf("a synced file reads %q after a power cut", got)
	}
	contains(t, shell(t, n, `journalctl -k -b`), "recovery complete")
	if got := shell(t, n, `cat /etc/machine-id`); strings.TrimSpace(got) != n.identity.machineID {
		t.Errorf("the machine id is %q, not the node's", got)
	}
	if got := shell(t, n, `auditctl -l`); !strings.Contains(got, "No rules") {
		t.Errorf("a rule that was never saved survived a reboot: %s", got)
	}
}
