# Changing accounts. Part of the transaction. The client's part defines
#   accounts FUNCTION  calls FUNCTION NUMBER NAME for every account
#   account_NUMBER     sets how it is to be: a_absent a_expect a_expect_uid a_uid a_comment a_home a_shell a_group a_groups a_only a_drop a_expires a_password a_keys a_keysum a_only_keys
#                      a_remove a_end, and a_copies a_cron_copies, the directories of copies of its key files and of its jobs
# and its content prints hash.NUMBER and keys.NUMBER.

# refuse NAME TEXT: an account that cannot be as it is asked for.
refuse() { fail account "$1" "$2" staging; }

# stage_account NUMBER NAME: note how the account is, and how it is to be, in the stage. Both hold a hash, and only root can read them there.
stage_account() {
	account_"$1"
	closed=0 # the way to a home is not among those that were looked at
	now_is "$2" >/dev/null || refuse "$2" 'the files of accounts cannot be read'
	s_said=$({ printf '%s\n' "$bn_passwd" "$bn_shadow" "$bn_groups" "$bn_subuid" "$bn_subgid" "$bn_group" >"$mine/had.$1"; } 2>&1) || fail install "$mine/had.$1" "$s_said" staging
	must_flush staging "$mine/had.$1" "$mine/had.$1"
	IFS=: read -r s_x h_word h_uid h_gid h_comment h_home h_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
	h_found=absent
	if [ -n "$bn_passwd" ]; then
		h_found=$h_uid:$h_gid:$h_comment:$h_home:$h_shell:$bn_groups
		# Neither keeps an account from being removed. Where that is undone, it comes back with a locked password.
		case $a_absent:$h_word:$bn_shadow in
		1:* | 0:x:?*) ;;
		0:x:) refuse "$2" 'has no entry in /etc/shadow: run pwconv on the node' ;;
		*) refuse "$2" 'has its password in /etc/passwd, where no lock in /etc/shadow counts: run pwconv on the node' ;;
		esac
		regular "$h_uid" || refuse "$2" "is a system account (user id $h_uid). pvesec never changes one"
		case $a_expect_uid in '' | "$h_uid") ;; *) fail account-changed "$2" "user id $h_uid" "user id $a_expect_uid" ;; esac
		if [ "$a_absent$a_end" != 00 ] && ours "$h_uid"; then
			refuse "$2" 'is the account that pvesec itself logs in with: neither is it removed nor do its sessions end. Use another login for that'
		fi
	elif [ "$a_absent" -eq 0 ]; then
		getent passwd "$2" >/dev/null 2>&1
		s_status=$?
		stopped "$s_status" getent "$quick"
		case $s_status in
		0) refuse "$2" 'comes from another source than /etc/passwd, such as a directory service, so the node cannot change it' ;;
		2) ;;
		*) refuse "$2" "cannot be looked up: getent passwd ended with status $s_status, so it may come from another source than /etc/passwd" ;;
		esac
		if [ -e "$root/var/spool/cron/crontabs/$2" ]; then
			refuse "$2" "would run the jobs of an earlier account of its name: look at /var/spool/cron/crontabs/$2 on the node and remove it"
		fi
	fi
	# Its user can change comment and shell as often as he likes, chfn(1) and chsh(1).
	case $a_expect in '' | "$h_found") ;; *) [ "$(essence "$a_expect")" = "$(essence "$h_found")" ] || fail account-changed "$2" "$h_found" "$a_expect" ;; esac
	if [ "$a_absent" -eq 1 ]; then
		[ -n "$bn_passwd" ] || return 0
		[ "$a_remove" -eq 0 ] || removable "$1" "$2"
		printf '\n\n\n\n\n\n' >"$mine/want.$1"
		: >"$mine/takes.$1"
		todo="${todo}a$1 "
		return 0
	fi
	want_account "$1" "$2"
	case $a_keys in put) want_keys "$1" "$2" ;; esac
	if takes_only "$1"; then : >"$mine/takes.$1"; fi
	case $a_expect in '' | "$h_found") ;; *) [ -e "$mine/takes.$1" ] || fail account-changed "$2" "$h_found" "$a_expect" ;; esac
	# Who is shut out for the change is so in its journal.
	if [ "$a_end" -eq 1 ] && [ "$h_found" != absent ] && needs "k$1"; then needs "a$1" || todo="${todo}a$1 "; fi
}

