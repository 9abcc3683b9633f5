package check

import (
	"strings"
)

// guestChecks are the checks of containers and virtual machines.
func guestChecks() []Check {
	book := manual(pveBook, "Proxmox Container Toolkit")
	raw := func(id string, severity Severity, level Level, title, why, expected, remedy string, references []Reference, container bool, right string, wrong func(guest) []string) Check {
		return ofPVE(id, Guests, severity, level, title, why, expected, remedy, references, func(n *Node) Outcome { return n.eachGuest(container, right, wrong) })
	}
	return []Check{
		raw("PVESEC-C1801", High, Level1, "Containers are unprivileged", "Root of a privileged container is root of the node after one flaw of the kernel.", "unprivileged: 1 in every container", "Restore the container from a backup with --unprivileged 1.", append(guide("1.2.8"), book...), true, "every container is unprivileged", func(g guest) []string {
			if v, _, _ := value(g.lines, "unprivileged"); v != "1" {
				return []string{g.file + " has no unprivileged: 1"}
			}
			return nil
		}),
		raw("PVESEC-C1802", High, Level1, "Containers have no features that open the node", "mount, mknod and force_rw_sys let a container reach file systems and devices of the node.", "features without mount=, mknod=1 and force_rw_sys=1", "pct set ID --features nesting=1, or without.", book, true, "no such feature", func(g guest) []string {
			v, at, _ := value(g.lines, "features")
			for _, feature := range []string{"mount=", "mknod=1", "force_rw_sys=1"} {
				if strings.Contains(v, feature) {
					return []string{at.String()}
				}
			}
			return nil
		}),
		raw("PVESEC-C1803", Critical, Level1, "AppArmor confines containers", "Without AppArmor a container writes below /proc and /sys of the node.", "no lxc.apparmor.profile with unconfined", "Remove the line.", book, true, "every container is confined", lineWith("lxc.apparmor.profile", "unconfined")),
		raw("PVESEC-C1804", Critical, Level1, "Containers have no raw settings that open the node", "Raw settings of LXC get around what PVE checks.", "no lxc.cap.drop that is empty, no lxc.cap.keep, no lxc.cgroup2.devices.allow: a, no lxc.idmap of root", "Remove the lines; use dev0: for a device.", book, true, "no such setting", func(g guest) (wrong []string) {
			for _, l := range g.lines {
				name, v, _ := strings.Cut(l.text, ":")
				v = strings.TrimSpace(v)
				switch {
				case name == "lxc.cap.drop" && v == "", name == "lxc.cap.keep", strings.HasPrefix(name, "lxc.cgroup") && strings.HasSuffix(name, "devices.allow") && (v == "a" || strings.HasPrefix(v, "a ") || strings.Contains(v, "*:* ")),
					name == "lxc.idmap" && strings.Contains(" "+strings.Join(strings.Fields(v), " ")+" ", " 0 0 "):
					wrong = append(wrong, l.String())
				}
			}
			return wrong
		}),
		raw("PVESEC-C1805", Medium, Level2, "Containers mount no directories of the node", "What stands in such a directory is written by both, and in no backup.", "every mount point is a volume of a storage", "Use a volume, or waive the check with the reason.", book, true, "no directory of the node is mounted", func(g guest) (wrong []string) {
			for _, l := range g.lines {
				name, v, _ := strings.Cut(l.text, ":")
				if strings.HasPrefix(name, "mp") && strings.HasPrefix(strings.TrimSpace(v), "/") || name == "lxc.mount.entry" {
					wrong = append(wrong, l.String())
				}
			}
			return wrong
		}),
		raw("PVESEC-C1806", Medium, Level2, "Containers have no scripts that the node runs", "A hookscript runs as root on the node.", "no hookscript", "pct set ID --delete hookscript.", manual(pveBook, "Hookscripts"), true, "no hookscript", lineWith("hookscript", "")),
		raw("PVESEC-C1807", Medium, Level2, "The firewall is on at every interface of containers", "Without it no rule holds for the interface.", "firewall=1 at every net", "pct set ID --net0 ...,firewall=1.", guide("1.2.4"), true, "the firewall is on at every interface", openInterfaces),
		raw("PVESEC-C1808", High, Level1, "Virtual machines have no arguments of their own", "args gives QEMU any option: a disk of the node, a file, a program.", "no args", "qm set ID --delete args.", manual("qm(1)", "--args"), false, "no args", lineWith("args", "")),
		raw("PVESEC-C1809", Medium, Level2, "Virtual machines have no scripts that the node runs", "A hookscript runs as root on the node.", "no hookscript", "qm set ID --delete hookscript.", manual(pveBook, "Hookscripts"), false, "no hookscript", lineWith("hookscript", "")),
		raw("PVESEC-C1810", Medium, Level2, "The firewall is on at every interface of virtual machines", "Without it no rule holds for the interface.", "firewall=1 at every net", "qm set ID --net0 ...,firewall=1.", guide("1.2.4"), false, "the firewall is on at every interface", openInterfaces),
	}
}

// lineWith finds lines of a keyword whose value has a text.
func lineWith(keyword, text string) func(guest) []string {
	return func(g guest) (wrong []string) {
		for _, l := range g.lines {
			if v, _, found := value([]line{l}, keyword); found && strings.Contains(v, text) {
				wrong = append(wrong, l.String())
			}
		}
		return wrong
	}
}

// openInterfaces finds network interfaces without a firewall.
func openInterfaces(g guest) (wrong []string) {
	for _, l := range g.lines {
		if name, v, _ := strings.Cut(l.text, ":"); strings.HasPrefix(name, "net") && !strings.Contains(v, "firewall=1") {
			wrong = append(wrong, l.String())
		}
	}
	return wrong
}
