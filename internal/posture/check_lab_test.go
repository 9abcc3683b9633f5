//go:build linux

package posture_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// hardenNode makes a node on which the checks below pass. The fakes of packages and services stand for those that the
// lab cannot install.
const hardenNode = `
systemctl stop '*.timer' 2>/dev/null
for name in bob eve gil; do useradd -m -s /bin/bash $name; chmod 750 /home/$name; chage -M 365 $name; done
printf '%s\n' 'Defaults env_reset, use_pty, !env_editor, log_output, !ignore_audit_errors, !ignore_logfile_errors' 'Defaults logfile=/var/log/sudo.log, passwd_timeout=5, timestamp_timeout=5' \
	'eve ALL=(root) /usr/bin/pveversion ""' >/etc/sudoers.d/00-base; chmod 440 /etc/sudoers.d/*
package() {
	rm -rf /tmp/fake; mkdir -p /tmp/fake/DEBIAN
	printf 'Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: fake\n' "$1" >/tmp/fake/DEBIAN/control
	if [ "${2-}" = broken ]; then printf '#!/bin/sh\nexit 1\n' >/tmp/fake/DEBIAN/postinst; chmod 755 /tmp/fake/DEBIAN/postinst; fi
	dpkg-deb --build /tmp/fake /tmp/fake.deb >/dev/null; dpkg -i /tmp/fake.deb >/dev/null 2>&1 || :
}
service() { printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/$1; systemctl daemon-reload; systemctl start $1; }
`

// onNode is how a check is made to fail on a real node, and how it is mended.
type onNode struct{ fail, mend string }

// drop is a line in a file of its own, which is removed.
func drop(file, line string) onNode {
	return onNode{fmt.Sprintf("mkdir -p %[3]s; printf '%%s\\n' '%[2]s' >%[1]s", file, line, file[:strings.LastIndexByte(file, '/')]), "rm " + file}
}

// sudoersOf are lines of sudoers, each in a file of its own, which comes after those that harden.
func sudoersOf(lines map[string]string) map[string]onNode {
	all := map[string]onNode{}
	for id, line := range lines {
		one := drop("/etc/sudoers.d/z-"+id, line)
		one.fail += "; chmod 440 /etc/sudoers.d/z-" + id
		all[id] = one
	}
	return all
}

// modesOf are modes of files: the bad one and the good one.
func modesOf(files map[string]string) map[string]onNode {
	all := map[string]onNode{}
	for id, text := range files {
		f := strings.Fields(text)
		all[id] = onNode{fmt.Sprintf("mkdir -p $(dirname %[1]s); [ -e %[1]s ] || touch %[1]s; chmod %[2]s %[1]s", f[0], f[1]), fmt.Sprintf("chmod %s %s", f[2], f[0])}
	}
	return all
}

