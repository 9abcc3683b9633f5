# Settings: how the node is set up, for the checks of its posture. Calls of settings follow this text and the survey, whose functions it uses. It reads and never writes: apt-get
# only simulates, and keeps no cache. Of configuration files only the lines of known keywords travel, of keys and certificates only certificates, and no password in an address.

# sv_units are the services that checks ask for. One that is not there is told, too.
sv_units='ssh.service ssh.socket sshd.service auditd.service rsyslog.service systemd-journald.service chrony.service systemd-timesyncd.service ntpsec.service ntp.service cron.service
	apparmor.service unattended-upgrades.service apt-daily.timer apt-daily-upgrade.timer logrotate.timer pve-cluster.service pvedaemon.service pveproxy.service pve-firewall.service proxmox-firewall.service
	corosync.service postfix.service exim4.service rpcbind.service rpcbind.socket nfs-server.service avahi-daemon.service cups.service snmpd.service telnet.socket inetd.service xinetd.service
	vsftpd.service proftpd.service tftpd-hpa.service rsync.service smbd.service slapd.service squid.service docker.service debug-shell.service ctrl-alt-del.target isc-dhcp-server.service
	named.service dnsmasq.service nginx.service apache2.service fail2ban.service'

# sv_places are what checks ask the modes of: files, and directories with what is directly in them.
sv_places='/etc/passwd /etc/passwd- /etc/group /etc/group- /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/shells /etc/security/opasswd /etc/sudoers /etc/sudoers.d /etc/sudo.conf /etc/sudo_logsrvd.conf
	/etc/ssh /etc/ssh/sshd_config.d /root /root/.ssh /etc/crontab /etc/anacrontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.yearly /etc/cron.allow /etc/cron.deny
	/etc/at.allow /etc/at.deny /var/spool/cron/crontabs /etc/pve /etc/pve/priv /etc/pve/local /etc/apt/trusted.gpg.d /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/ssl/private /etc/audit /etc/audit/rules.d
	/var/log /var/log/audit /var/log/sudo-io /var/log/pveproxy /etc/motd /etc/issue /etc/issue.net /etc/hosts.equiv /etc/profile /etc/profile.d /etc/environment /etc/security /etc/pam.d /boot /boot/grub/grub.cfg
	/tmp /var/tmp /dev/shm /var/lib/apt/lists /var/lib/apt/lists/partial /var/lib/apt/periodic /var/lib/pve-cluster /var/lib/pve-cluster/config.db /var/backups /run/reboot-required /run/systemd/timesync/synchronized /etc/doas.conf
	/etc/systemd/system /etc/network/interfaces /etc/hosts /etc/vzdump.conf'

# sv_kernel are settings of the kernel, each in a file of its own.
sv_kernel='/proc/sys/kernel/osrelease /proc/cmdline /proc/sys/kernel/randomize_va_space /proc/sys/kernel/kptr_restrict /proc/sys/kernel/dmesg_restrict /proc/sys/kernel/yama/ptrace_scope
	/proc/sys/kernel/unprivileged_bpf_disabled /proc/sys/kernel/sysrq /proc/sys/fs/protected_hardlinks /proc/sys/fs/protected_symlinks /proc/sys/fs/protected_fifos /proc/sys/fs/protected_regular /proc/sys/fs/suid_dumpable
	/proc/sys/net/ipv4/tcp_syncookies /proc/sys/net/ipv4/conf/all/accept_redirects /proc/sys/net/ipv4/conf/all/send_redirects /proc/sys/net/ipv4/conf/all/accept_source_route /proc/sys/net/ipv4/conf/all/log_martians
	/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts /proc/sys/net/ipv6/conf/all/accept_redirects /proc/sys/net/ipv6/conf/all/accept_source_route /sys/module/apparmor/parameters/enabled'

