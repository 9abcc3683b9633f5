package check

import "fmt"

// fileMode is what the modes of some files have to be: no more than some bits, an owner, a group.
type fileMode struct {
	id       string
	title    string
	severity Severity
	level    Level
	why      string
	patterns []string
	most     uint64 // the bits that may be set
	group    []int  // the groups that may own it, nil for any that gets no more than everyone; 0 is root
	absent   Status // what it is where none of the files is there
	refs     []Reference
	remedy   string
}

// shadowGID is Debian's group shadow, base-passwd.
const shadowGID = 42

var fileModes = []fileMode{
	{id: "PVESEC-C1201", title: "/etc/passwd and its backup are closed to writers", severity: Critical, level: Level1, why: "Who writes them makes himself root.", patterns: []string{"/etc/passwd", "/etc/passwd-"}, most: 0o644, group: []int{0}, absent: Fail, refs: append(cis("7.1.1", "7.1.1"), cis("7.1.2", "7.1.2")...)},
	{id: "PVESEC-C1202", title: "/etc/group and its backup are closed to writers", severity: Critical, level: Level1, why: "Who writes them joins every group.", patterns: []string{"/etc/group", "/etc/group-"}, most: 0o644, group: []int{0}, absent: Fail, refs: append(cis("7.1.3", "7.1.3"), cis("7.1.4", "7.1.4")...)},
	{id: "PVESEC-C1203", title: "/etc/shadow and its backup are closed to readers", severity: Critical, level: Level1, why: "Hashes of passwords can be broken by who reads them.", patterns: []string{"/etc/shadow", "/etc/shadow-"}, most: 0o640, group: []int{0, shadowGID}, absent: Fail, refs: append(cis("7.1.5", "7.1.5"), cis("7.1.6", "7.1.6")...)},
	{id: "PVESEC-C1204", title: "/etc/gshadow and its backup are closed to readers", severity: High, level: Level1, why: "Hashes of passwords of groups can be broken by who reads them.", patterns: []string{"/etc/gshadow", "/etc/gshadow-"}, most: 0o640, group: []int{0, shadowGID}, absent: NotApplicable, refs: append(cis("7.1.7", "7.1.7"), cis("7.1.8", "7.1.8")...)},
	{id: "PVESEC-C1205", title: "/etc/shells is closed to writers", severity: Medium, level: Level1, why: "A shell that is listed passes for a login.", patterns: []string{"/etc/shells"}, most: 0o644, group: []int{0}, absent: NotApplicable, refs: cis("7.1.9", "7.1.9")},
	{id: "PVESEC-C1206", title: "/etc/security/opasswd is closed to readers", severity: Medium, level: Level1, why: "Old passwords tell the new ones.", patterns: []string{"/etc/security/opasswd"}, most: 0o600, group: []int{0}, absent: NotApplicable, refs: cis("7.1.10", "7.1.10")},
	{id: "PVESEC-C1207", title: "/etc/sudoers has the mode that sudo wants", severity: Critical, level: Level1, why: "sudo refuses a file that others write, and everyone reads what the attacker looks for.", patterns: []string{"/etc/sudoers"}, most: 0o440, group: []int{0}, absent: NotApplicable, refs: manual("sudoers(5)", "FILES")},
	{id: "PVESEC-C1208", title: "Files of /etc/sudoers.d have the mode that sudo wants", severity: Critical, level: Level1, why: "Who writes one of them gives himself every command.", patterns: []string{"/etc/sudoers.d/*"}, most: 0o440, group: []int{0}, absent: NotApplicable, refs: manual("sudoers(5)", "FILES"), remedy: "pvesec_sudoers_policy writes its file so; chmod 0440 FILE."},
	{id: "PVESEC-C1209", title: "/etc/sudoers.d is closed to others", severity: High, level: Level1, why: "A file in it is a grant.", patterns: []string{"/etc/sudoers.d"}, most: 0o755, group: []int{0}, absent: NotApplicable, refs: manual("sudoers(5)", "@includedir")},
	{id: "PVESEC-C1210", title: "/etc/sudo.conf is closed to writers", severity: Critical, level: Level1, why: "It names the plugins that sudo runs as root.", patterns: []string{"/etc/sudo.conf"}, most: 0o644, group: []int{0}, absent: NotApplicable, refs: manual("sudo.conf(5)", "")},
	{id: "PVESEC-C1211", title: "/etc/ssh/sshd_config and its directory are closed to others", severity: High, level: Level1, why: "It tells who is let in, and who writes it is let in.", patterns: []string{"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"}, most: 0o600, group: []int{0}, absent: NotApplicable, refs: cis("5.1.1", "5.1.1"), remedy: "chmod 0600 FILE; pvesec_sshd_policy writes its file so."},
	{id: "PVESEC-C1212", title: "Private host keys are closed to others", severity: Critical, level: Level1, why: "Anyone who has the key can pose as the node.", patterns: []string{"/etc/ssh/ssh_host_*_key"}, most: 0o600, group: []int{0}, absent: NotApplicable, refs: cis("5.1.2", "5.1.2")},
	{id: "PVESEC-C1213", title: "Public host keys are closed to writers", severity: Medium, level: Level1, why: "A changed key locks everyone out.", patterns: []string{"/etc/ssh/ssh_host_*_key.pub"}, most: 0o644, group: []int{0}, absent: NotApplicable, refs: cis("5.1.3", "5.1.3")},
	{id: "PVESEC-C1214", title: "root's home is closed to others", severity: High, level: Level1, why: "Histories, keys and tokens stand in it.", patterns: []string{"/root"}, most: 0o700, group: []int{0}, absent: Fail, refs: manual("hier(7)", "/root")},
	{id: "PVESEC-C1215", title: "root's keys are closed to others", severity: Critical, level: Level1, why: "They are the keys of every node of the cluster.", patterns: []string{"/root/.ssh", "/root/.ssh/id_*[!b]"}, most: 0o700, group: []int{0, 33}, absent: NotApplicable, refs: manual("sshd(8)", "FILES")},
	{id: "PVESEC-C1216", title: "/etc/crontab is closed to others", severity: High, level: Level1, why: "What stands in it runs as root.", patterns: []string{"/etc/crontab"}, most: 0o600, group: []int{0}, absent: NotApplicable, refs: cis("2.4.1.2", "2.4.1.2")},
	{id: "PVESEC-C1217", title: "Directories of cron are closed to others", severity: Medium, level: Level1, why: "What is in them runs as root.", patterns: []string{"/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/cron.yearly", "/etc/cron.d"}, most: 0o700, group: []int{0}, absent: NotApplicable,
		refs: append(append(cis("2.4.1.3", "2.4.1.3"), cis("2.4.1.7", "2.4.1.8")...), cis("2.4.1.6", "2.4.1.6")...)},
	{id: "PVESEC-C1218", title: "Files of /etc/cron.d are closed to writers", severity: Critical, level: Level1, why: "What stands in them runs as root.", patterns: []string{"/etc/cron.d/*"}, most: 0o644, group: []int{0}, absent: NotApplicable, refs: manual("cron(8)", "")},
	{id: "PVESEC-C1219", title: "Scripts of cron are closed to writers", severity: Critical, level: Level1, why: "They run as root.", patterns: []string{"/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*"}, most: 0o755, group: []int{0}, absent: NotApplicable, refs: manual("cron(8)", "")},
	{id: "PVESEC-C1220", title: "Private keys of PVE are closed to others", severity: Critical, level: Level1, why: "They sign tickets of every user, and are the keys of the cluster.", patterns: []string{"/etc/pve/priv", "/etc/pve/priv/*"}, most: 0o700, group: []int{0, 33}, absent: NotApplicable, refs: manual(pveBook, "Proxmox Cluster File System (pmxcfs)")},
	{id: "PVESEC-C1221", title: "/etc/pve is closed to others", severity: High, level: Level1, why: "It has the configuration of the cluster and of every guest.", patterns: []string{"/etc/pve"}, most: 0o755, group: []int{0, 33}, absent: NotApplicable, refs: manual(pveBook, "Proxmox Cluster File System (pmxcfs)")},
	{id: "PVESEC-C1222", title: "The database of the cluster file system is closed to others", severity: Critical, level: Level1, why: "It has the private keys of PVE.", patterns: []string{"/var/lib/pve-cluster/config.db"}, most: 0o600, group: []int{0}, absent: NotApplicable, refs: manual(pveBook, "Proxmox Cluster File System (pmxcfs)")},
	{id: "PVESEC-C1223", title: "Credentials of apt are closed to others", severity: Medium, level: Level1, why: "They have the key of the subscription, and passwords of repositories.", patterns: []string{"/etc/apt/auth.conf", "/etc/apt/auth.conf.d/*"}, most: 0o640, group: []int{0}, absent: NotApplicable, refs: cis("", "1.2.1.6")},
	{id: "PVESEC-C1224", title: "Keys that apt trusts are closed to writers", severity: Critical, level: Level1, why: "Who adds a key signs packages that run as root.", patterns: []string{"/etc/apt/trusted.gpg.d", "/etc/apt/trusted.gpg.d/*"}, most: 0o755, group: []int{0}, absent: NotApplicable, refs: cis("", "1.2.1.4")},
	{id: "PVESEC-C1225", title: "The configuration of the boot loader is closed to others", severity: Medium, level: Level1, why: "It can hold a password, and who writes it boots what he wants.", patterns: []string{"/boot/grub/grub.cfg"}, most: 0o600, group: []int{0}, absent: NotApplicable, refs: cis("1.4.2", "1.4.2")},
	{id: "PVESEC-C1226", title: "Rules of auditd are closed to others", severity: Medium, level: Level1, why: "They tell what is not recorded.", patterns: []string{"/etc/audit/rules.d/*.rules", "/etc/audit/auditd.conf", "/etc/audit/audit.rules"}, most: 0o640, group: []int{0}, absent: NotApplicable, refs: cis("6.2.4.5", "6.2.4.5")},
	{id: "PVESEC-C1227", title: "Logs of auditd are closed to others", severity: Medium, level: Level1, why: "They tell what every user did.", patterns: []string{"/var/log/audit", "/var/log/audit/*"}, most: 0o750, group: []int{0, 4}, absent: NotApplicable, refs: append(cis("6.2.4.1", "6.2.4.1"), cis("6.2.4.4", "6.2.4.4")...)},
	{id: "PVESEC-C1228", title: "Recordings of sudo are closed to others", severity: High, level: Level1, why: "They have what was typed and shown, passwords, too.", patterns: []string{"/var/log/sudo-io"}, most: 0o700, group: []int{0}, absent: NotApplicable, refs: manual("sudoers(5)", "iolog_mode"), remedy: "chmod 0700 /var/log/sudo-io."},
	{id: "PVESEC-C1229", title: "Logs of sudo are closed to others", severity: Medium, level: Level1, why: "Command lines have names, paths and secrets.", patterns: []string{"/var/log/sudo*.log"}, most: 0o640, group: []int{0, 4}, absent: NotApplicable, refs: manual("sudoers(5)", "logfile")},
	{id: "PVESEC-C1230", title: "Profiles of all shells are closed to writers", severity: Critical, level: Level1, why: "root's shell runs them, too.", patterns: []string{"/etc/profile", "/etc/profile.d/*", "/etc/environment"}, most: 0o755, group: []int{0}, absent: NotApplicable, refs: manual("bash(1)", "INVOCATION")},
	{id: "PVESEC-C1231", title: "Rules of PAM are closed to writers", severity: Critical, level: Level1, why: "They decide who is let in.", patterns: []string{"/etc/pam.d", "/etc/pam.d/*"}, most: 0o755, group: []int{0}, absent: Fail, refs: manual("pam.conf(5)", "")},
	{id: "PVESEC-C1232", title: "The configuration of the network is closed to writers", severity: High, level: Level1, why: "Its lines pre-up and post-up run commands as root.", patterns: []string{"/etc/network/interfaces", "/etc/hosts"}, most: 0o644, group: []int{0}, absent: NotApplicable, refs: manual("interfaces(5)", "")},
	{id: "PVESEC-C1233", title: "Cron tables of accounts are closed to others", severity: Medium, level: Level1, why: "They tell what an account does, with its secrets.", patterns: []string{"/var/spool/cron/crontabs"}, most: 0o1730, group: nil, absent: NotApplicable, refs: manual("crontab(1)", "")},
	{id: "PVESEC-C1234", title: "Directories of all users are sticky", severity: High, level: Level1, why: "Without the sticky bit everyone replaces files of others.", patterns: []string{"/tmp", "/var/tmp", "/dev/shm"}, most: 0o1777, group: nil, absent: NotApplicable, refs: cis("7.1.11", "7.1.11")},
}