# essence LOOKS: what an account looks like, without what its user can change himself.
essence() {
	IFS=: read -r es_uid es_gid es_x es_home es_x es_groups <<END_OF_LOOKS
$1
END_OF_LOOKS
	printf '%s\n' "$es_uid:$es_gid:$es_home:$es_groups"
}

# takes_only NUMBER: whether the change gives nobody anything that he does not have: no other id, home or group, no password, no more time, no key.
takes_only() {
	[ "$h_found" != absent ] && [ "$a_password" != set ] || return 1
	case ${a_uid:-$h_uid}:$a_home:$w_gid in "$h_uid:$h_home:$h_gid" | "$h_uid:$h_home:own") ;; *) return 1 ;; esac
	for t_group in $w_groups; do case " $bn_groups " in *" $t_group "*) ;; *) return 1 ;; esac; done
	case $a_expires:$w_end in
	: | *[0-9]:) ;;
	:*) return 1 ;;
	*) [ "$a_expires" -le "$w_end" ] || return 1 ;;
	esac
	[ "$a_keys" = put ] || return 0
	t_new=$(grep -a -F -x -v -f "$mine/found.$1" -- "$mine/keys.$1") || [ $? -eq 1 ] || return 1
	[ -z "$t_new" ]
}

# removable NUMBER NAME: whether the home can be removed with the account. Nobody else can put another directory in its place. One of which that is not sure stays, and is told of: the account goes all
# the same.
removable() {
	home_is
	case $kind in
	'') return 0 ;;
	unseen) r_why="cannot be looked at and stays unless that ends: $home_said" ;;
	*)
		way "$root$h_home"
		case $kind:$attributes:$open in d:*:"$h_uid":*:) return 0 ;; esac
		s_said=$({ : >"$mine/stays.$1"; } 2>&1) || fail install "$mine/stays.$1" "$s_said" staging
		r_why='is no directory of its own in one that only root can write, and stays. Remove it by hand'
		;;
	esac
	note "the home $h_home of $2 $r_why"
}

# anothers_home NAME: refuse a directory that another account owns as the home of this one.
anothers_home() {
	ah_uid=${attributes#*:}
	ah_uid=${ah_uid%%:*}
	case $ah_uid in 0 | "$h_uid" | "$a_uid") return 0 ;; esac
	ah_line=$(grep -m 1 -e "^[^:]*:[^:]*:0*$ah_uid:" -- "$root/etc/passwd") || return 0
	refuse "$1" "cannot have the home $a_home: it belongs to ${ah_line%%:*}"
}

# home_is: what the home of the account is in $kind, d, o or empty, or unseen where it cannot be looked at, and why in home_said; and its $attributes.
home_is() {
	kind= attributes=
	if home_said=$(limited "$quick" stat -c '%f %a:%u:%g' -- "$root$h_home" 2>&1); then
		attributes=${home_said#* }
		case $home_said in 4???' '*) kind=d ;; *) kind=o ;; esac
	elif ! absent "$home_said"; then
		kind=unseen
	fi
}

