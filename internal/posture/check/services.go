package check

import (
	"fmt"
	"slices"
	"strings"
)

// badService is something that a node of PVE should not serve to others.
type badService struct {
	id, title, why string
	severity       Severity
	units          []string
	ports          []int
	refs           []Reference
}

var badServices = []badService{
	{id: "PVESEC-C1401", title: "Nothing listens for telnet, rsh or rlogin", why: "They send passwords in the clear.", severity: Critical, units: []string{"telnet.socket", "inetd.service", "xinetd.service"}, ports: []int{23, 512, 513, 514}, refs: append(cis("2.1.19", "2.1.20"), cis("", "2.1.16")...)},
	{id: "PVESEC-C1402", title: "Nothing listens for FTP", why: "It sends passwords in the clear.", severity: High, units: []string{"vsftpd.service", "proftpd.service"}, ports: []int{21}, refs: cis("2.1.6", "2.1.6")},
	{id: "PVESEC-C1403", title: "Nothing listens for TFTP", why: "It gives files to everyone.", severity: High, units: []string{"tftpd-hpa.service"}, ports: []int{69}, refs: cis("2.1.16", "2.1.17")},
	{id: "PVESEC-C1404", title: "rpcbind is not open", why: "It is used to amplify attacks, and tells of every RPC service.", severity: Medium, units: nil, ports: []int{111}, refs: cis("2.1.12", "2.1.12")},
	{id: "PVESEC-C1405", title: "Nothing listens for SNMP", why: "Version 2 has no encryption, and its community is known.", severity: Medium, units: []string{"snmpd.service"}, ports: []int{161}, refs: cis("2.1.15", "2.1.15")},
	{id: "PVESEC-C1406", title: "Avahi does not run", why: "It tells everyone on the network of the node.", severity: Low, units: []string{"avahi-daemon.service"}, ports: []int{5353}, refs: cis("2.1.2", "2.1.2")},
	{id: "PVESEC-C1407", title: "No print server runs", why: "A node prints nothing.", severity: Medium, units: []string{"cups.service"}, ports: []int{631}, refs: cis("2.1.11", "2.1.11")},
	{id: "PVESEC-C1408", title: "No file server runs", why: "Shares of a node are files of root's that others reach.", severity: Medium, units: []string{"nfs-server.service", "smbd.service"}, ports: []int{139, 445, 2049}, refs: append(cis("2.1.9", "2.1.9"), cis("2.1.14", "2.1.14")...)},
	{id: "PVESEC-C1409", title: "No rsync server runs", why: "It has no encryption.", severity: Medium, units: []string{"rsync.service"}, ports: []int{873}, refs: cis("2.1.13", "2.1.13")},
	{id: "PVESEC-C1410", title: "No directory server runs", why: "It belongs into a guest.", severity: Low, units: []string{"slapd.service"}, ports: []int{389}, refs: cis("2.1.7", "2.1.7")},
	{id: "PVESEC-C1411", title: "No proxy runs", why: "An open proxy lends the address of the node.", severity: Medium, units: []string{"squid.service"}, ports: []int{8080}, refs: cis("2.1.17", "2.1.18")},
	{id: "PVESEC-C1412", title: "No web server beside PVE's runs", why: "It belongs into a guest; as a proxy of port 8006 it is one more that is to be mended.", severity: Low, units: []string{"nginx.service", "apache2.service"}, ports: []int{80, 443}, refs: cis("2.1.18", "2.1.19")},
	{id: "PVESEC-C1413", title: "No name or DHCP server is open to others", why: "It belongs into a guest, or to SDN, which binds it to its own networks.", severity: Low, units: []string{"named.service", "isc-dhcp-server.service"}, ports: nil, refs: append(cis("2.1.4", "2.1.4"), cis("2.1.3", "2.1.3")...)},
	{id: "PVESEC-C1414", title: "The mail server serves the node only", why: "An open relay sends the mail of everyone.", severity: Medium, units: nil, ports: []int{25, 465, 587}, refs: cis("2.1.21", "2.1.22")},
	{id: "PVESEC-C1415", title: "No container engine runs on the node", why: "Its socket is root, and its rules get around the firewall of PVE.", severity: High, units: []string{"docker.service"}, ports: []int{2375, 2376}, refs: guide("1.2.7")},
	{id: "PVESEC-C1416", title: "No database is open to others", why: "It belongs into a guest.", severity: High, units: nil, ports: []int{3306, 5432, 6379, 11211, 27017, 9200}, refs: cis("2.1.22", "2.1.23")},
	{id: "PVESEC-C1417", title: "No remote desktop is open to others", why: "A console without a password of its own is who connects first.", severity: High, units: nil, ports: []int{3389, 5800, 6000, 6001}, refs: cis("2.1.20", "2.1.21")},
	{id: "PVESEC-C1418", title: "No root shell waits on a console", why: "debug-shell is a shell of root on tty9, without a password.", severity: Critical, units: []string{"debug-shell.service"}, ports: nil, refs: manual("systemd-debug-generator(8)", "debug-shell.service")},
}