// onNodes are the checks that are tried on real nodes. The others need a kernel of their own, a package that the lab
// cannot install, or another one of these not to fail: they are tried with what a node tells, in package check.
func onNodes() map[string]onNode {
	all := map[string]onNode{
		"PVESEC-C0105": {"groupadd -f docker; gpasswd -a gil docker", "gpasswd -d gil docker"},
		"PVESEC-C0106": {"echo 'auth sufficient pam_wheel.so trust group=gil' >>/etc/pam.d/su", "sed -i /pam_wheel.so.trust/d /etc/pam.d/su"},
		"PVESEC-C0507": {"cp /bin/dash /usr/local/bin/rescue; chmod 4755 /usr/local/bin/rescue", "chmod u-s /usr/local/bin/rescue"},
		"PVESEC-C0508": {"cp /bin/dash /usr/local/bin/inspect; setcap cap_setuid+ep /usr/local/bin/inspect", "setcap -r /usr/local/bin/inspect"},
		"PVESEC-C0509": {"touch /etc/profile.d/x.sh; chmod 666 /etc/profile.d/x.sh", "chmod 644 /etc/profile.d/x.sh"},
		"PVESEC-C0510": {"printf '#!/bin/sh\\n' >/opt/run.sh; chmod 755 /opt/run.sh; chown gil /opt/run.sh; echo '0 3 * * * root /opt/run.sh' >/etc/cron.d/run; chmod 644 /etc/cron.d/run", "chown root /opt/run.sh"},
		"PVESEC-C0511": {"install -d -o gil /srv/app; printf '#!/bin/sh\\n' >/srv/app/start; chmod 755 /srv/app/start; printf '[Service]\\nExecStart=/srv/app/start\\n' >/etc/systemd/system/app.service", "chown root /srv/app"},
		"PVESEC-C0606": {"useradd -o -u $(id -u gil) -N -M -s /bin/bash gilly", "sed -i /^gilly:/d /etc/passwd /etc/shadow"},

		"PVESEC-C0810": {"systemctl stop rsyslog syslog.socket; mkdir -p /etc/systemd/journald.conf.d; printf '[Journal]\\nStorage=volatile\\n' >/etc/systemd/journald.conf.d/x.conf", "printf '[Journal]\\nStorage=persistent\\n' >/etc/systemd/journald.conf.d/x.conf"},
		"PVESEC-C0811": {"rm -f /etc/rsyslog.d/fw.conf", `echo 'action(type="omfwd" target="logs" port="6514" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name")' >/etc/rsyslog.d/fw.conf`},
		"PVESEC-C0813": drop("/etc/rsyslog.d/in.conf", `module(load="imudp")`),
		"PVESEC-C0814": drop("/etc/rsyslog.d/zz.conf", "$FileCreateMode 0644"),
		"PVESEC-C0815": {"systemctl stop logrotate.timer", "systemctl start logrotate.timer"},
		"PVESEC-C0816": {":", "rm -f /etc/systemd/system/auditd.service; service auditd.service"},
		"PVESEC-C0817": {"rm -f /etc/audit/rules.d/*", "printf '%s\\n' '-w /etc/sudoers -p wa' '-w /etc/sudoers.d/ -p wa' '-w /etc/passwd -p wa' '-w /etc/group -p wa' '-w /etc/shadow -p wa' '-w /etc/pve -p wa' '-e 2' >/etc/audit/rules.d/50.rules; chmod 640 /etc/audit/rules.d/50.rules"},
		"PVESEC-C0818": {":", ":"}, "PVESEC-C0819": {":", ":"}, "PVESEC-C0820": {":", ":"},
		"PVESEC-C0821": {"sed -i 's/^max_log_file_action.*/max_log_file_action = ROTATE/' /etc/audit/auditd.conf", "sed -i 's/^max_log_file_action.*/max_log_file_action = keep_logs/' /etc/audit/auditd.conf"},
		"PVESEC-C0712": {":", "echo 'readonly TMOUT=900; export TMOUT' >/etc/profile.d/tmout.sh"},

		"PVESEC-C1001": {"useradd -o -u 0 -M -s /bin/bash toor", "sed -i /^toor:/d /etc/passwd /etc/shadow"},
		"PVESEC-C1002": {"useradd -m -s /bin/bash guest; chmod 750 /home/guest; chage -M 365 guest; passwd -d guest", "userdel -r guest"},
		"PVESEC-C1003": {"useradd --system -s /bin/sh svc", "userdel svc"},
		"PVESEC-C1004": {"echo daemon:secret-of-daemon | chpasswd", "usermod -p '*' daemon"},
		"PVESEC-C1005": {"chown root /home/gil", "chown gil /home/gil"},
		"PVESEC-C1006": {"chmod 755 /home/eve", "chmod 750 /home/eve"},
		"PVESEC-C1007": {"useradd -N -M -s /usr/sbin/nologin lost; sed -i 's/^lost:x:\\([0-9]*\\):[0-9]*:/lost:x:\\1:4999:/' /etc/passwd", "sed -i /^lost:/d /etc/passwd /etc/shadow"},
		"PVESEC-C1008": {"gpasswd -a gil root", "gpasswd -d gil root"},
		"PVESEC-C1009": {"gpasswd -a gil sudo", "gpasswd -d gil sudo"},
		"PVESEC-C1010": {"echo bob:secret-of-bob | chpasswd", "passwd -l bob"},
		"PVESEC-C1012": {"install -d -o bob -m 700 /home/bob/.ssh; echo '" + otherKey + "' >/home/bob/.ssh/authorized_keys; chown bob /home/bob/.ssh/authorized_keys", "rm /home/bob/.ssh/authorized_keys"},
		"PVESEC-C1013": {":", ":"},
		"PVESEC-C1014": {"install -d -o eve -m 700 /home/eve/.ssh; echo '" + otherKey + "' >/home/eve/.ssh/authorized_keys; chown eve /home/eve/.ssh/authorized_keys", "rm /home/eve/.ssh/authorized_keys"},
		"PVESEC-C1015": {"groupadd -o -g 6 printers", "groupdel printers"},
		"PVESEC-C1017": {"echo 'legacy:abcdefghijklm:5006:100::/nonexistent:/usr/sbin/nologin' >>/etc/passwd", "sed -i /^legacy:/d /etc/passwd"},
		"PVESEC-C1018": {"chage -M 99999 bob", "chage -M 365 bob"},
		"PVESEC-C1019": {"chage -d 2036-01-01 eve", "chage -d 2024-01-01 eve"},
		"PVESEC-C1020": {"sed -i 's/^ENCRYPT_METHOD.*/ENCRYPT_METHOD MD5/' /etc/login.defs", "sed -i 's/^ENCRYPT_METHOD.*/ENCRYPT_METHOD YESCRYPT/' /etc/login.defs"},
		"PVESEC-C1021": {"sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 99999/' /etc/login.defs", "sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 365/' /etc/login.defs"},
		"PVESEC-C1022": {"sed -i 's/^UMASK.*/UMASK 022/' /etc/login.defs", "sed -i 's/^UMASK.*/UMASK 027/' /etc/login.defs; grep -q ^UMASK /etc/login.defs || echo UMASK 027 >>/etc/login.defs"},
		"PVESEC-C1023": {":", "echo 'auth optional pam_faillock.so preauth' >>/etc/pam.d/common-auth"},
		"PVESEC-C1024": {":", "echo 'password optional pam_pwquality.so' >>/etc/pam.d/common-password"},
		"PVESEC-C1025": {":", "sed -i 's/ nullok//' /etc/pam.d/common-*"},
		"PVESEC-C1026": {":", "echo 'auth required pam_wheel.so use_uid group=sudo' >>/etc/pam.d/su"},

		"PVESEC-C1217": {"chmod 755 /etc/cron.weekly", "chmod 700 /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.yearly /etc/cron.d 2>/dev/null || :"},
		"PVESEC-C1211": {"chmod 644 /etc/ssh/sshd_config", "chmod 600 /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*"},
		"PVESEC-C1235": {"touch /etc/hosts.equiv", "rm /etc/hosts.equiv"},
		"PVESEC-C1236": {"touch /etc/doas.conf", "rm /etc/doas.conf"},
		"PVESEC-C1237": {"rm -f /etc/cron.allow", "touch /etc/cron.allow; chmod 640 /etc/cron.allow"},

		"PVESEC-C1301": {`mkdir -p /srv/repo; version() { printf 'Package: less\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@example.com>\nFilename: ./less.deb\nSize: 1\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\nDescription: fake\n\n' "$1" >/srv/repo/Packages
			printf 'Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n %s %s Packages\n' "$(sha256sum </srv/repo/Packages | cut -d' ' -f1)" "$(stat -c %s /srv/repo/Packages)" >/srv/repo/Release
			apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/local.list -o Dir::Etc::sourceparts=- 2>&1; }
			echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list.d/local.list; version 999:1`, `version 0.1; rm /etc/apt/sources.list.d/local.list; find /var/lib/apt/lists -exec touch {} +`},
		"PVESEC-C1302": {":", ":"},
		"PVESEC-C1306": {":", ":"},
		"PVESEC-C1304": {":", `package unattended-upgrades; printf 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' >/etc/apt/apt.conf.d/20auto`},
		"PVESEC-C1305": {"cp -p /etc/apt/sources.list /root/sources.list; sed -i /-security/d /etc/apt/sources.list", "cp -p /root/sources.list /etc/apt/sources.list"},
		"PVESEC-C1307": drop("/etc/apt/apt.conf.d/99insecure", `Acquire::AllowInsecureRepositories "true";`),
		"PVESEC-C1308": drop("/etc/apt/sources.list.d/sid.list", "deb http://deb.debian.org/debian sid main"),
		"PVESEC-C1309": drop("/etc/apt/sources.list.d/old.list", "deb http://deb.debian.org/debian buster main"),
		"PVESEC-C1310": {"package pvesec-broken broken", "dpkg --purge --force-all pvesec-broken"},
		"PVESEC-C1311": {"touch /run/reboot-required", "rm /run/reboot-required; touch /boot/vmlinuz-$(uname -r)"},
		"PVESEC-C1312": {"package telnetd", "dpkg --purge telnetd"},
		"PVESEC-C1313": {"package telnet", "dpkg --purge telnet"},
		"PVESEC-C1314": {"package prelink", "dpkg --purge prelink"},
		"PVESEC-C1315": {"package gdm3", "dpkg --purge gdm3"},
		"PVESEC-C1316": {":", "package amd64-microcode"},

		"PVESEC-C1401": {`systemd-run --quiet --unit=listeners perl -MIO::Socket::INET -e 'push @s, IO::Socket::INET->new(Listen => 5, LocalAddr => "0.0.0.0", LocalPort => $_) or die "$_: $!" for 21, 23, 25, 80, 111, 389, 445, 631, 873, 2375, 4444, 6000, 6379, 8080;
			push @s, IO::Socket::INET->new(Proto => "udp", LocalAddr => "0.0.0.0", LocalPort => $_) or die "$_: $!" for 69, 161, 5353; sleep'; sleep 1`, "systemctl stop listeners"},
		"PVESEC-C1413": {"service named.service", "systemctl stop named.service"},
		"PVESEC-C1418": {"service debug-shell.service", "systemctl stop debug-shell.service"},
		"PVESEC-C1420": {"systemctl stop cron", "systemctl start cron"},
		"PVESEC-C1501": {":", "service chrony.service"},
		"PVESEC-C1503": {":", "mkdir -p /etc/chrony; echo 'pool 2.debian.pool.ntp.org iburst' >/etc/chrony/chrony.conf"},

		"PVESEC-C1705": {":", "service pve-firewall.service"},
		"PVESEC-C1812": {":", "echo '0 3 * * * root rsync -a /etc/pve backup:/node' >/etc/cron.d/pve-backup"},
	}
	for _, id := range []string{"PVESEC-C1402", "PVESEC-C1403", "PVESEC-C1404", "PVESEC-C1405", "PVESEC-C1406", "PVESEC-C1407", "PVESEC-C1408", "PVESEC-C1409", "PVESEC-C1410", "PVESEC-C1411", "PVESEC-C1412", "PVESEC-C1414", "PVESEC-C1415", "PVESEC-C1416", "PVESEC-C1417", "PVESEC-C1419"} {
		all[id] = onNode{":", ":"} // the sockets of PVESEC-C1401
	}
	maps.Copy(all, sudoersOf(map[string]string{
		"PVESEC-C0101": "eve ALL=(root) /usr/sbin/pveum user modify root@pam --enable 0", "PVESEC-C0102": "eve ALL=(root) /usr/sbin/visudo", "PVESEC-C0201": "eve ALL=(root) /usr/bin/apt-get install vim", "PVESEC-C0202": "eve ALL=(root) /usr/sbin/ifdown vmbr0",
		"PVESEC-C0203": "eve ALL=(root) /usr/bin/systemctl stop pveproxy", "PVESEC-C0204": "eve ALL=(root) /usr/sbin/zpool destroy rpool", "PVESEC-C0302": `eve ALL=(root) NOPASSWD: /usr/bin/pveversion ""`, "PVESEC-C0303": "gil ALL=(root) ALL", "PVESEC-C0304": "eve ALL=(root) /usr/bin/pve*",
		"PVESEC-C0305": "eve ALL=(root) /usr/local/bin/", "PVESEC-C0306": "eve ALL=(root) /usr/sbin/qm status *", "PVESEC-C0307": "eve ALL=(root) /usr/bin/uptime", "PVESEC-C0308": `eve ALL=(ALL) /usr/bin/pveversion ""`, "PVESEC-C0309": `ALL ALL=(root) /usr/bin/uptime ""`,
		"PVESEC-C0310": "eve ALL=(root) /usr/bin/uptime, !/usr/bin/id", "PVESEC-C0501": "eve ALL=(root) /usr/bin/perl -e *", "PVESEC-C0502": "eve ALL=(root) /usr/bin/less /var/log/syslog", "PVESEC-C0503": "eve ALL=(root) /usr/bin/tee /etc/cron.d/x",
		"PVESEC-C0504": "eve ALL=(root) /usr/bin/cat /etc/shadow", "PVESEC-C0505": "eve ALL=(root) /usr/bin/mount /dev/sdb1 /mnt", "PVESEC-C0601": "eve ALL=(root) /usr/bin/su - bob", "PVESEC-C0602": "eve ALL=(root) /usr/bin/systemctl stop rsyslog",
		"PVESEC-C0603": "eve ALL=(root) /usr/bin/systemctl mask cron", "PVESEC-C0604": "eve ALL=(root) /usr/bin/timedatectl set-time 2020-01-01", "PVESEC-C0301": "eve ALL=(root) /usr/bin/vim",
		"PVESEC-C0401": "Defaults !env_reset", "PVESEC-C0402": "Defaults secure_path=/usr/bin:/home/eve/bin", "PVESEC-C0403": "Defaults setenv", "PVESEC-C0404": `Defaults env_keep += "LD_PRELOAD"`, "PVESEC-C0405": "Defaults env_file=/srv/env", "PVESEC-C0406": "Defaults env_editor", "PVESEC-C0407": "Defaults closefrom_override",
		"PVESEC-C0408": "Defaults umask_override", "PVESEC-C0409": "Defaults sudoedit_follow", "PVESEC-C0410": "Defaults !sudoedit_checkdir", "PVESEC-C0411": "Defaults runchroot=*", "PVESEC-C0701": "Defaults !use_pty", "PVESEC-C0702": "Defaults !authenticate", "PVESEC-C0703": "Defaults timestamp_timeout=-1",
		"PVESEC-C0704": "Defaults timestamp_type=global", "PVESEC-C0705": "Defaults passwd_tries=9", "PVESEC-C0706": "Defaults passwd_timeout=0", "PVESEC-C0707": "Defaults visiblepw", "PVESEC-C0708": "Defaults pwfeedback", "PVESEC-C0709": "Defaults rootpw", "PVESEC-C0710": "Defaults targetpw", "PVESEC-C0711": "Defaults runaspw",
		"PVESEC-C0801": "Defaults !logfile", "PVESEC-C0802": "Defaults !syslog", "PVESEC-C0803": "Defaults !log_allowed", "PVESEC-C0804": "Defaults !log_denied", "PVESEC-C0805": "Defaults ignore_audit_errors", "PVESEC-C0806": "Defaults ignore_logfile_errors", "PVESEC-C0807": "Defaults ignore_iolog_errors", "PVESEC-C0808": "Defaults !log_output",
	}))
	maps.Copy(all, modesOf(map[string]string{
		"PVESEC-C1201": "/etc/passwd- 666 644", "PVESEC-C1202": "/etc/group- 664 644", "PVESEC-C1203": "/etc/shadow- 644 640", "PVESEC-C1204": "/etc/gshadow- 644 640", "PVESEC-C1205": "/etc/shells 666 644", "PVESEC-C1206": "/etc/security/opasswd 644 600", "PVESEC-C1207": "/etc/sudoers 644 440",
		"PVESEC-C1208": "/etc/sudoers.d/README 644 440", "PVESEC-C1209": "/etc/sudoers.d 775 755", "PVESEC-C1210": "/etc/sudo.conf 666 644", "PVESEC-C1212": "/etc/ssh/ssh_host_ed25519_key 640 600", "PVESEC-C1213": "/etc/ssh/ssh_host_ed25519_key.pub 666 644", "PVESEC-C1214": "/root 755 700", "PVESEC-C1215": "/root/.ssh 755 700",
		"PVESEC-C1216": "/etc/crontab 644 600", "PVESEC-C1218": "/etc/cron.d/e2scrub_all 666 644", "PVESEC-C1219": "/etc/cron.daily/x 777 755", "PVESEC-C1220": "/etc/pve/priv/authkey.key 644 600", "PVESEC-C1221": "/etc/pve 777 755", "PVESEC-C1222": "/var/lib/pve-cluster/config.db 644 600", "PVESEC-C1223": "/etc/apt/auth.conf.d/pve.conf 644 600",
		"PVESEC-C1224": "/etc/apt/trusted.gpg.d/x.gpg 666 644", "PVESEC-C1225": "/boot/grub/grub.cfg 644 600", "PVESEC-C1226": "/etc/audit/auditd.conf 644 640", "PVESEC-C1227": "/var/log/audit 755 750", "PVESEC-C1229": "/var/log/sudo.log 644 600", "PVESEC-C1230": "/etc/profile.d/y.sh 666 644",
		"PVESEC-C1231": "/etc/pam.d/y 666 644", "PVESEC-C1232": "/etc/network/interfaces 666 644", "PVESEC-C1233": "/var/spool/cron/crontabs 1777 1730", "PVESEC-C1234": "/var/tmp 777 1777",
	}))
	all["PVESEC-C1220"] = onNode{all["PVESEC-C1220"].fail, all["PVESEC-C1220"].mend + "; chmod 700 /etc/pve/priv"}
	all["PVESEC-C1228"] = onNode{"mkdir -p /var/log/sudo-io; chmod 755 /var/log/sudo-io", "chmod 700 /var/log/sudo-io"}
	return all
}

