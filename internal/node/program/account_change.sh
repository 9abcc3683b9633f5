# Changing accounts. Part of the transaction. The client's part defines
#   accounts FUNCTION  calls FUNCTION NUMBER NAME for every account
#   account_NUMBER     sets how it is to be: a_absent a_expect a_uid a_comment a_home a_shell a_groups a_only a_drop a_expires a_password a_keys a_keysum a_only_keys a_remove a_end
# and its content prints hash.NUMBER and keys.NUMBER.

# refuse NAME TEXT: an account that cannot be as it is asked for.
refuse() { fail account "$1" "$2" staging; }

# stage_account NUMBER NAME: note how the account is, and how it is to be, in the stage. Both hold a hash, and only root can read them there.
stage_account() {
	account_"$1"
	closed=0 # the way to a home is not among those that were looked at
	now_is "$2" >/dev/null || refuse "$2" 'the files of accounts cannot be read'
	s_said=$({ printf '%s\n' "$bn_passwd" "$bn_shadow" "$bn_groups" "$bn_subuid" "$bn_subgid" "$bn_group" >"$mine/had.$1"; } 2>&1) || fail install "$mine/had.$1" "$s_said" staging
	try staging "$mine/had.$1" flush "$mine/had.$1"
	IFS=: read -r s_x s_x h_uid h_gid h_comment h_home h_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
	h_found=absent
	if [ -n "$bn_passwd" ]; then
		h_found=$h_uid:$h_comment:$h_home:$h_shell:$bn_groups
		[ -n "$bn_shadow" ] || refuse "$2" 'has no entry in /etc/shadow: run pwconv on the node'
		case $h_uid in
		'' | *[!0-9]* | ? | ?? | ??? | 65534) refuse "$2" "is a system account (user id $h_uid). pvesec never changes one" ;;
		esac
	elif [ "$a_absent" -eq 0 ]; then
		if getent passwd "$2" >/dev/null 2>&1; then
			refuse "$2" 'comes from another source than /etc/passwd, such as a directory service, so the node cannot change it'
		else
			stopped $? getent "$quick"
		fi
	fi
	case $a_expect in '' | "$h_found") ;; *) fail account-changed "$2" "$h_found" "$a_expect" ;; esac
	if [ "$a_absent" -eq 1 ]; then
		[ -n "$bn_passwd" ] || return 0
		[ "$a_remove" -eq 0 ] || removable "$2"
		printf '\n\n\n\n\n\n' >"$mine/want.$1"
		todo="${todo}a$1 "
		return 0
	fi
	want_account "$1" "$2"
	case $a_keys in put) want_keys "$1" "$2" ;; esac
}

# removable NAME: whether the home can be removed with the account. Nobody else can put another directory in its place.
removable() {
	lstat "$root$h_home"
	[ -n "$kind" ] || return 0
	way "$root$h_home"
	case $kind:$attributes:$open in
	d:*:"$h_uid":*:) ;;
	*) refuse "$1" "has the home $h_home, which is no directory of its own in one that only root can write. Remove it by hand and set remove_home = false" ;;
	esac
}

# want_account NUMBER NAME
want_account() {
	[ -f "$root$a_shell" ] && [ -x "$root$a_shell" ] || refuse "$2" "cannot have the shell $a_shell: there is no such program"
	w_groups=
	for w_group in $a_groups; do
		[ -n "$(entry group "$w_group")" ] || refuse "$2" "cannot be in the group $w_group: there is no such group"
	done
	if [ "$a_only" -eq 1 ]; then
		w_groups=$a_groups
	else
		for w_group in $bn_groups; do case " $a_drop " in *" $w_group "*) ;; *) w_groups="$w_groups $w_group" ;; esac; done
		w_groups=$(for w_group in $w_groups $a_groups; do printf '%s\n' "$w_group"; done | sort -u | tr '\n' ' ')
		w_groups=${w_groups% }
	fi
	if [ -n "$a_uid" ] && [ "$a_uid" != "$h_uid" ]; then
		w_other=$(grep -m 1 -e "^[^:]*:[^:]*:$a_uid:" -- "$root/etc/passwd") && refuse "$2" "cannot have the user id $a_uid: it is the one of ${w_other%%:*}"
	fi
	IFS=: read -r s_x w_hash w_last w_min w_max w_warn w_idle w_end s_x <<END_OF_ENTRY