# The reader of configuration files: FILE LINE TEXT, parted by tabs, of lines with a known keyword. A password in an address does not travel.
sv_config='
function tell(   text) {
	text = $0
	gsub(/[\t\r]/, " ", text)
	sub(/^ +/, "", text)
	gsub(/:\/\/[^\/@ ]*@/, "://***@", text)
	print FILENAME "\t" FNR "\t" text
}
FNR == 1 { part = "" }
FNR == 1 && FILENAME ~ /^\/etc\/pve\/(lxc|qemu-server)\// { print FILENAME "\t1\tguest: there" }
/^[ \t]*(#|;|$)/ { next }
FILENAME == "/etc/login.defs" { if ($1 ~ /^(PASS_MAX_DAYS|PASS_MIN_DAYS|PASS_WARN_AGE|UMASK|HOME_MODE|ENCRYPT_METHOD|YESCRYPT_COST_FACTOR|LOGIN_RETRIES|FAILLOG_ENAB)$/) tell(); next }
FILENAME ~ /^\/etc\/pam\.d\// { if ($0 ~ /pam_(unix|pwquality|cracklib|pwhistory|faillock|tally2|wheel|permit|deny|u2f|google_authenticator|oath|umask|limits)\.so/) tell(); next }
FILENAME ~ /^\/etc\/security\// { if ($1 ~ /^(minlen|minclass|dcredit|ucredit|lcredit|ocredit|dictcheck|enforcing|enforce_for_root|retry|maxrepeat|maxsequence|difok|deny|unlock_time|fail_interval|even_deny_root|root_unlock_time|remember|enforce|use_authtok|audit|silent)([=]|$)/) tell(); next }
FILENAME == "/etc/sudo.conf" { if ($1 ~ /^(Set|Path|Plugin|Debug)$/) tell(); next }
FILENAME == "/etc/default/pveproxy" { if ($0 ~ /^[ \t]*(ALLOW_FROM|DENY_FROM|POLICY|CIPHERS|CIPHERSUITES|DHPARAMS|HONOR_CIPHER_ORDER|DISABLE_TLS_1_2|DISABLE_TLS_1_3|COMPRESSION|LISTEN_IP)=/) tell(); next }
FILENAME ~ /^\/etc\/pve\/.*\.fw$/ {
	if ($0 ~ /^\[/) part = toupper($0)
	if (part ~ /^\[(OPTIONS|RULES)\]/) tell()
	next
}
FILENAME == "/etc/pve/corosync.conf" { if ($1 ~ /^(secauth|crypto_cipher|crypto_hash|transport):?$/) tell(); next }
FILENAME == "/etc/pve/datacenter.cfg" { if ($1 ~ /^(migration|ha|fencing|webauthn|u2f|console|replication):$/) tell(); next }
FILENAME == "/etc/pve/jobs.cfg" || FILENAME == "/etc/pve/vzdump.cron" { if ($1 ~ /^(vzdump:|enabled|schedule|all|pool|storage|vmid|exclude|[0-9*@].*)$/) tell(); next }
FILENAME == "/etc/pve/storage.cfg" { if ($1 ~ /^[a-z]+:$/ || $1 == "encryption-key") { if ($1 == "encryption-key") $0 = "encryption-key set"; tell() } next }
FILENAME ~ /^\/etc\/pve\/(lxc|qemu-server)\// {
	if ($0 ~ /^\[/) part = "snapshot"
	if (part != "") next
	if ($1 == "args:") { $0 = "args: set"; tell() }
	else if ($1 ~ /^(unprivileged|features|hookscript|protection|net[0-9]+|mp[0-9]+|hostpci[0-9]+|lxc\.apparmor\.profile|lxc\.cap\.drop|lxc\.cap\.keep|lxc\.mount\.entry|lxc\.cgroup2?\.devices\.allow|lxc\.idmap|dev[0-9]+):$/) tell()
	next
}
FILENAME ~ /^\/etc\/rsyslog/ { if ($0 ~ /^[a-z*.,;!=0-9-]+[ \t]+@@?[A-Za-z0-9(\[]/ || $0 ~ /(omfwd|omrelp|imtcp|imudp|imrelp|FileCreateMode|InputTCPServerRun|UDPServerRun|StreamDriver)/) tell(); next }
FILENAME ~ /\/journald\.conf/ { if ($0 ~ /^[ \t]*(Storage|Compress|Seal|SystemMaxUse|MaxRetentionSec|ForwardToSyslog|RateLimitBurst)[ \t]*=/) tell(); next }
FILENAME ~ /\/timesyncd\.conf/ { if ($0 ~ /^[ \t]*(NTP|FallbackNTP)[ \t]*=/) tell(); next }
FILENAME ~ /^\/etc\/chrony\// { if ($1 ~ /^(server|pool|peer|sourcedir|refclock|user)$/) tell(); next }
FILENAME == "/etc/audit/auditd.conf" { if ($1 ~ /^(log_file|max_log_file|num_logs|max_log_file_action|space_left|space_left_action|admin_space_left|admin_space_left_action|disk_full_action|disk_error_action|log_group|local_events|write_logs)=?$/) tell(); next }
FILENAME ~ /^\/etc\/audit\/rules\.d\// { if ($1 ~ /^-[waAdDebfrWi]$/ || $1 == "--backlog_wait_time" || $1 == "--loginuid-immutable") tell(); next }
FILENAME ~ /^\/etc\/apt\/.*\.list$/ { if ($1 ~ /^deb(-src)?$/) tell(); next }
FILENAME ~ /^\/etc\/apt\/.*\.sources$/ { if ($0 ~ /^(Types|URIs|Suites|Components|Enabled|Trusted|Allow-Insecure|Signed-By|Check-Valid-Until):/) tell(); next }
FILENAME ~ /^\/etc\/(profile|bash\.bashrc|environment|profile\.d\/.*)$/ { if ($0 ~ /(^|[ \t;])(readonly[ \t]+|export[ \t]+|declare[ \t]+-r[x]?[ \t]+|typeset[ \t]+-r[x]?[ \t]+)?TMOUT=/ || $0 ~ /(^|[ \t;])umask[ \t]/) tell(); next }
FILENAME ~ /^\/etc\/ssh\/sshd_config/ {
	if (tolower($1) ~ /^match([=]|$)/) part = "match"
	if (part == "match" || tolower($1) ~ /^include([=]|$)/) tell()
	next
}
FILENAME ~ /^\/etc\/postfix\/main\.cf$/ { if ($0 ~ /^(inet_interfaces|mynetworks|relayhost)[ \t]*=/) tell(); next }
FILENAME ~ /^\/etc\/modprobe\.d\// { if ($1 ~ /^(install|blacklist)$/) tell(); next }'

# settings: all that checks of the posture ask a node for.
settings() {
	optional units systemctl show --property=Id,LoadState,ActiveState,UnitFileState -- $sv_units
	optional listeners ss -H -tulpn
	section modes find $sv_places -maxdepth 1 ! -path '/tmp/*' ! -path '/var/tmp/*' ! -path '/dev/shm/*' ! -path '/var/log/sudo-io/*' -printf '%y %m %U %G %s %T@ %p\0'
	section kernel /bin/sh -c 'grep -s "" -- "$@"; [ $? -le 2 ]' kernel $sv_kernel
	section vulnerabilities /bin/sh -c 'cd /sys/devices/system/cpu/vulnerabilities 2>/dev/null || exit 0; grep "" -- *'
	section mounts cat /proc/self/mounts
	optional installed dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\n'
	optional updates apt-get -s -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Get::Show-User-Simulation-Note=0 dist-upgrade
	section aptconfig /bin/sh -c 'command -v apt-config >/dev/null || exit 127
		apt-config -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= dump | grep -E "^(APT::Periodic::|APT::Get::AllowUnauthenticated|Acquire::AllowInsecureRepositories|Acquire::AllowWeakRepositories|Acquire::AllowDowngradeToInsecureRepositories|Acquire::Check-Valid-Until|Acquire::https?::Verify-Peer|Unattended-Upgrade::(Origins-Pattern|Allowed-Origins|Automatic-Reboot))" || [ $? -eq 1 ]'
	section config /bin/sh -c '
		program=$1
		shift
		set +f
		for file in /etc/login.defs /etc/pam.d/common-password /etc/pam.d/common-auth /etc/pam.d/common-account /etc/pam.d/common-session /etc/pam.d/su /etc/pam.d/sshd /etc/pam.d/sudo /etc/pam.d/login /etc/security/pwquality.conf /etc/security/pwquality.conf.d/*.conf \
			/etc/security/faillock.conf /etc/security/pwhistory.conf /etc/sudo.conf /etc/default/pveproxy /etc/pve/firewall/cluster.fw /etc/pve/local/host.fw /etc/pve/corosync.conf /etc/pve/datacenter.cfg /etc/pve/jobs.cfg /etc/pve/vzdump.cron \
			/etc/pve/storage.cfg /etc/pve/lxc/*.conf /etc/pve/qemu-server/*.conf /etc/rsyslog.conf /etc/rsyslog.d/*.conf /usr/lib/systemd/journald.conf.d/*.conf /etc/systemd/journald.conf /etc/systemd/journald.conf.d/*.conf \
			/etc/systemd/timesyncd.conf /etc/systemd/timesyncd.conf.d/*.conf /etc/chrony/chrony.conf /etc/chrony/conf.d/*.conf /etc/chrony/sources.d/*.sources /etc/audit/auditd.conf /etc/audit/rules.d/*.rules /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
			/etc/apt/sources.list.d/*.sources /etc/profile /etc/bash.bashrc /etc/environment /etc/profile.d/*.sh /etc/postfix/main.cf /etc/modprobe.d/*.conf /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do
			if [ -e "$file" ]; then set -- "$@" "$file"; fi
		done
		[ $# -eq 0 ] || { find -L "$@" -maxdepth 0 ! "(" -type f ! -size +1024k ")" -printf "%p is no file, or longer than 1 MiB, and was not read\n" >&2
			find -L "$@" -maxdepth 0 -type f ! -size +1024k -print0 | xargs -0 -r -n 100000 -s 1000000 awk "$program"; }' config "$sv_config"
	section certificates /bin/sh -c '
		for file in /etc/pve/local/pve-ssl.pem /etc/pve/local/pveproxy-ssl.pem /etc/pve/pve-root-ca.pem; do
			if [ -e "$file" ]; then set -- "$@" "$file"; fi
		done
		[ $# -eq 0 ] || awk "/^-----BEGIN CERTIFICATE-----/ { print \"File: \" FILENAME; on = 1 } on { print } /^-----END / { on = 0 }" "$@"' certificates
}

# asked: whether the node itself lets accounts run command lines with sudo. Standard input has "NAME COMMAND…" of each, ended by NUL; the answer is a line \x01NUMBER STATUS before what sudo says.
asked() {
	if ! on_path sudo; then say lacks asked sudo; return 0; fi
	section asked xargs -0 -r -n 1 /bin/sh -c '
		set -f
		name=${1%% *}
		set -- "$name" ${1#* }
		shift
		said=$(timeout -k 5 20 sudo -n -l -U "$name" -- "$@" 2>&1)
		printf "\001%s %s\n%s\n" "$?" "$name" "$said"' asked
}
