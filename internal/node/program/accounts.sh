# Accounts of the node itself: how one is, and bringing one to a state, with the node's own tools. Part of the transaction and of putting back.

bound patient useradd usermod userdel groupadd groupdel chage chpasswd passwd

# entry FILE NAME: the line of an account or a group in a file of /etc, an empty line where it has none. The name has no character of a pattern.
entry() {
	en_line=$(grep -m 1 -e "^$2:" -- "$root/etc/$1" 2>&1) || [ $? -eq 1 ] || return 1
	printf '%s\n' "$en_line"
}

# memberships NAME: the groups that name the account, sorted.
memberships() {
	mb_names=$(sed -n -e "s/^\([^:]*\):[^:]*:[^:]*:\(.*,\)\{0,1\}$1\(,.*\)\{0,1\}\$/\1/p" -- "$root/etc/group") || return 1
	mb_names=$(printf '%s\n' "$mb_names" | sort) || return 1
	echo $mb_names
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

# become NAME PORTRAIT FLAG: bring an account to how a portrait shows it. It may be so in part already. "=" in a field of shadow is any value. An empty user or group id is one that stays, or
# that useradd chooses, and the group id "own" is the group of its name, which is made where there is none. FLAG is -m or -M of useradd. With "new" the account is not one that was there before, and
# an account that is made has no processes yet. What it prints is why it could not; the status is 2 where what the user runs is in the way, and he is shut out then. No hash is ever in an argument:
# every user can read those.
become() {
	bc_name=$1 bc_file=$2 bc_flag=$3 bc_new=${4-}
	{ IFS= read -r bc_passwd; IFS= read -r bc_shadow; read -r bc_groups; read -r bc_subuid; read -r bc_subgid; IFS= read -r bc_group; } <"$2" || return 1
	now_is "$bc_name" || return 1
	if [ -z "$bc_passwd" ]; then
		[ -z "$bn_passwd" ] || discard "$bc_name" || return
		[ -n "$bc_group" ] || group_is_used "$bc_name" || groupdel "$bc_name" 2>&1
		return
	fi
	IFS=: read -r bc_x bc_x bc_uid bc_gid bc_gecos bc_home bc_shell <<END_OF_ENTRY
$bc_passwd
END_OF_ENTRY
	bc_made=$bc_gid
	if [ "$bc_gid" = own ]; then
		if [ -n "$bn_group" ]; then
			bc_gid=${bn_group#*:*:}
			bc_gid=${bc_gid%%:*}
		elif [ -z "$bn_passwd" ]; then
			bc_gid=
		else
			groupadd "$bc_name" 2>&1 && now_is "$bc_name" || return 1
			bc_gid=${bn_group#*:*:}
			bc_gid=${bc_gid%%:*}
		fi
	fi
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
		if [ "$bc_new" = new ]; then
			bn_uid=${bn_passwd#*:*:}
			bc_note=${bc_file%/*}/made.${bc_file##*.}
			{ printf '%s\n' "${bn_uid%%:*}" >"$bc_note"; } 2>/dev/null && flush "$bc_note" 2>/dev/null # whose account this is, for undoing
			unused "${bn_uid%%:*}" || return 1
		fi
	fi
	IFS=: read -r bn_x bn_x bn_uid bn_gid bn_gecos bn_home bn_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
	# usermod gives no other user id or home to somebody who is there, and its user could keep it from that for as long as he likes.
	case ${bc_uid:-$bn_uid}:$bc_home in
	"$bn_uid:$bn_home") ;;
	*)
		shut_out "$bc_name" || return 1
		end_processes "$bn_uid" || return 2
		;;
	esac
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
	if [ $# -gt 0 ]; then
		usermod "$@" "$bc_name" 2>&1 || {
			# usermod(8): the user is logged in.
			[ $? -eq 8 ] && shut_out "$bc_name" || return 1
			return 2
		}
	fi
	# A group of its name that was made for it goes again.
	if [ -n "$bn_group" ] && [ -z "$bc_group" ]; then
		case $bc_made in '' | own) ;; *) groupdel "$bc_name" 2>&1 || return 1 ;; esac
	fi
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

# secure NAME ENTRY: the hash and the dates of an account as an entry of shadow says. Without one the account had no password to log in with, and useradd has given it a locked one.
secure() {
	[ -n "$2" ] || return 0
	IFS=: read -r sc_x sc_hash sc_last sc_min sc_max sc_warn sc_idle sc_end sc_x <<END_OF_ENTRY
$2
END_OF_ENTRY
	sd_line=$(entry shadow "$1") || return 1
	IFS=: read -r sd_x sd_hash sd_last sd_min sd_max sd_warn sd_idle sd_end sd_x <<END_OF_ENTRY
$sd_line
END_OF_ENTRY
	if [ "$sc_hash" != = ] && [ "$sc_hash" != "$sd_hash" ]; then
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

# discard NAME: remove an account also while its user is logged in, -f. That removes the group of its name too, and another account may have it: this one gets another group first.
discard() {
	dc_flag=-f dc_group=$(entry group "$1") || return 1
	if [ -n "$dc_group" ] && others_have "$1" "$dc_group"; then
		now_is "$1" || return 1
		dc_uid=${bn_passwd#*:*:}
		if ! dc_said=$(usermod -g nogroup "$1" 2>&1); then
			shut_out "$1" || return 1
			end_processes "${dc_uid%%:*}" || return 2
			dc_flag=
		fi
	fi
	dc_said=$(userdel $dc_flag "$1" 2>&1) && return 0
	printf '%s\n' "$dc_said"
	return 1
}

# others_have NAME GROUP: whether another account has a group, told by its entry, as its own.
others_have() {
	oh_gid=${2#*:*:}
	grep -v -e "^$1:" -- "$root/etc/passwd" | grep -q -e "^[^:]*:[^:]*:[^:]*:0*${oh_gid%%:*}:"
}

# group_is_used NAME: whether there is no group of that name to be removed: none at all, or one that others have or are in.
group_is_used() {
	gi_group=$(entry group "$1") || return 0
	case $gi_group in *:) others_have "$1" "$gi_group" ;; esac
}

# ---- people who are logged in

# ours UID: whether a process above this shell is of a user: pvesec itself logs in as him.
ours() {
	or_pid=$$
	while [ "$or_pid" -gt 1 ]; do
		or_up=1
		while read -r or_key or_real or_effective or_saved or_rest; do
			case $or_key in
			PPid:) or_up=$or_real ;;
			Uid:) case " $or_real $or_effective $or_saved " in *" $1 "*) return 0 ;; *) break ;; esac ;;
			esac
		done 2>/dev/null <"$root/proc/$or_pid/status"
		or_pid=$or_up
	done
	return 1
}

# shut_out NAME: nobody gets in as the user any more, by password, key, cron or at: the account ended on 1970-01-02.
shut_out() { chage -E 1 "$1" 2>&1; }

# running_as UID: the files in /proc of the processes that have a user id, those too that have borrowed another one.
running_as() {
	set +f
	grep -l -E -e "^Uid:($tab[0-9]+){0,2}$tab$1$tab" -- "$root"/proc/[0-9]*/status 2>/dev/null
	set -f
}

# lent UID [RANGES]: the user ids that a user may give to what he runs, subuid(5), each range as FIRST-LAST. One that somebody else has too, or in which an account lies, is not his alone: on PVE the
# containers have root's. RANGES are those that an account had which is gone.
lent() {
	[ -f "$root/etc/subuid" ] || return 0
	ln_names=" $1 " ln_his=${2-} ln_others=
	while IFS=: read -r ln_name ln_x ln_uid ln_rest; do
		case $ln_uid in '' | 0?* | *[!0-9]* | ???????????*) continue ;; esac
		ln_others="$ln_others $ln_uid-$ln_uid"
		[ "$ln_uid" != "$1" ] || ln_names="$ln_names$ln_name "
	done <"$root/etc/passwd"
	while IFS=: read -r ln_name ln_first ln_count; do
		case $ln_first in '' | 0?* | *[!0-9]* | ???????????*) continue ;; esac
		case $ln_count in '' | 0* | *[!0-9]* | ???????????*) continue ;; esac
		ln_range=$ln_first-$((ln_first + ln_count - 1))
		case $ln_names in *" $ln_name "*) ln_his="$ln_his $ln_range" ;; *) ln_others="$ln_others $ln_range" ;; esac
	done <"$root/etc/subuid"
	for ln_range in $ln_his; do
		for ln_other in $ln_others; do
			if [ "${ln_other%-*}" -le "${ln_range#*-}" ] && [ "${ln_range%-*}" -le "${ln_other#*-}" ]; then continue 2; fi
		done
		printf '%s\n' "$ln_range"
	done
}

