# Putting the old state back, for this transaction and for killed ones. Part of the transaction.

stage=$root/etc/pvesec/stage
backups=$root/var/backups/pvesec
run=$root/run/pvesec
units=$root/etc/systemd/system
restarted= # services that were restarted

# watch: beside this shell, stop what it runs for too long without a limit of its own (a disk that does not answer), this shell itself when it was
# stopped for as long, and, when it was killed, all that it started: nobody else waits for that, and some of it holds the lock. They are known by a file that only they have open.
# A shell that has waited for its client for longer than $patience, as the odd number of its marks in that file tells, is told by a signal.
watch() {
	true 2>/dev/null >"$run/alive.$$" && exec 7<>"$run/alive.$$" && rm -f -- "$run/alive.$$" || return 1
	(
		exec </dev/null >/dev/null 2>&1 9>&-
		set +f
		read -r w_self w_rest </proc/self/stat
		w_step=5 w_since=0 w_now= w_silent=0 w_mark=0
		[ "$patient" -gt 10 ] && [ "${patience:-60}" -gt 20 ] || w_step=1
		while :; do
			sleep "$w_step"
			w_last=$w_mark w_mark=0
			read -r w_rest w_mark </proc/$$/fdinfo/7
			w_silent=$((w_silent + w_step))
			[ "$w_mark" = "$w_last" ] || w_silent=0
			case $w_mark in *[13579]) [ "$w_silent" -lt "${patience:-60}" ] || kill -USR1 $$ ;; esac
			w_before=$w_now w_now=
			read -r w_now </proc/$$/task/$$/children || [ -n "$w_now" ] || break
			w_since=$((w_since + w_step))
			[ "$w_now" = "$w_before" ] || w_since=0
			[ "$w_since" -ge $((patient * 3)) ] || continue
			# A shell that was stopped holds the lock and will not let go of it.
			read -r w_rest </proc/$$/stat
			case $w_rest in *') T '*) kill -KILL $$ ;; esac
			for w_pid in $w_now; do
				read -r w_name </proc/"$w_pid"/comm
				case $w_pid:$w_name in "$w_self":* | *:timeout | *:flock) ;; *) fell "$w_pid" ;; esac
			done
		done
		for w_pid in /proc/[0-9]*; do
			[ "$w_pid/fd/7" -ef /proc/self/fd/7 ] || continue
			w_pid=${w_pid#/proc/}
			[ "$w_pid" = "$w_self" ] || kill -KILL "$w_pid"
		done
	) &
	watcher=$!
	trap 'kill "$watcher" 2>/dev/null' EXIT
}

