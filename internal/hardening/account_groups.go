package hardening

import (
	"fmt"
	"slices"
	"strings"
)

// powerfulGroup is a group of Debian or Proxmox VE that gives more than its name says.
type powerfulGroup struct {
	id, severity string
	names        []string
	why          string
}

// powerfulGroups come from the documentation of Debian (SystemGroups in its wiki,
// /usr/share/doc/base-passwd/users-and-groups), of the programs that own the groups, and from the files of a node.
var powerfulGroups = []powerfulGroup{
	{"PVESEC-A0001", "critical", []string{"sudo", "admin", "wheel"}, "/etc/sudoers of Debian lets its members run every command as root"},
	{"PVESEC-A0002", "critical", []string{"disk"}, "its members read and write the disks themselves, past every permission of files"},
	{"PVESEC-A0003", "critical", []string{"shadow"}, "its members read the password hashes of all accounts"},
	{"PVESEC-A0004", "critical", []string{"docker", "podman"}, "its members start a container that has the node's own file system"},
	{"PVESEC-A0005", "critical", []string{"lxd", "incus-admin", "incus"}, "its members start a container that has the node's own file system"},
	{"PVESEC-A0006", "critical", []string{"libvirt", "libvirt-qemu", "kvm"}, "its members start a guest with any disk of the node, or control the guests' processes"},
	{"PVESEC-A0007", "critical", []string{"root"}, "many files and directories of the system can be written by the group of root"},
	{"PVESEC-A0008", "critical", []string{"staff"}, "its members write /usr/local, and root's command path begins there"},
	{"PVESEC-A0009", "critical", []string{"www-data"}, "on Proxmox VE its members read /etc/pve, with the keys and settings of guests and storages, and are what the web server is"},
	{"PVESEC-A0010", "high", []string{"adm"}, "its members read the logs under /var/log, with what users typed by mistake and tokens that programs printed"},
	{"PVESEC-A0011", "high", []string{"systemd-journal"}, "its members read the whole journal of the node, of root and of other users"},
	{"PVESEC-A0012", "high", []string{"utmp"}, "its members falsify the records of who was logged in"},
	{"PVESEC-A0013", "critical", []string{"kmem"}, "its members read the memory of the node"},
	{"PVESEC-A0014", "critical", []string{"ceph"}, "its members read the keys of the Ceph storage, and with them every disk in it"},
	{"PVESEC-A0015", "high", []string{"backup"}, "its members read backups, with copies of protected files"},
	{"PVESEC-A0016", "high", []string{"ssl-cert"}, "its members read the private keys of certificates"},
	{"PVESEC-A0017", "high", []string{"input", "tty"}, "its members read or write what is typed at the node's console"},
	{"PVESEC-A0018", "high", []string{"mail"}, "its members read and write the mailboxes in /var/mail, with the mail to root: reports of cron and of backups, and links that reset passwords"},
	{"PVESEC-A0019", "critical", []string{"crontab"}, "its members put files into /var/spool/cron/crontabs, from which cron runs commands of every account"},
	{"PVESEC-A0020", "high", []string{"tape", "cdrom", "floppy", "fax", "voice"}, "its members read and write the devices themselves, with the backups on tapes and disks"},
	{"PVESEC-A0021", "high", []string{"video", "render", "audio"}, "its members read what is on the screen of the console, and listen at the node's microphones"},
	{"PVESEC-A0022", "high", []string{"systemd-coredump"}, "its members are what collects memory images of programs that crashed, with the keys and passwords in them"},
	{"PVESEC-A0023", "critical", []string{"src"}, "its members write /usr/src, from which root builds modules of the kernel (dkms)"},
	{"PVESEC-A0024", "high", []string{"dialout", "uucp", "nut", "plugdev", "netdev", "lpadmin", "bluetooth", "scanner", "sgx"}, "its members control devices or networks of the node: serial consoles, power supplies, disks, links"},
	{"PVESEC-A0025", "critical", []string{"haclient", "hacluster", "frr", "frrvty", "openvswitch", "gluster", "wireshark", "k3s"}, "its members command a service that runs as root and decides over guests, networks or storage"},
	{
		"PVESEC-A0026", "high", []string{
			"bin", "daemon", "sys", "lp", "man", "news", "proxy", "list", "irc", "gnats", "operator", "sasl", "dip", "messagebus", "dbus", "polkitd", "_ssh", "ssh", "uuidd", "tcpdump", "Debian-exim", "postfix", "postdrop",
			"postgres", "mysql", "redis", "ntp", "tss", "rdma", "pcscd", "zabbix", "statd", "_rpc", "avahi", "named", "bind", "dnsmasq", "nagios", "unbound", "chrony", "_chrony", "sssd",
		}, "it belongs to a service of the system, and its members read or write what the service keeps for itself",
	},
}

// systemGroup is what holds of every group of systemd, and of every one whose name begins as Debian names those of its
// services.
var systemGroup = powerfulGroup{id: "PVESEC-A0026", severity: "high", why: "it belongs to a service of the system, and its members read or write what the service keeps for itself"}

// powerOf is what a group gives more than its name says; ok is false for one that is not known to give anything.
func powerOf(group string) (power powerfulGroup, ok bool) {
	for _, known := range powerfulGroups {
		if slices.Contains(known.names, group) {
			return known, true
		}
	}
	return systemGroup, strings.HasPrefix(group, "systemd-") || strings.HasPrefix(group, "_")
}

// groupProblems tells the powerful groups that an account has on a node and that an apply of what is asked for leaves:
// others' with additive membership, and those that have the same id as a group that is asked for. The kernel asks for
// ids, not for names. What is asked for by its name is a finding of its own, and what an apply takes away is drift.
func (a NodeAccount) groupProblems(s *AccountState) []AccountProblem {
	var problems []AccountProblem
	names := slices.Concat([]string{s.Group}, s.Groups, s.GroupsByID)
	slices.Sort(names)
	for _, group := range slices.Compact(names) {
		power, ok := powerOf(group)
		switch {
		case !ok, slices.Contains(a.Groups, group):
		case a.OnlyGroups && slices.Contains(s.Groups, group): // it is left
		case group == s.Group && group != a.Name && !slices.Contains(s.Groups, group): // its own group becomes its primary one
		default:
			text := fmt.Sprintf("it is in the group %s: %s", group, power.why)
			if group != s.Group && !slices.Contains(s.Groups, group) {
				text = fmt.Sprintf("one of its groups has the id of the group %s: %s", group, power.why)
			}
			problems = append(problems, AccountProblem{power.id, text})
		}
	}
	return problems
}