# lent_ids RANGES: the user ids of these ranges with which something runs, sorted.
lent_ids() {
	[ -n "$1" ] || return 0
	set +f
	grep -h -e "^Uid:$tab" -- "$root"/proc/[0-9]*/status 2>/dev/null | while IFS=$tab read -r li_x li_uid li_rest; do
		for li_range in $1; do
			if [ "$li_uid" -ge "${li_range%-*}" ] && [ "$li_uid" -le "${li_range#*-}" ]; then printf '%s\n' "$li_uid"; fi
		done
	done | sort -u
	set -f
}

# running_with IDS: the files in /proc of the processes that run with one of these user ids.
running_with() {
	set +f
	{ printf '%s\n' "$1" '' && grep -H -e "^Uid:$tab" -- "$root"/proc/[0-9]*/status 2>/dev/null; } |
		awk -F '\t' '!all && $0 == "" { all = 1 } !all { is[$1]; next } $2 in is { sub(/:Uid:$/, "", $1); print $1 }'
	set -f
}

# nobodys IDS SECONDS: which of these user ids a directory gives to nobody, all asked about in one question: getent(1) tells of those that it knows, and 2 where it does not know all. It fails
# where that cannot be told within this time.
nobodys() {
	[ "$2" -gt 0 ] || return 1
	nb_has=$(limited "$2" getent passwd $1 </dev/null 2>/dev/null)
	case $? in 0) return 0 ;; 2) ;; *) return 1 ;; esac
	{ printf '%s\n' "$1" '' && printf '%s\n' "$nb_has"; } | awk -F : '
		!all && $0 == "" { all = 1; next }
		!all { free[$1] = 1; next }
		$0 != "" { if ($3 in free) free[$3] = 0; else exit failed = 1 }
		END { if (failed) exit 1; for (id in free) if (free[id]) print id }'
}

