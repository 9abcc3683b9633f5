package check_test

// serviceSituations are services with which each check of them fails.
func serviceSituations() map[string]situation {
	running := func(unit string) situation { return func(f *fixture) { f.units[unit] = "active" } }
	listens := func(line string) situation { return func(f *fixture) { f.listeners = append(f.listeners, line) } }
	return map[string]situation{
		"PVESEC-C1401": listens(`tcp LISTEN 0 5 0.0.0.0:23 0.0.0.0:* users:(("in.telnetd",pid=9,fd=3))`), "PVESEC-C1402": running("vsftpd.service"), "PVESEC-C1403": listens(`udp UNCONN 0 0 *:69 *:*`), "PVESEC-C1404": listens(`tcp LISTEN 0 5 0.0.0.0:111 0.0.0.0:* users:(("rpcbind",pid=9,fd=3))`),
		"PVESEC-C1405": running("snmpd.service"), "PVESEC-C1406": running("avahi-daemon.service"), "PVESEC-C1407": running("cups.service"), "PVESEC-C1408": running("smbd.service"), "PVESEC-C1409": running("rsync.service"), "PVESEC-C1410": running("slapd.service"), "PVESEC-C1411": running("squid.service"),
		"PVESEC-C1412": listens(`tcp LISTEN 0 5 [::]:443 [::]:* users:(("nginx",pid=9,fd=3))`), "PVESEC-C1413": running("named.service"), "PVESEC-C1414": listens(`tcp LISTEN 0 100 0.0.0.0:25 0.0.0.0:* users:(("master",pid=3,fd=13))`), "PVESEC-C1415": running("docker.service"),
		"PVESEC-C1416": listens(`tcp LISTEN 0 5 10.0.0.5:6379 0.0.0.0:* users:(("redis-server",pid=9,fd=3))`), "PVESEC-C1417": listens(`tcp LISTEN 0 5 *:6000 *:* users:(("Xorg",pid=9,fd=3))`), "PVESEC-C1418": running("debug-shell.service"),
		"PVESEC-C1419": listens(`tcp LISTEN 0 5 0.0.0.0:4444 0.0.0.0:* users:(("nc",pid=9,fd=3))`), "PVESEC-C1420": stopped("cron.service"),
	}
}