// sshdLines are the settings of sshd that fail, and those that pass: the first value of a keyword is the one that
// holds. sshd is not told, so that the tests get in.
var sshdLines = [][3]string{
	{"PVESEC-C0901 PVESEC-C0902", "PermitRootLogin yes", "PermitRootLogin no"}, {"PVESEC-C0903", "PasswordAuthentication yes", "PasswordAuthentication no"}, {"PVESEC-C0904", "KbdInteractiveAuthentication yes", "KbdInteractiveAuthentication no"}, {"PVESEC-C0905", "PermitEmptyPasswords yes", "PermitEmptyPasswords no"},
	{"PVESEC-C0906", "PubkeyAuthentication no", "PubkeyAuthentication yes"}, {"PVESEC-C0907", "PermitUserEnvironment yes", "PermitUserEnvironment no"}, {"PVESEC-C0908", "HostbasedAuthentication yes", "HostbasedAuthentication no"}, {"PVESEC-C0909", "IgnoreRhosts no", "IgnoreRhosts yes"}, {"PVESEC-C0910", "GSSAPIAuthentication yes", "GSSAPIAuthentication no"},
	{"PVESEC-C0911", "X11Forwarding yes", "X11Forwarding no"}, {"PVESEC-C0912", "AllowTcpForwarding yes", "AllowTcpForwarding no"}, {"PVESEC-C0913", "AllowAgentForwarding yes", "AllowAgentForwarding no"}, {"PVESEC-C0914", "PermitTunnel yes", "PermitTunnel no"}, {"PVESEC-C0915", "GatewayPorts yes", "GatewayPorts no"},
	{"PVESEC-C0916", "MaxAuthTries 6", "MaxAuthTries 4"}, {"PVESEC-C0917", "MaxSessions 20", "MaxSessions 10"}, {"PVESEC-C0919", "LoginGraceTime 120", "LoginGraceTime 60"}, {"PVESEC-C0920", "ClientAliveInterval 0", "ClientAliveInterval 15"}, {"PVESEC-C0921", "ClientAliveCountMax 0", "ClientAliveCountMax 3"},
	{"PVESEC-C0922", "LogLevel QUIET", "LogLevel VERBOSE"}, {"PVESEC-C0923", "UsePAM no", "UsePAM yes"}, {"PVESEC-C0924", "StrictModes no", "StrictModes yes"}, {"PVESEC-C0925", "Banner none", "Banner /etc/issue.net"}, {"PVESEC-C0926", "Ciphers aes256-cbc,aes256-ctr", "Ciphers aes256-gcm@openssh.com"}, {"PVESEC-C0927", "MACs hmac-sha1,hmac-sha2-256", "MACs hmac-sha2-256-etm@openssh.com"},
	{"PVESEC-C0928", "KexAlgorithms diffie-hellman-group14-sha1,curve25519-sha256", "KexAlgorithms curve25519-sha256"}, {"PVESEC-C0929", "HostKeyAlgorithms ssh-rsa,ssh-ed25519", "HostKeyAlgorithms ssh-ed25519"}, {"PVESEC-C0930", "AllowGroups *", "AllowGroups root"},
}

