package check_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/posturetest"
)

// now is the moment of all unit tests.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// key is a public key that nobody has the private key of.
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILdWpseX9KDBpi2XWpsFd3oIqQWlGnt1dunwKlzKW2Us me"

// fixture is a node as a test has it: hardened, until the test changes something.
type fixture struct {
	passwd, group, passwords                                            string
	sshd, kernel                                                        map[string]string
	units                                                               map[string]string // active or inactive
	listeners                                                           []string
	modes                                                               map[string]string // TYPE MODE UID GID
	modified                                                            map[string]time.Time
	config                                                              map[string][]string
	vulnerabilities, mounts, installed, updates, aptconfig, certificate string
	sudoers                                                             []string
	sections                                                            map[string]node.Section // over all others
}

// hardened is a node on which every check passes that can.
func hardened() *fixture {
	f := &fixture{
		passwd:    "root:x:0:0::/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/bash\neve:x:1001:1001::/home/eve:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n",
		group:     "root:x:0:\nbob:x:1000:\neve:x:1001:\ndaemon:x:1:\ndocker:x:110:\nsudo:x:27:\ndisk:x:6:\n",
		passwords: "root P 2026-01-01 0 99999 7 -1\nbob L 2026-01-01 0 365 7 -1\neve L 2026-01-01 0 365 7 -1\ndaemon L 2026-01-01 0 99999 7 -1\n",
		sshd: words("permitrootlogin no,passwordauthentication no,kbdinteractiveauthentication no,permitemptypasswords no,pubkeyauthentication yes,permituserenvironment no,hostbasedauthentication no,ignorerhosts yes," +
			"gssapiauthentication no,x11forwarding no,allowtcpforwarding no,allowagentforwarding no,permittunnel no,gatewayports no,maxauthtries 4,maxsessions 10,maxstartups 10:30:60,logingracetime 60,clientaliveinterval 15,clientalivecountmax 3," +
			"loglevel VERBOSE,usepam yes,strictmodes yes,banner /etc/issue.net,ciphers aes256-gcm@openssh.com,macs hmac-sha2-256-etm@openssh.com,kexalgorithms curve25519-sha256,hostkeyalgorithms ssh-ed25519,allowgroups operators," +
			"authorizedkeysfile .ssh/authorized_keys"),
		kernel: words("/proc/sys/kernel/osrelease 6.8.12-4-pve,/proc/cmdline quiet,kernel/randomize_va_space 2,kernel/kptr_restrict 1,kernel/dmesg_restrict 1,kernel/yama/ptrace_scope 1,kernel/unprivileged_bpf_disabled 2,fs/protected_hardlinks 1," +
			"fs/protected_symlinks 1,fs/protected_fifos 1,fs/protected_regular 2,fs/suid_dumpable 0,net/ipv4/tcp_syncookies 1,net/ipv4/conf/all/accept_redirects 0,net/ipv4/conf/all/send_redirects 0,net/ipv4/conf/all/accept_source_route 0," +
			"net/ipv4/conf/all/log_martians 1,net/ipv4/icmp_echo_ignore_broadcasts 1,net/ipv6/conf/all/accept_redirects 0,/sys/module/apparmor/parameters/enabled Y"),
		units: map[string]string{}, modes: map[string]string{}, modified: map[string]time.Time{},
		listeners: []string{`tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))`, `tcp LISTEN 0 4096 *:8006 *:* users:(("pveproxy",pid=2,fd=6))`, `tcp LISTEN 0 100 127.0.0.1:25 0.0.0.0:* users:(("master",pid=3,fd=13))`},
		config: map[string][]string{
			"/etc/login.defs":                     {"ENCRYPT_METHOD YESCRYPT", "PASS_MAX_DAYS 365", "UMASK 027"},
			"/etc/pam.d/common-auth":              {"auth required pam_faillock.so preauth", "auth [success=1 default=ignore] pam_unix.so"},
			"/etc/pam.d/common-password":          {"password requisite pam_pwquality.so retry=3", "password [success=1] pam_unix.so obscure use_authtok yescrypt"},
			"/etc/pam.d/su":                       {"auth sufficient pam_rootok.so", "auth required pam_wheel.so use_uid group=sugroup"},
			"/etc/rsyslog.conf":                   {"$FileCreateMode 0640", `global(DefaultNetstreamDriver="gtls" StreamDriver="gtls")`},
			"/etc/rsyslog.d/forward.conf":         {`action(type="omfwd" target="logs" port="6514" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name")`},
			"/etc/audit/auditd.conf":              {"max_log_file_action = keep_logs"},
			"/etc/audit/rules.d/50.rules":         {"-w /etc/sudoers -p wa", "-w /etc/sudoers.d/ -p wa", "-w /etc/passwd -p wa", "-w /etc/group -p wa", "-a always,exit -F arch=b64 -F path=/etc/shadow -F perm=wa", "-w /etc/pve -p wa", "-e 2"},
			"/etc/profile.d/tmout.sh":             {"readonly TMOUT=900; export TMOUT"},
			"/etc/apt/sources.list":               {"deb http://deb.debian.org/debian trixie main", "deb http://security.debian.org/debian-security trixie-security main"},
			"/etc/apt/sources.list.d/pve.sources": {"Types: deb", "URIs: https://enterprise.proxmox.com/debian/pve", "Suites: trixie", "Components: pve-enterprise", "Signed-By: /usr/share/keyrings/proxmox-archive-keyring.gpg"},
			"/etc/chrony/chrony.conf":             {"pool 2.debian.pool.ntp.org iburst"},
			clusterFW:                             {"[OPTIONS]", "enable: 1", "policy_in: DROP", "policy_forward: DROP", "[RULES]", "IN ACCEPT -source +management -p tcp -dport 8006"},
			hostFW:                                {"[OPTIONS]", "enable: 1", "tcpflags: 1"},
			"/etc/pve/corosync.conf":              {"secauth: on", "crypto_cipher: aes256", "crypto_hash: sha256"},
			"/etc/pve/datacenter.cfg":             {"migration: secure,network=10.0.0.0/24"},
			"/etc/default/pveproxy":               {`ALLOW_FROM="10.0.0.0/24"`, `POLICY="deny"`, `CIPHERS="ECDHE-RSA-AES256-GCM-SHA384:!RC4"`},
			"/etc/pve/lxc/100.conf":               {"guest: there", "unprivileged: 1", "features: nesting=1", "net0: name=eth0,bridge=vmbr0,firewall=1", "mp0: local-zfs:subvol-100-disk-1,mp=/data"},
			"/etc/pve/qemu-server/101.conf":       {"guest: there", "net0: virtio=AA,bridge=vmbr0,firewall=1"},
			"/etc/pve/jobs.cfg":                   {"vzdump: backup-1", "enabled 1", "all 1", "storage pbs"},
			"/etc/pve/storage.cfg":                {"pbs: pbs", "encryption-key set"},
		},
		vulnerabilities: "meltdown:Mitigation: PTI\nspectre_v2:Mitigation: Retpolines\n", mounts: "tmpfs /dev/shm tmpfs rw,nosuid,nodev,inode64 0 0\n",
		installed: "ii \tsudo\t1.9.16\nii \tunattended-upgrades\t2.9\nii \tamd64-microcode\t3\nii \tlibc6\t2.41-1\n", updates: "Reading package lists...\nInst newthing (1.0 Debian:13/stable [amd64])\n",
		aptconfig: "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n",
		sudoers:   []string{"Defaults env_reset, use_pty, !env_editor, log_output, !ignore_audit_errors, !ignore_logfile_errors", "Defaults secure_path=/usr/sbin:/usr/bin, logfile=/var/log/sudo.log, passwd_timeout=5, timestamp_timeout=5", "root ALL=(ALL:ALL) ALL", `eve ALL=(root) /usr/bin/pveversion ""`},
		sections:  map[string]node.Section{},
	}
	for _, name := range []string{"ssh", "auditd", "rsyslog", "systemd-journald", "chrony", "cron", "pve-firewall"} {
		f.units[name+".service"] = "active"
	}
	f.units["logrotate.timer"] = "active"
	for _, name := range []string{"ssh.socket", "systemd-timesyncd.service", "ntpsec.service", "ntp.service", "telnet.socket", "inetd.service", "xinetd.service", "vsftpd.service", "proftpd.service", "tftpd-hpa.service", "rpcbind.service", "snmpd.service", "avahi-daemon.service", "cups.service",
		"nfs-server.service", "smbd.service", "rsync.service", "slapd.service", "squid.service", "nginx.service", "apache2.service", "named.service", "isc-dhcp-server.service", "docker.service", "debug-shell.service", "proxmox-firewall.service"} {
		f.units[name] = "inactive"
	}
	for file, mode := range map[string]string{
		"/etc/passwd": "644", "/etc/passwd-": "644", "/etc/group": "644", "/etc/group-": "644", "/etc/shells": "644", "/etc/security/opasswd": "600", "/etc/sudoers": "440", "/etc/sudoers.d/agent": "440", "/etc/sudo.conf": "644",
		"/etc/ssh/sshd_config": "600", "/etc/ssh/ssh_host_ed25519_key": "600", "/etc/ssh/ssh_host_ed25519_key.pub": "644", "/root/.ssh/id_rsa": "600", "/etc/crontab": "600", "/etc/cron.d/e2scrub": "644", "/etc/cron.daily/apt": "755", "/etc/pve/priv/authkey.key": "600", "/var/lib/pve-cluster/config.db": "600",
		"/etc/apt/auth.conf.d/pve.conf": "600", "/etc/apt/trusted.gpg.d/pve.gpg": "644", "/boot/grub/grub.cfg": "600", "/etc/audit/auditd.conf": "640", "/etc/audit/rules.d/50.rules": "640", "/var/log/audit/audit.log": "600", "/var/log/sudo.log": "600", "/etc/profile": "644", "/etc/profile.d/tmout.sh": "644",
		"/etc/pam.d/su": "644", "/etc/network/interfaces": "644", "/etc/cron.allow": "640", "/boot/vmlinuz-6.8.12-4-pve": "644", "/var/lib/apt/lists/deb_Packages": "644",
	} {
		f.modes[file] = "f " + mode + " 0 0"
	}
	for file, mode := range map[string]string{"/etc/sudoers.d": "755", "/root": "700", "/root/.ssh": "700", "/etc/cron.hourly": "700", "/etc/cron.daily": "700", "/etc/cron.weekly": "700", "/etc/cron.monthly": "700", "/etc/cron.d": "700", "/etc/pve": "755", "/etc/pve/priv": "700", "/etc/apt/trusted.gpg.d": "755",
		"/var/log/audit": "750", "/var/log/sudo-io": "700", "/etc/pam.d": "755", "/tmp": "1777", "/var/tmp": "1777", "/dev/shm": "1777", "/var/lib/apt/lists": "755", "/var/lib/apt/lists/partial": "700"} {
		f.modes[file] = "d " + mode + " 0 0"
	}
	f.modes["/etc/shadow"], f.modes["/etc/shadow-"], f.modes["/etc/gshadow"], f.modes["/var/spool/cron/crontabs"] = "f 640 0 42", "f 640 0 42", "f 640 0 42", "d 1730 0 101"
	return f
}