$bn_shadow
END_OF_ENTRY
	w_had=$w_hash:$w_end
	[ -n "$bn_shadow" ] || w_hash='!' w_last='=' w_min='=' w_max='=' w_warn='=' w_idle='='
	case $a_password in
	lock) case $w_hash in '!'* | '*'*) ;; *) w_hash="!$w_hash" ;; esac ;;
	set)
		w_new=$(content "hash.$1")
		[ "$w_new" = "$w_hash" ] || w_hash=$w_new w_last='='
		;;
	esac
	lstat "$root$a_home"
	case $kind in
	'')
		way "$root$a_home"
		[ -z "$open" ] || fail open "$a_home" "$open_why" "${open#"$root"}"
		;;
	d) ;;
	*) refuse "$2" "cannot have the home $a_home: it is not a directory" ;;
	esac
	if [ "$h_found" = absent ] || [ "${a_uid:-$h_uid}:$a_comment:$a_home:$a_shell:$w_groups" != "$h_found" ] || [ "$w_hash:$a_expires" != "$w_had" ] || [ -z "$kind" ]; then
		s_said=$({
			printf '%s\n' "$2:x:${a_uid:-$h_uid}:$h_gid:$a_comment:$a_home:$a_shell" "$2:$w_hash:$w_last:$w_min:$w_max:$w_warn:$w_idle:$a_expires:" "$w_groups" '' '' "$bn_group" >"$mine/want.$1"
		} 2>&1) || fail install "$mine/want.$1" "$s_said" staging
		todo="${todo}a$1 "
	fi
}

# want_keys NUMBER NAME: the key file, and whether it differs.
want_keys() {
	s_said=$({ content "keys.$1" >"$mine/keys.$1"; } 2>&1) || fail install "$mine/keys.$1" "$s_said" staging
	k_new=$(sha256sum <"$mine/keys.$1") k_dir=$root$a_home/.ssh k_old=absent k_odd=0
	k_empty=0
	[ -s "$mine/keys.$1" ] || k_empty=1
	if [ "$h_found" != absent ]; then
		if [ -e "$k_dir/authorized_keys" ]; then
			k_old=$(as_user "$h_uid" "$h_gid" dd if="$k_dir/authorized_keys" iflag=nonblock,count_bytes bs=64k count=1M status=none 2>/dev/null | sha256sum)
			k_old=${k_old%% *}
			[ -f "$k_dir/authorized_keys" ] && [ ! -L "$k_dir/authorized_keys" ] && [ ! -L "$k_dir" ] || k_odd=1
		elif [ -L "$k_dir/authorized_keys" ]; then
			k_odd=1
		fi
		case $a_keysum in '' | "$k_old") ;; *) fail account-changed "$2" "key file $k_old" "key file $a_keysum" ;; esac
	fi
	if [ "$a_only_keys" -eq 1 ] && { [ -e "$k_dir/authorized_keys2" ] || [ -L "$k_dir/authorized_keys2" ]; }; then k_odd=1; fi
	case $k_odd:$k_empty:$k_old in
	0:1:absent | 0:0:"${k_new%% *}") ;;
	*) todo="${todo}k$1 " ;;
	esac
}

# account_unmoved NUMBER NAME: nobody changed the account since the stage was made.
account_unmoved() {
	needs "a$1" || return 0
	now_is "$2" >/dev/null || refuse "$2" 'the files of accounts cannot be read'
	printf '%s\n' "$bn_passwd" "$bn_shadow" "$bn_groups" "$bn_subuid" "$bn_subgid" "$bn_group" | cmp -s - "$mine/had.$1" ||
		fail account-changed "$2" 'another state' 'the one of a moment ago'
}

# key_files: the names of the key files that are ours.
key_files() {
	if [ "$a_only_keys" -eq 1 ]; then echo authorized_keys authorized_keys2; else echo authorized_keys; fi
}