# want_account NUMBER NAME
want_account() {
	[ "$a_shell" = "$h_shell" ] || { [ -f "$root$a_shell" ] && [ -x "$root$a_shell" ]; } || refuse "$2" "cannot have the shell $a_shell: there is no such program"
	w_groups=
	for w_group in $a_groups; do
		[ -n "$(entry group "$w_group")" ] || refuse "$2" "cannot be in the group $w_group: there is no such group"
	done
	if [ "$a_only" -eq 1 ]; then
		w_groups=$a_groups
	else
		for w_group in $bn_groups; do case " $a_drop " in *" $w_group "*) ;; *) w_groups="$w_groups $w_group" ;; esac; done
		w_groups=$(for w_group in $w_groups $a_groups; do printf '%s\n' "$w_group"; done | sort -u) || refuse "$2" 'has groups that cannot be sorted'
		w_groups=$(echo $w_groups)
	fi
	w_gid=$h_gid
	case $a_group:$h_found in
	"$2":* | :absent)
		w_gid=own
		w_own=${bn_group#*:*:}
		w_own=${w_own%%:*}
		[ -z "$bn_group" ] || [ "$w_own" = "$h_gid" ] || regular "$w_own" || refuse "$2" "cannot have the group of its name: it is one of the system (group id $w_own)"
		[ -z "$bn_group" ] || [ "$w_own" != "$h_gid" ] || w_gid=$h_gid
		;;
	:*) ;;
	*)
		w_own=$(entry group "$a_group")
		[ -n "$w_own" ] || refuse "$2" "cannot have the group $a_group: there is no such group"
		w_gid=${w_own#*:*:}
		w_gid=${w_gid%%:*}
		;;
	esac
	if [ -n "$a_uid" ] && [ "$a_uid" != "$h_uid" ]; then
		w_other=$(grep -m 1 -e "^[^:]*:[^:]*:0*$a_uid:" -- "$root/etc/passwd") && refuse "$2" "cannot have the user id $a_uid: it is the one of ${w_other%%:*}"
	fi
	case $h_found:${a_uid:-$h_uid}:$a_home:$a_end in
	absent:* | *:"$h_uid:$h_home":? | *:1) ;;
	*) refuse "$2" 'cannot get another user id or home while its user may be logged in: set end_sessions = true, and what it runs ends first' ;;
	esac
	IFS=: read -r s_x w_hash w_last w_min w_max w_warn w_idle w_end s_x <<END_OF_ENTRY
$bn_shadow
END_OF_ENTRY
	w_had=$w_hash:$w_end
	[ -n "$bn_shadow" ] || w_hash='!' w_last='=' w_min='=' w_max='=' w_warn='=' w_idle='='
	case $a_password in
	lock) case $w_hash in '!'* | '*'*) ;; *) w_hash="!$w_hash" ;; esac ;;
	set)
		w_new=$(content "hash.$1") && [ -n "$w_new" ] || refuse "$2" 'has a password hash that did not arrive'
		[ "$w_new" = "$w_hash" ] || w_hash=$w_new w_last='='
		;;
	esac
	w_differs=$w_hash:$a_expires
	# A password that stays is its user's.
	case $a_password:$h_found in keep:absent) ;; keep:*) w_hash='=' w_last='=' ;; esac
	if [ "$a_home" = "$h_home" ]; then home_is; else lstat "$root$a_home"; fi
	case $kind in
	unseen) kind=d ;;
	'')
		s_said=$({ : >"$mine/homeless.$1"; } 2>&1) || fail install "$mine/homeless.$1" "$s_said" staging
		way "$root$a_home"
		[ -z "$open" ] || fail open "$a_home" "$open_why" "${open#"$root"}"
		;;
	d) [ "$h_found" != absent ] && [ "$a_home" = "$h_home" ] || anothers_home "$2" ;;
	*) refuse "$2" "cannot have the home $a_home: it is not a directory" ;;
	esac
	w_home=$kind
	s_said=$({
		# The second one is for as long as its user is shut out.
		for w_name in want held; do
			w_until=$a_expires
			[ "$w_name" = want ] || w_until=1
			printf '%s\n' "$2:x:${a_uid:-$h_uid}:$w_gid:$a_comment:$a_home:$a_shell" "$2:$w_hash:$w_last:$w_min:$w_max:$w_warn:$w_idle:$w_until:" "$w_groups" '' '' "$bn_group" >"$mine/$w_name.$1"
		done
	} 2>&1) || fail install "$mine/want.$1" "$s_said" staging
	case $h_found:$w_differs:$w_home in
	"${a_uid:-$h_uid}:$w_gid:$a_comment:$a_home:$a_shell:$w_groups:$w_had:d") ;;
	*) todo="${todo}a$1 " ;;
	esac
}

