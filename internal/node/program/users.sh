# What a user may do and see, without lending him more. Part of the transaction, of putting back and of looking at accounts.

bound quick setpriv

# regular UID: whether it is the user id of a person or an agent. No number is another one in disguise: "0000" is root, and with 4294967295 setresuid(2) leaves a process the id that it has.
regular() {
	case $1 in '' | 0* | *[!0-9]* | ? | ?? | ??? | 65534 | 65535 | ???????????*) return 1 ;; esac
	[ "$1" -le 4294967293 ]
}

# as_user UID GID COMMAND…: run a command with the power of a user and no more, without the lock and the files of this shell, and without its input: that is the session, with all that is
# still to be read as a program, and the user can look into what runs as him.
as_user() { fed "$@" </dev/null; }

# fed UID GID COMMAND…: the same with the input of the caller.
fed() {
	regular "$1" || { echo 'its user id is one of the system' >&2; return 1; }
	case $2 in '' | *[!0-9]* | ???????????*) false ;; *) [ "$2" -le 4294967294 ] ;; esac || { echo 'its group id is none' >&2; return 1; }
	fd_uid=$1 fd_gid=$2
	shift 2
	setpriv --reuid "$fd_uid" --regid "$fd_gid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@" 3>&- 4>&- 7>&- 8>&-
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
read_as() { as_user "$1" "$2" dd if="$3" iflag=nonblock,count_bytes bs=64k count="$4" status=none 2>/dev/null; }
