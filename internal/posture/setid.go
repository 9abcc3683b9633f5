package posture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// setIDFile is a program with a set-id bit.
type setIDFile struct {
	path     string
	mode     uint64
	uid, gid int
}

// setIDs reads the records "TYPE MODE UID GID SIZE PATH".
func (n *Node) setIDs(s *node.Survey) {
	var guests []string
	for record := range strings.SplitSeq(n.text(s, node.SectionSetID, "programs with a set-id bit", absent...), "\x00") {
		fields := strings.SplitN(record, " ", 6)
		if len(fields) != 6 {
			continue
		}
		if fields[0] == "P" {
			if fields[1] == "guest" {
				guests = append(guests, fields[5])
				continue
			}
			if !kernelFileSystems[fields[1]] {
				n.unknown("programs with a set-id bit", fields[5]+" is a file system of another machine ("+fields[1]+") and was not searched")
			}
			continue
		}
		mode, err1 := strconv.ParseUint(fields[1], 8, 32)
		uid, err2 := strconv.Atoi(fields[2])
		gid, err3 := strconv.Atoi(fields[3])
		if err1 != nil || err2 != nil || err3 != nil {
			n.unknown("programs with a set-id bit", "the node told of one in a way that makes no sense")
			continue
		}
		n.setID = append(n.setID, setIDFile{fields[5], mode, uid, gid})
	}
	if len(guests) > 0 {
		n.unknown("programs with a set-id bit", fmt.Sprintf("%d file systems of guests, such as %s, were not searched: root of a privileged container can put one there", len(guests), guests[0]))
	}
}

// setIDNames are the names under which packages may have the programs: before all of Debian moved below /usr, some were listed without it.
func (n *Node) setIDNames() []string {
	list := n.setIDPaths()
	for _, name := range n.setIDPaths() {
		if short, below := strings.CutPrefix(name, "/usr"); below {
			list = append(list, short)
		}
	}
	return clean(list)
}

// kernelFileSystems hold no programs; fuse is PVE's own /etc/pve and lxcfs, which refuse set-id bits (fuse(8), nosuid).
var kernelFileSystems = map[string]bool{
	"proc": true, "sysfs": true, "devpts": true, "devtmpfs": true, "cgroup": true, "cgroup2": true, "autofs": true, "securityfs": true, "debugfs": true, "tracefs": true,
	"bpf": true, "pstore": true, "mqueue": true, "configfs": true, "fuse": true,
}

func (n *Node) setIDPaths() []string {
	list := make([]string, len(n.setID))
	for i, f := range n.setID {
		list[i] = f.path
	}
	return clean(list)
}

// distributionSetID are the programs that packages of Debian and PVE ship with a set-id bit, without a leading /usr. Source: the lists of files of the
// packages, and Lintian's override lists of "elevated-privileges".
var distributionSetID = []string{
	"/bin/su", "/bin/sudo", "/bin/mount", "/bin/umount", "/bin/passwd", "/bin/chsh", "/bin/chfn", "/bin/chage", "/bin/expiry", "/bin/gpasswd", "/bin/newgrp", "/bin/sg",
	"/bin/newuidmap", "/bin/newgidmap", "/bin/ping", "/bin/ping6", "/bin/fusermount", "/bin/fusermount3", "/bin/ntfs-3g", "/bin/pkexec", "/bin/crontab", "/bin/ssh-agent",
	"/bin/wall", "/bin/write", "/bin/write.ul", "/bin/bsd-write", "/bin/dotlockfile", "/bin/dotlock.mailutils", "/bin/mlocate", "/bin/plocate", "/bin/at", "/bin/screen",
	"/bin/traceroute6.iputils", "/bin/sudo-rs", "/bin/su-rs", "/bin/batch", "/bin/cvtsudoers", "/bin/procmail", "/bin/lockfile",
	"/sbin/unix_chkpwd", "/sbin/pam_extrausers_chkpwd", "/sbin/postdrop", "/sbin/postqueue", "/sbin/exim4", "/sbin/pppd", "/sbin/mount.nfs", "/sbin/umount.nfs",
	"/sbin/mount.cifs", "/sbin/mount.ecryptfs_private", "/sbin/sensible-mda",
	"/lib/openssh/ssh-keysign", "/lib/dbus-1.0/dbus-daemon-launch-helper", "/lib/policykit-1/polkit-agent-helper-1", "/libexec/polkit-agent-helper-1",
	"/lib/polkit-1/polkit-agent-helper-1", "/lib/eject/dmcrypt-get-device", "/lib/xorg/Xorg.wrap", "/lib/mc/cons.saver", "/libexec/lxc/lxc-user-nic",
	"/lib/x86_64-linux-gnu/lxc/lxc-user-nic", "/lib/aarch64-linux-gnu/lxc/lxc-user-nic", "/libexec/camel-lock-helper-1.2", "/lib/x86_64-linux-gnu/utempter/utempter",
	"/lib/aarch64-linux-gnu/utempter/utempter", "/lib/pt_chown", "/sbin/local_send", "/lib/squid/pinger",
}