# uptime: the seconds since the node has started, a clock that nobody sets; 0 where it cannot be told.
uptime() {
	ut_now=
	read -r ut_now ut_x 2>/dev/null <"$root/proc/uptime"
	ut_now=${ut_now%%.*}
	case $ut_now in '' | *[!0-9]*) ut_now=0 ;; esac
	printf '%s\n' "$ut_now"
}

# end_all UID: end every process of a user at one stroke, kill(2) with -1: none forks away from under it. It fails where he ended the process that does it. It never runs as anybody else, and not
# where root is a directory of a test.
end_all() {
	[ -z "$root" ] || return 0
	as_user "$1" 65534 /bin/sh -c '[ "$(id -u):$(id -ru)" = "$1:$1" ] || exit 1; kill -KILL -1; exit 0' end "$1" >/dev/null 2>&1
}

# end_processes UID [RANGES]: end every process of a user, those too that he has borrowed another id for or lent one of his to, and take away the file systems that they serve: a home below one is nobody's any more. A look that
# finds none is no proof: who forks and exits all the time is gone under one number before he is listed under the next. So two in a row must find none, after all were ended at one stroke. Whatever is
# certain ends before a directory is asked whose the lent ids are, and is asked for no longer than the limit of a patient command in all. It says so where a process does not end.
end_processes() {
	regular "$1" || { echo "$1 is a user id of the system"; return 1; }
	if ours "$1"; then
		echo 'pvesec itself is logged in with it'
		return 1
	fi
	ep_left=100 ep_none=0 ep_struck=0 ep_lent=$(lent "$1" "${2-}") ep_asks=$patient
	while :; do
		{ echo 1 >"$root/sys/fs/cgroup/user.slice/user-$1.slice/cgroup.kill"; } 2>/dev/null
		if [ "$ep_none" -eq 0 ] && end_all "$1"; then ep_struck=1; fi
		ep_files=$(running_as "$1")
		kill_each $ep_files
		ep_ids=$(lent_ids "$ep_lent")
		if [ -n "$ep_ids" ]; then
			ep_asked=$(uptime)
			ep_free=$(nobodys "$ep_ids" "$ep_asks") || {
				echo "a process runs with the user id ${ep_ids%%"$nl"*}, which the user id $1 could lend, and getent passwd does not tell whether somebody has it"
				return 1
			}
			ep_asks=$((ep_asks - $(uptime) + ep_asked))
			if [ -n "$ep_free" ]; then
				# Looked for anew: while the directory was asked a number may have come to another process.
				ep_more=$(running_with "$ep_free")
				kill_each $ep_more
				ep_files=$ep_files${ep_more:+ }$ep_more
			fi
		fi
		ep_left=$((ep_left - 1))
		if [ "$ep_left" -eq 0 ] && [ -n "$ep_files" ] && [ "$ep_struck" -eq 1 ]; then
			# One that has ended and that nobody asks for any more does nothing.
			ep_files=$(grep -L -e "^State:$tab[XZ]" -- $ep_files 2>/dev/null)
			[ -n "$ep_files" ] || { unserve "$1"; return 0; }
		fi
		if [ -n "$ep_files" ]; then
			ep_none=0
		elif [ "$ep_struck" -eq 1 ]; then
			ep_none=$((ep_none + 1))
			[ "$ep_none" -lt 2 ] || { unserve "$1"; return 0; }
		fi
		if [ "$ep_left" -le 0 ]; then
			echo "processes of the user id $1 do not end"
			return 1
		fi
		sleep 0.1
	done
}

