package check_test

import "strings"

// modeSituations are modes with which each check of them fails.
func modeSituations() map[string]situation {
	all := map[string]situation{
		"PVESEC-C1235": func(f *fixture) { f.modes["/etc/hosts.equiv"] = "f 644 0 0" },
		"PVESEC-C1236": func(f *fixture) { f.modes["/etc/doas.conf"] = "f 600 0 0" },
		"PVESEC-C1237": func(f *fixture) { delete(f.modes, "/etc/cron.allow") },
	}
	for id, file := range map[string]string{
		"PVESEC-C1201": "/etc/passwd 646", "PVESEC-C1202": "/etc/group 664", "PVESEC-C1203": "/etc/shadow 644", "PVESEC-C1204": "/etc/gshadow 644", "PVESEC-C1205": "/etc/shells 666", "PVESEC-C1206": "/etc/security/opasswd 644", "PVESEC-C1207": "/etc/sudoers 644",
		"PVESEC-C1208": "/etc/sudoers.d/agent 644", "PVESEC-C1209": "/etc/sudoers.d 775", "PVESEC-C1210": "/etc/sudo.conf 666", "PVESEC-C1211": "/etc/ssh/sshd_config 644", "PVESEC-C1212": "/etc/ssh/ssh_host_ed25519_key 640", "PVESEC-C1213": "/etc/ssh/ssh_host_ed25519_key.pub 666",
		"PVESEC-C1214": "/root 755", "PVESEC-C1215": "/root/.ssh 755", "PVESEC-C1216": "/etc/crontab 644", "PVESEC-C1217": "/etc/cron.weekly 755", "PVESEC-C1218": "/etc/cron.d/e2scrub 666", "PVESEC-C1219": "/etc/cron.daily/apt 777", "PVESEC-C1220": "/etc/pve/priv/authkey.key 644",
		"PVESEC-C1221": "/etc/pve 777", "PVESEC-C1222": "/var/lib/pve-cluster/config.db 644", "PVESEC-C1223": "/etc/apt/auth.conf.d/pve.conf 644", "PVESEC-C1224": "/etc/apt/trusted.gpg.d/pve.gpg 666", "PVESEC-C1225": "/boot/grub/grub.cfg 644", "PVESEC-C1226": "/etc/audit/rules.d/50.rules 644",
		"PVESEC-C1227": "/var/log/audit/audit.log 644", "PVESEC-C1228": "/var/log/sudo-io 755", "PVESEC-C1229": "/var/log/sudo.log 644", "PVESEC-C1230": "/etc/profile.d/tmout.sh 666", "PVESEC-C1231": "/etc/pam.d/su 666", "PVESEC-C1232": "/etc/network/interfaces 666",
		"PVESEC-C1233": "/var/spool/cron/crontabs 1777", "PVESEC-C1234": "/tmp 777",
	} {
		path, mode, _ := strings.Cut(file, " ")
		all[id] = func(f *fixture) {
			fields := strings.Fields(f.modes[path])
			fields[1] = mode
			f.modes[path] = strings.Join(fields, " ")
		}
	}
	return all
}
