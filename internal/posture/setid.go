package posture

import (
	"fmt"
	"regexp"
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

// maxOthers bounds the programs that are not root's: users can make as many of them as they like. The node sends one
// more.
const maxOthers = 1000

// setIDs reads the records "TYPE MODE UID GID SIZE PATH".
func (n *Node) setIDs(s *node.Survey) {
	var guests []string
	others := 0
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
			if !kernelFileSystems[fields[1]] || fields[1] == "fuse" && !slices.Contains(ownFuse, fields[5]) {
				n.unknown("programs with a set-id bit", fields[5]+" is a file system of another machine, or of a program ("+fields[1]+"), and was not searched")
			}
			continue
		}
		if fields[0] == "N" {
			n.unknown("programs with capabilities", "files were not asked for theirs whose names have a line break or \" [rootid=\" in them, such as "+fields[5])
			continue
		}
		mode, err1 := strconv.ParseUint(fields[1], 8, 32)
		uid, err2 := strconv.Atoi(fields[2])
		gid, err3 := strconv.Atoi(fields[3])
		if err1 != nil || err2 != nil || err3 != nil {
			n.unknown("programs with a set-id bit", "the node told of one in a way that makes no sense")
			continue
		}
		if uid != 0 {
			if others++; others > maxOthers {
				continue
			}
		}
		n.setID = append(n.setID, setIDFile{fields[5], mode, uid, gid})
	}
	if others > maxOthers {
		n.unknown("programs with a set-id bit", fmt.Sprintf("more than %d of them are not root's; the others are left out", maxOthers))
	}
	if len(guests) > 0 {
		slices.Sort(guests)
		n.unknown("programs with a set-id bit", fmt.Sprintf("%d file systems of guests were not searched: root of a privileged container can put one there: %s", len(guests), strings.Join(guests, " ")))
	}
}

// setIDNames are the names under which packages may have the programs that they usually have: before all of Debian
// moved below /usr, some were listed without it. Others are not asked about: no package makes them safe, and users make
// as many as they like.
func (n *Node) setIDNames() []string {
	var list []string
	for _, f := range n.setID {
		if short := strings.TrimPrefix(f.path, "/usr"); distributionSetID[short] != "" || distributionOwner[short] != "" {
			list = append(list, short, "/usr"+short)
		}
	}
	for _, c := range n.capabilities {
		if short := strings.TrimPrefix(c.path, "/usr"); slices.Contains(mapHelpers, short) {
			list = append(list, short, "/usr"+short)
		}
	}
	return n.clean("programs with a set-id bit", list)
}

// ownFuse are the file systems of PVE's own programs: pmxcfs and lxcfs, which refuse set-id bits (fuse(8), nosuid).
var ownFuse = []string{"/etc/pve", "/var/lib/lxcfs"}

// kernelFileSystems hold no programs; of fuse only ownFuse.
var kernelFileSystems = map[string]bool{
	"proc": true, "sysfs": true, "devpts": true, "devtmpfs": true, "cgroup": true, "cgroup2": true, "autofs": true, "securityfs": true, "debugfs": true, "tracefs": true,
	"bpf": true, "pstore": true, "mqueue": true, "configfs": true, "fuse": true,
}

func (n *Node) setIDPaths() []string {
	list := make([]string, len(n.setID))
	for i, f := range n.setID {
		list[i] = f.path
	}
	return list
}

