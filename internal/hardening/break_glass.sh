
# Marks the begin of an emergency access in the node's events, or ends it. What stands before this line's first assignment is the header of the file.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL

# mark WORDS [MORE]: an event of facility auth, which the security log of pvesec_audit_logging holds too. What is longest stands last.
mark() { logger -S 8192 -p auth.notice -t pvesec -- "emergency access \"$name\" of $subject: $1. Reason: $reason${ticket:+. Ticket: $ticket}${2:+. $2}"; }

# users: the uids of the subject. Of a group only those who have run something matter.
users() {
	case $subject in
	%*)
		{
			ps -eo ruid=
			cd /proc && grep -hzsox 'SUDO_UID=[0-9]*' [0-9]*/environ | tr '\0' '\n' | cut -d = -f 2
			cd /proc && grep -hs '' [0-9]*/loginuid
			cd /proc && grep -hso 'user-[0-9]*\.slice' [0-9]*/cgroup | tr -dc '0-9\n'
		} | tr -d ' ' | sort -u | while read -r uid; do
			[ "${uid:-0}" = 0 ] || ! id -Gnz -- "$uid" 2>/dev/null | tr '\0' '\n' | grep -qxF -- "${subject#%}" || echo "$uid"
		done
		;;
	*) id -u -- "$subject" 2>/dev/null | grep -vx 0 ;;
	esac
}

