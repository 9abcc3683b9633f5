# Sourced into every program of pvesec that runs on a node. POSIX sh; nothing beyond coreutils, util-linux and libc-bin.
# root: a directory that stands for / in tests, where tools of the test come first on the path. Nothing on a node can set it: the
# tests write it into the next line.
root=
PATH=${root:+$root/test/bin:}/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset LANGUAGE CDPATH ENV IFS
umask 077
set -f

nl='
'
tab='	'

# limited SECONDS COMMAND…: a command that is stopped after that time, which its status 124 tells, timeout(1), or 137 where it did not stop at
# once. It never holds the lock: a process that waits for the lock waits for this shell alone.
limited() {
	lt_limit=$1
	shift
	timeout -k 5 "$lt_limit" "$@" 9>&-
	lt_status=$?
	if slow "$lt_status"; then printf '%s did not end within %s seconds and was stopped\n' "$1" "$lt_limit" >&2; fi
	return "$lt_status"
}

# within SECONDS COMMAND…: limited for a command substitution, whose shell becomes the command. It says nothing where the command was stopped.
within() {
	wi_limit=$1
	shift
	exec timeout -k 5 "$wi_limit" "$@" 9>&-
}

# slow STATUS: whether limited stopped a command.
slow() { [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; }

# bound quick|patient TOOL…: these run under that limit. What asks the name service or the service manager waits for directory services, name
# servers and daemons; what judges a configuration waits for disks as well.
quick=20 patient=60
bound() {
	bd_limit=$1
	shift
	for bd_tool; do eval "$bd_tool() { limited \$$bd_limit $bd_tool \"\$@\"; }"; done
}
bound quick id getent hostname logger journalctl lsattr sudo systemctl
bound patient visudo rsyslogd sshd logrotate auditctl unshare find

# lacking TOOL…: end where the node does not have one of the tools that a program cannot do without, and say which.
lacking() {
	for lk_tool; do
		on_path "$lk_tool" || { say lacking "$lk_tool"; exit 0; }
	done
}

# say WORD ARG…: one line of the answer.
say() { printf '%s %s\n' "$marker" "$*"; }

# enc TEXT: print the text so that it is one word of a line.
enc() { code "$1" && printf '%s' "$coded"; }

# code TEXT: the text in $coded so that it is one word of a line: after a colon, with %XX for every character that is not harmless. Without a process,
# except for a long text or one with other bytes than those of ASCII, which is base64 on one line.
code() {
	case $1 in
	'') coded=; return 0 ;;
	*[!A-Za-z0-9./_=,+@-]*) ;;
	*) coded=:$1; return 0 ;;
	esac
	case $1 in
	*[!\ -~"$nl$tab"]*) cd_long=1 ;;
	*) cd_long=$((${#1} > 4096)) ;;
	esac
	if [ "$cd_long" -eq 1 ]; then
		coded=$(printf '%s' "$1" | base64 -w 0)
		return
	fi
	cd_rest=$1 coded=:
	while :; do
		cd_plain=${cd_rest%%[!A-Za-z0-9./_=,+@-]*}
		cd_rest=${cd_rest#"$cd_plain"}
		case $cd_rest in
		'') coded=$coded$cd_plain; return 0 ;;
		' '*) cd_hex=20 ;;
		"$nl"*) cd_hex=0a ;;
		"$tab"*) cd_hex=09 ;;
		:*) cd_hex=3a ;;
		'"'*) cd_hex=22 ;;
		\(*) cd_hex=28 ;;
		\)*) cd_hex=29 ;;
		*) cd_hex=$(printf '%02x' "'$cd_rest") ;;
		esac
		coded=$coded$cd_plain%$cd_hex cd_rest=${cd_rest#?}
	done
}

# The line of the answer that comes first. A login shell may have printed something without a newline before.
hello() {
	uid=
	while read -r h_key h_real h_effective h_rest; do
		case $h_key in Uid:) uid=$h_effective; break ;; esac
	done 2>/dev/null </proc/self/status
	[ -n "$uid" ] || uid=$(id -u)
	trusted=0 # who may write the directories of the node
	[ -z "$root" ] || trusted=$uid uid=0
	printf '\n'
	say hello "$uid"
}

# absent MESSAGE: whether a message of stat proves that there is no such file. strerror(3) stands last in it.
absent() { case $1 in stat:*': No such file or directory' | */stat:*': No such file or directory') return 0 ;; esac; return 1; }

# on_path NAME: a command of the node in $found, or a program of systemd, which are in a place of their own. Not by command -v, which would find functions and builtins of this shell.
on_path() {
	case $1 in systemd-journal-*) set -- "$1" "$root/usr/lib/systemd" ;; *) set -- "$1" "$PATH" ;; esac
	IFS=:
	for found in $2; do
		found=$found/$1
		if [ -f "$found" ] && [ -x "$found" ]; then
			unset IFS
			return 0
		fi
	done
	unset IFS
	return 1
}

# restart_unit UNIT: print what systemctl says. systemd refuses to start a unit more than a few times within seconds, systemd.unit(5)
# StartLimitBurst=; several changes one after the other are no crash loop, so the count begins anew, systemctl(1) reset-failed. A unit whose file is
# gone is stopped.
restart_unit() {
	case $1 in
	ssh.service) reload_sshd "$1"; return ;;
	auditd.service) load_audit_rules; return ;;
	esac
	ru_is=$(systemctl show --property=LoadState,ActiveState -- "$1" 2>/dev/null </dev/null)
	systemctl reset-failed -- "$1" >/dev/null 2>&1 </dev/null
	case $ru_is in
	*LoadState=not-found*ActiveState=active* | *LoadState=not-found*ActiveState=activating*)
		limited $((patient * 3 / 2)) systemctl stop -- "$1" 2>&1 </dev/null
		return
		;;
	*LoadState=not-found*) case " ${active-} " in *" $1 "*) ;; *) return 0 ;; esac ;;
	esac
	limited $((patient * 3 / 2)) systemctl restart -- "$1" 2>&1 </dev/null
}

# reread LOG: have systemd read its units anew where a change, as its log tells, is about some.
reread() { case $1 in *"$tab$units/"*) systemctl daemon-reload >/dev/null 2>&1 </dev/null ;; esac; }

# retire LOG: stop and forget units whose file a change removed, as its log tells, and that no other directory has. One that a timer started between the
# removal and the timer's own end runs on without a file, or has failed, and systemd would list it for as long as the node runs.
retire() {
	while IFS=$tab read -r t_op t_arg t_path; do
		case $t_op:$t_path in service:* | *:"$units"/*/* | *:"$units"/.*) continue ;; *:"$units"/*.*) ;; *) continue ;; esac
		[ ! -e "$t_path" ] && [ ! -L "$t_path" ] || continue
		t_unit=${t_path##*/}
		t_is=$(systemctl show --property=LoadState,ActiveState -- "$t_unit" 2>/dev/null </dev/null)
		case $t_is in
		*LoadState=not-found*ActiveState=inactive*) ;;
		*LoadState=not-found*)
			[ "${t_is##*ActiveState=}" = failed ] || limited $((patient * 3 / 2)) systemctl stop -- "$t_unit" >/dev/null 2>&1 </dev/null
			systemctl reset-failed -- "$t_unit" >/dev/null 2>&1 </dev/null
			;;
		esac
	done <<END_OF_UNITS
$1
END_OF_UNITS
}
