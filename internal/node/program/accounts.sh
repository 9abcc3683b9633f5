# Accounts of the node itself: how one is, and bringing one to a state, with the node's own tools. Part of the transaction and of putting back.

bound quick setpriv
bound patient useradd usermod userdel groupadd groupdel chage chpasswd passwd

# entry FILE NAME: the line of an account or a group in a file of /etc, an empty line where it has none. The name has no character of a pattern.
entry() {
	en_line=$(grep -m 1 -e "^$2:" -- "$root/etc/$1" 2>&1) || [ $? -eq 1 ] || return 1
	printf '%s\n' "$en_line"
}

# memberships NAME: the groups that name the account, sorted.
memberships() {
	mb_names=$(sed -n -e "s/^\([^:]*\):[^:]*:[^:]*:\(.*,\)\{0,1\}$1\(,.*\)\{0,1\}\$/\1/p" -- "$root/etc/group") || return 1
	printf '%s\n' "$mb_names" | sort | tr '\n' ' '
	echo
}

# ranges FILE NAME: the subordinate ids of an account, subuid(5), each as FIRST-LAST.
ranges() {
	if [ -e "$root/etc/$1" ]; then
		while IFS=: read -r rg_name rg_first rg_count; do
			[ "$rg_name" != "$2" ] || printf '%s-%s ' "$rg_first" "$((rg_first + rg_count - 1))"
		done <"$root/etc/$1"
	fi
	echo
}

# portrait NAME: an account as it is, in six lines: its entries in passwd and shadow, the groups that name it, its subordinate user and group ids, and the
# group of its own name.
portrait() {
	entry passwd "$1" && entry shadow "$1" && memberships "$1" && ranges subuid "$1" && ranges subgid "$1" && entry group "$1"
}

# become NAME PORTRAIT FLAG: bring an account to how a portrait shows it. It may be so in part already. "=" in a field of shadow is any value, and an empty user or
# group id is one that useradd chooses. FLAG is -m or -M of useradd. What it prints is why it could not. No hash is ever in an argument: every user can read those.
become() {
	bc_name=$1 bc_flag=$3
	{ IFS= read -r bc_passwd; IFS= read -r bc_shadow; read -r bc_groups; read -r bc_subuid; read -r bc_subgid; IFS= read -r bc_group; } <"$2" || return 1
	now_is "$bc_name" || return 1
	if [ -z "$bc_passwd" ]; then
		[ -z "$bn_passwd" ] || discard "$bc_name" || return 1
		[ -n "$bc_group" ] || [ -z "$(entry group "$bc_name")" ] || groupdel "$bc_name" 2>&1
		return
	fi
	IFS=: read -r bc_x bc_x bc_uid bc_gid bc_gecos bc_home bc_shell <<END_OF_ENTRY
$bc_passwd
END_OF_ENTRY
	if [ -z "$bn_passwd" ]; then
		set -- -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 -K HOME_MODE=0700 "$bc_flag" -c "$bc_gecos" -d "$bc_home" -s "$bc_shell"
		[ -z "$bc_uid" ] || set -- "$@" -u "$bc_uid"
		if [ -n "$bc_gid" ]; then
			if [ -n "$bc_group" ] && [ -z "$bn_group" ]; then
				bc_own=${bc_group#*:*:}
				groupadd -g "${bc_own%%:*}" "$bc_name" 2>&1 || return 1
			fi
			set -- "$@" -N -g "$bc_gid"
		else
			set -- "$@" -U
		fi
		useradd "$@" "$bc_name" 2>&1 || return 1
		now_is "$bc_name" || return 1
	fi
	IFS=: read -r bn_x bn_x bn_uid bn_gid bn_gecos bn_home bn_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
	set --
	[ -z "$bc_uid" ] || [ "$bc_uid" = "$bn_uid" ] || set -- "$@" -u "$bc_uid"
	[ -z "$bc_gid" ] || [ "$bc_gid" = "$bn_gid" ] || set -- "$@" -g "$bc_gid"
	[ "$bc_gecos" = "$bn_gecos" ] || set -- "$@" -c "$bc_gecos"
	[ "$bc_home" = "$bn_home" ] || set -- "$@" -d "$bc_home"
	[ "$bc_shell" = "$bn_shell" ] || set -- "$@" -s "$bc_shell"
	[ "$bc_groups" = "$bn_groups" ] || set -- "$@" -G "$(printf '%s' "$bc_groups" | tr ' ' ',')"
	if [ -n "$bc_subuid$bc_subgid" ]; then
		for bc_range in $bc_subuid; do case " $bn_subuid " in *" $bc_range "*) ;; *) set -- "$@" -v "$bc_range" ;; esac; done
		for bc_range in $bc_subgid; do case " $bn_subgid " in *" $bc_range "*) ;; *) set -- "$@" -w "$bc_range" ;; esac; done
	fi
	[ $# -eq 0 ] || usermod "$@" "$bc_name" 2>&1 || return 1
	secure "$bc_name" "$bc_shadow"
}

