# Observation: calls of the functions below follow this text. Each prints marked lines. The content of files follows as base64 lines without the
# mark: of one file after "content", of several as an archive of tar after "archive".

bound quick stat ls readlink uname

# The format for stat, and a function that prints it for paths. Fields: mode(hex) uid gid size, owner, group.
format="%f %u %g %s$tab%U$tab%G"

# state WORD ID STAT: one path as stat told it. Fields: WORD ID mode uid gid size owner group. Numbers stay in $s_numbers.
state() {
	s_names=${3#*"$tab"}
	s_numbers=${3%%"$tab"*}
	s_owner=${s_names%%"$tab"*}
	case $s_owner in *[!A-Za-z0-9._-]*) code "$s_owner" && s_owner=:$coded ;; esac
	s_group=${s_names#*"$tab"}
	case $s_group in *[!A-Za-z0-9._-]*) code "$s_group" && s_group=:$coded ;; esac
	say "$1" "$2" "$s_numbers" "$s_owner" "$s_group"
}

# look WORD ID PATH HOW: state of one path, not following links. HOW is content, follow (content, and it was a link) or stat.
look() {
	l_path=$root$3
	if [ "$4" = follow ]; then
		l_stat=$(stat -L -c "$format" -- "$l_path" 2>&1)
	else
		l_stat=$(stat -c "$format" -- "$l_path" 2>&1)
	fi || {
		if [ "$4" = follow ] && [ "${l_stat%': Too many levels of symbolic links'}" != "$l_stat" ]; then
			say gone "$2" # a circle of links leads nowhere
		elif absent "$l_stat"; then say gone "$2"; else say unknown "$2" "$(enc "$l_stat")"; fi
		return 0
	}
	state "$1" "$2" "$l_stat"
	[ "$4" = stat ] && return 0
	case $s_numbers in
	a*) # symbolic link: its text, then what it leads to
		l_text=$(readlink -- "$l_path" && printf x) || { say unknown "$2" "$(enc 'readlink failed')"; return 0; }
		l_text=${l_text%x}
		say text "$2" "$(enc "${l_text%"$nl"}")"
		look target "$2" "$3" follow
		;;
	8*) if small "$2"; then one_by_one "$2" - "$3"; fi ;;
	esac
}

# small ID: the regular file that was just told of is not too large to be read.
small() {
	[ "${s_numbers##* }" -gt "$max" ] || return 0
	say large "$1"
	return 1
}

# contents ID ENTRY PATH …: of regular files, by one process that tells the end of each. It opens no fifo and follows no link that another process put
# there meanwhile. Where it complains, or is not GNU tar, what it said does not count, and the files are read one by one.
contents() {
	say archive $(($# / 3))
	n_said=$(
		exec 4>&1
		n_count=$#
		while [ "$n_count" -gt 0 ]; do
			n_count=$((n_count - 3))
			set -- "$@" "${3#/}"
			shift 3
		done
		{
			limited "$quick" tar -c -f - -b 2 -C "$root/" --format=gnu --no-recursion --hard-dereference --numeric-owner -- "$@" 2>&4 4>&- ||
				printf 'status %s' "$?" >&4
		} | base64 >&3 4>&-
	)
	say archived "${n_said:+0}"
	case $n_said in
	'') ;;
	*'status 124' | *'status 137') slow_contents "$3" ;;
	*) one_by_one "$@" ;;
	esac
}

slow_contents() { say broken "$(enc "reading $1 and others after it took longer than $quick seconds, or was killed")"; }

