package check

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// kernelSetting is what a file below /proc/sys has to hold.
type kernelSetting struct {
	id, file, title, why, expected string
	severity                       Severity
	level                          Level
	refs                           []Reference
	wrong                          func(string) bool
}

var kernelSettingList = []kernelSetting{
	{id: "PVESEC-C1601", file: "kernel/randomize_va_space", title: "Addresses of programs are random", why: "With known addresses a flaw of a program is a way in.", expected: "2", severity: High, level: Level1, refs: cis("1.5.1", "1.5.9"), wrong: is("2")},
	{id: "PVESEC-C1602", file: "kernel/kptr_restrict", title: "Addresses of the kernel are hidden", why: "With known addresses a flaw of the kernel is a way to root.", expected: "1 or 2", severity: Medium, level: Level2, refs: cis("", "1.5.8"), wrong: is("1", "2")},
	{id: "PVESEC-C1603", file: "kernel/dmesg_restrict", title: "Messages of the kernel are for root", why: "They tell addresses and devices.", expected: "1", severity: Low, level: Level1, refs: cis("", "1.5.5"), wrong: is("1")},
	{id: "PVESEC-C1604", file: "kernel/yama/ptrace_scope", title: "Processes cannot be traced by others", why: "One program of an account reads the passwords and keys that another has in memory.", expected: "1, 2 or 3", severity: Medium, level: Level2, refs: cis("1.5.2", "1.5.3"), wrong: is("1", "2", "3")},
	{id: "PVESEC-C1605", file: "kernel/unprivileged_bpf_disabled", title: "BPF is for root", why: "Flaws of its checker were ways to root.", expected: "1 or 2", severity: Medium, level: Level1, refs: manual("bpf(2)", ""), wrong: is("1", "2")},
	{id: "PVESEC-C1606", file: "fs/protected_hardlinks", title: "Hard links to files of others are refused", why: "A link keeps an old set-id program, or leads root's job to another file.", expected: "1", severity: Medium, level: Level1, refs: cis("", "1.5.1"), wrong: is("1")},
	{id: "PVESEC-C1607", file: "fs/protected_symlinks", title: "Links of others in /tmp are not followed", why: "A link leads root's job to another file.", expected: "1", severity: Medium, level: Level1, refs: cis("", "1.5.2"), wrong: is("1")},
	{id: "PVESEC-C1608", file: "fs/protected_fifos", title: "Pipes of others in /tmp are not opened by mistake", why: "A program writes its secrets into a pipe of somebody else.", expected: "1 or 2", severity: Low, level: Level1, refs: manual("proc_sys_fs(5)", "protected_fifos"), wrong: is("1", "2")},
	{id: "PVESEC-C1609", file: "fs/protected_regular", title: "Files of others in /tmp are not opened by mistake", why: "A program writes its secrets into a file of somebody else.", expected: "1 or 2", severity: Low, level: Level1, refs: manual("proc_sys_fs(5)", "protected_regular"), wrong: is("1", "2")},
	{id: "PVESEC-C1610", file: "fs/suid_dumpable", title: "Set-id programs leave no core files", why: "A core file has what the program read as root.", expected: "0, or 2 with a handler", severity: Medium, level: Level1, refs: cis("1.5.3", "1.5.4"), wrong: is("0", "2")},
	{id: "PVESEC-C1611", file: "net/ipv4/tcp_syncookies", title: "Floods of connections do not keep others out", why: "Half-open connections fill the table.", expected: "1", severity: Medium, level: Level1, refs: cis("3.3.10", "3.3.1.18"), wrong: is("1")},
	{id: "PVESEC-C1612", file: "net/ipv4/conf/all/accept_redirects", title: "Redirects are not taken", why: "Anybody on the network redirects the traffic to himself.", expected: "0", severity: Medium, level: Level2, refs: cis("3.3.5", "3.3.1.8"), wrong: is("0")},
	{id: "PVESEC-C1613", file: "net/ipv4/conf/all/send_redirects", title: "Redirects are not sent", why: "A node is no router for its neighbours.", expected: "0", severity: Low, level: Level2, refs: cis("3.3.2", "3.3.1.4"), wrong: is("0")},
	{id: "PVESEC-C1614", file: "net/ipv4/conf/all/accept_source_route", title: "Packets do not choose their way", why: "A packet with a way of its own gets around filters.", expected: "0", severity: Medium, level: Level1, refs: cis("3.3.8", "3.3.1.14"), wrong: is("0")},
	{id: "PVESEC-C1615", file: "net/ipv4/conf/all/log_martians", title: "Impossible packets are logged", why: "They are the first that is seen of a forged address.", expected: "1", severity: Low, level: Level2, refs: cis("3.3.9", "3.3.1.16"), wrong: is("1")},
	{id: "PVESEC-C1616", file: "net/ipv4/icmp_echo_ignore_broadcasts", title: "Pings to everyone are ignored", why: "They are used to amplify attacks.", expected: "1", severity: Low, level: Level1, refs: cis("3.3.4", "3.3.1.7"), wrong: is("1")},
	{id: "PVESEC-C1617", file: "net/ipv6/conf/all/accept_redirects", title: "Redirects of IPv6 are not taken", why: "Anybody on the network redirects the traffic to himself.", expected: "0", severity: Medium, level: Level2, refs: cis("3.3.5", "3.3.2.3"), wrong: is("0")},
}

