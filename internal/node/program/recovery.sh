# Putting the old state back, for this transaction and for killed ones. Part of the transaction.

stage=$root/etc/pvesec/stage
backups=$root/var/backups/pvesec
run=$root/run/pvesec
units=$root/etc/systemd/system
restarted= # services that were restarted

# flush PATH…: onto the disk, files and directories.
flush() { sync -- "$@" 2>/dev/null || sync; }

# attr MODE:UID:GID PATH
attr() { chown -- "${1#*:}" "$2" && chmod -- "${1%%:*}" "$2"; }

# undo LOG: put back what the log says. It may have been done in part already, or not have been needed. $broken tells
# what could not be put back, $u_dead which services do not start again.
undo() {
	broken= u_services= u_dead=
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
		gone) u_said=$(rm -f -- "$u_path" 2>&1) ;;
		made) [ ! -d "$u_path" ] || u_said=$(rmdir -- "$u_path" 2>&1) ;;
		dir) { [ -d "$u_path" ] || u_said=$(mkdir -m 700 -- "$u_path" 2>&1); } && u_said=$(attr "$u_arg" "$u_path" 2>&1) ;;
		attr) u_said=$(attr "$u_arg" "$u_path" 2>&1) ;;
		backup) rm -f -- "$u_path"; rmdir -- "${u_path%/*}" "$backups" 2>/dev/null || true ;;
		service) u_services="$u_path $u_services" ;;
		esac || broken="$broken${u_path#"$root"}: $u_said$nl"
		case $u_op in link | gone | attr | made | dir) flush "${u_path%/*}" ;; esac
	done <<END_OF_LOG
$1
END_OF_LOG
	for u_unit in $u_services; do
		case " $restarted " in *" $u_unit "*) ;; *) continue ;; esac
		restart_unit "$u_unit" >/dev/null || u_dead="${u_dead}service $u_unit does not start again$nl"
	done
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
		systemctl stop "pvesec-restore-$d_txn.timer" >/dev/null 2>&1 9>&-
	fi
	return 0
}

# recover: undo what killed transactions left. This runs under the lock, so none of them is alive.
recover() {
	[ -d "$stage" ] || return 0
	set +f
	set -- "$stage"/*
	set -f
	for r_dir; do
		[ -d "$r_dir" ] || continue
		if [ -f "$r_dir/journal" ]; then
			r_log=$(cat -- "$r_dir/journal") || fail recovery "$r_dir/journal" 'cannot be read'
			restarted=$(printf '%s\n' "$r_log" | sed -n "s/^service$tab-$tab//p" | tr '\n' ' ')
			undo "$r_log"
			restarted=
			[ -z "$broken" ] || fail recovery "$r_dir/journal" "$broken"
			# A service that stays down with its old files back must not keep every later change out.
			[ -z "$u_dead" ] || note "after undoing an interrupted run: $u_dead"
			forget "${r_dir##*/}"
			rm -f -- "$r_dir/journal"
			flush "$r_dir"
			say recovered "${r_dir##*/}"
		fi
		sweep "$r_dir"
	done
	rmdir -- "$stage" "$root/etc/pvesec" 2>/dev/null || true
}
