package check_test

import "github.com/pvesec/terraform-provider-pvesec/internal/node"

// pveSituations are files of PVE with which each check of them fails.
func pveSituations() map[string]situation {
	lines := func(file string, lines ...string) situation {
		return func(f *fixture) { f.config[file] = lines }
	}
	container := func(more ...string) situation {
		return lines("/etc/pve/lxc/100.conf", append([]string{"guest: there", "unprivileged: 1"}, more...)...)
	}
	machine := func(more ...string) situation {
		return lines("/etc/pve/qemu-server/101.conf", append([]string{"guest: there"}, more...)...)
	}
	return map[string]situation{
		"PVESEC-C1701": lines(clusterFW, "[OPTIONS]", "enable: 0"),
		"PVESEC-C1702": lines(clusterFW, "[OPTIONS]", "policy_in: ACCEPT"),
		"PVESEC-C1703": lines(clusterFW, "[OPTIONS]", "enable: 1"),
		"PVESEC-C1704": lines(hostFW, "[OPTIONS]", "enable: 0"),
		"PVESEC-C1705": stopped("pve-firewall.service"),
		"PVESEC-C1706": lines(hostFW, "[OPTIONS]", "[RULES]", "IN SSH(ACCEPT) -i vmbr0"),
		"PVESEC-C1707": lines(hostFW, "[OPTIONS]", "enable: 1"),
		"PVESEC-C1708": lines("/etc/default/pveproxy", `ALLOW_FROM="0.0.0.0/0"`, `POLICY="deny"`),
		"PVESEC-C1709": lines("/etc/default/pveproxy", `CIPHERS="HIGH:RC4-SHA"`),
		"PVESEC-C1710": func(f *fixture) { f.certificate = certificate(now.AddDate(0, 0, 13), false, false) },
		"PVESEC-C1711": func(f *fixture) { f.certificate = certificate(now.AddDate(1, 0, 0), true, false) },
		"PVESEC-C1712": func(f *fixture) { f.certificate = certificate(now.AddDate(1, 0, 0), false, true) },
		"PVESEC-C1713": lines("/etc/pve/corosync.conf", "secauth: off"),
		"PVESEC-C1714": lines("/etc/pve/datacenter.cfg", "migration: type=insecure"),
		"PVESEC-C1801": lines("/etc/pve/lxc/100.conf", "guest: there"),
		"PVESEC-C1802": container("features: mount=nfs"),
		"PVESEC-C1803": container("lxc.apparmor.profile: unconfined"),
		"PVESEC-C1804": container("lxc.cap.drop:"),
		"PVESEC-C1805": container("mp0: /srv/data,mp=/data"),
		"PVESEC-C1806": container("hookscript: local:snippets/x.pl"),
		"PVESEC-C1807": container("net0: name=eth0,bridge=vmbr0"),
		"PVESEC-C1808": machine("args: set"),
		"PVESEC-C1809": machine("hookscript: local:snippets/x.pl"),
		"PVESEC-C1810": machine("net0: virtio=AA,bridge=vmbr0"),
		"PVESEC-C1811": lines("/etc/pve/jobs.cfg", "vzdump: backup-1", "enabled 0", "all 1"),
		"PVESEC-C1812": func(f *fixture) { f.sections[node.SectionCommands] = node.Section{} },
		"PVESEC-C1813": lines("/etc/pve/storage.cfg", "pbs: pbs"),
	}
}
