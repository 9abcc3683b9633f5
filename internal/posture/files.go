package posture

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// places are the files and directories that root executes or reads as configuration. Sources: cron(8), systemd.unit(5),
// sudoers(5), ld.so(8), pam.conf(5), bash(1), sshd_config(5), apt.conf(5), logrotate(8), udev(7), modprobe.d(5),
// perlrun(1), dpkg(1), vzdump(1), zed(8), lxc.container.conf(5), aliases(5), rsyslog.conf(5), tmpfiles.d(5), fstab(5),
// hier(7).
var places = []string{
	"/bin", "/boot", "/etc/aliases", "/etc/alternatives", "/etc/anacrontab", "/etc/apt", "/etc/bash.bashrc", "/etc/cron.d", "/etc/cron.daily",
	"/etc/cron.hourly", "/etc/cron.monthly", "/etc/cron.weekly", "/etc/cron.yearly", "/etc/crontab", "/etc/crypttab", "/etc/dbus-1", "/etc/default",
	"/etc/dhcp", "/etc/dpkg", "/etc/environment", "/etc/fstab", "/etc/group", "/etc/grub.d", "/etc/gshadow", "/etc/init.d", "/etc/initramfs-tools",
	"/etc/iscsi", "/etc/kernel", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/login.defs",
	"/etc/logrotate.conf", "/etc/logrotate.d", "/etc/lvm", "/etc/lxc", "/etc/modprobe.d", "/etc/modules-load.d", "/etc/network", "/etc/nsswitch.conf",
	"/etc/pam.d", "/etc/passwd", "/etc/perl", "/etc/postfix", "/etc/profile", "/etc/profile.d", "/etc/rc.local", "/etc/rc0.d", "/etc/rc1.d",
	"/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d", "/etc/rc6.d", "/etc/rcS.d", "/etc/rsyslog.conf", "/etc/rsyslog.d", "/etc/security",
	"/etc/shadow", "/etc/ssh", "/etc/ssl/openssl.cnf", "/etc/sudo.conf", "/etc/sudoers", "/etc/sudoers.d", "/etc/sysctl.d", "/etc/systemd",
	"/etc/tmpfiles.d", "/etc/udev", "/etc/update-motd.d", "/etc/vzdump.conf", "/etc/zfs", "/root/.bash_aliases", "/root/.bash_login",
	"/root/.bash_logout", "/root/.bash_profile", "/root/.bashrc", "/root/.profile", "/root/.ssh", "/root/.zshenv", "/root/.zshrc", "/root/bin", "/sbin",
	"/usr/bin", "/usr/lib/aarch64-linux-gnu", "/usr/lib/modprobe.d", "/usr/lib/python3/dist-packages", "/usr/lib/systemd", "/usr/lib/tmpfiles.d",
	"/usr/lib/udev", "/usr/lib/x86_64-linux-gnu", "/usr/libexec", "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/local/share/perl",
	"/usr/sbin", "/usr/share/dbus-1", "/usr/share/lxc", "/usr/share/perl", "/usr/share/perl5", "/var/lib/dpkg/info", "/var/lib/vz/snippets",
	"/var/spool/cron/crontabs/root",
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
		if parts[i+1] == "/dev/null" { // how systemd masks a unit
			continue
		}
		n.places = append(n.places, placed{path: fields[4], target: parts[i+1], kind: fields[0], mode: mode, uid: uid, gid: gid})
	}
}

// run is a path that root, or another account, runs or reads by cron or a service.
type run struct {
	file      string // that names it
	line      int
	kind, who string // cron, path and as with an account, unit and root with the name of the service, unitas with SERVICE:ACCOUNT
	path      string
	role      string // program, script, argument, output or directory
}

// maxJobs bounds what cron tables of accounts name, which these write themselves.
const maxJobs = 5000

