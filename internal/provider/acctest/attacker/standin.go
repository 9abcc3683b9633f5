package attacker

import (
	_ "embed"
	"slices"
	"strings"
)

// StandIn is a program in Perl that behaves as the command lines of Proxmox VE do where it matters to an attacker. It
// notes each call, in one form whatever its spelling, in [Calls].
//
//go:embed standin.pl
var StandIn string

// Calls is where stand-ins note what was called as root.
const Calls = "/var/lib/stand-in/calls"

// programs are what a node of Proxmox VE has and a node of the lab lacks.
var programs = []string{
	"/usr/sbin/qm", "/usr/sbin/pct", "/usr/sbin/pveum", "/usr/bin/pvesh", "/usr/sbin/pvesm", "/usr/bin/pveversion", "/usr/bin/vzdump", "/usr/sbin/qmrestore", "/usr/bin/pvesr",
	"/usr/bin/pvecm", "/usr/sbin/ha-manager", "/usr/sbin/pve-firewall", "/usr/sbin/zfs", "/usr/sbin/zpool", "/usr/sbin/lvs", "/usr/sbin/vgs", "/usr/sbin/pvs", "/usr/sbin/lvcreate",
	"/usr/sbin/lvextend", "/usr/sbin/smartctl", "/usr/sbin/nvme", "/usr/sbin/iotop", "/usr/bin/lsof", "/usr/sbin/brctl", "/usr/sbin/ethtool", "/usr/bin/ovs-vsctl", "/usr/sbin/iptables", "/usr/sbin/ip6tables", "/usr/sbin/nft",
	"/usr/sbin/ifreload", "/usr/sbin/ifquery", "/usr/bin/ceph",
}

// StandsIn reports whether the program of a command line is one that [Prepare] puts onto a node.
func StandsIn(line string) bool {
	program, _, _ := strings.Cut(line, " ")
	return slices.Contains(programs, program)
}

// Prepare is a script for root that puts the stand-ins onto a node, guests of others, a disk, and the canary of
// [Target.State] into what only root reads.
func Prepare(canary string) string {
	var script strings.Builder
	script.WriteString("umask 022\nmkdir -p /etc/pve/guests /var/lib/stand-in\nchmod 700 /var/lib/stand-in\necho running >/etc/pve/guests/100\ntouch " + Calls + "\ntruncate --size 4M /var/lib/stand-in/disk.img\n")
	script.WriteString("useradd --system --no-create-home canary\nusermod --password '!" + canary + "' canary\nprintf '%s\\n' '" + canary + "' >/root/secret\nchmod 600 /root/secret\n")
	script.WriteString("cat >/usr/local/lib/stand-in <<'END'\n" + StandIn + "END\nchmod 755 /usr/local/lib/stand-in\n")
	for _, program := range programs {
		script.WriteString("test -e " + program + " || cp /usr/local/lib/stand-in " + program + "\n")
	}
	return script.String()
}