# fell PID: kill a process and all that it started.
fell() {
	fl_all= fl_next=$1
	while [ -n "$fl_next" ]; do
		fl_all="$fl_all $fl_next" fl_more=
		for fl_pid in $fl_next; do
			fl_kids=
			read -r fl_kids </proc/"$fl_pid"/task/"$fl_pid"/children
			fl_more="$fl_more $fl_kids"
		done
		fl_next=${fl_more# }
		fl_next=${fl_next# }
	done
	kill -KILL $fl_all
}

# flush PATH…: onto the disk, files and directories. The watcher stops a sync that takes too long. What went wrong is in $fh_said.
flush() {
	fh_said=$(exec sync -- "$@" 2>&1 9>&-) && return 0
	if slow $?; then
		fh_said='sync did not end in time and was stopped'
		return 124
	fi
	fh_said=$(exec sync 2>&1 9>&-) # one that takes no paths
}

# attr MODE:UID:GID PATH: of the file or directory that is there, never of what a link leads to. It is opened first, and changed where it is open.
attr() {
	(
		exec 8<"$2" || exit 1
		if [ -L "$2" ] || ! [ "$2" -ef /proc/self/fd/8 ]; then
			echo "another file was put in its place" >&2
			exit 1
		fi
		at_said=$(chown -- "${1#*:}" /proc/self/fd/8 2>&1 && chmod -- "${1%%:*}" /proc/self/fd/8 2>&1) && exit 0
		printf '%s\n' "${at_said%%/proc/self/fd/8*}$2${at_said#*/proc/self/fd/8}" >&2
		exit 1
	)
}

# at_home PATH COMMAND NAME…: a command about the entry of a directory that others may write, run in that directory. Nobody can put another
# directory under it meanwhile, and no link is followed on the way.
at_home() {
	(
		ah_dir=${1%/*}
		shift
		cd -P -- "$ah_dir" && [ "$(pwd -P)" = "$ah_dir" ] || { echo "$ah_dir is reached through a link" >&2; exit 1; }
		"$@"
	)
}

# undo LOG: put back what the log says. It may have been done in part already, or not have been needed. $broken tells
# what could not be put back, $u_held which accounts could not because of what their users run, who are shut out then, and $u_dead which services do not start again.
undo() {
	broken= u_services= u_dead= u_held=
	while IFS=$tab read -r u_op u_arg u_path; do
		u_said=
		case $u_op in
		link)
			[ -e "$u_arg" ] || [ -L "$u_arg" ] || continue
			if [ "$u_arg" -ef "$u_path" ] && [ ! -L "$u_path" ]; then
				rm -f -- "$u_arg"
			else
				u_said=$(mv -fT -- "$u_arg" "$u_path" 2>&1)
			fi
			;;
		own)
			[ -e "$u_arg" ] || [ -L "$u_arg" ] || continue
			u_said=$(at_home "$u_path" mv -fT -- "$u_arg" "./${u_path##*/}" 2>&1)
			;;
		gone) u_said=$(rm -f -- "$u_path" 2>&1) ;;
		made) [ ! -d "$u_path" ] || u_said=$(rmdir -- "$u_path" 2>&1) ;;
		dir) { [ -d "$u_path" ] || u_said=$(mkdir -m 700 -- "$u_path" 2>&1); } && u_said=$(attr "$u_arg" "$u_path" 2>&1) ;;
		attr) u_said=$(attr "$u_arg" "$u_path" 2>&1) ;;
		backup) rm -f -- "$u_path"; rmdir -- "${u_path%/*}" "$backups" 2>/dev/null || true ;;
		account)
			u_said=$(undo_account account "$u_arg" "$u_path" 2>&1 </dev/null) || {
				[ $? -eq 2 ] && u_held="$u_held$u_path: $u_said$nl"
			} && noted "$u_said"
			;;
		# What is in a home is in the hands of its user. He must not keep anybody from the next change.
		keys | home) u_said=$(undo_account "$u_op" "$u_arg" "$u_path" 2>&1 </dev/null) || note "${u_path#"$root"}: ${u_said:-its keys are not as before: its user ended what was to put them back, or it took too long}" ;;
		service) u_services="$u_path $u_services" ;;
		esac || broken="$broken${u_path#"$root"}: $u_said$nl"
		case $u_op in link | own | gone | attr | made | dir) flush "${u_path%/*}" ;; esac
	done <<END_OF_LOG
$1
END_OF_LOG
	reread "$1"
	for u_unit in $u_services; do
		case " $restarted " in *" $u_unit "*) ;; *) continue ;; esac
		(active=; restart_unit "$u_unit") >/dev/null || u_dead="${u_dead}service $u_unit does not start again$nl"
	done
	retire "$1"
}

# numbered NAME: the number that the name of a copy begins with in $number, 0 when it does not.
numbered() {
	number=0
	case $1 in
	[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-*)
		number=${1%%-*}
		number=${number#"${number%%[!0]*}"}
		number=${number:-0}
		;;
	esac
}

# next_copy DIRECTORY: the number of the next copy there in $number. It is one more than any there: no clock says which is newer.
next_copy() {
	nc_last=0
	set +f
	for nc_name in "$1"/*; do
		numbered "${nc_name##*/}"
		[ "$number" -le "$nc_last" ] || nc_last=$number
	done
	set -f
	number=$((nc_last + 1))
}

# prune_copies DIRECTORY: keep the newest copies there, and in any case those that this transaction made and the last one of what was applied.
prune_copies() {
	set +f
	set -- "$1"/*
	set -f
	p_names= p_count=0 p_applied=
	# Copies without a number are from before there were any. A pattern lists the others in the order of their numbers.
	for p_turn in old new; do
		for p_copy; do
			numbered "${p_copy##*/}"
			case $p_turn:$number in old:0 | new:[1-9]*) p_names="$p_names$p_copy$nl" p_count=$((p_count + 1)) ;; esac
			case ${p_copy##*/} in *-applied-*) p_applied=$p_copy ;; esac
		done
	done
	while read -r p_copy && [ "$p_count" -gt "${keep:-10}" ]; do
		case "${made- } $p_applied " in *" $p_copy "*) continue ;; esac
		rm -f -- "$p_copy"
		p_count=$((p_count - 1))
	done <<END_OF_COPIES
