package check_test

// kernelSituations are settings of the kernel with which each check of it fails.
func kernelSituations() map[string]situation {
	all := map[string]situation{
		"PVESEC-C1618": func(f *fixture) { f.vulnerabilities += "l1tf:Vulnerable; SMT vulnerable\n" },
		"PVESEC-C1619": func(f *fixture) { f.kernel["/sys/module/apparmor/parameters/enabled"] = "N" },
		"PVESEC-C1620": func(f *fixture) { f.mounts = "tmpfs /dev/shm tmpfs rw,nodev 0 0\n" },
	}
	for id, setting := range map[string][2]string{
		"PVESEC-C1601": {"kernel/randomize_va_space", "0"}, "PVESEC-C1602": {"kernel/kptr_restrict", "0"}, "PVESEC-C1603": {"kernel/dmesg_restrict", "0"}, "PVESEC-C1604": {"kernel/yama/ptrace_scope", "0"}, "PVESEC-C1605": {"kernel/unprivileged_bpf_disabled", "0"},
		"PVESEC-C1606": {"fs/protected_hardlinks", "0"}, "PVESEC-C1607": {"fs/protected_symlinks", "0"}, "PVESEC-C1608": {"fs/protected_fifos", "0"}, "PVESEC-C1609": {"fs/protected_regular", "0"}, "PVESEC-C1610": {"fs/suid_dumpable", "1"}, "PVESEC-C1611": {"net/ipv4/tcp_syncookies", "0"},
		"PVESEC-C1612": {"net/ipv4/conf/all/accept_redirects", "1"}, "PVESEC-C1613": {"net/ipv4/conf/all/send_redirects", "1"}, "PVESEC-C1614": {"net/ipv4/conf/all/accept_source_route", "1"}, "PVESEC-C1615": {"net/ipv4/conf/all/log_martians", "0"},
		"PVESEC-C1616": {"net/ipv4/icmp_echo_ignore_broadcasts", "0"}, "PVESEC-C1617": {"net/ipv6/conf/all/accept_redirects", "1"},
	} {
		all[id] = func(f *fixture) { f.kernel[setting[0]] = setting[1] }
	}
	return all
}