// commands reads the lines FILE LINE KIND WHO PATH ROLE, parted by tabs.
func (n *Node) commands(s *node.Survey) {
	n.runsAs = map[string][]userLine{}
	n.mainFiles = map[string][]string{}
	n.commandLines(n.text(s, node.SectionCommands, "cron tables and services"), "cron tables and services", 0)
	n.commandLines(n.text(s, node.SectionJobs, "cron tables of accounts"), "cron tables of accounts", maxJobs)
}

func (n *Node) commandLines(text, about string, most int) {
	count := 0
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		number, err := strconv.Atoi(field(fields, 1))
		if count++; most > 0 && count > most {
			n.unknown(about, "they name more than "+strconv.Itoa(most)+" paths; the others are left out")
			return
		}
		switch {
		case len(fields) != 6 || err != nil:
			n.unknown(about, "the node told of a line in a way that makes no sense")
		case fields[2] == "file":
			n.mainFiles[fields[3]] = append(n.mainFiles[fields[3]], fields[0])
		case fields[2] == "user":
			n.runsAs[fields[3]] = append(n.runsAs[fields[3]], userLine{fields[0], fields[4]})
			n.mainFiles[fields[3]] = append(n.mainFiles[fields[3]], fields[0])
		case fields[5] == "unclear" && inOnePlace(fields[4]):
		case fields[5] == "unclear":
			n.unknown(about, fmt.Sprintf("%s:%d runs %s, which pvesec does not understand", fields[0], number, fields[4]))
		default:
			n.runs = append(n.runs, run{fields[0], number, fields[2], fields[3], path.Clean(fields[4]), fields[5]})
		}
	}
}

// inOnePlace tells whether a name that is not understood is of some file in one of the places, each of which is looked
// at by itself: no part of the name could lead out of it.
func inOnePlace(name string) bool {
	directory, file := path.Split(name)
	return strings.HasPrefix(directory, "/") && !strings.ContainsAny(directory, "$*?[{~%") && !strings.ContainsAny(file, "$~{") && path.Clean(directory)+"/" == directory && inPlaces(path.Clean(directory))
}

// userLine is a line User= of a file that is about a service.
type userLine struct{ file, user string }

// unitDirectories are those of services, the one that wins first, systemd.unit(5).
var unitDirectories = []string{"/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/"}

// mainFile is the file that describes a service: the one in the directory that wins.
func (n *Node) mainFile(service string) string {
	for _, directory := range unitDirectories {
		if file := directory + service; slices.Contains(n.mainFiles[service], file) {
			return file
		}
	}
	return ""
}

// runBy is who runs it: of a service root, unless every line User= of its main file and of its drop-ins names another.
// What a main file says that another one wins over, says nothing.
func (n *Node) runBy(r run) string {
	service := r.who
	switch r.kind {
	case "unit":
	case "unitas": // only root changes to another account without more
		if by := n.runBy(run{kind: "unit", who: r.service()}); by != "root" {
			return by
		}
		return strings.TrimPrefix(r.who, r.service()+":")
	case "root":
		return "root"
	default:
		return r.who
	}
	who := "root"
	for _, line := range slices.Concat(n.runsAs[service], n.runsAs["every.service"]) {
		if !strings.HasSuffix(line.file, ".conf") && line.file != n.mainFile(service) {
			continue
		}
		if line.user == "" || line.user == "root" || line.user == "0" || who != "root" && line.user != who {
			return "root"
		}
		who = line.user
	}
	return who
}

// service is the service of a command of one.
func (r run) service() string {
	if at := strings.LastIndex(r.who, ":"); r.kind == "unitas" && at >= 0 {
		return r.who[:at]
	}
	return r.who
}

// ofService tells whether it stands in a file of a service.
func (r run) ofService() bool {
	return strings.HasSuffix(r.file, ".service") || strings.HasSuffix(r.file, ".conf")
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

// executed tells whether a path is run or read as configuration: it is a program, or a script that one is given, or
// what a program is given that can be run.
func (n *Node) executed(r run) bool {
	switch {
	case r.kind == "path":
		return true
	case r.role == "output":
		return false
	case r.role != "argument":
		return true
	}
	end := n.endOf(r.path)
	return end.state.regular() && end.state.mode&0o111 != 0
}