# one_by_one ID ENTRY PATH …: the same by a process for each. Another process may swap a file for a fifo at any moment; opening that must not hang.
# If the time is over before the end of the file, the content counts as unknown.
one_by_one() {
	timeout -k 5 "$quick" /bin/sh -c '
		marker=$1 root=$2
		shift 2
		while [ $# -gt 0 ]; do
			[ "$2" = - ] || printf "%s entry %s %s\n" "$marker" "$1" "$2"
			printf "%s content %s\n" "$marker" "$1"
			if said=$(base64 -- "$root$3" 2>&1 1>&3); then
				printf "%s end %s\n" "$marker" "$1"
			else
				there=$(stat -c %f -- "$root$3" 2>&1) || said=$there
				case $said in
				stat:*": No such file or directory" | */stat:*": No such file or directory") printf "%s gone %s\n" "$marker" "$1" ;;
				*) printf "%s unknown %s %s\n" "$marker" "$1" "$(printf "%s" "$said" | base64 -w 0)" ;;
				esac
			fi
			shift 3
		done' contents "$marker" "$root" "$@" || slow_contents "$3"
}

# one ID ENTRY PATH HOW: look at one of several.
one() {
	[ "$2" = - ] || say entry "$1" "$2"
	look file "$1" "$3" "$4"
}

# listable ID DIRECTORY: whether its entries can be listed, and why not. A pattern that matches nothing cannot be told from a directory that
# cannot be read; ls can.
listable() {
	t_err=$(ls -a -- "$2" 2>&1 >/dev/null) && return 0
	say unknown "$1" "$(enc "$t_err")"
	return 1
}

# look_all KIND ID PATH …: several paths as look does, but by one stat, and one process for all contents. KIND is content, stat (without content), or tree:
# the directory itself, and every entry in it with its content. An entry is named in "entry ID NAME" before what is said of it, and the directory itself
# has the name ".".
look_all() {
	q_count=$#
	while [ "$q_count" -gt 0 ]; do
		q_count=$((q_count - 3))
		case $1 in
		tree)
			t_id=$2 t_dir=$root$3
			set -- "$@" "$t_id" :. "$3" content
			if [ -d "$t_dir" ] && listable "$t_id" "$t_dir"; then
				set +f
				for t_path in "$t_dir"/* "$t_dir"/.[!.]* "$t_dir"/..?*; do
					if [ -e "$t_path" ] || [ -L "$t_path" ]; then
						code "${t_path##*/}" || say unknown "$t_id" "$(enc 'base64 failed')"
						set -- "$@" "$t_id" "$coded" "${t_path#"$root"}" content
					fi
				done
				set -f
			fi
			;;
		*) set -- "$@" "$2" - "$3" "$1" ;;
		esac
		shift 3
	done
	look_together "$@"
}

# look_together ID ENTRY PATH HOW …: ENTRY is the encoded name of an entry of a tree, or -. What is not simply there is looked at alone, and so is
# everything when the world changes meanwhile.
look_together() {
	q_count=$#
	while [ "$q_count" -gt 0 ]; do
		q_count=$((q_count - 4))
		if [ -e "$root$3" ] && [ ! -L "$root$3" ]; then set -- "$@" "$1" "$2" "$3" "$4"; else one "$1" "$2" "$3" "$4"; fi
		shift 4
	done
	[ $# -gt 0 ] || return 0
	q_stats=$(
		q_count=$#
		while [ "$q_count" -gt 0 ]; do
			q_count=$((q_count - 4))
			set -- "$@" "$root$3"
			shift 4
		done
		within "$quick" stat -c "$format" -- "$@" 2>/dev/null
	) || q_stats=
	q_count=$#
	while [ "$q_count" -gt 0 ]; do
		q_count=$((q_count - 4))
		q_stat=${q_stats%%"$nl"*}
		q_stats=${q_stats#*"$nl"}
		case $q_stat in
		'' | a*) one "$1" "$2" "$3" "$4" ;;
		*)
			[ "$2" = - ] || say entry "$1" "$2"
			state file "$1" "$q_stat"
			case $4:$s_numbers in content:8*) if small "$1"; then set -- "$@" "$1" "$2" "$3"; fi ;; esac
			;;
		esac
		shift 4
	done
	[ $# -eq 0 ] || contents "$@"
}