# now_is NAME: the portrait of an account in bn_passwd, bn_shadow and so on.
now_is() {
	bn_now=$(portrait "$1") || { echo 'the files of accounts cannot be read'; return 1; }
	{ IFS= read -r bn_passwd; IFS= read -r bn_shadow; read -r bn_groups; read -r bn_subuid; read -r bn_subgid; IFS= read -r bn_group; } <<END_OF_PORTRAIT
$bn_now
END_OF_PORTRAIT
	return 0
}

# secure NAME ENTRY: the hash and the dates of an account as an entry of shadow says.
secure() {
	[ -n "$2" ] || { echo 'nothing is known of its password'; return 1; }
	IFS=: read -r sc_x sc_hash sc_last sc_min sc_max sc_warn sc_idle sc_end sc_x <<END_OF_ENTRY
$2
END_OF_ENTRY
	sd_line=$(entry shadow "$1") || return 1
	IFS=: read -r sd_x sd_hash sd_last sd_min sd_max sd_warn sd_idle sd_end sd_x <<END_OF_ENTRY
$sd_line
END_OF_ENTRY
	if [ "$sc_hash" != "$sd_hash" ]; then
		if [ -z "$sc_hash" ]; then
			passwd -d "$1" >/dev/null 2>&1
		else
			printf '%s:%s\n' "$1" "$sc_hash" | chpasswd -e 2>&1
		fi || return 1
		# Both note that the password was changed today.
		sd_line=$(entry shadow "$1") || return 1
		IFS=: read -r sd_x sd_x sd_last sd_min sd_max sd_warn sd_idle sd_end sd_x <<END_OF_ENTRY
$sd_line
END_OF_ENTRY
	fi
	sc_name=$1
	set --
	[ "$sc_last" = = ] || [ "$sc_last" = "$sd_last" ] || set -- "$@" -d "${sc_last:--1}"
	[ "$sc_min" = = ] || [ "$sc_min" = "$sd_min" ] || set -- "$@" -m "${sc_min:--1}"
	[ "$sc_max" = = ] || [ "$sc_max" = "$sd_max" ] || set -- "$@" -M "${sc_max:--1}"
	[ "$sc_warn" = = ] || [ "$sc_warn" = "$sd_warn" ] || set -- "$@" -W "${sc_warn:--1}"
	[ "$sc_idle" = = ] || [ "$sc_idle" = "$sd_idle" ] || set -- "$@" -I "${sc_idle:--1}"
	[ "$sc_end" = = ] || [ "$sc_end" = "$sd_end" ] || set -- "$@" -E "${sc_end:--1}"
	[ $# -eq 0 ] || chage "$@" "$sc_name" 2>&1
}

# discard NAME: remove an account also while its user is logged in, -f, unless another account has its group: userdel would remove that group too then.
discard() {
	dc_flag=-f
	dc_group=$(entry group "$1") || return 1
	if [ -n "$dc_group" ]; then
		dc_group=${dc_group#*:*:}
		! grep -v -e "^$1:" -- "$root/etc/passwd" | grep -q -e "^[^:]*:[^:]*:[^:]*:${dc_group%%:*}:" || dc_flag=
	fi
	dc_said=$(userdel $dc_flag "$1" 2>&1) && return 0
	printf '%s\n' "$dc_said"
	return 1
}

# as_user UID GID COMMAND…: run a command with the power of a user and no more, without the lock and the files of this shell. Its input and output are all that it shares.
as_user() {
	au_uid=$1 au_gid=$2
	shift 2
	setpriv --reuid "$au_uid" --regid "$au_gid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@" 7>&- 8>&- 3>&-
}

# keys_of ACTION NAME TRANSACTION FILES: put (from the input), restore or tidy the key files of an account, in its home, as its user: what he may have put there cannot make root
# do anything. What was there, whatever it is, is moved aside and back. FILES are the names that are ours and, for restore, those that were there before.
keys_of() {
	ko_line=$(entry passwd "$2") || return 1
	[ -n "$ko_line" ] || return 0
	IFS=: read -r ko_x ko_x ko_uid ko_gid ko_x ko_home ko_x <<END_OF_ENTRY
$ko_line
END_OF_ENTRY
	[ "$ko_uid" != 0 ] || { echo 'it is root'; return 1; }
	[ "$1" = put ] || [ -d "$root$ko_home" ] || return 0
	rm -f -- "$run/keys.$$"
	{ as_user "$ko_uid" "$ko_gid" /bin/sh -c '
		umask 077
		action=$1 txn=$2 files=$3
		cd -- "$4" || exit 1
		there() { [ -e "$1" ] || [ -L "$1" ]; }
		directory() { [ -d "$1" ] && [ ! -L "$1" ]; }
		case $action in
		put)
			if there .ssh && ! directory .ssh; then mv -T -- .ssh ".ssh.pvesec-$txn" || exit 1; fi
			directory .ssh || mkdir -m 700 .ssh || exit 1
			chmod go-w .ssh || exit 1
			for file in $files; do
				if there ".ssh/$file"; then mv -T -- ".ssh/$file" ".ssh/.$file.pvesec-$txn" || exit 1; fi
			done
			set -C
			cat >".ssh/.new.pvesec-$txn" || exit 1
			if [ -s ".ssh/.new.pvesec-$txn" ]; then
				mv -T -- ".ssh/.new.pvesec-$txn" .ssh/authorized_keys
			else
				rm -f -- ".ssh/.new.pvesec-$txn"
			fi
			;;
		restore)
			rm -f -- ".ssh/.new.pvesec-$txn"
			for file in $files; do
				[ "$file" != 0:/ ] || continue
				had=${file%%:*}
				if there ".ssh/.${file#*:}.pvesec-$txn"; then
					rm -f -- ".ssh/${file#*:}" && mv -T -- ".ssh/.${file#*:}.pvesec-$txn" ".ssh/${file#*:}" || exit 1
				elif [ "$had" = 0 ] && there ".ssh/${file#*:}"; then
					rm -f -- ".ssh/${file#*:}" || exit 1
				fi
			done
			if there ".ssh.pvesec-$txn"; then
				if there .ssh; then rmdir .ssh || exit 1; fi
				mv -T -- ".ssh.pvesec-$txn" .ssh
			fi
			case " $files " in *" 0:/ "*) ! directory .ssh || rmdir .ssh 2>/dev/null || : ;; esac
			;;
		tidy)
			rm -rf -- ".ssh.pvesec-$txn"
			for file in $files; do rm -rf -- ".ssh/.$file.pvesec-$txn"; done
			;;
		esac' keys "$1" "$3" "$4" "$root$ko_home" 2>&1 && : >"$run/keys.$$"; } | head -c 2000
	[ -e "$run/keys.$$" ] && rm -f -- "$run/keys.$$"
}

# undo_account OPERATION ARGUMENT NAME: for undo.
undo_account() {
	case $1 in
	account) become "${3##* }" "$2" -M ;;
	keys) keys_of restore "${3##* }" "${2%% *}" "${2#* }" ;;
	home) ! [ -d "$3" ] || rm -rf --one-file-system -- "$3" ;;
	esac
}
