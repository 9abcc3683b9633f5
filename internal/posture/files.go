package posture

import (
	"path"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// places are the files and directories that root executes or reads as configuration. Sources: cron(8), systemd.unit(5), sudoers(5), ld.so(8), pam.conf(5), bash(1),
// sshd_config(5), apt.conf(5), logrotate(8), udev(7), modprobe.d(5), hier(7).
var places = []string{
	"/bin", "/etc/anacrontab", "/etc/apt", "/etc/bash.bashrc", "/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly", "/etc/cron.monthly", "/etc/cron.weekly", "/etc/crontab",
	"/etc/default", "/etc/dpkg", "/etc/environment", "/etc/group", "/etc/grub.d", "/etc/gshadow", "/etc/init.d", "/etc/initramfs-tools", "/etc/kernel", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
	"/etc/ld.so.preload", "/etc/logrotate.conf", "/etc/logrotate.d", "/etc/modprobe.d", "/etc/modules-load.d", "/etc/network", "/etc/nsswitch.conf", "/etc/pam.d", "/etc/passwd",
	"/etc/profile", "/etc/profile.d", "/etc/rc.local", "/etc/security", "/etc/shadow", "/etc/ssh", "/etc/sudo.conf", "/etc/sudoers", "/etc/sudoers.d", "/etc/sysctl.d", "/etc/systemd",
	"/etc/udev", "/etc/update-motd.d", "/root/.bash_login", "/root/.bash_profile", "/root/.bashrc", "/root/.profile", "/root/.ssh", "/root/bin", "/sbin",
	"/usr/bin", "/usr/lib/systemd", "/usr/lib/udev", "/usr/local/bin", "/usr/local/lib/systemd", "/usr/local/sbin", "/usr/sbin", "/var/spool/cron/crontabs/root",
}

// placed is something in one of those places that somebody else than root owns or can write, or a link.
type placed struct {
	path, target string
	kind         string // as find(1) tells it in %y: f, d, l, …
	mode         uint64
	uid, gid     int
}

// placesOf reads the records "TYPE MODE UID GID PATH", NUL, target, NUL.
func (n *Node) placesOf(s *node.Survey) {
	parts := strings.Split(n.text(s, node.SectionPlaces, "what root runs and reads", absent...), "\x00")
	for i := 0; i+1 < len(parts); i += 2 {
		fields := strings.SplitN(parts[i], " ", 5)
		if len(fields) != 5 {
			continue
		}
		mode, err1 := strconv.ParseUint(fields[1], 8, 32)
		uid, err2 := strconv.Atoi(fields[2])
		gid, err3 := strconv.Atoi(fields[3])
		if err1 != nil || err2 != nil || err3 != nil {
			n.unknown("what root runs and reads", "the node told of a file in a way that makes no sense")
			continue
		}
		p := placed{path: fields[4], target: parts[i+1], kind: fields[0], mode: mode, uid: uid, gid: gid}
		if p.kind == "l" && ownLink(p) {
			continue
		}
		n.places = append(n.places, p)
	}
}

// ownLink tells whether a link stays among the directories that are looked at themselves, or leads to what is no file.
func ownLink(p placed) bool {
	target := p.target
	if !strings.HasPrefix(target, "/") {
		target = path.Join(path.Dir(p.path), target)
	}
	target = path.Clean(target)
	for _, below := range []string{"/dev/null", "/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/lib/systemd/", "/lib/systemd/", "/etc/systemd/", "/etc/alternatives/", "/etc/init.d/", "/usr/lib/udev/", "/lib/udev/"} {
		if strings.HasPrefix(target, below) {
			return true
		}
	}
	return target == "/usr/bin" || target == "/usr/sbin"
}

// run is a path that root, or another account, runs or reads by cron or a service.
type run struct {
	file      string // that names it
	line      int
	kind, who string // cron and path with an account, unit with the name of the service
	path      string
	argument  bool // it is given to a program, which may not run it
}

// commands reads the lines FILE LINE KIND WHO PATH ROLE, parted by tabs.
func (n *Node) commands(s *node.Survey) {
	n.runsAs = map[string][]string{}
	for line := range strings.Lines(n.text(s, node.SectionCommands, "cron tables and services")) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		number, err := strconv.Atoi(field(fields, 1))
		switch {
		case len(fields) != 6 || err != nil:
			n.unknown("cron tables and services", "the node told of a line in a way that makes no sense")
		case fields[2] == "user":
			n.runsAs[fields[3]] = append(n.runsAs[fields[3]], fields[4])
		default:
			n.runs = append(n.runs, run{fields[0], number, fields[2], fields[3], path.Clean(fields[4]), fields[5] == "argument" && fields[2] != "path"})
		}
	}
}

// runBy is who runs it: of a service root, unless every line User= of its files names another.
func (n *Node) runBy(r run) string {
	if r.kind != "unit" {
		return r.who
	}
	who := "root"
	for i, user := range n.runsAs[r.who] {
		if user == "" || user == "root" || user == "0" || i > 0 && user != who {
			return "root"
		}
		who = user
	}
	return who
}

// fileState is the state of a file or directory.
type fileState struct {
	mode     uint64 // of stat(2), with the type
	uid, gid int
}

func (s fileState) directory() bool { return s.mode&0o170000 == 0o040000 }
func (s fileState) link() bool      { return s.mode&0o170000 == 0o120000 }

// follow reads where paths lead, and the states on the way.
func (n *Node) follow(s *node.Survey) {
	n.real, n.states = map[string]string{}, map[string]fileState{}
	asked := n.followed()
	ends := strings.Split(strings.TrimSuffix(n.text(s, node.SectionReal, "where paths lead"), "\x00"), "\x00")
	if len(ends) != len(asked) && len(asked) > 0 {
		n.unknown("where paths lead", "the node told of fewer paths than it was asked for; links are not followed")
	} else {
		for i, p := range asked {
			n.real[p] = ends[i]
		}
	}
	for record := range strings.SplitSeq(n.text(s, node.SectionStates, "the modes of files"), "\x00") {
		fields := strings.SplitN(record, " ", 4)
		if len(fields) != 4 {
			continue
		}
		mode, err1 := strconv.ParseUint(fields[0], 16, 32)
		uid, err2 := strconv.Atoi(fields[1])
		gid, err3 := strconv.Atoi(fields[2])
		if err1 == nil && err2 == nil && err3 == nil {
			n.states[fields[3]] = fileState{mode, uid, gid}
		}
	}
}

// above yields a path and all directories above it.
func above(p string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for ; ; p = path.Dir(p) {
			if !yield(p) || p == "/" {
				return
			}
		}
	}
}

// executed tells whether a path is run or read as configuration: it is a program, or a script that one is given, or what a program is given that can be run.
func (n *Node) executed(r run) bool {
	if !r.argument {
		return true
	}
	state, known := n.states[n.real[r.path]]
	return known && state.mode&0o170000 == 0o100000 && state.mode&0o111 != 0
}

// entered tells whether everyone can reach a file: everyone may search each directory above it.
func (n *Node) entered(file string) bool {
	for dir := range above(path.Dir(file)) {
		if state, known := n.states[dir]; known && state.mode&0o001 == 0 {
			return false
		}
	}
	return true
}