const (
	clusterFW = "/etc/pve/firewall/cluster.fw"
	hostFW    = "/etc/pve/local/host.fw"
)

// words are pairs of a name and a value.
func words(text string) map[string]string {
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(pair, " ")
		if !found {
			panic(pair)
		}
		pairs[name] = value
	}
	return pairs
}

// tells is a node that tells what the fixture says.
func (f *fixture) tells() *posturetest.Node {
	fake := &posturetest.Node{Files: map[string]string{"/etc/sudoers": strings.Join(f.sudoers, "\n") + "\n"}, Sections: map[string]node.Section{
		node.SectionPasswd: posturetest.Data(f.passwd), node.SectionGroup: posturetest.Data(f.group), node.SectionPasswords: posturetest.Data(f.passwords), node.SectionVulnerabilities: posturetest.Data(f.vulnerabilities), node.SectionMounts: posturetest.Data(f.mounts),
		node.SectionInstalled: posturetest.Data(f.installed), node.SectionUpdates: posturetest.Data(f.updates), node.SectionAptConfig: posturetest.Data(f.aptconfig), node.SectionListeners: posturetest.Data(strings.Join(f.listeners, "\n")),
		node.SectionSetID: posturetest.Data(""), node.SectionAllowed: posturetest.Data("\x01eve\nUser eve may run the following commands on pve1:\n"),
		node.SectionCommands: posturetest.Data("/etc/cron.d/backup\t1\tcron\troot\t/usr/bin/rsync\tprogram\n/etc/cron.d/backup\t1\tcron\troot\t/etc/pve\targument\n"),
		node.SectionStates:   posturetest.States("41e8 1000 1000 /home/bob", "41e8 1001 1001 /home/eve", "41c0 0 0 /root", "41ed 0 0 /etc", "41ed 0 0 /etc/pve", "41ed 0 0 /usr", "41ed 0 0 /usr/bin", "81ed 0 0 /usr/bin/rsync"),
	}}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f.sshd)) {
		fmt.Fprintf(&b, "%s %s\n", name, f.sshd[name])
	}
	fake.Sections[node.SectionSSHD] = posturetest.Data(b.String())
	b.Reset()
	for _, file := range slices.Sorted(maps.Keys(f.kernel)) {
		path := file
		if !strings.HasPrefix(file, "/") {
			path = "/proc/sys/" + file
		}
		fmt.Fprintf(&b, "%s:%s\n", path, f.kernel[file])
	}
	fake.Sections[node.SectionKernel] = posturetest.Data(b.String())
	b.Reset()
	for _, name := range slices.Sorted(maps.Keys(f.units)) {
		fmt.Fprintf(&b, "Id=%s\nLoadState=loaded\nActiveState=%s\nUnitFileState=\n\n", name, f.units[name])
	}
	fake.Sections[node.SectionUnits] = posturetest.Data(b.String())
	b.Reset()
	for _, file := range slices.Sorted(maps.Keys(f.modes)) {
		at, set := f.modified[file]
		if !set {
			at = now.Add(-time.Hour)
		}
		fmt.Fprintf(&b, "%s 10 %d.5 %s\x00", f.modes[file], at.Unix(), file)
	}
	fake.Sections[node.SectionModes] = posturetest.Data(b.String())
	b.Reset()
	for _, file := range slices.Sorted(maps.Keys(f.config)) {
		for i, line := range f.config[file] {
			fmt.Fprintf(&b, "%s\t%d\t%s\n", file, i+1, line)
		}
	}
	fake.Sections[node.SectionConfig] = posturetest.Data(b.String())
	fake.Sections[node.SectionCertificates] = posturetest.Data("File: /etc/pve/local/pveproxy-ssl.pem\n" + f.certificate)
	if f.certificate == "" {
		fake.Sections[node.SectionCertificates] = posturetest.Data("File: /etc/pve/local/pveproxy-ssl.pem\n" + goodCertificate)
	}
	for name, section := range f.sections {
		fake.Sections[name] = section
	}
	return fake
}

// with has the node tell a section in another way.
func (f *fixture) with(name string, section node.Section) *fixture {
	f.sections[name] = section
	return f
}

// node is what posture makes of it.
func (f *fixture) node(t *testing.T) *check.Node {
	t.Helper()
	fake := f.tells()
	seen, err := posture.CollectSettings(t.Context(), fake, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	return check.NewNode(seen, posture.NewReport([]*posture.Node{seen}, nil, nil), nil, now)
}

var goodCertificate = certificate(now.AddDate(0, 6, 0), false, false)

// certificate makes one in PEM.
func certificate(end time.Time, own, short bool) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pve1.example.com"}, NotBefore: now.AddDate(0, -1, 0), NotAfter: end}
	parent := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Example CA"}}
	issuer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	if own {
		parent = template
	}
	var public any = &issuer.PublicKey
	if short {
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			panic(err)
		}
		public = &weak.PublicKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, issuer)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
