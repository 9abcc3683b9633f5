# What a user may do and see, without lending him more. Part of the transaction, of putting back and of looking at accounts.

# regular UID: whether it is the user id of a person or an agent. No number is another one in disguise: "0000" is root, and with 4294967295 setresuid(2) leaves a process the id that it has.
regular() {
	case $1 in '' | 0* | *[!0-9]* | ? | ?? | ??? | 65534 | 65535 | ???????????*) return 1 ;; esac
	[ "$1" -le 4294967293 ]
}

# as_user UID GID COMMAND…: run a command with the power of a user and no more, without the lock and the files of this shell, and without its input: that is the session, with all that is
# still to be read as a program, and the user can look into what runs as him.
as_user() { fed "$@" </dev/null; }

# fed UID GID COMMAND…: the same with the input of the caller. Nobody waits for what runs as the user: it may be beyond every signal, in a file system that he serves himself, and what he makes of
# it may keep its output open. So its output and its status come through readers of root, each with a limit. Without a whole answer the status is 137. What it says of errors is left out.
# user_time, where it is set, is the limit instead of quick.
fed() {
	regular "$1" || { echo 'its user id is one of the system' >&2; return 1; }
	case $2 in '' | *[!0-9]* | ???????????*) false ;; *) [ "$2" -le 4294967294 ] ;; esac || { echo 'its group id is none' >&2; return 1; }
	fd_uid=$1 fd_gid=$2 fd_time=${user_time:-$quick}
	shift 2
	{
		fd_status=$(
			{
				(
					{
						exec <&8 8<&- 2>/dev/null 3>&- 4>&- 5>&- 7>&- 9>&-
						limited "$fd_time" setpriv --reuid "$fd_uid" --regid "$fd_gid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@" 6>&-
						printf '%s' "$?" >&6
					} &
				) | limited "$((fd_time + 6))" cat >&5 6>&- 2>/dev/null 3>&- 4>&- 8<&- || printf ' cut off' >&6
			} 6>&1 | limited "$((fd_time + 8))" cat 2>/dev/null 3>&- 4>&- 5>&- 8<&-
		)
	} 5>&1 8<&0
	case $fd_status in '' | *[!0-9]*) return 137 ;; esac
	return "$fd_status"
}

# seen_by UID GID PATH…: what a user finds at each path, a line for each: what stat(1) calls its type, or says of it, after "link " where it is a link. Root may see less there, and what it does
# not see is no proof of anything.
seen_by() {
	sn_uid=$1 sn_gid=$2
	shift 2
	as_user "$sn_uid" "$sn_gid" /bin/sh -c '
		for path do
			[ ! -L "$path" ] || printf "link "
			stat -L -c %F -- "$path" 2>&1
		done
		:' seen "$@"
}

# read_as UID GID PATH BYTES: the beginning of a file as its user reads it. It may be a fifo, endless, or another one with every look.
read_as() { as_user "$1" "$2" dd if="$3" iflag=nonblock,count_bytes bs=64k count="$4" status=none; }