# account ID NAME
account() {
	a_line=$(within "$quick" getent passwd "$2" 2>/dev/null) || {
		a_rc=$?
		if [ "$a_rc" -eq 2 ]; then
			say gone "$1"
		elif slow "$a_rc"; then
			say unknown "$1" "$(enc "getent passwd did not end within $quick seconds and was stopped")"
		else
			say unknown "$1" "$(enc "getent passwd ended with status $a_rc")"
		fi
		return 0
	}
	a_gids=$(within "$quick" id -G "$2" 2>&1) || {
		if slow $?; then a_gids="id did not end within $quick seconds and was stopped"; fi
		say unknown "$1" "$(enc "$a_gids")"
		return 0
	}
	code "${a_line%%:*}:x:${a_line#*:*:}" # without a hash, which passwd(5) may have
	say account "$1" "$coded" "$(account_end "$2")" "$a_gids"
	# It ends with status 2 where it does not know one of them, and tells the others.
	a_groups=$(within "$quick" getent group $a_gids 2>/dev/null)
	if slow $?; then say unknown "$1" "$(enc "getent group did not end within $quick seconds")"; return 0; fi
	for a_gid in $a_gids; do
		a_group=$a_gid
		IFS=$nl
		for a_line in $a_groups; do
			case $a_line in *:*:"$a_gid":*) a_group=${a_line%%:*}; break ;; esac
		done
		unset IFS
		code "$a_group"
		say group "$1" "$a_gid" "$coded"
	done
}

# account_end NAME: the day from which on an account is refused, shadow(5), or "-" for one without such a day, or of which nobody can tell. The rest of the line stays here: it has a hash.
account_end() {
	e_line=$(within "$quick" getent shadow "$1" 2>/dev/null) || e_line=
	case $e_line in *:*:*:*:*:*:*:*:*) e_line=${e_line%:*} e_line=${e_line##*:} ;; *) e_line= ;; esac
	case $e_line in '' | *[!0-9]*) echo - ;; *) echo "$e_line" ;; esac
}

# service ID UNIT
service() {
	s_show=$(systemctl show --property=LoadState,ActiveState,SubState,UnitFileState -- "$2" 2>&1) || {
		say unknown "$1" "$(enc "$s_show")"
		return 0
	}
	code "$s_show"
	say service "$1" "$coded"
}

# program ID NAME
program() {
	if on_path "$2"; then code "$found" && say command "$1" "$coded"; else say gone "$1"; fi
}