// pveFiles are files of PVE with which checks fail, and with which they pass.
var pveFiles = []struct{ ids, file, fail, mend string }{
	{"PVESEC-C1701 PVESEC-C1702 PVESEC-C1703", "/etc/pve/firewall/cluster.fw", "[OPTIONS]\nenable: 0\npolicy_in: ACCEPT", "[OPTIONS]\nenable: 1\npolicy_in: DROP\npolicy_forward: DROP"},
	{"PVESEC-C1704 PVESEC-C1706 PVESEC-C1707", "/etc/pve/local/host.fw", "[OPTIONS]\nenable: 0\n[RULES]\nIN SSH(ACCEPT) -i vmbr0", "[OPTIONS]\nenable: 1\ntcpflags: 1\n[RULES]\nIN SSH(ACCEPT) -source +management"},
	{"PVESEC-C1708 PVESEC-C1709", "/etc/default/pveproxy", `ALLOW_FROM="0.0.0.0/0"` + "\n" + `POLICY="deny"` + "\n" + `CIPHERS="HIGH:RC4-SHA"`, `ALLOW_FROM="10.0.0.0/24"` + "\n" + `POLICY="deny"`},
	{"PVESEC-C1713", "/etc/pve/corosync.conf", "totem {\n  secauth: off\n}", "totem {\n  secauth: on\n  crypto_cipher: aes256\n}"},
	{"PVESEC-C1714", "/etc/pve/datacenter.cfg", "migration: type=insecure", "migration: secure"},
	{"PVESEC-C1801 PVESEC-C1802 PVESEC-C1803 PVESEC-C1804 PVESEC-C1805 PVESEC-C1806 PVESEC-C1807", "/etc/pve/lxc/100.conf", "hostname: x\nfeatures: mount=nfs\nlxc.apparmor.profile: unconfined\nlxc.cap.drop:\nmp0: /srv/data,mp=/data\nhookscript: local:snippets/x\nnet0: name=eth0",
		"hostname: x\nunprivileged: 1\nfeatures: nesting=1\nnet0: name=eth0,firewall=1\n[before]\nunprivileged: 0"},
	{"PVESEC-C1808 PVESEC-C1809 PVESEC-C1810", "/etc/pve/qemu-server/101.conf", "args: -device secret-of-args\nhookscript: local:snippets/x\nnet0: virtio=AA,bridge=vmbr0", "net0: virtio=AA,bridge=vmbr0,firewall=1"},
	{"PVESEC-C1811", "/etc/pve/jobs.cfg", "vzdump: backup-1\n\tenabled 0", "vzdump: backup-1\n\tenabled 1"},
	{"PVESEC-C1813", "/etc/pve/storage.cfg", "pbs: b\n\tserver b\n\npbs: c\n\tencryption-key secret-of-key", "pbs: b\n\tencryption-key secret-of-key"},
}