$p_names
END_OF_COPIES
}

# forget TRANSACTION: strike it from the list of those that were finished.
forget() {
	grep -qFx -e "$1" -- "$run/done" 2>/dev/null || return 0
	g_rest=$(tail -n 100 -- "$run/done" | grep -Fxv -e "$1")
	printf '%s\n' "$g_rest" >"$run/done"
}

# clear_stage: remove this transaction's files. The journal goes first: without it the rest is only rubbish.
clear_stage() {
	[ "$phase" != idle ] || return 0
	if [ -e "$mine/journal" ]; then
		rm -f -- "$mine/journal"
		flush "$mine"
	fi
	sweep "$mine"
	rmdir -- "$stage" "$root/etc/pvesec" 2>/dev/null || true
}

# sweep DIRECTORY: a stage without a journal, and what it has on other file systems.
sweep() {
	if [ -f "$1/elsewhere" ]; then
		while IFS= read -r s_dir; do
			case ${s_dir##*/} in .pvesec-*) rm -rf -- "$s_dir" ;; esac
		done <"$1/elsewhere"
	fi
	disarm "$1"
	rm -rf -- "$1"
}

# disarm STAGE: stop what would restore it after a deadline or at the next boot.
disarm() {
	[ -e "$1/restore" ] || return 0
	d_txn=${1##*/}
	rm -f -- "$units/multi-user.target.wants/pvesec-boot-$d_txn.service" "$units/pvesec-boot-$d_txn.service"
	if [ -e "$1/timer" ]; then
		d_pid=$(cat -- "$1/timer")
		# The timer of this stage may be what runs here.
		[ "$d_pid" = "$$" ] || kill -- "-$d_pid" 2>/dev/null
	else
		systemctl stop "pvesec-restore-$d_txn.timer" >/dev/null 2>&1
	fi
	return 0
}

# seal TRANSACTION JOURNAL: from here on nothing undoes the change. It is listed before the journal goes: a run that finds no journal then knows that
# this was the end and not an undoing. The journal goes by getting another name, which tells who comes after a crash that what cannot be undone is left to do.
seal() {
	printf '%s\n' "$1" >>"$run/done" || return 1
	[ -e "$2" ] || return 0
	# Other nodes may have sealed it already: a change that stands everywhere else is not undone here because a name cannot be changed.
	mv -f -- "$2" "${2%/*}/sealed" || rm -f -- "$2" || return 1
	flush "${2%/*}" 2>/dev/null || true
}

# recover: undo what killed transactions left. This runs under the lock, so none of them is alive.
recover() {
	[ -d "$stage" ] || return 0
	set +f
	set -- "$stage"/*
	set -f
	for r_dir; do
		[ -d "$r_dir" ] || continue
		# Every node had said that the change stands before this one was lost: it stands here too.
		[ "${r_dir##*/}" != "${decided-}" ] || seal "$decided" "$r_dir/journal" || fail recovery "$r_dir/journal" 'cannot be removed'
		if [ -f "$r_dir/journal" ]; then
			r_log=$(cat -- "$r_dir/journal") || fail recovery "$r_dir/journal" 'cannot be read'
			restarted=$(printf '%s\n' "$r_log" | sed -n "s/^service$tab-$tab//p" | tr '\n' ' ')
			undo "$r_log"
			restarted=
			[ -z "$broken" ] || fail recovery "$r_dir/journal" "$broken"
			# Who runs what does not end must not keep every later change out either. He is shut out, which the next plan shows.
			[ -z "$u_held" ] || note "after undoing an interrupted run, not as before, and shut out: $u_held"
			# A service that stays down with its old files back must not keep every later change out.
			[ -z "$u_dead" ] || note "after undoing an interrupted run: $u_dead"
			forget "${r_dir##*/}"
			rm -f -- "$r_dir/journal"
			flush "$r_dir"
			say recovered "${r_dir##*/}"
		elif [ -f "$r_dir/sealed" ]; then
			# Not from a timer, which does not know whether copies can be kept.
			[ -n "${copies-}" ] || continue
			settle_accounts "$r_dir/settle"
		fi
		sweep "$r_dir"
	done
	rmdir -- "$stage" "$root/etc/pvesec" 2>/dev/null || true
}
