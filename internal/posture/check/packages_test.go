package check_test

// packageSituations are packages and repositories with which each check of them fails.
func packageSituations() map[string]situation {
	installed := func(name string) situation {
		return func(f *fixture) { f.installed += "ii \t" + name + "\t1.0\n" }
	}
	source := func(line string) situation {
		return func(f *fixture) { f.config["/etc/apt/sources.list.d/more.list"] = []string{line} }
	}
	return map[string]situation{
		"PVESEC-C1301": func(f *fixture) {
			f.updates += "Inst libc6 [2.41-1] (2.41-2 Debian-Security:13/stable-security [amd64])\n"
		},
		"PVESEC-C1302": func(f *fixture) { f.updates += "Inst qemu [9.0-1] (9.0-2 Proxmox Debian repository:stable [amd64])\n" },
		"PVESEC-C1303": func(f *fixture) {
			for _, file := range []string{"/var/lib/apt/lists/deb_Packages", "/var/lib/apt/lists/partial"} {
				f.modified[file] = now.AddDate(0, 0, -8)
			}
		},
		"PVESEC-C1304": func(f *fixture) { f.aptconfig = "APT::Periodic::Update-Package-Lists \"1\";\n" },
		"PVESEC-C1305": func(f *fixture) { f.config["/etc/apt/sources.list"] = f.config["/etc/apt/sources.list"][:1] },
		"PVESEC-C1306": source("deb [trusted=yes] http://deb.example.com trixie main"),
		"PVESEC-C1307": func(f *fixture) { f.aptconfig += "Acquire::AllowInsecureRepositories \"true\";\n" },
		"PVESEC-C1308": source("deb http://deb.debian.org/debian sid main"),
		"PVESEC-C1309": source("deb http://deb.debian.org/debian bookworm main"),
		"PVESEC-C1310": func(f *fixture) { f.installed += "iF \tpve-manager\t9.1\n" },
		"PVESEC-C1311": func(f *fixture) { f.modes["/run/reboot-required"] = "f 644 0 0" },
		"PVESEC-C1312": installed("telnetd"),
		"PVESEC-C1313": installed("telnet"),
		"PVESEC-C1314": installed("prelink"),
		"PVESEC-C1315": installed("gdm3"),
		"PVESEC-C1316": func(f *fixture) { replaced(&f.installed, "ii \tamd64-microcode\t3\n", "") },
	}
}