// modeChecks are the checks of file modes.
func modeChecks() []Check {
	list := make([]Check, 0, len(fileModes)+4)
	for _, f := range fileModes {
		remedy := f.remedy
		if remedy == "" {
			remedy = fmt.Sprintf("chown root FILE; chmod %04o FILE, or stricter.", f.most)
		}
		expected := fmt.Sprintf("owner root, mode %04o or stricter", f.most)
		if f.group != nil {
			expected += ", no other group than the distribution's"
		}
		list = append(list, Check{ID: f.id, Title: f.title, Family: FileModes, Severity: f.severity, Level: f.level, Why: f.why, Expected: expected, Remedy: remedy, References: f.refs, node: func(n *Node) Outcome { return n.fileMode(&f) }})
	}
	return append(list,
		absentFile("PVESEC-C1235", "No host is trusted by /etc/hosts.equiv", "Root of a trusted host is every account here.", manual("hosts.equiv(5)", ""), High, "/etc/hosts.equiv", "/root/.rhosts", "/root/.shosts"),
		absentFile("PVESEC-C1236", "doas gives nobody anything", "What doas.conf grants, no check of sudo sees.", manual("doas.conf(5)", ""), Medium, "/etc/doas.conf"),
		Check{ID: "PVESEC-C1237", Title: "Only named users write cron tables", Family: FileModes, Severity: Low, Level: Level2, Why: "A job of an account stays after its session.", Expected: "/etc/cron.allow is there, owned by root, mode 0640 or stricter, and /etc/cron.deny is not", Remedy: "Write the names into /etc/cron.allow; rm /etc/cron.deny.",
			References: append(manual("crontab(1)", ""), cis("2.4.1.8", "2.4.1.9")...), node: cronAllow},
	)
}

