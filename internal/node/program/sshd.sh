# Asking sshd: what it makes of connections, of its configuration as it is, without a drop-in, and with another text of it. Part of the observation.
# Its debugging tells which line of which file it took, and in which order; nobody has to know its rules. The calls after this text define
#   sshd_path          the drop-in
#   sshd_words         what is asked for, as sshd prints it, in small letters: WORD|WORD
#   sshd_connections   calls FUNCTION NUMBER USER HOST ADDRESS LOCAL-ADDRESS LOCAL-PORT for each connection
#   sshd_other         1 where there is another text of the drop-in
#   sshd_gone          other drop-ins that are left out of all but the configuration in use, each with a space after it
#   sshd_content       prints the other text of the drop-in
# Lines: own ADDRESS LOCAL-ADDRESS LOCAL-PORT, addresses ADDRESSES, read yes|no, algorithms KIND NAMES, and judged VARIANT CONNECTION STATUS SETTINGS LINES KEYS PASSWORD.

# ask_sshd ID VARIANT…: without a variant, what is said of the session and of OpenSSH.
ask_sshd() {
	k_id=$1
	shift
	on_path sshd || { say gone "$k_id"; return 0; }
	if [ $# -eq 0 ]; then
		own_connection
		k_names=
		if on_path hostname; then k_names=$(within "$quick" hostname -I 2>/dev/null </dev/null); fi
		say addresses "$k_id" "$(enc "$k_names")"
		say read "$k_id" "$(sshd_has_read)"
		for k_kind in cipher mac kex HostKeyAlgorithms; do
			k_names=
			if on_path ssh; then k_names=$(within "$quick" ssh -Q "$k_kind" 2>/dev/null </dev/null); fi
			say algorithms "$k_id" "$k_kind" "$(enc "$k_names")"
		done
		return 0
	fi
	k_dir=$root/run/pvesec-sshd.$$
	k_said=$(mkdir -m 700 -- "$k_dir" 2>&1) || { say unknown "$k_id" "$(enc "$k_said")"; return 0; }
	trap 'rm -rf -- "$k_dir"' EXIT
	for k_variant; do
		k_tree=$k_dir/$k_variant
		k_said=$(copy_sshd 2>&1) || { say unknown "$k_id" "$(enc "the configuration of sshd cannot be copied: $k_said")"; return 0; }
		case $k_variant in
		conditional) judge_sshd 0 root localhost 127.0.0.1 127.0.0.1 22 ;;
		*) sshd_connections judge_sshd ;;
		esac
	done
	rm -rf -- "$k_dir"
}

# sshd_has_read: whether sshd read its files since they changed: ssh.service changes its state with every start and reload. An sshd that a socket starts for each connection reads them each time.
# What is not known is not so.
sshd_has_read() {
	k_since=$(within "$quick" systemctl show --property=StateChangeTimestamp --value --timestamp=us+utc -- ssh.service 2>/dev/null </dev/null)
	case $(within "$quick" systemctl is-active -- ssh.service 2>/dev/null </dev/null) in
	active)
		[ -n "$k_since" ] || { echo no; return 0; }
		k_newer=$(within "$patient" find -L "$root/etc/ssh/sshd_config" "$root/etc/ssh/sshd_config.d" -maxdepth 1 -newerct "$k_since" -print 2>&1 </dev/null)
		if [ -z "$k_newer" ]; then echo yes; else echo no; fi
		;;
	*) if limited "$quick" systemctl is-active --quiet -- ssh.socket >/dev/null 2>&1 </dev/null; then echo yes; else echo no; fi ;;
	esac
}

# own_connection: where the session of this shell comes from, as sshd told it or one of the processes above it.
own_connection() {
	k_pid=$$ k_own=
	while [ "$k_pid" -gt 1 ]; do
		k_own=$(tr '\0' '\n' 2>/dev/null <"/proc/$k_pid/environ" | sed -n -e 's/^SSH_CONNECTION=\([0-9A-Fa-f.:%a-z]* [0-9]* [0-9A-Fa-f.:%a-z]* [0-9]*\)$/\1/p')
		[ -z "$k_own" ] || break
		k_up=1
		while read -r k_key k_value; do
			case $k_key in PPid:) k_up=$k_value; break ;; esac
		done 2>/dev/null <"/proc/$k_pid/status"
		k_pid=$k_up
	done
	[ -z "$k_own" ] || { set -- $k_own; say own "$k_id" "$(enc "$1")" "$(enc "$3")" "$4"; }
}