// ofDistribution tells whether a program has its set-id bit from a package: it is one of those, and a package of the node has the file. Where the packages
// could not be asked, the table alone decides.
func (n *Node) ofDistribution(file string) bool {
	known := slices.Contains(distributionSetID, strings.TrimPrefix(file, "/usr"))
	return known && (n.packaged == nil || n.packaged[strings.TrimPrefix(file, "/usr")])
}

// packages reads what dpkg -S prints: "PACKAGE: PATH".
func (n *Node) packages(s *node.Survey) {
	part := s.Sections[node.SectionPackages]
	if part.Lacks != "" || len(part.Data) == 0 {
		if len(n.setID) > 0 {
			n.unknown("which package has a program with a set-id bit", "dpkg did not tell; those that packages usually have are taken for theirs")
		}
		return
	}
	n.packaged = map[string]bool{}
	for line := range strings.Lines(string(part.Data)) {
		if _, file, found := strings.Cut(strings.TrimRight(line, "\n"), ": "); found {
			n.packaged[strings.TrimPrefix(file, "/usr")] = true
		}
	}
}

// capability is a program that the kernel gives capabilities to.
type capability struct{ path, text string }

// fileCapabilities reads what getcap prints: "PATH CAPABILITIES".
func (n *Node) fileCapabilities(s *node.Survey) {
	for line := range strings.Lines(n.text(s, node.SectionCapabilities, "programs with capabilities", append([]string{"Operation not supported"}, absent...)...)) {
		line = strings.TrimRight(line, "\n")
		at := strings.LastIndex(line, " ")
		if at < 0 {
			continue
		}
		n.capabilities = append(n.capabilities, capability{strings.TrimSuffix(line[:at], " ="), line[at+1:]})
	}
}

// harmlessCapabilities lead nowhere by themselves: the network, the clock and the priority of processes. Source: capabilities(7).
var harmlessCapabilities = []string{
	"cap_net_raw", "cap_net_bind_service", "cap_net_admin", "cap_net_broadcast", "cap_sys_nice", "cap_ipc_lock", "cap_sys_resource", "cap_wake_alarm", "cap_block_suspend", "cap_sys_time", "cap_audit_read",
	"cap_syslog",
}

// mapHelpers have cap_setuid or cap_setgid from Debian's package uidmap, and take only what subuid(5) gives.
var mapHelpers = []string{"/bin/newuidmap", "/bin/newgidmap"}

// leads tells whether one of the capabilities leads to root. One that is not known does.
func (c capability) leads() bool {
	if slices.Contains(mapHelpers, strings.TrimPrefix(c.path, "/usr")) {
		return false
	}
	names, _, _ := strings.Cut(c.text, "=")
	names, _, _ = strings.Cut(names, "+")
	for name := range strings.SplitSeq(names, ",") {
		if !slices.Contains(harmlessCapabilities, strings.TrimSpace(name)) {
			return true
		}
	}
	return false
}
