
# Marks the begin of an emergency access in the node's events, or ends it. What stands before this line's first assignment is the header of the file.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL

# mark WORDS: an event of facility auth, which the security log of pvesec_audit_logging holds too.
mark() { logger -p auth.notice -t pvesec -- "emergency access \"$name\" of $subject: $1. Reason: $reason${ticket:+. Ticket: $ticket}"; }

# users: the uids of the subject. Of a group only those who have run something matter.
users() {
	case $subject in
	%*)
		{
			ps -eo ruid=
			grep -hzsox 'SUDO_UID=[0-9]*' /proc/[0-9]*/environ | tr '\0' '\n' | cut -d = -f 2
		} | tr -d ' ' | sort -u | while read -r uid; do
			[ "${uid:-0}" = 0 ] || ! id -Gnz -- "$uid" 2>/dev/null | tr '\0' '\n' | grep -qxF -- "${subject#%}" || echo "$uid"
		done
		;;
	*) id -u -- "$subject" 2>/dev/null ;;
	esac
}

# sessions PID...: the processes that sudo runs for the subject, those named, and all that they started.
sessions() {
	for uid in $uids; do
		set -- "$@" $(grep -lzsx "SUDO_UID=$uid" /proc/[0-9]*/environ | cut -d / -f 3)
	done
	ps -eo pid=,ppid=,ruid=,comm= | awk -v uids="$uids" -v named="$*" -v self=$$ '
		BEGIN {
			n = split(uids, list)
			for (i = 1; i <= n; i++) subject[list[i]] = 1
			n = split(named, list)
			for (i = 1; i <= n; i++) start[list[i]] = 1
		}
		{ pids[NR] = $1; parent[$1] = $2; owner[$1] = $3; command[$1] = $4 }
		END {
			for (i = 1; i <= NR; i++) {
				p = pids[i]
				if (p in start || command[p] == "sudo" && owner[p] in subject) mine[p] = 1
			}
			do {
				more = 0
				for (i = 1; i <= NR; i++) if (!(pids[i] in mine) && parent[pids[i]] in mine) { mine[pids[i]] = 1; more = 1 }
			} while (more)
			for (p = self; p > 1; p = parent[p]) delete mine[p]
			for (i = 1; i <= NR; i++) if (pids[i] in mine && pids[i] > 1) print pids[i]
		}'
}

# end_sessions: ask all of them to end, and make them two seconds later.
end_sessions() {
	uids=$(users | tr '\n' ' ')
	found=$(sessions)
	[ -n "$found" ] || return 0
	kill -TERM $found 2>/dev/null
	sleep 2
	kill -KILL $(sessions $found) 2>/dev/null
	mark "ended $(echo "$found" | wc -l) processes of sudo"
}

end() {
	rm -f -- "$sudoers" || return 1 # systemd tries again
	if [ "$(date +%s)" -ge "$until" ]; then mark 'ended at its time'; else mark 'ended before its time'; fi
	[ "$sessions" = keep ] || end_sessions
	systemctl stop "$ends.timer" "$begins.service"
	rm -f -- "$units/timers.target.d/$ends.conf" "$units/$begins.service" "$units/$ends.timer" "$units/$ends.service" "$units/$ends.sh" "/var/lib/systemd/timers/stamp-$ends.timer"
	rmdir --ignore-fail-on-non-empty -- "$units/timers.target.d" 2>/dev/null
	systemctl daemon-reload
	return 0
}

case $1 in
begin) mark "$what" ;;
end) end ;;
esac