# kill_each FILE…: end the processes that these files in /proc are about.
kill_each() {
	for ke_file; do
		ke_pid=${ke_file%/status}
		kill -KILL "${ke_pid##*/}" 2>/dev/null
	done
}

# unused UID: whether nothing of an earlier account of that user id would become the new one's: processes, and jobs of at. It says what.
unused() {
	un_files=$(running_as "$1"; running_as "$1") # who forks away from one look is there in the next
	un_jobs=
	[ ! -d "$root/var/spool/cron/atjobs" ] || un_jobs=$(find "$root/var/spool/cron/atjobs" -xdev -maxdepth 1 -type f -uid "$1" -print -quit 2>&1)
	[ -n "$un_files$un_jobs" ] || return 0
	un_pid=${un_files%%/status*}
	un_what="process ${un_pid##*/} still runs. End what runs as it (pkill -KILL -U $1)"
	[ -n "$un_files" ] || un_what="the job ${un_jobs#"$root"} of at waits. Remove it"
	echo "would get the user id $1 of an earlier account, as which $un_what, or set uid to another one"
	return 1
}

# unserve UID: unmount what a user has mounted with fusermount(1).
unserve() {
	while read -r us_x us_x us_x us_x us_point us_rest; do
		case "$us_rest," in *' - fuse'*"user_id=$1,"*) umount -l -- "$(printf '%b' "$us_point")" 2>/dev/null </dev/null ;; esac
	done 2>/dev/null <"$root/proc/self/mountinfo"
	return 0
}

# ---- key files

