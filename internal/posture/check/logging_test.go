package check_test

// stopped stops services.
func stopped(names ...string) situation {
	return func(f *fixture) {
		for _, name := range names {
			f.units[name] = "inactive"
		}
	}
}

// loggingSituations are settings with which each check of logs fails.
func loggingSituations() map[string]situation {
	lines := func(file string, lines ...string) situation {
		return func(f *fixture) { f.config[file] = lines }
	}
	return map[string]situation{
		"PVESEC-C0712": lines("/etc/profile.d/tmout.sh", "TMOUT=3600"),
		"PVESEC-C0809": stopped("systemd-journald.service", "rsyslog.service"),
		"PVESEC-C0810": func(f *fixture) {
			stopped("rsyslog.service")(f)
			f.config["/etc/systemd/journald.conf"] = []string{"Storage=volatile"}
		},
		"PVESEC-C0811": func(f *fixture) { delete(f.config, "/etc/rsyslog.d/forward.conf") },
		"PVESEC-C0812": func(f *fixture) {
			f.config["/etc/rsyslog.conf"] = []string{"$FileCreateMode 0640"}
			f.config["/etc/rsyslog.d/forward.conf"] = []string{"*.* @@logs.example.com:514"}
		},
		"PVESEC-C0813": lines("/etc/rsyslog.d/in.conf", `module(load="imudp")`),
		"PVESEC-C0814": lines("/etc/rsyslog.conf", "$FileCreateMode 0644"),
		"PVESEC-C0815": stopped("logrotate.timer"),
		"PVESEC-C0816": stopped("auditd.service"),
		"PVESEC-C0817": lines("/etc/audit/rules.d/50.rules", "-w /etc/sudoers -p wa", "-e 2"),
		"PVESEC-C0818": lines("/etc/audit/rules.d/50.rules", "-w /etc/passwd -p wa", "-e 2"),
		"PVESEC-C0819": lines("/etc/audit/rules.d/50.rules", "-e 2"),
		"PVESEC-C0820": lines("/etc/audit/rules.d/50.rules", "-e 2", "-w /etc/pve -p wa"),
		"PVESEC-C0821": lines("/etc/audit/auditd.conf", "max_log_file_action = ROTATE"),
		"PVESEC-C1501": stopped("chrony.service"),
		"PVESEC-C1502": func(f *fixture) { f.units["systemd-timesyncd.service"] = "active" },
		"PVESEC-C1503": lines("/etc/chrony/chrony.conf", "user _chrony"),
	}
}
