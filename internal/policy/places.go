package policy

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// foreignDirectories are those in which others than root make files on a Debian node, and devices that are what the
// caller has open or types: a link to standard input leads to any file that he can name (proc(5), open(2): O_PATH). The
// data of escalation/program has the same places as classes; a test of escalation compares them.
var foreignDirectories = []string{
	"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/home", "/run/user", "/var/run/user", "/run/lock", "/var/lock", "/run/screen", "/run/shm", "/var/run/lock", "/var/run/screen", "/var/run/shm",
	"/mnt", "/media", "/proc", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd", "/dev/tty", "/dev/pts", "/dev/console",
	"/var/lib/lxc", "/var/lib/machines", "/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/vz/private", "/var/lib/php/sessions",
	"/var/mail", "/var/spool/mail", "/var/spool/cups", "/var/spool/samba", "/var/spool/postfix/maildrop", "/var/spool/postfix/public", "/var/spool/cron/crontabs", "/var/crash", "/var/metrics",
	"/var/games", "/var/local", "/var/www", "/usr/local/share/fonts", "/usr/local/share/emacs",
	"/srv/ftp", "/srv/tftp", "/srv/samba", "/srv/share", "/srv/shares", "/srv/public", "/srv/git", "/srv/svn", "/srv/repo", "/srv/repos", "/srv/www", "/srv/http",
}

// ForeignDirectories are the places where others than root make files, and what the caller has open.
func ForeignDirectories() []string { return slices.Clone(foreignDirectories) }

// RootsPlace tells whether, as Debian ships it, only root makes files below a directory of a path. What nobody knows is
// no place of root's.
func RootsPlace(name string) bool {
	return path.IsAbs(name) && !WritableByOthers(name) && slices.ContainsFunc(rootsDirectories, func(dir string) bool { return isBelow(path.Clean(name), dir) })
}

// containerVolume is the root directory of a container on a storage of Proxmox VE: root of the container writes there,
// who may be anybody.
var containerVolume = regexp.MustCompile(`/(subvol|basevol)-[0-9]+-disk-[0-9]+(/|$)`)

// WritableByOthers tells whether a path is one of those directories or below it. A path that is not absolute is.
func WritableByOthers(name string) bool {
	if !path.IsAbs(name) {
		return true
	}
	return slices.ContainsFunc(foreignDirectories, func(dir string) bool { return isBelow(path.Clean(name), dir) }) || containerVolume.MatchString(path.Clean(name))
}

// rootsDirectories are those in which, as Debian ships them, only root makes files.
var rootsDirectories = []string{"/bin", "/sbin", "/lib", "/lib64", "/usr", "/opt", "/etc", "/root", "/snap", "/var/lib/sudo", "/run/sudo", "/boot"}

// othersBelowRoots are those below where others write: users of Proxmox VE through its API (pmxcfs(8); the API of a
// node writes hosts, DNS, time zone and network), and the accounts of services, which own these directories in the
// packages of Debian.
var othersBelowRoots = []string{
	"/etc/pve", "/etc/hosts", "/etc/resolv.conf", "/etc/timezone", "/etc/network/interfaces", "/etc/network/interfaces.new", "/etc/network/interfaces.d",
	"/etc/frr", "/etc/postgresql", "/etc/icinga2", "/etc/icingaweb2", "/etc/proxmox-backup", "/etc/redis", "/etc/rabbitmq", "/etc/couchdb", "/etc/clamav",
}

func belowOthers(name string) bool {
	return slices.ContainsFunc(othersBelowRoots, func(dir string) bool { return isBelow(path.Clean(name), dir) })
}

// helped says who has to help before a path, or a list of them with colons, is dangerous: nobody, "", where any user
// may write one.
func helped(value string) string {
	var names []string
	for element := range strings.SplitSeq(value, ":") {
		name, _, _ := strings.Cut(element, " ")
		switch {
		case notRoots(name) == "":
		case belowOthers(name) && !WritableByOthers(name):
			names = append(names, name)
		default:
			return ""
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "somebody writes " + strings.Join(names, ", ") + " who may: an account of a service, or a user of Proxmox VE with rights for it"
}

// notRoots gives the reason why a path may be in other hands than root's, "" where only root writes it. What nobody
// knows is no place of root's.
func notRoots(name string) string {
	switch {
	case !path.IsAbs(name):
		return name + " is no absolute path"
	case WritableByOthers(name), belowOthers(name):
		return "others than root write " + name
	case RootsPlace(name):
		return ""
	}
	return "pvesec does not know that only root writes " + name
}

func isBelow(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// CallersDirectory returns the reason why the caller or another account than root controls a directory of CHROOT, CWD,
// runchroot or runcwd, "" if nothing is known against it. A "~" is the home of the target, "~name" the home of an
// account (sudoers' expand_tilde).
func CallersDirectory(value, target string) string {
	home, tilde := strings.CutPrefix(value, "~")
	account, _, _ := strings.Cut(home, "/")
	switch {
	case value == "" || value == off:
		return ""
	case value == "*":
		return "the caller chooses the directory"
	case tilde && account == "" && target == "root", tilde && account == "root":
		return ""
	case tilde:
		return "what is in the home of an account is its own"
	case WritableByOthers(value):
		return "others than root make files in " + value
	}
	return ""
}
