# Observation: calls of the functions below follow this text. Each prints one marked line, and file content as
# base64 lines without the mark after it.

# look WORD ID PATH HOW: state of one path, not following links. HOW is content, follow (content, and it was a link) or stat.
# Fields: WORD ID mode(hex) uid gid size owner group, names in base64.
look() {
	l_path=$root$3
	if [ "$4" = follow ]; then
		l_stat=$(stat -L -c "%f %u %g %s$tab%U$tab%G" -- "$l_path" 2>&1)
	else
		l_stat=$(stat -c "%f %u %g %s$tab%U$tab%G" -- "$l_path" 2>&1)
	fi || {
		if [ "$4" = follow ] && [ "${l_stat%': Too many levels of symbolic links'}" != "$l_stat" ]; then
			say gone "$2" # a circle of links leads nowhere
		elif absent "$l_stat"; then say gone "$2"; else say unknown "$2" "$(enc "$l_stat")"; fi
		return 0
	}
	l_names=${l_stat#*"$tab"}
	l_numbers=${l_stat%%"$tab"*}
	l_owner=${l_names%%"$tab"*}
	case $l_owner in *[!A-Za-z0-9._-]*) l_owner=:$(enc "$l_owner") ;; esac
	l_group=${l_names#*"$tab"}
	case $l_group in *[!A-Za-z0-9._-]*) l_group=:$(enc "$l_group") ;; esac
	say "$1" "$2" "$l_numbers" "$l_owner" "$l_group"
	[ "$4" = stat ] && return 0
	case $l_numbers in
	a*) # symbolic link: its text, then what it leads to
		l_text=$(readlink -- "$l_path" && printf x) || { say unknown "$2" "$(enc 'readlink failed')"; return 0; }
		l_text=${l_text%x}
		say text "$2" "$(enc "${l_text%"$nl"}")"
		look target "$2" "$3" follow
		;;
	8*)
		l_size=${l_numbers##* }
		if [ "$l_size" -gt "$max" ]; then
			say large "$2"
			return 0
		fi
		say content "$2"
		# Another process may swap the file for a fifo at any moment; opening that must not hang for ever.
		if l_err=$(timeout 20 base64 -- "$l_path" 2>&1 1>&3); then
			say end "$2"
		else
			say unknown "$2" "$(enc "${l_err:-reading took longer than 20 seconds}")"
		fi
		;;
	esac
}

# file ID PATH, meta ID PATH: one path of the query.
file() { look file "$1" "$2" content; }
meta() { look file "$1" "$2" stat; }

# tree ID PATH: the directory itself, then every entry in it as "entry ID BASE64-NAME" followed by its state.
tree() {
	look file "$1" "$2" content
	t_dir=$root$2
	[ -d "$t_dir" ] || return 0
	# A pattern that matches nothing cannot be told from a directory that cannot be read; ls can.
	t_err=$(ls -a -- "$t_dir" 2>&1 >/dev/null) || {
		say unknown "$1" "$(enc "$t_err")"
		return 0
	}
	set +f
	for t_path in "$t_dir"/* "$t_dir"/.[!.]* "$t_dir"/..?*; do
		if [ -e "$t_path" ] || [ -L "$t_path" ]; then
			say entry "$1" "$(enc "${t_path##*/}")"
			look file "$1" "${t_path#"$root"}" content
		fi
	done
	set -f
}

# account ID NAME
account() {
	a_line=$(getent passwd "$2") || {
		a_rc=$?
		if [ "$a_rc" -eq 2 ]; then say gone "$1"; else say unknown "$1" "$(enc "getent passwd ended with status $a_rc")"; fi
		return 0
	}
	a_gids=$(id -G "$2" 2>&1) || { say unknown "$1" "$(enc "$a_gids")"; return 0; }
	say account "$1" "$(enc "$a_line")" "$a_gids"
	for a_gid in $a_gids; do
		a_group=$(getent group "$a_gid") || a_group=$a_gid
		say group "$1" "$a_gid" "$(enc "${a_group%%:*}")"
	done
}

# service ID UNIT
service() {
	s_show=$(systemctl show --property=LoadState,ActiveState,SubState,UnitFileState -- "$2" 2>&1) || {
		say unknown "$1" "$(enc "$s_show")"
		return 0
	}
	say service "$1" "$(enc "$s_show")"
}

# program ID NAME
program() {
	if on_path "$2"; then say command "$1" "$(enc "$found")"; else say gone "$1"; fi
}

# Journals of transactions that were killed, and whether a transaction is running right now.
journals() {
	j_found=0 j_busy=0 j_staged=0
	set +f
	for j_path in "$root"/etc/pvesec/stage/*; do
		[ -d "$j_path" ] && j_staged=1
		[ -f "$j_path/journal" ] && j_found=1
	done
	set -f
	if [ "$j_staged" -eq 1 ] && [ -e "$root/run/pvesec/lock" ]; then
		flock -n "$root/run/pvesec/lock" true || j_busy=1
	fi
	[ "$j_busy" -eq 0 ] || j_found=0
	say journals "$j_found" "$j_busy"
}

facts() {
	read -r f_name 2>/dev/null <"$root/proc/sys/kernel/hostname" || f_name=$(uname -n)
	f_fqdn=$(timeout 2 hostname -f 2>/dev/null) || f_fqdn=
	f_sudo=
	if command -v sudo >/dev/null; then f_sudo=$(sudo -V 2>/dev/null) || f_sudo=; fi
	say facts "$(enc "$f_name")" "$(enc "$f_fqdn")" "$(enc "${f_sudo%%"$nl"*}")"
}

exec 3>&1
hello