# keys_of ACTION UID GID HOME TRANSACTION KEYS FILES: put, restore or tidy the key files of an account, in its home, as its user: what he may have put there cannot make root do anything. What
# was there, whatever it is, is moved aside and back. KEYS is the file with the keys that the transaction puts, FILES are the names that are ours and, for restore, HAD:NAME for each.
# A file that was not there before goes only while it is the one that the transaction wrote: any other is its user's.
keys_of() {
	rm -f -- "$run/keys.$$"
	ko_keys=$6
	[ -f "$ko_keys" ] || ko_keys=/dev/null
	{ fed "$2" "$3" /bin/sh -c '
		exec 2>&1
		umask 077
		action=$1 txn=$2 files=$3
		there() { [ -e "$1" ] || [ -L "$1" ]; }
		directory() { [ -d "$1" ] && [ ! -L "$1" ]; }
		[ "$action" = put ] || there "$4" || exit 0
		cd -- "$4" || exit 1
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
				name=${file#*:}
				if there ".ssh/.$name.pvesec-$txn"; then
					rm -f -- ".ssh/$name" && mv -T -- ".ssh/.$name.pvesec-$txn" ".ssh/$name" || exit 1
				elif [ "$file" = 0:authorized_keys ] && [ -f ".ssh/$name" ] && [ ! -L ".ssh/$name" ] && cmp -s - ".ssh/$name"; then
					rm -f -- ".ssh/$name" || exit 1
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
			for file in $files; do rm -rf -- ".ssh/.${file#*:}.pvesec-$txn"; done
			;;
		esac' keys "$1" "$5" "$7" "$4" 2>&1 <"$ko_keys" && : >"$run/keys.$$"; } | head -c 2000
	[ -e "$run/keys.$$" ] && rm -f -- "$run/keys.$$"
}

# keys_at NAME "TRANSACTION NUMBER UID GID HOME:FILES": where a transaction put keys, in ka_txn, ka_uid, ka_gid, ka_home, ka_files and ka_keys. A user id of - is one that useradd chose. It fails
# where there is no such account any more.
keys_at() {
	IFS=' ' read -r ka_txn ka_keys ka_uid ka_gid ka_home <<END_OF_PLACE
$2
END_OF_PLACE
	ka_keys=$stage/$ka_txn/keys.$ka_keys ka_files=${ka_home#*:}
	ka_home=${ka_home%%:*}
	[ "$ka_uid" = - ] || return 0
	ka_line=$(entry passwd "$1") && [ -n "$ka_line" ] || return 1
	IFS=: read -r ka_x ka_x ka_uid ka_gid ka_x ka_is ka_x <<END_OF_ENTRY
$ka_line
END_OF_ENTRY
	[ "$root$ka_is" = "$ka_home" ]
}

# ---- putting back

# undo_account OPERATION ARGUMENT NAME: for undo.
undo_account() {
	case $1 in
	account) ! touched_by "${3##* }" "$2" || become "${3##* }" "$ub_back" -M ;;
	keys) ! keys_at "${3##* }" "$2" || keys_of restore "$ka_uid" "$ka_gid" "$ka_home" "$ka_txn" "$ka_keys" "$ka_files" ;;
	home) undo_home "$stage/$2/journal" "$3" ;;
	esac
}