# plan_account NUMBER NAME: how to undo it is in the journal before it is done.
plan_account() {
	account_"$1"
	if needs "a$1"; then
		[ "$a_absent" -eq 1 ] || [ -e "$root$a_home" ] || remember home - "$root$a_home"
		remember account "$mine/had.$1" "account $2"
	fi
	needs "k$1" || return 0
	l_had=
	for l_file in $(key_files); do
		l_was=0
		if [ -e "$root$a_home/.ssh/$l_file" ] || [ -L "$root$a_home/.ssh/$l_file" ]; then l_was=1; fi
		l_had="$l_had $l_was:$l_file"
	done
	if ! [ -e "$root$a_home/.ssh" ] && ! [ -L "$root$a_home/.ssh" ]; then l_had="$l_had 0:/"; fi
	remember keys "$txn$l_had" "account $2"
}

# install_account NUMBER NAME
install_account() {
	account_"$1"
	if needs "a$1"; then
		i_flag=-M
		[ -e "$root$a_home" ] || i_flag=-m
		i_said=$(become "$2" "$mine/want.$1" "$i_flag" 2>&1 </dev/null) || fail account "$2" "${i_said:-a tool of the node failed}" installing
		now_is "$2" >/dev/null || fail account "$2" 'the files of accounts cannot be read' verifying
		if [ "$a_absent" -eq 1 ]; then
			[ -z "$bn_passwd" ] || fail account "$2" 'is still there' verifying
			return 0
		fi
		IFS=: read -r s_x s_x i_uid i_gid i_comment i_home i_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
		if ! [ -e "$root$i_home" ]; then
			try installing "$i_home" mkdir -m 700 -- "$root$i_home"
			try installing "$i_home" attr "700:$i_uid:$i_gid" "$root$i_home"
		fi
		case "$i_uid:$i_comment:$i_home:$i_shell" in
		"${a_uid:-$i_uid}:$a_comment:$a_home:$a_shell") ;;
		*) fail account "$2" "is not as it was told to be: $i_uid:$i_comment:$i_home:$i_shell" verifying ;;
		esac
		case $i_uid in ? | ?? | ???) fail account "$2" "got the user id $i_uid, which is one for system accounts: see UID_MIN in /etc/login.defs" verifying ;; esac
	fi
	needs "k$1" || return 0
	i_said=$(keys_of put "$2" "$txn" "$(key_files)" <"$mine/keys.$1") ||
		fail account "$2" "has a home in which its own user cannot write the key file: ${i_said:-the user ended the program that wrote it, or it took too long}" installing
	i_line=$(entry passwd "$2")
	IFS=: read -r s_x s_x i_uid i_gid s_x i_home s_x <<END_OF_ENTRY
$i_line
END_OF_ENTRY
	[ ! -s "$mine/keys.$1" ] ||
		as_user "$i_uid" "$i_gid" dd if="$root$i_home/.ssh/authorized_keys" iflag=nonblock,count_bytes bs=64k count=1M status=none 2>/dev/null | cmp -s - "$mine/keys.$1" ||
		fail account "$2" 'has another key file than the one that was written a moment ago' verifying
}

# settle_account NUMBER NAME: what cannot be undone, once the change stands everywhere.
settle_account() {
	account_"$1"
	if needs "k$1"; then keys_of tidy "$2" "$txn" "$(key_files)" >/dev/null; fi
	if [ "$a_absent" -eq 0 ] || ! needs "a$1"; then return 0; fi
	{ IFS= read -r z_line; } <"$mine/had.$1"
	IFS=: read -r s_x s_x z_uid s_x s_x z_home s_x <<END_OF_ENTRY
$z_line
END_OF_ENTRY
	[ "$a_end" -eq 0 ] || end_sessions "$z_uid"
	[ "$a_remove" -eq 1 ] || return 0
	lstat "$root$z_home"
	case $kind:$attributes in
	d:*:"$z_uid":*) z_said=$(limited "$patient" rm -rf --one-file-system -- "$root$z_home" 2>&1) || note "$z_home is not removed: $z_said" ;;
	esac
}

# end_sessions UID: end every process of a user that is no more.
end_sessions() {
	e_left=50
	while [ "$e_left" -gt 0 ]; do
		e_left=$((e_left - 1))
		set +f
		e_pids=$(grep -l -e "^Uid:$tab$1$tab" -- /proc/[0-9]*/status 2>/dev/null | sed -e 's|/proc/||' -e 's|/status||')
		set -f
		[ -n "$e_pids" ] || return 0
		kill -KILL $e_pids 2>/dev/null
		sleep 0.1
	done
	note "processes of the user id $1 do not end"
}