// serviceChecks are the checks of what a node serves.
func serviceChecks() []Check {
	list := make([]Check, 0, len(badServices)+2)
	for _, s := range badServices {
		expected := make([]string, 0, 2)
		if len(s.units) > 0 {
			expected = append(expected, "none of "+strings.Join(s.units, ", ")+" is active or enabled")
		}
		if len(s.ports) > 0 {
			expected = append(expected, "nothing listens on port "+strings.Trim(fmt.Sprint(s.ports), "[]")+" but on loopback")
		}
		list = append(list, Check{ID: s.id, Title: s.title, Family: Services, Severity: s.severity, Level: Level1, Why: s.why, Expected: strings.Join(expected, "; "), Remedy: "systemctl disable --now UNIT, or apt-get purge PACKAGE.", References: s.refs,
			node: func(n *Node) Outcome { return n.service(&s) }})
	}
	return append(list,
		Check{ID: "PVESEC-C1419", Title: "Only known services listen", Family: Services, Severity: Medium, Level: Level2, Why: "What listens can be attacked.", Expected: "sshd, PVE's services, corosync, migration, Ceph, and nothing else listen but on loopback", Remedy: "Stop the service, or bind it to 127.0.0.1. Waive the check with the reason where it is meant.",
			References: cis("2.1.22", "2.1.23"), node: knownListeners},
		Check{ID: "PVESEC-C1420", Title: "cron runs", Family: Services, Severity: Low, Level: Level1, Why: "Jobs of PVE and of maintenance do not run otherwise.", Expected: "cron.service is active", Remedy: "systemctl enable --now cron.", References: cis("2.4.1.1", "2.4.1.1"),
			node: func(n *Node) Outcome { return n.runs("cron.service") }},
	)
}

func (n *Node) service(s *badService) Outcome {
	var wrong []string
	reason := ""
	for _, name := range s.units {
		u, told := n.units.byName[name]
		switch {
		case !told:
			reason = "the node did not tell of " + name
		case u.active == "active" || u.enabled == "enabled":
			wrong = append(wrong, strings.TrimSpace(name+" is "+u.active+" "+u.enabled))
		}
	}
	for _, one := range n.sockets.list {
		if slices.Contains(s.ports, one.port) && one.public() {
			wrong = append(wrong, one.String()+" listens")
		}
	}
	if len(s.ports) > 0 && n.sockets.reason != "" {
		reason = n.sockets.reason
	}
	if len(s.units) > 0 && n.units.reason != "" {
		reason = n.units.reason
	}
	return judged(wrong, reason, "nothing of it runs")
}

// knownProcesses are those that listen on a node of PVE. Sources: Proxmox VE Administration Guide, "Ports used by
// Proxmox VE"; Ceph, "Network Configuration Reference".
var knownProcesses = []string{
	"sshd", "pveproxy", "pveproxy worker", "pvedaemon", "pvedaemon worker", "spiceproxy", "spiceproxy work", "corosync", "pmxcfs", "kvm", "chronyd", "systemd-timesyn", "ntpd", "systemd", "ceph-mon", "ceph-mgr", "ceph-osd", "ceph-mds", "dnsmasq", "pve-ha-lrm", "qm", "socat",
}

// knownPorts are theirs, where the kernel tells no process: rpcbind's are not among them.
var knownPorts = []int{22, 123, 323, 8006, 3128}

func knownListeners(n *Node) Outcome {
	var wrong []string
	for _, one := range n.sockets.list {
		if one.public() && !slices.Contains(knownProcesses, one.process) && (one.process != "" || !slices.Contains(knownPorts, one.port)) {
			wrong = append(wrong, one.String())
		}
	}
	return judged(wrong, n.sockets.reason, fmt.Sprintf("%d sockets, all of known services", len(n.sockets.list)))
}
