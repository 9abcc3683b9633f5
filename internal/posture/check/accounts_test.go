package check_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/posturetest"
)

// replaced changes a text.
func replaced(text *string, before, after string) {
	if !strings.Contains(*text, before) {
		panic(before)
	}
	*text = strings.Replace(*text, before, after, 1)
}

// accountSituations are accounts with which each check of them fails.
func accountSituations() map[string]situation {
	homes := func(records ...string) situation {
		return func(f *fixture) { f.sections[node.SectionStates] = posturetest.States(records...) }
	}
	keys := func(lines string) situation {
		return func(f *fixture) { f.sections[node.SectionKeys] = posturetest.Data(lines) }
	}
	return map[string]situation{
		"PVESEC-C1001": func(f *fixture) {
			f.passwd += "toor:x:0:0::/root:/bin/bash\n"
			f.passwords += "toor L 2026-01-01 0 365 7 -1\n"
		},
		"PVESEC-C1002": func(f *fixture) { replaced(&f.passwords, "bob L", "bob NP") },
		"PVESEC-C1003": func(f *fixture) { replaced(&f.passwd, "/:/usr/sbin/nologin", "/:/bin/sh") },
		"PVESEC-C1004": func(f *fixture) { replaced(&f.passwords, "daemon L", "daemon P") },
		"PVESEC-C1005": homes("41e8 1001 1001 /home/bob", "41e8 1001 1001 /home/eve"),
		"PVESEC-C1006": homes("41ed 1000 1000 /home/bob", "41e8 1001 1001 /home/eve"),
		"PVESEC-C1007": func(f *fixture) { replaced(&f.group, "bob:x:1000:\n", "") },
		"PVESEC-C1008": func(f *fixture) { replaced(&f.group, "root:x:0:", "root:x:0:bob") },
		"PVESEC-C1009": func(f *fixture) { replaced(&f.group, "sudo:x:27:", "sudo:x:27:bob") },
		"PVESEC-C1010": func(f *fixture) { replaced(&f.passwords, "bob L", "bob P") },
		"PVESEC-C1011": keys("/home/bob/.ssh/authorized_keys\x001:" + shortKey()),
		"PVESEC-C1012": keys("/home/bob/.ssh/authorized_keys\x001:restrict " + key + "\n"),
		"PVESEC-C1013": keys("/home/bob/.ssh/authorized_keys\x001:from=\"10.0.0.1\" " + key + "\n"),
		"PVESEC-C1014": keys("/home/bob/.ssh/authorized_keys\x001:" + key + "\n/home/eve/.ssh/authorized_keys\x001:" + key + "\n"),
		"PVESEC-C1015": func(f *fixture) { f.group += "printers:x:6:\n" },
		"PVESEC-C1016": func(f *fixture) { f.passwd += "bob:x:1005:1000::/home/bob:/bin/bash\n" },
		"PVESEC-C1017": func(f *fixture) { replaced(&f.passwd, "bob:x:", "bob:abcdefghijklm:") },
		"PVESEC-C1018": func(f *fixture) { replaced(&f.passwords, "bob L 2026-01-01 0 365", "bob P 2026-01-01 0 99999") },
		"PVESEC-C1019": func(f *fixture) { replaced(&f.passwords, "bob L 2026-01-01", "bob L 2036-01-01") },
		"PVESEC-C1020": func(f *fixture) { f.config["/etc/login.defs"][0] = "ENCRYPT_METHOD MD5" },
		"PVESEC-C1021": func(f *fixture) { f.config["/etc/login.defs"][1] = "PASS_MAX_DAYS 99999" },
		"PVESEC-C1022": func(f *fixture) { f.config["/etc/login.defs"][2] = "UMASK 022" },
		"PVESEC-C1023": func(f *fixture) {
			f.config["/etc/pam.d/common-auth"] = []string{"auth [success=1 default=ignore] pam_unix.so"}
		},
		"PVESEC-C1024": func(f *fixture) {
			f.config["/etc/pam.d/common-password"] = []string{"password [success=1] pam_unix.so obscure yescrypt"}
		},
		"PVESEC-C1025": func(f *fixture) {
			f.config["/etc/pam.d/common-auth"] = []string{"auth required pam_faillock.so", "auth [success=1 default=ignore] pam_unix.so nullok"}
		},
		"PVESEC-C1026": func(f *fixture) { f.config["/etc/pam.d/su"] = []string{"auth sufficient pam_rootok.so"} },
	}
}

// shortKey is a public RSA key with 1024 bits, as a line of authorized_keys.
func shortKey() string {
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	public, err := ssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(ssh.MarshalAuthorizedKey(public))
}