# local_accounts ID [NAME]: every account of the node itself, without its hash; the homes and key files of those that are no system accounts, or of one; and what sshd says of them. A key file is read by
# its user, as sshd does: whatever he puts there, he learns and gives away nothing that is not his.
local_accounts() {
	o_passwd=$(unhashed passwd) && o_group=$(cat -- "$root/etc/group") && o_shadow=$(unhashed shadow) || {
		say unknown "$1" "$(enc 'the files of accounts cannot be read')"
		return 0
	}
	say passwd "$1" "$(enc "$o_passwd")"
	say group-file "$1" "$(enc "$o_group")"
	say shadow "$1" "$(enc "$o_shadow")"
	# Who keeps the look waiting has used up the time of others, and is waited for less.
	user_time=
	o_id=$1 o_each=0 o_regular=$(printf '%s\n' "$o_passwd" | grep -e "^${2:-[a-z_][a-z0-9_-]*}:"'[^:]*:[1-9][0-9]\{3,\}:' | grep -v -e '^[^:]*:[^:]*:65534:')
	if on_path sshd; then
		# Without a Match block, and without files of other places, it says the same of everyone. With one that looks at more than the user nobody can tell.
		o_untold=
		o_conf=$(set +f && cat -- "$root"/etc/ssh/sshd_config "$root"/etc/ssh/sshd_config.d/*.conf 2>/dev/null | grep -i -e '^[[:space:]]*"\{0,1\}match' -e '^[[:space:]]*"\{0,1\}include' |
			grep -v -i -e '^[[:space:]]*include[[:space:]]\{1,\}/etc/ssh/sshd_config\.d/\*\.conf[[:space:]]*$')
		if [ -n "$o_conf" ]; then
			o_each=1
			o_conf=$(printf '%s\n' "$o_conf" | grep -v -i -e '^[[:space:]]*match[[:space:]]\{1,\}all[[:space:]]*$' \
				-e '^[[:space:]]*match\([[:space:]]\{1,\}\(user\|group\)[[:space:]]\{1,\}[^[:space:]"#]\{1,\}\)\{1,\}[[:space:]]*$')
			[ -z "$o_conf" ] || o_untold='sshd_config has a Match block by address, host, port or command, or includes a file of another place'
		fi
		say sshd "$o_id" - "$(enc "$(ways root)")"
	fi
	set --
	while IFS=: read -r o_name o_x o_uid o_gid o_x o_home o_x; do
		[ -n "$o_name" ] || continue
		[ "$o_each" -eq 0 ] || say sshd "$o_id" "$o_name" "$(enc "$(ways "$o_name")")"
		case $o_home in /*) regular "$o_uid" || continue ;; *) continue ;; esac
		set -- "$@" "$root$o_home"
		o_seen=$(seen_by "$o_uid" "$o_gid" "$root$o_home/.ssh/authorized_keys" "$root$o_home/.ssh/authorized_keys2") || user_time=3
		key_file authorized_keys "${o_seen%%"$nl"*}"
		case $o_seen in *"$nl"*) key_file authorized_keys2 "${o_seen#*"$nl"}" ;; *) key_file authorized_keys2 '' ;; esac
	done <<END_OF_ACCOUNTS
$o_regular
END_OF_ACCOUNTS
	[ $# -eq 0 ] || homes "$@"
}

# homes PATH…: all at once, and one by one where there is one that cannot be looked at.
homes() {
	hm_format="%f %u %g %s$tab%U$tab%G$tab%n"
	hm_all=$(within "$quick" stat -c "$hm_format" -- "$@" 2>/dev/null) || {
		hm_all=
		for hm_home; do
			if hm_said=$(within "$quick" stat -c "$hm_format" -- "$hm_home" 2>&1); then
				hm_all=$hm_all$hm_said$nl
			else
				hm_status=$?
				if slow "$hm_status"; then hm_said="stat did not end within $quick seconds and was stopped"; fi
				absent "$hm_said" || say unseen "$o_id" "$(enc "${hm_home#"$root"}")" "$(enc "$hm_said")"
			fi
		done
	}
	[ -z "$root" ] || hm_all=$(printf '%s\n' "$hm_all" | sed -e "s|$tab$root/|$tab/|")
	say homes "$o_id" "$(enc "$hm_all")"
}

# unhashed FILE: passwd or shadow, with ! for a password that is locked, and "hash" for any other but x, also in a line that ends there. In passwd, x leads to shadow, and a hash makes shadow count for nothing. What is no line of a file of accounts may be a part of a
# hash, and is a question mark.
unhashed() {
	sed -e 's/^#.*/#/' -e t -e 's/^\([^:]*\):[!*][^:]*/\1:!/' -e t -e '/^[^:]*:x:/b' -e 's/^\([^:]*\):[^:]\{1,\}/\1:hash/' -e t -e '/^[^:]*:/b' -e '/^[+-]/b' -e 's/^.\{1,\}$/?/' -- "$root/etc/$1"
}

# key_file NAME SEEN: a key file of the account o_name, as seen_by told of it. Nothing is said of one that is not there. Its content follows up to "key-end STATUS".
key_file() {
	case ${2#link } in
	'regular file' | 'regular empty file')
		say key "$o_id" "$o_name" "$1"
		k_status=$(
			exec 4>&1
			{
				read_as "$o_uid" "$o_gid" "$root$o_home/.ssh/$1" 65537
				printf '%s' "$?" >&4
			} | base64 >&3 4>&-
		)
		say key-end "$k_status"
		! slow "${k_status:-137}" || user_time=3
		;;
	*) absent "${2#link }" || say key-unseen "$o_id" "$o_name" "$1" "$(enc "${2:-its user ended the program that looks, or it took too long}")" ;;
	esac
}