// kernelChecks are the checks of the kernel.
func kernelChecks() []Check {
	list := make([]Check, 0, len(kernelSettingList)+3)
	for _, s := range kernelSettingList {
		name := strings.ReplaceAll(s.file, "/", ".")
		list = append(list, Check{ID: s.id, Title: s.title, Family: Kernel, Severity: s.severity, Level: s.level, Why: s.why, Expected: name + " is " + s.expected, Remedy: "Write " + name + " into a file of /etc/sysctl.d, then sysctl --system.", References: s.refs,
			node: func(n *Node) Outcome { return n.kernelSetting(&s) }})
	}
	return append(list,
		Check{ID: "PVESEC-C1618", Title: "Flaws of the processor are mitigated", Family: Kernel, Severity: High, Level: Level1, Why: "Guests read the memory of the node and of others.", Expected: "no mitigations=off, and no line with Vulnerable below /sys/devices/system/cpu/vulnerabilities", Remedy: "Remove mitigations=off from the command line of the kernel; install microcode.",
			References: guide("1.1.8"), node: mitigations},
		Check{ID: "PVESEC-C1619", Title: "AppArmor is on", Family: Kernel, Severity: High, Level: Level1, Why: "It confines containers.", Expected: "/sys/module/apparmor/parameters/enabled is Y", Remedy: "Remove apparmor=0 from the command line of the kernel.", References: append(cis("1.3.1.2", "1.3.1.2"), manual(pveBook, "AppArmor")...), node: apparmor},
		Check{ID: "PVESEC-C1620", Title: "Shared memory runs no programs with a set-id bit", Family: Kernel, Severity: Low, Level: Level1, Why: "Everyone writes there.", Expected: "/dev/shm is mounted with nosuid and nodev", Remedy: "Mount /dev/shm with nosuid,nodev in /etc/fstab.", References: append(cis("1.1.2.2.2", "1.1.2.2.2"), cis("1.1.2.2.3", "1.1.2.2.3")...), node: sharedMemory},
	)
}

func (n *Node) kernelSetting(s *kernelSetting) Outcome {
	if n.kernel.reason != "" {
		return unknown(n.kernel.reason)
	}
	v, told := n.kernel.values["/proc/sys/"+s.file]
	switch {
	case !told && strings.HasPrefix(s.file, "net/ipv6"):
		if _, ip := n.kernel.values["/proc/sys/net/ipv4/tcp_syncookies"]; ip {
			return notApplicable("the kernel has no IPv6")
		}
		return unknown("the node did not tell of " + s.file)
	case !told:
		return unknown("the node did not tell of " + s.file)
	}
	return passIf(!s.wrong(v), "/proc/sys/"+s.file+": "+v)
}

func mitigations(n *Node) Outcome {
	if n.kernel.reason != "" {
		return unknown(n.kernel.reason)
	}
	var wrong []string
	if line := n.kernel.values["/proc/cmdline"]; strings.Contains(line, "mitigations=off") {
		wrong = append(wrong, "/proc/cmdline has mitigations=off")
	}
	text, reason := n.Told(node.SectionVulnerabilities)
	count := 0
	for line := range strings.Lines(text) {
		name, state, _ := strings.Cut(strings.TrimSpace(line), ":")
		count++
		if strings.HasPrefix(state, "Vulnerable") {
			wrong = append(wrong, name+": "+state)
		}
	}
	if count == 0 && reason == "" {
		reason = "the kernel tells of no flaws"
	}
	return judged(wrong, reason, fmt.Sprintf("%d flaws, all mitigated or not there", count))
}

func apparmor(n *Node) Outcome {
	if n.kernel.reason != "" {
		return unknown(n.kernel.reason)
	}
	v, told := n.kernel.values["/sys/module/apparmor/parameters/enabled"]
	if !told {
		return fail("the kernel has no AppArmor")
	}
	return passIf(v == "Y", "/sys/module/apparmor/parameters/enabled: "+v)
}

func sharedMemory(n *Node) Outcome {
	text, reason := n.Told(node.SectionMounts)
	if reason != "" {
		return unknown(reason)
	}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 3 && words[1] == "/dev/shm" {
			options := "," + words[3] + ","
			return passIf(strings.Contains(options, ",nosuid,") && strings.Contains(options, ",nodev,"), "/dev/shm: "+words[3])
		}
	}
	if text == "" {
		return unknown("the node told of no file systems")
	}
	return fail("/dev/shm is no file system of its own")
}
