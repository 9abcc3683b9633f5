package policy

// debianTargets are the links that lead from a command to one of the same name in another directory, as packages of
// Debian 12 and 13 ship them: iproute2, kmod, open-iscsi, man-db, postfix, rpcbind, openssh-sftp-server, polkitd,
// powermgmt-base, runc and tor. Other packages ship none for a program that a node of Proxmox VE installs by default
// (lists of files of both releases, compared by base name).
func debianTargets() map[string]string {
	return map[string]string{
		"/usr/sbin/ip":                               "/usr/bin/ip",
		"/usr/bin/lsmod":                             "/usr/bin/kmod",
		"/usr/sbin/lsmod":                            "/usr/bin/kmod",
		"/usr/bin/iscsiadm":                          "/usr/sbin/iscsiadm",
		"/usr/lib/man-db/man":                        "/usr/bin/man",
		"/usr/lib/man-db/mandb":                      "/usr/bin/mandb",
		"/usr/bin/rmail":                             "/usr/sbin/rmail",
		"/usr/sbin/rpcinfo":                          "/usr/bin/rpcinfo",
		"/usr/lib/sftp-server":                       "/usr/lib/openssh/sftp-server",
		"/usr/bin/on_ac_power":                       "/usr/sbin/on_ac_power",
		"/usr/bin/runc":                              "/usr/sbin/runc",
		"/usr/sbin/tor":                              "/usr/bin/tor",
		"/usr/lib/policykit-1/polkit-agent-helper-1": "/usr/lib/polkit-1/polkit-agent-helper-1",
		"/usr/libexec/polkit-agent-helper-1":         "/usr/lib/polkit-1/polkit-agent-helper-1",
	}
}