// TestChecksOnNodes makes most checks fail on nodes of both releases at once, mends what they find, and looks again:
// all of them pass. The nodes are the same after looking as before, and no secret travels.
func TestChecksOnNodes(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm}, {Name: "pve9", Suite: lab.Trixie}}})
	pool, err := node.NewPool(node.Config{PrivateKey: c.SSHKeyPEM, KnownHosts: c.KnownHosts()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	scripts := onNodes()
	ids := slices.Sorted(maps.Keys(scripts))
	failing, mending := hardenNode, hardenNode[strings.Index(hardenNode, "package()"):]
	for _, id := range ids {
		failing += scripts[id].fail + "\n"
	}
	mending += scripts["PVESEC-C1301"].fail[strings.Index(scripts["PVESEC-C1301"].fail, "version()"):strings.Index(scripts["PVESEC-C1301"].fail, "echo 'deb")] + "\n"
	for _, id := range slices.Backward(ids) {
		mending += scripts[id].mend + "\n"
	}
	bad, good := "", ""
	for _, l := range sshdLines {
		bad, good = bad+l[1]+"\n", good+l[2]+"\n"
		ids = append(ids, strings.Fields(l[0])...)
	}
	write := func(file, text string) string {
		return fmt.Sprintf("mkdir -p %s; cat >%s <<'END'\n%s\nEND\n", file[:strings.LastIndexByte(file, '/')], file, text)
	}
	failing += write("/etc/ssh/sshd_config.d/+test.conf", bad)
	mending += write("/etc/ssh/sshd_config.d/+test.conf", good) + "chmod 600 /etc/ssh/sshd_config.d/*\n"
	for _, f := range pveFiles {
		failing, mending = failing+write(f.file, f.fail), mending+write(f.file, f.mend)
		ids = append(ids, strings.Fields(f.ids)...)
	}
	look := func(status check.Status) {
		t.Helper()
		seen := make([]*posture.Node, len(c.Nodes))
		var group errgroup.Group
		for i, n := range c.Nodes {
			group.Go(func() (err error) {
				seen[i], err = posture.CollectSettings(t.Context(), pool, node.Target{Name: n.Name, Address: n.Address, Port: n.Port})
				return err
			})
		}
		try(t, group.Wait())
		report := posture.NewReport(seen, nil, nil)
		for _, n := range seen {
			judged := check.NewNode(n, report, nil, time.Now())
			for _, one := range check.Catalogue() {
				if one.OfCluster() {
					continue
				}
				o := one.Judge(judged)
				if slices.Contains(ids, one.ID) && o.Status != status {
					t.Errorf("%s: %s %s is %s, not %s: %.600q", n.Name, one.ID, one.Title, o.Status, status, o.Observed)
				}
				if all := strings.Join(o.Observed, " "); strings.Contains(all, "secret-of-") {
					t.Errorf("%s: %s tells a secret: %s", n.Name, one.ID, all)
				}
			}
		}
	}
	for _, n := range c.Nodes {
		shell(t, n, failing)
		if _, err := posture.Collect(t.Context(), pool, node.Target{Name: n.Name, Address: n.Address, Port: n.Port}); err != nil { // a first login writes the message of the day
			t.Fatal(err)
		}
	}
	var before []string
	for _, n := range c.Nodes {
		before = append(before, shell(t, n, everything))
	}
	start := time.Now()
	look(check.Fail)
	t.Logf("looking at two nodes took %s", time.Since(start))
	for i, n := range c.Nodes {
		if after := shell(t, n, everything); after != before[i] {
			t.Errorf("%s is not the same after looking:\n%s", n.Name, firstDifference(before[i], after))
		}
		shell(t, n, mending)
	}
	look(check.Pass)
	t.Logf("%d checks on each node", len(ids))
}