func (n *Node) fileMode(f *fileMode) Outcome {
	if n.modes.reason != "" {
		return unknown(n.modes.reason)
	}
	var wrong []string
	seen := 0
	for _, pattern := range f.patterns {
		for _, file := range n.modes.matching(pattern) {
			m := n.modes.files[file]
			if m.kind == "l" {
				continue // the kernel goes by the file that it leads to
			}
			seen++
			if m.uid != 0 || m.bits&^f.most != 0 || f.most&0o1000 != 0 && m.bits&0o1002 == 0o002 || !f.groupFits(m) {
				wrong = append(wrong, file+": "+m.String())
			}
		}
	}
	if seen == 0 {
		return outcome(f.absent, missing(f.patterns[0]))
	}
	return judged(wrong, "", fmt.Sprintf("%d files or directories as expected", seen))
}

// groupFits tells whether the group of a file is one of those that may be, or gets no more than everyone.
func (f *fileMode) groupFits(m mode) bool {
	if f.group == nil || m.bits>>3&7&^(m.bits&7) == 0 {
		return true
	}
	for _, gid := range f.group {
		if m.gid == gid {
			return true
		}
	}
	return false
}

// absentFile is a check that none of some files is there.
func absentFile(id, title, why string, references []Reference, severity Severity, files ...string) Check {
	return Check{ID: id, Title: title, Family: FileModes, Severity: severity, Level: Level1, Why: why, Expected: files[0] + " is not there", Remedy: "rm " + files[0], References: references, node: func(n *Node) Outcome {
		var wrong []string
		for _, file := range files {
			if m, there := n.modes.files[file]; there {
				wrong = append(wrong, file+": "+m.String())
			}
		}
		return judged(wrong, n.modes.reason, missing(files[0]))
	}}
}

func cronAllow(n *Node) Outcome {
	if n.modes.reason != "" {
		return unknown(n.modes.reason)
	}
	allow, there := n.modes.files["/etc/cron.allow"]
	_, deny := n.modes.files["/etc/cron.deny"]
	switch {
	case !there:
		return fail(missing("/etc/cron.allow"))
	case deny:
		return fail("/etc/cron.deny is there")
	}
	return passIf(allow.uid == 0 && allow.bits&^0o640 == 0, "/etc/cron.allow: "+allow.String())
}