# copy_sshd: the configuration that $k_variant is about, as a copy in $k_tree. No line moves. A way of Include that is not /etc/ssh/sshd_config.d leads to the files in use.
copy_sshd() {
	mkdir -m 700 -- "$k_tree" "$k_tree/sshd_config.d" || return 1
	set +f
	for k_file in "$root"/etc/ssh/sshd_config.d/*; do
		if [ -f "$k_file" ]; then copy_sshd_file "$k_file" "sshd_config.d/${k_file##*/}" || return 1; fi
	done
	set -f
	copy_sshd_file "$root/etc/ssh/sshd_config" sshd_config || return 1
	if [ "$k_variant" != asis ]; then
		for k_file in $sshd_gone; do rm -f -- "$k_tree/sshd_config.d/$k_file" || return 1; done
	fi
	case $k_variant in
	without) rm -f -- "$k_tree/sshd_config.d/${sshd_path##*/}" ;;
	with) sshd_content >"$k_tree/sshd_config.d/${sshd_path##*/}" ;;
	conditional) [ "$sshd_other" -eq 0 ] || sshd_content | sed -e "$k_match" >"$k_tree/sshd_config.d/${sshd_path##*/}" ;;
	esac
}

# copy_sshd_file FILE NAME: the variant "conditional" has every Match block of it hold for everyone, so that sshd names all their lines.
copy_sshd_file() {
	k_match=
	[ "$k_variant" != conditional ] || k_match='s/^[[:space:]]*"\{0,1\}[Mm][Aa][Tt][Cc][Hh]"\{0,1\}[[:space:]=].*$/Match all/'
	limited "$quick" sed -e '/^[[:space:]]*"\{0,1\}[Ii][Nn][Cc][Ll][Uu][Dd][Ee]/{' -e "s|/etc/ssh/sshd_config\\.d|$k_tree/sshd_config.d|g" \
		-e "s|\\([[:space:]\"=]\\)sshd_config\\.d|\\1$k_tree/sshd_config.d|g" -e '}' -e "$k_match" <"$1" >"$k_tree/$2"
}

# judge_sshd NUMBER USER HOST ADDRESS LOCAL-ADDRESS LOCAL-PORT
judge_sshd() {
	k_keys=no k_password=no k_settings=
	if sshd -T -ddd -f "$k_tree/sshd_config" -C "user=$2,host=$3,addr=$4,laddr=$5,lport=$6" >"$k_tree/settings" 2>"$k_tree/said" </dev/null; then
		k_status=0
		k_settings=$(grep -i -E -e "^($sshd_words) " -- "$k_tree/settings")
		k_lines=$(sed -n -E -e 's/\r$//' -e "s|$k_tree|/etc/ssh|g" -e '/config reprocess config/p' -e "/^debug3: .*:[0-9]+ setting ($sshd_words)([[:space:]]|\$)/Ip" -- "$k_tree/said")
		# Whether there are keys is looked at where sshd looks for them.
		case $k_variant in asis | with) k_keys=$(keys_for "$2" "$(sed -n -e 's/^authorizedkeysfile //p' -- "$k_tree/settings")") k_password=$(password_of "$2") ;; esac
	else
		k_status=$?
		k_lines=$(sed -e 's/\r$//' -e "s|$k_tree|/etc/ssh|g" -e '/^debug[0-9]: /d' -- "$k_tree/said")
	fi
	say judged "$k_id" "$k_variant" "$1" "$k_status" "$(enc "$k_settings")" "$(enc "$k_lines")" "$k_keys" "$k_password"
}

# keys_for USER FILES: whether one of the key files of a user has anything in it. It is not read.
keys_for() {
	kf_home=$(within "$quick" getent passwd "$1" 2>/dev/null) || { echo no; return 0; }
	kf_home=${kf_home%:*}
	kf_home=${kf_home##*:}
	for kf_file in $2; do
		[ "$kf_file" != none ] || continue
		kf_rest=$kf_file kf_path=
		while :; do
			case $kf_rest in
			*%*) ;;
			*) kf_path=$kf_path$kf_rest; break ;;
			esac
			kf_path=$kf_path${kf_rest%%"%"*}
			kf_rest=${kf_rest#*"%"}
			case $kf_rest in
			h*) kf_path=$kf_path$kf_home ;;
			u*) kf_path=$kf_path$1 ;;
			%*) kf_path=$kf_path% ;;
			esac
			kf_rest=${kf_rest#?}
		done
		case $kf_path in /*) ;; *) kf_path=$kf_home/$kf_path ;; esac
		if limited "$quick" /bin/sh -c '[ -s "$1" ]' keys "$root$kf_path" 2>/dev/null; then echo yes; return 0; fi
	done
	echo no
}

# password_of USER: whether a password lets a user in. What is not known is none.
password_of() {
	po_line=$(within "$quick" getent shadow "$1" 2>/dev/null) || po_line=::
	po_line=${po_line#*:}
	case ${po_line%%:*} in '' | '!'* | '*'*) echo no ;; *) echo yes ;; esac
}