# want_keys NUMBER NAME: the key file, and whether it differs. Its user looks, and what he does not see, or cannot, is no proof that nobody else's key is there. What was there goes into
# the stage, found.NUMBER and was.NUMBER.
want_keys() {
	s_said=$({ content "keys.$1" >"$mine/keys.$1" && : >"$mine/found.$1"; } 2>&1) || fail install "$mine/keys.$1" "$s_said" staging
	k_new=$(sha256sum <"$mine/keys.$1") k_dir=$root$a_home/.ssh k_old=absent k_odd=0 k_was=
	k_empty=0
	[ -s "$mine/keys.$1" ] || k_empty=1
	if [ "$h_found" = absent ]; then
		# In a home that is there already may be what another one has left. It is nobody's.
		k_was='0:authorized_keys 0:authorized_keys2'
		case $w_home in '') k_was="$k_was 0:/" ;; *) k_odd=1 ;; esac
	else
		k_seen=$(seen_by "$h_uid" "$h_gid" "$k_dir/authorized_keys" "$k_dir/authorized_keys2" "$k_dir")
		{ IFS= read -r k_first; IFS= read -r k_second; IFS= read -r k_third; } <<END_OF_LOOK
$k_seen
END_OF_LOOK
		case $k_first in 'link regular '*) k_odd=1 ;; esac
		case ${k_first#link } in
		'regular file' | 'regular empty file')
			k_was=1:authorized_keys
			read_as "$h_uid" "$h_gid" "$k_dir/authorized_keys" 1M >"$mine/found.$1" || k_odd=1
			k_old=$(sha256sum <"$mine/found.$1")
			k_old=${k_old%% *}
			;;
		*) if absent "$k_first"; then k_was=0:authorized_keys; else k_odd=1 k_was=1:authorized_keys k_old=unreadable; fi ;;
		esac
		if absent "$k_second"; then
			k_was="$k_was 0:authorized_keys2"
		else
			k_was="$k_was 1:authorized_keys2"
			[ "$a_only_keys" -eq 0 ] || k_odd=1
		fi
		case $k_third in
		directory) ;;
		*) if absent "$k_third"; then k_was="$k_was 0:/"; else k_odd=1; fi ;;
		esac
		# Who writes it all the time keeps no key by that where his sessions end first.
		case $a_end:$a_keysum in 1:* | 0: | 0:"$k_old") ;; *) fail account-changed "$2" "key file $k_old" "key file $a_keysum" ;; esac
	fi
	s_said=$({ printf '%s\n' "$k_was" >"$mine/was.$1"; } 2>&1) || fail install "$mine/was.$1" "$s_said" staging
	case $k_odd:$k_empty:$k_old in
	0:1:absent | 0:0:"${k_new%% *}") ;;
	*) todo="${todo}k$1 " ;;
	esac
}

# account_unmoved NUMBER NAME: nobody changed the account since the stage was made. Comment, shell and password are its user's where the change only takes away.
account_unmoved() {
	needs "a$1" || return 0
	now_is "$2" >/dev/null || refuse "$2" 'the files of accounts cannot be read'
	if [ -e "$mine/takes.$1" ] && [ -n "$bn_passwd" ]; then
		{ IFS= read -r m_passwd; IFS= read -r m_shadow; } <"$mine/had.$1"
		IFS=: read -r s_x s_x s_x s_x m_comment s_x m_shell <<END_OF_ENTRY
$m_passwd
END_OF_ENTRY
		IFS=: read -r m_name m_x m_uid m_gid s_x m_home s_x <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
		bn_passwd=$m_name:$m_x:$m_uid:$m_gid:$m_comment:$m_home:$m_shell
		if [ -n "$m_shadow" ] && [ -n "$bn_shadow" ]; then
			IFS=: read -r s_x m_hash m_last s_x <<END_OF_ENTRY
$m_shadow
END_OF_ENTRY
			IFS=: read -r m_name s_x s_x m_rest <<END_OF_ENTRY
$bn_shadow
END_OF_ENTRY
			bn_shadow=$m_name:$m_hash:$m_last:$m_rest
		fi
	fi
	printf '%s\n' "$bn_passwd" "$bn_shadow" "$bn_groups" "$bn_subuid" "$bn_subgid" "$bn_group" | cmp -s - "$mine/had.$1" ||
		fail account-changed "$2" 'another state' 'the one of a moment ago'
}