// distributionSetID are the programs that packages of Debian and PVE ship with a set-id bit, by their path without a
// leading /usr, with what that bit gives: "root" for the set-user-id bit of root, or the groups of which the
// set-group-id bit may be. A word after a slash is the group whose members alone may run it. Source: the lists of files
// of the packages, and Lintian's override lists of "elevated-privileges". A bit, an owner or a group that is not here
// is not the distribution's.
var distributionSetID = map[string]string{
	"/bin/su": "root", "/bin/sudo": "root", "/bin/sudo-rs": "root", "/bin/su-rs": "root", "/bin/mount": "root", "/bin/umount": "root", "/bin/passwd": "root", "/bin/chsh": "root", "/bin/chfn": "root",
	"/bin/gpasswd": "root", "/bin/newgrp": "root", "/bin/newuidmap": "root", "/bin/newgidmap": "root", "/bin/ping": "root", "/bin/ping6": "root", "/bin/traceroute6.iputils": "root",
	"/bin/fusermount": "root", "/bin/fusermount3": "root", "/bin/ntfs-3g": "root", "/bin/pkexec": "root",
	"/sbin/mount.nfs": "root", "/sbin/mount.cifs": "root", "/sbin/mount.ecryptfs_private": "root", "/sbin/exim4": "root", "/sbin/sensible-mda": "root", "/sbin/pppd": "root/dip",
	"/lib/openssh/ssh-keysign": "root", "/lib/dbus-1.0/dbus-daemon-launch-helper": "root/messagebus", "/lib/policykit-1/polkit-agent-helper-1": "root", "/libexec/polkit-agent-helper-1": "root",
	"/lib/polkit-1/polkit-agent-helper-1": "root", "/lib/eject/dmcrypt-get-device": "root", "/lib/xorg/Xorg.wrap": "root", "/lib/squid/pinger": "root/proxy",
	"/libexec/lxc/lxc-user-nic": "root", "/lib/x86_64-linux-gnu/lxc/lxc-user-nic": "root", "/lib/aarch64-linux-gnu/lxc/lxc-user-nic": "root", "/lib/pt_chown": "root",
	"/sbin/unix_chkpwd": "root shadow", "/sbin/pam_extrausers_chkpwd": "shadow", "/bin/chage": "shadow", "/bin/expiry": "shadow", "/bin/crontab": "crontab", "/bin/ssh-agent": "_ssh ssh",
	"/bin/wall": "tty", "/bin/write": "tty", "/bin/write.ul": "tty", "/bin/bsd-write": "tty", "/bin/dotlockfile": "mail", "/bin/dotlock.mailutils": "mail", "/bin/lockfile": "mail",
	"/bin/mlocate": "mlocate plocate", "/bin/plocate": "plocate", "/bin/screen": "utmp", "/sbin/postdrop": "postdrop", "/sbin/postqueue": "postdrop", "/lib/mc/cons.saver": "tty",
	"/libexec/camel-lock-helper-1.2": "mail", "/lib/x86_64-linux-gnu/utempter/utempter": "utmp", "/lib/aarch64-linux-gnu/utempter/utempter": "utmp",
}

// distributionOwner are programs that a package of Debian ships with both set-id bits of another account and its group:
// at(1) has them of daemon, whose files are the queue.
var distributionOwner = map[string]string{"/bin/at": "daemon"}

// ofDistribution tells whether a program is one of those, as its package ships it.
func (n *Node) ofDistribution(file string, uid, gid int) bool {
	short := strings.TrimPrefix(file, "/usr")
	owner, a := distributionOwner[short], n.byUID[uid]
	return owner != "" && a != nil && a.Name == owner && n.gidNamed(gid, owner) && (n.packaged == nil || n.packaged[short])
}

// foreignBits are the set-id bits of a program that no package gave it: all of them, unless it is one of those, with
// their owner or group, and a package of the node has the file. Where the packages could not be asked, the table alone
// decides.
func (n *Node) foreignBits(f setIDFile) uint64 {
	bits := f.mode & 0o6000
	short := strings.TrimPrefix(f.path, "/usr")
	if n.ofDistribution(f.path, f.uid, f.gid) {
		return 0
	}
	if n.packaged != nil && !n.packaged[short] || f.uid != 0 {
		return bits
	}
	var given uint64
	for expected := range strings.FieldsSeq(distributionSetID[short]) {
		owner, only, limited := strings.Cut(expected, "/")
		switch {
		case owner == "root" && (!limited || f.mode&0o001 == 0 && (f.gid == 0 || n.gidNamed(f.gid, only))):
			given |= 0o4000
		case owner != "root" && n.gidNamed(f.gid, owner):
			given |= 0o2000
		}
	}
	return bits &^ given
}