# ways USER: what sshd says of the ways in for a user, and in o_untold why that may not be all.
ways() {
	[ -z "$o_untold" ] || printf 'untold %s\n' "$o_untold"
	sshd -T -C "user=$1,host=localhost,addr=127.0.0.1" 2>/dev/null </dev/null |
		grep -i -e '^authorizedkeys' -e '^authorizedprincipals' -e '^trustedusercakeys ' -e '^pubkeyauthentication ' -e '^passwordauthentication ' -e '^permitemptypasswords ' -e '^strictmodes '
}

# config ID NAME: all files of a configuration of systemd.
config() {
	if cf_text=$(within "$quick" systemd-analyze cat-config "$2" 2>&1); then
		say config "$1" "$(enc "$cf_text")"
	else
		say unknown "$1" "$(enc "systemd-analyze cat-config $2: $cf_text")"
	fi
}

# audit_status ID: what the kernel says of its audit rules, auditctl(8): its status, and the rules.
audit_status() {
	on_path auditctl || { say gone "$1"; return 0; }
	if au_status=$(auditctl -s 2>&1 </dev/null) && au_rules=$(auditctl -l 2>&1 </dev/null); then
		say audit "$1" "$(enc "$au_status")" "$(enc "$au_rules")"
	else
		say audit-off "$1" "$(enc "$au_status")"
	fi
}

# clock ID: Unix seconds.
clock() { say clock "$1" "$(date +%s)"; }

# conffiles ID PATH: the files of configuration that packages ship there or below. What a package left behind when it was removed is nobody's. dpkg-query
# prints a line for each package, and behind it " FILE MD5", with a word more for a file that the package does not ship any more.
conffiles() {
	n_list=$(within "$quick" dpkg-query -W -f ':: ${db:Status-Status} ${Package}\n${Conffiles}\n' 2>&1) || {
		n_status=$?
		if slow "$n_status"; then n_list="dpkg-query did not end within $quick seconds and was stopped"; fi
		say unknown "$1" "$(enc "$n_list")"
		return 0
	}
	n_package=
	while IFS= read -r n_line; do
		case $n_line in
		':: not-installed '* | ':: config-files '*) n_package= ;;
		':: '*) n_package=${n_line##* } ;;
		" $2 "* | " $2/"*) if [ -n "$n_package" ]; then say conffile "$1" "$(enc "$n_package")" "$(enc "${n_line# }")"; fi ;;
		esac
	done <<END_OF_CONFFILES
$(printf '%s\n' "$n_list" | grep -F -e ':: ' -e " $2")
END_OF_CONFFILES
}

# Journals of transactions that were killed, whether a transaction is running right now, and whether a killed one left a stage.
journals() {
	j_found=0 j_busy=0 j_staged=0
	set +f
	for j_path in "$root"/etc/pvesec/stage/*; do
		[ -d "$j_path" ] && j_staged=1
		[ -f "$j_path/journal" ] && j_found=1
	done
	set -f
	if [ "$j_staged" -eq 1 ] && [ -e "$root/run/pvesec/lock" ]; then
		limited "$quick" flock -n "$root/run/pvesec/lock" true || j_busy=1
	fi
	[ "$j_busy" -eq 0 ] || j_found=0 j_staged=0
	say journals "$j_found" "$j_busy" "$j_staged"
}

facts() {
	read -r f_name 2>/dev/null <"$root/proc/sys/kernel/hostname" || f_name=$(uname -n)
	f_fqdn=$(within 2 hostname -f 2>/dev/null) || f_fqdn=
	f_sudo=
	if on_path sudo; then f_sudo=$(within "$quick" sudo -V 2>/dev/null) || f_sudo=; fi
	f_os=
	while IFS= read -r f_line || [ -n "$f_line" ]; do f_os=$f_os$f_line$nl; done 2>/dev/null <"$root/etc/os-release"
	set -- "$f_name" "$f_fqdn" "${f_sudo%%"$nl"*}" "$f_os"
	f_said=
	for f_text; do code "$f_text" && f_said="$f_said $coded"; done
	say "facts$f_said"
}

exec 3>&1
hello
lacking timeout base64 stat ls readlink getent id flock