# sessions PID...: the processes that sudo runs for the subject, those named, and all that they started. A sudo that has begun its command is root's and its command may have lost its
# environment, so that whose they are is asked of the process that called sudo and of the login too. Who calls sudo by a link gives it another name, but not another file. What only the login tells of
# may be from a su too, so it counts from the begin of the access on. What lost its parent is taken in by the system, or by a process of the subject that asked for it (prctl(2), PR_SET_CHILD_SUBREAPER):
# a process of another user below one of the subject is that, or was begun by a program that is set to another user. The subject's own sub-uids (subuid(5)) are no other users.
# A guest is never among them. Of a unit of the system only what is below a sudo that the subject called in it, and what has the login of the subject, as jobs of cron have: systemd gives services none.
sessions() {
	(
		cd /proc || exit
		for uid in $uids; do
			grep -lzsx "SUDO_UID=$uid" [0-9]*/environ | sed 's,/.*,/sudo_uid:,'
		done
		ps -eo pid=,ppid=,ruid=,etimes=,comm=
		find [0-9]*/exe -maxdepth 0 -printf '%p:%l\n' 2>/dev/null
		find -L [0-9]*/exe -maxdepth 0 -perm -4000 -printf '%h/setuid:\n' 2>/dev/null
		sed -n 's/^[^:]*:\([0-9]*\):\([0-9]*\)$/sub \1 \2/p' /etc/subuid 2>/dev/null
		grep -Hs '' [0-9]*/loginuid [0-9]*/cgroup
	) | awk -v uids="$uids" -v named="$*" -v self=$$ -v age="$(age)" '
		BEGIN {
			n = split(uids, list)
			for (i = 1; i <= n; i++) subject[list[i]] = 1
			n = split(named, list)
			for (i = 1; i <= n; i++) mine[list[i]] = 1
		}
		$1 ~ /^[0-9]+\// {
			p = $0; sub(/\/.*/, "", p)
			what = $0; sub(/^[0-9]+\//, "", what); sub(/:.*/, "", what)
			value = $0; sub(/^[^:]*:/, "", value)
			if (what == "sudo_uid") ran[p] = 1
			if (what == "exe") {
				sub(/ \(deleted\)$/, "", value)
				if (value ~ /\/bin\/sudo$/) sudo[p] = 1
				if (value ~ /\/usr\/(sbin\/sshd|lib\/openssh\/sshd-[a-z]+|bin\/login|lib\/systemd\/systemd(-executor)?)$/) leads[p] = 1
			}
			if (what == "setuid") setuid[p] = 1
			if (what == "loginuid") login[p] = value
			if (what == "cgroup") { sub(/^[0-9]*:[^:]*:/, "", value); group[p] = group[p] "\n" value "/" }
			next
		}
		$1 == "sub" { first[++ranges] = $2; size[ranges] = $3; next }
		{ pids[++count] = $1; parent[$1] = $2; owner[$1] = $3; young[$1] = $4 <= age; command[$1] = $5 }
		# From the top of the hierarchy on: below his own part of it, a user names groups as he likes.
		function guest(p) { return group[p] ~ /\n\/(qemu\.slice|machine\.slice|lxc|lxc\.[a-z]+[^\/]*)\// }
		function system_unit(p) { return group[p] ~ /\n\/system\.slice\// && (group[p] ~ /\.scope\// || !(login[p] in subject)) }
		function another(uid,   i) {
			for (i = 1; i <= ranges; i++) if (uid >= first[i] && uid < first[i] + size[i]) return 0
			return !(uid in subject)
		}
		function lost(p, q) { return q == 1 || command[q] == "systemd" || owner[q] in subject && !(q in setuid) && !(p in setuid) }
		function of_login(p,   uid) {
			if (login[p] in subject) return 1
			for (uid in subject) if (index(group[p], "/user-" uid ".slice/")) return 1
			return 0
		}
		END {
			for (i = 1; i <= count; i++) {
				p = pids[i]; q = parent[p]
				if (guest(p)) continue
				if (p in sudo || command[p] == "sudo") {
					if (owner[p] in subject || owner[q] in subject || of_login(p)) { mine[p] = 1; called[group[p]] = 1 }
				} else if (!system_unit(p)) {
					if (p in ran) mine[p] = 1
					# What lost its parent and is not the subject itself, except what leads a login.
					if (young[p] && lost(p, q) && another(owner[p]) && of_login(p) && !(p in leads)) mine[p] = 1
				}
			}
			do {
				more = 0
				for (i = 1; i <= count; i++) {
					p = pids[i]
					if (p in mine || !(parent[p] in mine) || guest(p) || system_unit(p) && !(group[p] in called)) continue
					mine[p] = 1; more = 1
				}
			} while (more)
			for (p = self; p > 1; p = parent[p]) delete mine[p]
			for (i = 1; i <= count; i++) if (pids[i] in mine && pids[i] > 1) print pids[i]
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

once=/run/$ends.once
since=/run/$ends.since

# uptime: how many seconds the node runs. No clock that somebody sets changes it.
uptime() {
	read -r up rest </proc/uptime
	echo "${up%%.*}"
}

# age: how many seconds ago the access began: the age of the node where that is not noted, as after a boot.
age() {
	now=$(uptime)
	echo $((now - $(cat -- "$since" 2>/dev/null || echo 0) + 2))
}

# superseded: the access was granted anew meanwhile, and has its own end.
superseded() { [ -e "$units/$ends.sh" ] && ! grep -qxF -- "until='$until'" "$units/$ends.sh"; }

# end: where the file cannot be removed, systemd tries again. From its time on sudo allows nothing by the file, so that what belongs to the end happens only once then.
end() {
	! superseded || return 0
	chattr -ia -- "${sudoers%/*}" "$sudoers" 2>/dev/null
	rm -f -- "$sudoers"
	gone=$?
	# A file that cannot be removed may be one that can be emptied.
	[ "$gone" = 0 ] || [ -L "$sudoers" ] || [ ! -f "$sudoers" ] || : >"$sudoers"
	how='ended before its time'
	[ "$(date +%s)" -lt "$until" ] || how='ended at its time'
	if [ ! -e "$once" ]; then
		if [ "$gone" = 0 ]; then mark "$how"; else mark "$how, and its file cannot be removed"; fi
		[ "$sessions" = keep ] || end_sessions
		[ "$how" != 'ended at its time' ] || : >"$once"
	fi
	[ "$gone" = 0 ] || return 1
	! superseded || return 0
	systemctl stop "$ends.timer" "$begins.service"
	rm -f -- "$once" "$since" "$units/timers.target.d/$ends.conf" "$units/$begins.service" "$units/$ends.timer" "$units/$ends.service" "$units/$ends.sh" "/var/lib/systemd/timers/stamp-$ends.timer"
	rmdir --ignore-fail-on-non-empty -- "$units/timers.target.d" 2>/dev/null
	systemctl daemon-reload
	return 0
}

case $1 in
begin)
	rm -f -- "$once"
	[ -e "$since" ] || uptime >"$since"
	mark "$what" "Commands: $commands"
	;;
end) end ;;
esac