# key_files: the names of the key files that are ours.
key_files() {
	if [ "$a_only_keys" -eq 1 ]; then echo authorized_keys authorized_keys2; else echo authorized_keys; fi
}

# plan_account NUMBER NAME: how to undo it is in the journal before it is done, and so is what is left to do when it stands.
plan_account() {
	account_"$1"
	{ IFS= read -r l_had; } <"$mine/had.$1"
	IFS=: read -r s_x s_x h_uid h_gid s_x h_home s_x <<END_OF_ENTRY
$l_had
END_OF_ENTRY
	if needs "a$1"; then
		[ ! -e "$mine/homeless.$1" ] || remember home "$txn" "$root$a_home"
		remember account "$mine/had.$1" "account $2"
		if [ "$a_absent" -eq 1 ]; then
			settle_later "gone$tab$h_uid$tab$2$tab$a_cron_copies"
			[ "$a_end" -eq 0 ] || settle_later "end$tab$h_uid$tab$2$tab$(lent "$h_uid" | tr '\n' ' ')"
			[ "$a_remove" -eq 0 ] || [ -e "$mine/stays.$1" ] || settle_later "home$tab$h_uid$tab$2$tab$root$h_home"
		fi
	fi
	if needs "k$1"; then
		read -r l_was <"$mine/was.$1"
		l_ours=
		for l_file in $l_was; do case " $(key_files) / " in *" ${l_file#*:} "*) l_ours="$l_ours $l_file" ;; esac; done
		l_uid=$h_uid l_gid=$h_gid
		# One that is still to come is asked for by its name.
		[ "${a_uid:-$h_uid}" = "$h_uid" ] && [ -n "$h_uid" ] || l_uid=- l_gid=-
		remember keys "$txn $1 $l_uid $l_gid $root$a_home:${l_ours# }" "account $2"
		settle_later "tidy$tab$txn $1 $l_uid $l_gid $root$a_home:${l_ours# }$tab$2$tab$a_copies"
	fi
	[ ! -e "$mine/settle" ] || must_flush staging "$mine/settle" "$mine/settle"
}

# install_account NUMBER NAME
install_account() {
	account_"$1"
	i_state=want
	if needs "a$1"; then
		{ IFS= read -r i_had; } <"$mine/had.$1"
		i_flag=-M i_new=
		[ -n "$i_had" ] || i_new=new
		[ ! -e "$mine/homeless.$1" ] || i_flag=-m
		if [ "$a_end$a_absent" = 10 ] && [ -n "$i_had" ]; then
			# Nobody who is logged in can stand in the way, and nobody logs in before all is as it is to be.
			i_state=held i_uid=${i_had#*:*:}
			i_said=$({ shut_out "$2" && end_processes "${i_uid%%:*}"; } 2>&1 </dev/null) || fail account "$2" "could not be shut out: $i_said" installing
		fi
		i_said=$(become "$2" "$mine/$i_state.$1" "$i_flag" ${i_new:+"$i_new"} 2>&1 </dev/null) || fail account "$2" "${i_said:-a tool of the node failed}" installing
		[ "$i_new$a_absent" != new0 ] || owns_home "$1" "$2"
		if [ -e "$mine/homeless.$1" ] && ! [ -e "$root$a_home" ]; then
			i_line=$(entry passwd "$2")
			IFS=: read -r s_x s_x i_uid i_gid s_x <<END_OF_ENTRY
$i_line
END_OF_ENTRY
			regular "$i_uid" || fail account "$2" "got the user id $i_uid, which is one for system accounts: see UID_MIN in /etc/login.defs" verifying
			try installing "$a_home" mkdir -m 700 -- "$root$a_home"
			try installing "$a_home" attr "700:$i_uid:$i_gid" "$root$a_home"
		fi
	fi
	[ "$a_absent" -eq 1 ] || ! needs "k$1" || put_keys "$1" "$2"
	needs "a$1" || return 0
	if [ "$i_state" = held ]; then
		i_said=$(become "$2" "$mine/want.$1" -M 2>&1 </dev/null) || fail account "$2" "${i_said:-a tool of the node failed}" installing
	fi
	i_said=$(differs "$1" "$2") || fail account "$2" 'the files of accounts cannot be read' verifying
	[ -z "$i_said" ] || fail account "$2" "$i_said" verifying
}

# owns_home NUMBER NAME: a home that was there before the account is its own, or root's. Homes of other accounts were refused before.
owns_home() {
	[ ! -e "$mine/homeless.$1" ] && i_owner=$(limited "$quick" stat -c %u -- "$root$a_home" 2>/dev/null) || return 0
	i_line=$(entry passwd "$2")
	IFS=: read -r s_x s_x i_uid s_x <<END_OF_ENTRY
$i_line
END_OF_ENTRY
	case $i_owner in
	0 | "$i_uid") ;;
	*) fail account "$2" "would get the home $a_home, which is there already and belongs to the user id $i_owner of no account. Set uid = $i_owner, or remove the directory or give it to root on the node" installing ;;
	esac
}