# touched_by NAME HAD: whether an account is one that the change made or changed, and not one that somebody made by hand since: an interrupted change may be undone days later. The portrait to put back
# is in ub_back: the one of before, HAD, but what is neither as before nor as the change has made it stays as it is. It prints a line that begins with "@note" where that is so.
touched_by() {
	ub_back=$2 ub_want=${2%/*}/want.${2##*.} ub_made=${2%/*}/made.${2##*.}
	[ -f "$ub_want" ] && now_is "$1" >/dev/null || return 0
	{ IFS= read -r ub_passwd; IFS= read -r ub_shadow; read -r ub_groups; read -r ub_subuid; read -r ub_subgid; IFS= read -r ub_group; } <"$2" || return 0
	{ IFS= read -r uw_passwd; IFS= read -r uw_shadow; read -r uw_groups; } <"$ub_want" || return 0
	[ -n "$bn_passwd" ] && [ -n "$uw_passwd" ] || return 0
	IFS=: read -r un_x un_x un_uid un_gid un_comment un_home un_shell <<END_OF_ENTRY
$bn_passwd
END_OF_ENTRY
	IFS=: read -r un_x un_hash un_x un_x un_x un_x un_x un_end un_x <<END_OF_ENTRY
$bn_shadow
END_OF_ENTRY
	IFS=: read -r uw_x uw_x uw_x uw_x uw_comment uw_home uw_shell <<END_OF_ENTRY
$uw_passwd
END_OF_ENTRY
	IFS=: read -r uw_x uw_hash uw_x uw_x uw_x uw_x uw_x uw_end uw_x <<END_OF_ENTRY
$uw_shadow
END_OF_ENTRY
	if [ -z "$ub_passwd" ]; then
		! made_it || return 0
		echo "@note account $1 (user id $un_uid) was made or given a password by hand after an interrupted change, and stays. Remove it by hand if nobody needs it"
		return 1
	fi
	IFS=: read -r ub_x ub_x ub_uid ub_gid ub_comment ub_home ub_shell <<END_OF_ENTRY
$ub_passwd
END_OF_ENTRY
	IFS=: read -r ub_x ub_hash ub_last ub_x ub_x ub_x ub_x ub_end ub_x <<END_OF_ENTRY
$ub_shadow
END_OF_ENTRY
	ub_kept=
	before comment "$un_comment" "$uw_comment" "$ub_comment"
	ub_comment=$back
	before shell "$un_shell" "$uw_shell" "$ub_shell"
	ub_shell=$back
	before expiry "$un_end" "$uw_end" "$ub_end" 1 # who is shut out for a change ended on that day
	ub_end=$back
	if [ "$uw_hash" = = ]; then
		ub_hash='=' ub_last='='
	else
		before password "$un_hash" "$uw_hash" "$ub_hash"
		[ "$back" = "$ub_hash" ] || ub_last='='
		ub_hash=$back
	fi
	[ -z "$ub_shadow" ] || ub_shadow=$1:$ub_hash:$ub_last:=:=:=:=:$ub_end:
	# The groups that the change gave go, and those that it took come back.
	ub_in=
	for ub_x in $bn_groups; do
		case " $ub_groups " in *" $ub_x "*) ub_in="$ub_in $ub_x"; continue ;; esac
		case " $uw_groups " in *" $ub_x "*) ;; *) ub_in="$ub_in $ub_x" ub_kept="$ub_kept groups" ;; esac
	done
	for ub_x in $ub_groups; do
		case " $uw_groups $ub_in " in *" $ub_x "*) ;; *) ub_in="$ub_in $ub_x" ;; esac
	done
	ub_in=$(for ub_x in $ub_in; do printf '%s\n' "$ub_x"; done | sort)
	ub_in=$(echo $ub_in)
	# On a full disk all is put back as it was.
	{ printf '%s\n' "$1:x:$ub_uid:$ub_gid:$ub_comment:$ub_home:$ub_shell" "$ub_shadow" "$ub_in" "$ub_subuid" "$ub_subgid" "$ub_group" >"$2.back"; } 2>/dev/null || return 0
	ub_back=$2.back
	[ -z "$ub_kept" ] || echo "@note account $1 was changed by hand after an interrupted change, and keeps what was changed:$ub_kept"
}

# noted SAID: pass on what touched_by noted in a shell of its own.
noted() {
	case $1 in
	'@note '* | *"$nl@note "*)
		nt_line=${1##*"@note "}
		note "${nt_line%%"$nl"*}"
		;;
	esac
	return 0
}

# made_it: for touched_by, whether the change made an account that was not there before. useradd may have been the last that it did. A password where the change gave none is the work of root.
made_it() {
	mi_uid=
	[ ! -f "$ub_made" ] || read -r mi_uid <"$ub_made"
	case $un_hash in '!'* | '*'*) mi_locked=1 ;; *) mi_locked=0 ;; esac
	if [ -z "$mi_uid" ]; then
		[ "$mi_locked:$un_comment:$un_home:$un_shell" = "1:$uw_comment:$uw_home:$uw_shell" ]
		return
	fi
	[ "$mi_uid" = "$un_uid" ] || return 1
	case $uw_hash in '!'* | '*'*) [ "$mi_locked" -eq 1 ] ;; esac
}

# before WHAT NOW WANTED BEFORE [HELD]: the value to put back in $back: the one of before, unless somebody has set another one by hand since.
before() {
	back=$4
	case $2 in "$3" | "$4" | "${5-$4}") ;; *) back=$2 ub_kept="$ub_kept $1" ;; esac
}

# undo_home JOURNAL HOME: remove a home that the transaction made, unless somebody has put something of his own there: whatever is no directory, and is younger than the journal or more than
# /etc/skel has.
undo_home() {
	[ -d "$2" ] && [ ! -L "$2" ] || return 0
	uh_skel=$(find "$root/etc/skel" ! -type d -printf x 2>/dev/null)
	uh_has=$(find "$2" -xdev ! -type d -printf x 2>&1) && uh_new=$(find "$2" -xdev ! -type d -newer "$1" -print -quit 2>&1) && [ -z "$uh_new" ] && [ "${#uh_has}" -le "${#uh_skel}" ] || {
		echo 'holds files of its user and stays: remove it by hand'
		return 1
	}
	at_home "$2" rm -rf --one-file-system -- "./${2##*/}"
}

# ---- what cannot be undone

