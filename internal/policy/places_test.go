package policy

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestNotRoots: users of Proxmox VE and service accounts write below /etc.
func TestNotRoots(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/etc/pve", "/etc/pve/qemu-server/100.conf", "/etc/pve/../pve/x", "//etc/pve/local/x", "/etc/frr/frr.conf", "/etc/postgresql/15/main/environment", "etc/x", "/var/x", "/tmp/x"} {
		if notRoots(name) == "" {
			t.Errorf("%s is taken to be root's", name)
		}
	}
	for _, name := range []string{"/etc/environment", "/etc/pvesec/env", "/usr/bin/vi", "/root/env", "/etc/sudo/env"} {
		if why := notRoots(name); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// TestCallersDirectory: whose a directory is that CHROOT, CWD, runchroot or runcwd name.
func TestCallersDirectory(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"*", "~op", "~op/jail", "~backup", "/home/op", "/home/op/jail", "/home", "/tmp", "/tmp/", "/tmp/../tmp/x", "/var/tmp/x", "/proc/self/root", "/dev/shm", "//tmp//x", "/srv/../home/op", "jail", "/run/user/1000",
		"/var/lib/lxc/101/rootfs", "/rpool/data/subvol-101-disk-0", "/var/lib/machines/x", "/var/lib/docker/overlay2/x/merged",
	} {
		if CallersDirectory(value, "root") == "" {
			t.Errorf("%s is taken to be root's", value)
		}
	}
	for _, value := range []string{"", "/", "/srv/jail", "~", "~/jail", "~root", "~root/x", "/root", "/tmpfiles", "/homes/x", "/var/lib/x"} {
		if why := CallersDirectory(value, "root"); why != "" {
			t.Errorf("%s: %s", value, why)
		}
	}
	if CallersDirectory("~", "www-data") == "" {
		t.Error("the home of another target is taken to be root's")
	}
}

// TestLinksOfTheSystem: /var/run and /var/lock are links on every Debian, and where a path through /proc leads nobody
// knows. So no proof about what they lead to holds.
func TestLinksOfTheSystem(t *testing.T) {
	t.Parallel()
	q := Question{Subject: op.Subject, Env: Debian(sudoers.PVE9)}
	for rule, path := range map[string]string{
		"/var/run/tool": "/run/tool", "/var/lock/tool": "/run/lock/tool", "/run/tool": "/var/run/tool", "/proc/self/root/usr/bin/nproc": "/usr/bin/nproc", "/proc/1/root/usr/bin/": "/usr/bin/id",
		"//proc/self/cwd/none": "/usr/sbin/none", "/./proc/self/cwd/none": "/usr/sbin/none", "/usr/../proc/self/cwd/none": "/usr/sbin/none", "/p[r]oc/self/cwd/none": "/usr/sbin/none",
		"/*/self/cwd/none": "/usr/sbin/none", "/proc/12*/root/usr/sbin/none": "/usr/sbin/none", "/proc/self/cwd/../sbin/none": "/usr/sbin/none", "/[[\\:alpha\\:]]roc/self/cwd/none": "/usr/sbin/none", "/dev/stdin": "/usr/sbin/stdin", "/dev//fd/3": "/usr/sbin/3", "/dev/[f]d/3": "/usr/sbin/3", "/proc/self/cwd/": "/usr/sbin/x",
		"/proc/net/../cwd/bash": "/usr/bin/bash", "/usr/lib/ssl/certs/../../../usr/bin/bash": "/usr/bin/bash", "/usr/lib/ssl/certs/../../../usr/bin/": "/usr/bin/bash", "/usr/lib/*/certs/../../bin/bash": "/usr/bin/bash",
	} {
		statement, err := ParseStatement(path, q.Env)
		if err != nil {
			t.Fatal(err)
		}
		if proof := ProveNever(treeOf(t, "op ALL=(root) "+rule), q, statement); proof.Verdict == regular.Yes {
			t.Errorf("%s: never %s is proven", rule, path)
		}
		if proof := ProveAlways(treeOf(t, "op ALL=(root) "+path+", !"+rule), q, []string{path}); proof.Verdict == regular.Yes {
			t.Errorf("%s: always %s is proven", rule, path)
		}
		r := Request{Subject: op.Subject, Command: path, Env: q.Env}
		if d := Decide(treeOf(t, "op ALL=(root) "+rule), r); d.Verdict == Unmatched {
			t.Errorf("%s: %s is %s", rule, path, d.Verdict)
		}
	}
}

// TestDetours: ".." behind a directory that may be a link leads nobody knows where; behind one that is none it
// leads up.
func TestDetours(t *testing.T) {
	t.Parallel()
	env := Debian(sudoers.PVE9)
	env.Directories = []string{"/opt/app"}
	for path, want := range map[string]bool{
		"/usr/bin/../bin/id": false, "/usr/bin/../../etc/x": false, "/bin/../bin/id": false, "/../usr/bin/id": false, "/opt/app/../bin/x": false, "/opt/app/../../usr/bin/id": true, "/opt/..x/id": false, "/usr/bin/..": false,
		"/usr/lib/ssl/certs/../x": true, "/home/../usr/bin/id": true, "/usr/*/../bin/id": true, "/var/run/../x": true,
	} {
		if got := env.detour(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

// TestNoLinksOfProcesses: other paths with those names, and patterns that take none of them, are read as they are.
func TestNoLinksOfProcesses(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"/*/g/two", "/usr/bin/proc", "/usr/bin/*", "/proc/sys/kernel/x", "/proc/cpuinfo", "/dev/null", "/opt/dev/fd/x", "/dev/mapper/fd/x", "/usr/bin/", "/*bin/id"} {
		if throughProcess(spec) {
			t.Errorf("%s is taken for a path through a process", spec)
		}
	}
}
