package check_test

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// line adds a line to the sudoers files.
func sudoersLine(text string) situation {
	return func(f *fixture) { f.sudoers = append(f.sudoers, text) }
}

// granted gives eve a command.
func granted(command string) situation { return sudoersLine("eve ALL=(root) " + command) }

// sudoSituations are lines of sudoers with which each check fails.
func sudoSituations() map[string]situation {
	all := map[string]situation{
		"PVESEC-C0101": granted("/usr/sbin/pveum user modify root@pam --enable 0"),
		"PVESEC-C0102": granted("/usr/sbin/visudo"),
		"PVESEC-C0103": granted("/usr/sbin/useradd mallory"),
		"PVESEC-C0104": granted("/usr/sbin/qm set 100 --hookscript local:snippets/x"),
		"PVESEC-C0201": granted("/usr/bin/apt-get install vim"),
		"PVESEC-C0202": granted("/usr/sbin/ifdown vmbr0"),
		"PVESEC-C0203": granted("/usr/bin/systemctl stop pveproxy"),
		"PVESEC-C0204": granted("/usr/sbin/zpool destroy rpool"),
		"PVESEC-C0205": granted("/usr/sbin/insmod /tmp/x.ko"),
		"PVESEC-C0206": granted("/usr/sbin/pvesm remove local"),
		"PVESEC-C0207": granted("/usr/sbin/qm destroy 100"),
		"PVESEC-C0301": granted("/usr/bin/vim"),
		"PVESEC-C0302": granted(`NOPASSWD: /usr/bin/pveversion ""`),
		"PVESEC-C0303": granted("ALL"),
		"PVESEC-C0304": granted("/usr/bin/pve*"),
		"PVESEC-C0305": granted("/usr/local/bin/"),
		"PVESEC-C0306": granted("/usr/sbin/qm status *"),
		"PVESEC-C0307": granted("/usr/bin/uptime"),
		"PVESEC-C0308": sudoersLine(`eve ALL=(ALL) /usr/bin/pveversion ""`),
		"PVESEC-C0309": sudoersLine(`ALL ALL=(root) /usr/bin/uptime ""`),
		"PVESEC-C0310": sudoersLine("eve ALL=(root) /usr/bin/uptime, !/usr/bin/id"),
		"PVESEC-C0311": sudoersLine("eve ALL=(root"),
		"PVESEC-C0312": sudoersLine(`eve ALL=(root) /usr/bin/systemctl ^status (pveproxy$`),
		"PVESEC-C0313": sudoersLine(`eve ALL=(root) /usr/bin/pveversion ""`),
		"PVESEC-C0501": granted("/usr/bin/perl -e *"),
		"PVESEC-C0502": granted("/usr/bin/less /var/log/syslog"),
		"PVESEC-C0503": granted("/usr/bin/tee /etc/cron.d/x"),
		"PVESEC-C0504": granted("/usr/bin/cat /etc/shadow"),
		"PVESEC-C0505": granted("/usr/bin/mount /dev/sdb1 /mnt"),
		"PVESEC-C0506": granted("/usr/sbin/pct enter 100"),
		"PVESEC-C0601": granted("/usr/bin/su - bob"),
		"PVESEC-C0602": granted("/usr/bin/systemctl stop rsyslog"),
		"PVESEC-C0603": granted("/usr/bin/systemctl mask cron"),
		"PVESEC-C0604": granted("/usr/bin/timedatectl set-time 2020-01-01"),
		"PVESEC-C0605": func(f *fixture) {
			f.sections[node.SectionAllowed] = node.Section{Data: []byte("\x01eve\nUser eve may run the following commands on pve1:\n\x01bob\nUser bob may run the following commands on pve1:\n    (ALL) ALL\n")}
		},
	}
	for id, option := range map[string]string{
		"PVESEC-C0401": "!env_reset", "PVESEC-C0402": "secure_path=/usr/bin:/home/eve/bin", "PVESEC-C0403": "setenv", "PVESEC-C0404": `env_keep += "LD_PRELOAD"`, "PVESEC-C0405": "env_file=/srv/env", "PVESEC-C0406": "env_editor",
		"PVESEC-C0407": "closefrom_override", "PVESEC-C0408": "umask_override", "PVESEC-C0409": "sudoedit_follow", "PVESEC-C0410": "!sudoedit_checkdir", "PVESEC-C0411": "runchroot=*",
		"PVESEC-C0701": "!use_pty", "PVESEC-C0702": "!authenticate", "PVESEC-C0703": "timestamp_timeout=-1", "PVESEC-C0704": "timestamp_type=global", "PVESEC-C0705": "passwd_tries=9", "PVESEC-C0706": "passwd_timeout=0",
		"PVESEC-C0707": "visiblepw", "PVESEC-C0708": "pwfeedback", "PVESEC-C0709": "rootpw", "PVESEC-C0710": "targetpw", "PVESEC-C0711": "runaspw",
		"PVESEC-C0801": "!logfile", "PVESEC-C0802": "!syslog", "PVESEC-C0803": "!log_allowed", "PVESEC-C0804": "!log_denied", "PVESEC-C0805": "ignore_audit_errors", "PVESEC-C0806": "ignore_logfile_errors", "PVESEC-C0807": "ignore_iolog_errors", "PVESEC-C0808": "!log_output",
	} {
		all[id] = sudoersLine("Defaults " + option)
	}
	for id, section := range map[string]struct{ name, data string }{
		"PVESEC-C0105": {node.SectionGroup, "root:x:0:\nbob:x:1000:\neve:x:1001:\ndaemon:x:1:\ndocker:x:110:bob\n"},
		"PVESEC-C0106": {node.SectionElevation, "/etc/pam.d/su:9:auth sufficient pam_wheel.so trust group=bob\n"},
		"PVESEC-C0507": {node.SectionSetID, "F 4755 0 0 9 /usr/local/bin/rescue\x00"},
		"PVESEC-C0508": {node.SectionCapabilities, "/usr/local/bin/inspect cap_setuid=ep\n"},
		"PVESEC-C0509": {node.SectionPlaces, "f 666 0 0 /etc/profile.d/x.sh\x00\x00"},
		"PVESEC-C0606": {node.SectionPasswd, "root:x:0:0::/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/bash\neve:x:1001:1001::/home/eve:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\ntoor:x:0:0::/root:/bin/bash\n"},
	} {
		all[id] = func(f *fixture) { f.sections[section.name] = node.Section{Data: []byte(section.data)} }
	}
	for id, kind := range map[string]string{"PVESEC-C0510": "/etc/crontab\t7\tcron\troot", "PVESEC-C0511": "/etc/systemd/system/x.service\t7\tunit\tx.service"} {
		all[id] = func(f *fixture) {
			f.sections[node.SectionCommands] = node.Section{Data: fmt.Appendf(nil, "%s\t/home/bob/run.sh\tprogram\n", kind)}
		}
	}
	return all
}