# settle_accounts LIST: what is left to do once the change stands everywhere, as a list in the stage says. Nothing of it keeps anybody from the next change. A line is
#   tidy PLACE NAME COPIES   what was moved aside for the keys at a place, keys_at, goes, and a copy of it into two directories of copies
#   gone UID NAME COPIES     what would run as the account again if another one came to its name or id goes: jobs of cron and at, lingering
#   end UID NAME             its processes end
#   home UID NAME PATH       its home goes
#   log PATH                 a log or a directory of logs goes
settle_accounts() {
	[ -f "$1" ] || return 0
	while IFS=$tab read -r st_op st_arg st_name st_more; do
		case $st_op in
		log | tree) erase "$st_op" "$st_arg" ;;
		tidy)
			keys_at "$st_name" "$st_arg" || continue
			for st_file in $ka_files; do
				st_copy=${st_more%% *} st_more=${st_more#* }
				[ "$st_file" = 0:/ ] || keep_keys "$st_copy" "${st_file#*:}" </dev/null
			done
			keys_of tidy "$ka_uid" "$ka_gid" "$ka_home" "$ka_txn" /dev/null "$ka_files" >/dev/null </dev/null
			;;
		*)
			# Another one may have come to the user id since.
			if ! regular "$st_arg" || grep -q -e "^[^:]*:[^:]*:0*$st_arg:" -- "$root/etc/passwd"; then
				note "another account has the user id $st_arg of $st_name: its processes, jobs and home are left alone"
				continue
			fi
			st_said=$(settle_"$st_op" "$st_arg" "$st_name" "$st_more" 2>&1 </dev/null) || note "account $st_name: $st_said"
			;;
		esac
	done <"$1"
}

# keep_keys DIRECTORY NAME: a copy of a key file that was moved aside, among the copies of what changes replaced.
keep_keys() {
	kk_from=$ka_home/.ssh/.$2.pvesec-$ka_txn
	case $(seen_by "$ka_uid" "$ka_gid" "$kk_from") in
	'regular file') ;;
	'regular empty file' | stat:*': No such file or directory' | */stat:*': No such file or directory') return 0 ;;
	*) note "${ka_home#"$root"}/.ssh/$2 was no file that its user can read: no copy is kept of it"; return 0 ;;
	esac
	[ "${copies-0}" -eq 1 ] || return 0
	kk_to=$backups/$1
	mkdir -p -m 700 -- "$kk_to" || return 0
	next_copy "$kk_to"
	kk_to=$kk_to/$(printf '%08d-%s-found-replaced' "$number" "$(date -u +%Y%m%dT%H%M%SZ)")
	if read_as "$ka_uid" "$ka_gid" "$kk_from" 1M >"$kk_to"; then
		flush "$kk_to"
		made="${made- }$kk_to "
		prune_copies "${kk_to%/*}"
	else
		rm -f -- "$kk_to"
		note "${ka_home#"$root"}/.ssh/$2 could not be read: no copy is kept of it"
	fi
}

# settle_gone UID NAME COPIES
settle_gone() {
	sg_cron=$root/var/spool/cron/crontabs/$2
	if [ "${copies-0}" -eq 1 ] && [ -f "$sg_cron" ] && [ ! -L "$sg_cron" ]; then
		sg_to=$backups/$3
		mkdir -p -m 700 -- "$sg_to" && next_copy "$sg_to" && cp -pP -- "$sg_cron" "$sg_to/$(printf '%08d-%s-found-removed' "$number" "$(date -u +%Y%m%dT%H%M%SZ)")" || return 1
		prune_copies "$sg_to"
	fi
	rm -f -- "$sg_cron" "$root/var/lib/systemd/linger/$2" || return 1
	[ ! -d "$root/var/spool/cron/atjobs" ] || find "$root/var/spool/cron/atjobs" -xdev -maxdepth 1 -type f -uid "$1" -delete
}

# settle_end UID NAME RANGES
settle_end() { end_processes "$1" "$3"; }

# settle_home UID NAME HOME: its own directory alone.
settle_home() {
	sh_is=$(stat -c '%f %u' -- "$3" 2>&1) || { absent "$sh_is" && return 0; printf '%s\n' "$sh_is"; return 1; }
	case $sh_is in
	4???" $1") limited "$patient" /bin/sh -c 'cd -P -- "$1" && [ "$(pwd -P)" = "$1" ] && rm -rf --one-file-system -- "./$2"' rm "${3%/*}" "${3##*/}" ;;
	*) echo "$3 is no directory of its own any more and stays"; return 1 ;;
	esac
}