// gidNamed tells whether a group id has a name.
func (n *Node) gidNamed(gid int, name string) bool {
	group := n.groups[gid]
	return group != nil && slices.Contains(group.names, name)
}

// packages reads what dpkg -S prints: "PACKAGE: PATH". Its status is 1 where it did not find a file.
func (n *Node) packages(s *node.Survey) {
	if len(n.setIDNames()) == 0 {
		return
	}
	part, told := s.Sections[node.SectionPackages]
	if !told || part.Lacks != "" || part.Cut || part.Status > 1 || len(part.Data) == 0 {
		n.unknown("packages of programs with a set-id bit or capabilities", "dpkg did not tell; those that packages usually have are taken for theirs")
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

// capabilityClause is one clause of cap_to_text(3), which prints one for each set of flags, parted by blanks.
var capabilityClause = regexp.MustCompile(`^[a-z0-9_,]*([=+-][eip]*)+$`)

// fileCapabilities reads what getcap prints: "PATH CLAUSE…". The node asks for no file whose name could be taken for
// something else: see setIDs.
func (n *Node) fileCapabilities(s *node.Survey) {
	for line := range strings.Lines(n.text(s, node.SectionCapabilities, "programs with capabilities", append([]string{"Operation not supported"}, absent...)...)) {
		line = strings.TrimRight(line, "\n")
		if at := strings.LastIndex(line, " [rootid="); at >= 0 && strings.HasSuffix(line, "]") {
			if line[at:] != " [rootid=0]" {
				continue // it holds in a user namespace only, which every user can make (user_namespaces(7))
			}
			line = line[:at]
		}
		file := line
		for {
			at := strings.LastIndex(file, " ")
			if at < 0 || !capabilityClause.MatchString(file[at+1:]) {
				break
			}
			file = file[:at]
		}
		switch {
		case line == "":
		case file == line:
			n.unknown("programs with capabilities", "the node told of one in a way that makes no sense: "+line)
		default:
			n.capabilities = append(n.capabilities, capability{file, line[len(file)+1:]})
		}
	}
}

// harmlessCapabilities lead nowhere by themselves: the network, the clock and the priority of processes. Source:
// capabilities(7).
var harmlessCapabilities = []string{
	"cap_net_raw", "cap_net_bind_service", "cap_net_admin", "cap_net_broadcast", "cap_sys_nice", "cap_ipc_lock", "cap_sys_resource", "cap_wake_alarm", "cap_block_suspend", "cap_sys_time", "cap_audit_read",
	"cap_syslog",
}

// mapHelpers have cap_setuid or cap_setgid from Debian's package uidmap, and take only what subuid(5) gives. Without a
// package, or with another capability, they are programs like others.
var mapHelpers = []string{"/bin/newuidmap", "/bin/newgidmap"}

// leads tells whether one of the capabilities of a program leads to root. One that is not known does.
func (n *Node) leads(c capability) bool {
	short := strings.TrimPrefix(c.path, "/usr")
	helper := slices.Contains(mapHelpers, short) && (n.packaged == nil || n.packaged[short])
	for clause := range strings.FieldsSeq(c.text) {
		if clause == "=" {
			continue // the sign before all clauses, of older versions
		}
		names, _, _ := strings.Cut(clause, "=")
		names, _, _ = strings.Cut(names, "+")
		for name := range strings.SplitSeq(names, ",") {
			if !slices.Contains(harmlessCapabilities, name) && !(helper && (name == "cap_setuid" || name == "cap_setgid")) {
				return true
			}
		}
	}
	return false
}