# put_keys NUMBER NAME: the key file, and that it is the one.
put_keys() {
	i_line=$(entry passwd "$2")
	IFS=: read -r s_x s_x i_uid i_gid s_x i_home s_x <<END_OF_ENTRY
$i_line
END_OF_ENTRY
	i_said=$(keys_of put "$i_uid" "$i_gid" "$root$i_home" "$txn" "$mine/keys.$1" "$(key_files)") ||
		fail account "$2" "has a home in which its own user cannot write the key file: ${i_said:-the user ended the program that wrote it, or it took too long. With end_sessions = true what he runs ends first}" installing
	[ ! -s "$mine/keys.$1" ] || read_as "$i_uid" "$i_gid" "$root$i_home/.ssh/authorized_keys" 1M | cmp -s - "$mine/keys.$1" ||
		fail account "$2" 'has another key file than the one that was written a moment ago. With end_sessions = true what its user runs ends first' verifying
}

# differs NUMBER NAME: in what an account is not as it is to be. No hash is told. Comment and shell are its user's where the change only takes away and he may be logged in.
differs() {
	now_is "$2" || return 1
	{ IFS= read -r v_passwd; IFS= read -r v_shadow; read -r v_groups; } <"$mine/want.$1" || return 1
	if [ -z "$v_passwd" ]; then
		[ -z "$bn_passwd" ] || echo 'is still there'
		return 0
	fi
	IFS=: read -r s_x s_x v_uid v_gid v_comment v_home v_shell <<END_OF_ENTRY
$v_passwd
END_OF_ENTRY
	IFS=: read -r s_x s_x i_uid i_gid i_comment i_home i_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
	IFS=: read -r s_x v_hash v_last v_min v_max v_warn v_idle v_end s_x <<END_OF_ENTRY
$v_shadow
END_OF_ENTRY
	IFS=: read -r s_x i_hash i_last i_min i_max i_warn i_idle i_end s_x <<END_OF_ENTRY
$bn_shadow
END_OF_ENTRY
	if [ "$v_gid" = own ]; then
		v_gid=${bn_group#*:*:}
		v_gid=${v_gid%%:*}
	fi
	if [ -e "$mine/takes.$1" ] && [ "$a_end" -eq 0 ]; then v_comment=$i_comment v_shell=$i_shell; fi
	v_told=
	regular "$i_uid" || v_told=", user id $i_uid, which is one for system accounts: see UID_MIN in /etc/login.defs"
	[ "${v_uid:-$i_uid}" = "$i_uid" ] || v_told="$v_told, user id $i_uid"
	[ "$v_gid" = "$i_gid" ] || v_told="$v_told, group id $i_gid"
	[ "$v_comment:$v_home:$v_shell" = "$i_comment:$i_home:$i_shell" ] || v_told="$v_told, comment $i_comment, home $i_home, shell $i_shell"
	[ "$v_groups" = "$bn_groups" ] || v_told="$v_told, groups $bn_groups"
	[ "$v_hash" = = ] || [ "$v_hash" = "$i_hash" ] || v_told="$v_told, another password"
	[ "$v_end" = "$i_end" ] || v_told="$v_told, end on day ${i_end:-none}"
	[ -z "$v_told" ] || echo "is not as it was told to be: ${v_told#, }"
}
