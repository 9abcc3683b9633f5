package check_test

// sshdSituations are values with which each check of sshd fails.
func sshdSituations() map[string]situation {
	all := map[string]situation{}
	for id, value := range map[string][2]string{
		"PVESEC-C0901": {"permitrootlogin", "yes"}, "PVESEC-C0902": {"permitrootlogin", "prohibit-password"}, "PVESEC-C0903": {"passwordauthentication", "yes"}, "PVESEC-C0904": {"kbdinteractiveauthentication", "yes"}, "PVESEC-C0905": {"permitemptypasswords", "yes"},
		"PVESEC-C0906": {"pubkeyauthentication", "no"}, "PVESEC-C0907": {"permituserenvironment", "yes"}, "PVESEC-C0908": {"hostbasedauthentication", "yes"}, "PVESEC-C0909": {"ignorerhosts", "shosts-only"}, "PVESEC-C0910": {"gssapiauthentication", "yes"},
		"PVESEC-C0911": {"x11forwarding", "yes"}, "PVESEC-C0912": {"allowtcpforwarding", "yes"}, "PVESEC-C0913": {"allowagentforwarding", "yes"}, "PVESEC-C0914": {"permittunnel", "point-to-point"}, "PVESEC-C0915": {"gatewayports", "clientspecified"},
		"PVESEC-C0916": {"maxauthtries", "6"}, "PVESEC-C0917": {"maxsessions", "11"}, "PVESEC-C0918": {"maxstartups", "10:30:100"}, "PVESEC-C0919": {"logingracetime", "120"}, "PVESEC-C0920": {"clientaliveinterval", "0"}, "PVESEC-C0921": {"clientalivecountmax", "0"},
		"PVESEC-C0922": {"loglevel", "QUIET"}, "PVESEC-C0923": {"usepam", "no"}, "PVESEC-C0924": {"strictmodes", "no"}, "PVESEC-C0925": {"banner", "none"}, "PVESEC-C0926": {"ciphers", "aes128-ctr,aes128-cbc"}, "PVESEC-C0927": {"macs", "hmac-sha2-256,umac-64@openssh.com"},
		"PVESEC-C0928": {"kexalgorithms", "curve25519-sha256,diffie-hellman-group14-sha1"}, "PVESEC-C0929": {"hostkeyalgorithms", "ssh-ed25519,ssh-rsa"}, "PVESEC-C0930": {"allowgroups", "*"},
	} {
		all[id] = func(f *fixture) { f.sshd[value[0]] = value[1] }
	}
	return all
}
