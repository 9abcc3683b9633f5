# Transaction: one process from lock to end. The client's part after this text defines
#   txn label patience keep confirm required restart active      plain words
#   provides         COMMAND:PACKAGE for each required command whose package may be installed
#   walls FUNCTION   calls FUNCTION with every directory on the way to a path that is written
#   mended           the directories that get a mode and an owner, a line for each, after an empty line
#   each FUNCTION    calls FUNCTION NUMBER KIND MODE OWNER GROUP VALIDATOR SHA256 PATH BACKUP APPLIED for every file; BACKUP is - where no copy is kept, APPLIED is the digest of what was
#                    applied to the path last, or -
#   accounts FUNCTION calls FUNCTION NUMBER NAME for every account, as account_change.sh says
#   looks FUNCTION   calls FUNCTION with every path that is looked at before the change, sought FUNCTION with those whose content is compared
#   expects          calls expect PATH absent|any|SHA256
#   listings         calls listed USER COMMAND PATH for every command that sudo must list afterwards
#   content NUMBER   prints the content of a file
#   restorer         prints the program that restores after a deadline, when confirm is not 0
# and then calls transaction.

phase=idle # idle, staged: nothing outside the stage is changed; journaled: files are being changed; done
todo=' '   # numbers of the files that differ from their desired state
log=       # what undoes the change, newest first: OPERATION tab ARGUMENT tab PATH
walls_are= # what guard saw of the directories on the way, a line for each: mode and ids, device, kind, a tab, the path
touched=' ' # validators of the files that are written
lessened=' ' # validators of the files that are removed
closed=0 # 1: nobody but root can write the directories on the way to what is written
opened=  # directories that this change gives to somebody else, a line for each
copies=1 # 0: no copy is kept of what is removed
unflushed= # directories that something was installed in, and copies, a line for each
made=' ' # the copies that this transaction made
planned= # those that it will make, NUMBER:COPY on lines

# ---- talking to the client

# hear: the next line of the client in $heard; empty when it is gone or silent for too long, which the watcher tells by a signal.
# It knows from the number of marks in its file whether this shell waits. read(1) takes no byte of the next line.
hear() {
	hr_waits=1
	printf w >&7
	IFS= read -r heard || heard=
	hr_waits=0
	printf h >&7
	[ -n "$heard" ]
}
hr_waits=0

# await WORD: go on when the client says so.
await() {
	while hear; do
		case $heard in
		wait) ;;
		"$1") return 0 ;;
		rollback) fail rollback '' 'as asked' ;;
		*) break ;;
		esac
	done
	gone
}

gone() { fail interrupted '' 'the client is gone'; }

# fail KIND PATH TEXT [WORD]: undo everything, say so, end.
fail() {
	trap '' HUP INT TERM
	if [ "$phase" = journaled ]; then
		# A change that was sealed and is undone all the same is not one that stands.
		[ ! -e "$mine/sealed" ] || mv -f -- "$mine/sealed" "$mine/journal"
		forget "$txn"
		undo "$log"
		broken=$broken$u_held$u_dead
		outcome=restored
	else
		outcome=unchanged broken=
	fi
	if [ -z "$broken" ]; then clear_stage; else outcome=broken; fi
	f_path=${2#"$root"}
	say failed "$1" "$(enc "$f_path")" "$(enc "$3")" "$outcome" "$(enc "$broken")" "$(enc "${4-}")"
	exit 0
}

# stopped STATUS COMMAND LIMIT: fail when limited stopped the command, which tells nothing of what it was asked.
stopped() { if slow "$1"; then fail slow '' '' "$2 $3"; fi; }

# note TEXT: something worth knowing that is no failure.
note() { say note "$(enc "$1")"; }

# try WORD PATH COMMAND…: a command that must work.
try() {
	t_word=$1 t_path=$2
	shift 2
	t_said=$("$@" 2>&1 </dev/null) || {
		if slow $?; then t_said="$1 did not end in time and was stopped${t_said:+: $t_said}"; fi
		fail install "$t_path" "$(explain "$t_said" "$t_path")" "$t_word"
	}
}

# said FILE: why FILE could not be written, by what a command of this shell wrote to $run/said. The shell itself says no more than that there was an error.
said() {
	sd_text=$(cat -- "$run/said" 2>/dev/null)
	case $sd_text in '' | *'I/O error'*) sd_text=$(head -c 65536 /dev/zero 2>&1 >>"$1") ;; esac
	printf '%s' "${sd_text:-cannot be written (is the file system full?)}"
}

# must_flush WORD PATH FILE…: flush, which must work.
must_flush() {
	mf_word=$1 mf_path=$2
	shift 2
	flush "$@" || fail install "$mf_path" "$(explain "$fh_said" "$mf_path")" "$mf_word"
}

# explain TEXT PATH: add to "Operation not permitted" whether an attribute of the file or its directory forbids it, chattr(1).
explain() {
	printf '%s' "$1"
	case $1 in *'Operation not permitted'*) ;; *) return 0 ;; esac
	for e_path in "$2" "${2%/*}"; do
		e_flags=$(lsattr -d -- "$e_path" 2>/dev/null) || continue
		case ${e_flags%% *} in
		*i*) printf ' (%s is immutable)' "${e_path#"$root"}" ;;
		*a*) printf ' (%s is append-only)' "${e_path#"$root"}" ;;
		esac
	done
}

# ---- small tools

needs() { case $todo in *" $1 "*) return 0 ;; esac; return 1; }
touches() { case $touched in *" $1 "*) return 0 ;; esac; return 1; }
lessens() { case $lessened in *" $1 "*) return 0 ;; esac; return 1; }

# ---- whom the directories belong to

# foreign MODE:UID:GID: whether somebody else than root can write there. An access list shows in the bits of the group, acl(5).
foreign() {
	case $1 in *:"$trusted":*) ;; *) return 0 ;; esac
	case ${1%%:*} in *[2367]? | *[2367]) return 0 ;; esac
	return 1
}

# guard DIRECTORY…: look at all at once. Those that are not there yet are made by root in one that is.
guard() {
	g_left=$#
	while [ "$g_left" -gt 0 ]; do
		g_left=$((g_left - 1))
		set -- "$@" "$root$1"
		shift
	done
	walls_are=$nl$(limited "$quick" stat -c "%a:%u:%g %d %F$tab%n" -- "$@" 2>/dev/null) || stopped $? stat "$quick"
	walls_are=$walls_are$nl
	while IFS=" $tab" read -r g_attributes g_device g_type g_name; do
		case $g_type in '') continue ;; directory) ;; *) return 0 ;; esac
		if foreign "$g_attributes"; then return 0; fi
	done <<END_OF_STATS
$walls_are
END_OF_STATS
	closed=1
}

# way PATH: the first directory on the way to PATH that somebody else than root can write in $open, and why that is so in $open_why. $open is
# empty when there is none. What a link leads to is on the way too.
way() {
	open= open_why=
	[ "$closed" -eq 0 ] || return 0
	w_at=$root w_links=0 w_rest=${1#"$root"/}
	case $w_rest in */*) w_rest=${w_rest%/*} ;; *) w_rest= ;; esac
	shut "$root/" || return 0
	while [ -n "$w_rest" ]; do
		w_name=${w_rest%%/*}
		case $w_rest in */*) w_rest=${w_rest#*/} ;; *) w_rest= ;; esac
		case $w_name in
		'' | .) continue ;;
		..) w_at=${w_at%/*}; continue ;;
		esac
		if [ -L "$w_at/$w_name" ]; then
			w_links=$((w_links + 1))
			if [ "$w_links" -gt 40 ] || ! w_text=$(readlink -- "$w_at/$w_name"); then
				open=$w_at/$w_name open_why='is a link that leads nowhere'
				return 0
			fi
			case $w_text in
			/*) w_at=$root w_rest=${w_text#"$root"}/$w_rest ;;
			*) w_rest=$w_text/$w_rest ;;
			esac
		elif [ -d "$w_at/$w_name" ]; then
			w_at=$w_at/$w_name
			shut "$w_at" || return 0
		else
			return 0 # it is made later, or refused for what it is
		fi
	done
}

# in_opened PATH: set $open where this very change gives a directory on the way to somebody else.
in_opened() {
	[ -n "$opened" ] || return 0
	while read -r n_dir; do
		case $n_dir:$1 in :*) ;; "$n_dir:$n_dir"/*) open=$root$n_dir open_why='is to be owned or written by somebody else' ;; esac
	done <<END_OF_OPENED
$opened
END_OF_OPENED
}

# shut DIRECTORY: whether only root can write it, or this very change sees to that.
shut() {
	s_said=${walls_are%%" directory$tab$1$nl"*}
	if [ "$s_said" != "$walls_are" ]; then
		s_said=${s_said##*"$nl"}
		foreign "${s_said%% *}" || return 0
	fi
	s_said=$(limited "$quick" stat -c '%a:%u:%g %U %G' -- "$1" 2>&1) || {
		open=$1 open_why="cannot be looked at: $s_said"
		return 1
	}
	foreign "${s_said%% *}" || return 0
	case $mended in *"$nl${1#"$root"}$nl"*) return 0 ;; esac
	s_names=${s_said#* }
	case $s_said in
	*:"$trusted":*) open_why="can be written by its group ${s_names#* } or by everyone" ;;
	*) open_why="belongs to ${s_names% *}" ;;
	esac
	open=$1
	return 1
}

# own_places: where pvesec keeps its own files.
own_places() {
	for o_place in "$stage" "$run"; do
		way "$o_place/x"
		[ -z "$open" ] || fail open "$o_place" "$open_why" "${open#"$root"}"
	done
	way "$backups/x/x"
	[ -n "$open" ] || return 0
	copies=0
	each keeps_copy
	note "${open#"$root"} $open_why: no copy is kept of what is removed"
}

keeps_copy() {
	[ "$2" != regular ] || fail open "$backups" "$open_why" "${open#"$root"}"
}

# entrusted: the directory that was open to others is root's alone now, and nothing that they put there is left in it.
entrusted() {
	e_found=$(find "$target" -xdev -mindepth 1 \( -type l -o ! -user "$trusted" -o -perm /022 \) -print -quit 2>&1) || fail install "$1" "$e_found" verifying
	[ -z "$e_found" ] || fail install "$1" "${e_found#"$root"} in it is a link, or belongs to somebody else than root, or can be written by others" verifying
}

# ---- lock

lock() {
	[ -d "$run" ] || mkdir -p -m 700 -- "$run" 2>/dev/null
	l_said=$(true 2>&1 >>"$run/lock") || fail install "$run/lock" "$l_said" locking
	exec 9>>"$run/lock"
	trap '[ "$hr_waits" -eq 0 ] || gone' USR1
	watch || fail install "$run" 'cannot be written' locking
	held=0
	grab -n
	while hear; do
		case $heard in
		wait) ;;
		prepare) [ "$held" -eq 1 ] && return 0; break ;;
		release) flock -u 9; held=0; say released ;;
		block\ *) grab -w "${heard#block }" ;;
		*) break ;;
		esac
	done
	gone
}

# grab FLAG…: take the lock or tell who has it.
grab() {
	if flock "$@" 9; then
		held=1
		gr_time=$(date -u +%Y-%m-%dT%H:%M:%SZ) now=
		printf '%s, since %s' "$label" "$gr_time" >"$run/lock"
		IFS=:-
		for gr_part in $gr_time; do now=$now$gr_part; done
		unset IFS
		say locked
	else
		say busy "$(enc "$(head -c 300 "$run/lock")")"
	fi
}

# ---- before the change

# require: the packages to install in $lacks, and each required command that the node lacks with its package in $absent_tools, COMMAND:PACKAGE. One whose package
# must not be installed ends it.
require() {
	lacks= absent_tools=
	for q_name in $required; do
		on_path "$q_name" && continue
		q_package=
		for q_pair in $provides; do case $q_pair in "$q_name":*) q_package=${q_pair#*:} ;; esac; done
		[ -n "$q_package" ] || fail missing '' '' "$q_name"
		absent_tools="$absent_tools $q_name:$q_package"
		case " $lacks " in *" $q_package "*) ;; *) lacks="$lacks $q_package" ;; esac
	done
}

# install_packages: what require found. Nothing is asked, no file of a configuration is replaced, no package is removed.
install_packages() {
	[ -n "$lacks" ] || return 0
	on_path apt-get || fail missing '' '' apt-get
	say packages "$(enc "${lacks# }")"
	p_said=$mine/packages p_lists= p_failed=
	# Repositories that cannot be read keep no package of the others out.
	apt "limited $((patient * 2))" update >"$p_said" 2>&1 || p_lists=$(tail -c 4000 -- "$p_said")
	apt_install $((patient * 5)) || p_failed=1
	p_asked=$lacks p_came=
	for q_pair in $absent_tools; do
		on_path "${q_pair%%:*}" || continue
		case " $p_came " in *" ${q_pair#*:} "*) ;; *) p_came="$p_came ${q_pair#*:}" ;; esac
	done
	[ -z "$p_came" ] || say "installed$p_came"
	[ -z "$p_failed" ] || fail packages "$p_lists" "$(tail -c 4000 -- "$p_said")" "${p_asked# }"
	[ -z "$p_lists" ] || say lists "$(enc "$p_lists")"
	rm -f -- "$p_said"
	provides=
	require
}

# apt_install SECONDS: apt-get and dpkg are never stopped half-way, which leaves packages that are unpacked and not configured. Where they have not ended
# after that time, the change is given up, and they go on. They hold neither the lock nor the session: who kills this shell does not stop them either.
apt_install() {
	(
		apt '' install --no-install-recommends --no-remove -- $lacks >"$p_said" 2>&1
		echo $? >"$p_said.status"
	) >/dev/null 2>&1 </dev/null 3>&- 7>&- 9>&- &
	a_left=$(($1 * 5))
	until [ -s "$p_said.status" ]; do
		a_left=$((a_left - 1))
		if [ "$a_left" -lt 0 ]; then
			echo "E: apt-get did not end within $1 seconds. It goes on: apply again when it has ended." >>"$p_said"
			return 1
		fi
		sleep 0.2
	done
	read -r a_status <"$p_said.status"
	rm -f -- "$p_said.status"
	return "$a_status"
}

# apt LIMIT ARG…
apt() {
	a_limit=$1
	shift
	DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 $a_limit apt-get -q -y -o DPkg::Lock::Timeout=60 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null 7>&-
}

# ---- the change

# copy_name NUMBER KIND …: where a copy goes in $copy. Its end tells whether it is what was applied last or what somebody else left there, and what the change did with it.
copy_name() {
	next_copy "$backups/$9"
	c_is=found c_why=replaced
	if [ "${10}" != - ] && [ -f "$root$8" ] && [ ! -L "$root$8" ]; then
		digest "$root$8"
		[ "$sum" != "${10}" ] || c_is=applied
	fi
	[ "$2" != absent ] || c_why=removed
	copy=$backups/$9/$(printf '%08d-%s-%s-%s' "$number" "$now" "$c_is" "$c_why")
}

# copied NUMBER KIND …: whether a copy is kept of what is there now.
copied() {
	needs "$1" && [ "$copies" -eq 1 ] && [ "$9" != - ] || return 1
	case $2 in regular | absent) ;; *) return 1 ;; esac
	way "$root$8"
	[ -z "$open" ]
}

# plan_backup: the copy is in the journal before it is made.
plan_backup() {
	copied "$@" || return 0
	copy_name "$@"
	planned=$planned$nl$1:$copy
	remember backup - "$copy"
}

# back_up: a copy of what is replaced or removed, unless only its mode or owner changes.
back_up() {
	copied "$@" || return 0
	[ -f "$root$8" ] || return 0
	[ "$2" = absent ] || { digest "$root$8"; [ "$sum" != "$7" ] || return 0; }
	copy=${planned##*"$nl$1:"}
	copy=${copy%%"$nl"*}
	made="$made$copy " copying=$copying$copy$tab$8$nl unflushed=$unflushed$copy$nl$backups/$9$nl
}

# copy_old: the copies, each in a directory of its own.
copy_old() {
	set --
	while IFS=$tab read -r co_copy co_path; do
		[ -z "$co_copy" ] || [ -d "${co_copy%/*}" ] || set -- "$@" "${co_copy%/*}"
	done <<END_OF_COPIES
$copying
END_OF_COPIES
	[ $# -eq 0 ] || try 'backing up' "$backups" mkdir -p -m 700 -- "$@"
	while IFS=$tab read -r co_copy co_path; do
		[ -z "$co_copy" ] || try 'backing up' "$co_path" cp -pP -- "$root$co_path" "$co_copy"
	done <<END_OF_COPIES
$copying
END_OF_COPIES
}
copying= # COPY tab PATH on lines

install_file() {
	needs "$1" || return 0
	target=$root$8
	case $2 in
	regular) kind= ;;
	absent)
		kind=
		[ ! -d "$target" ] || [ -L "$target" ] || kind=d
		;;
	*) lstat "$target" ;;
	esac
	case $2:$kind in
	absent:d)
		way "$target"
		if [ -z "$open" ]; then try installing "$8" rmdir -- "$target"; else try installing "$8" at_home "$target" rmdir -- "./${target##*/}"; fi
		;;
	absent:*)
		way "$target"
		if [ -z "$open" ]; then try installing "$8" rm -f -- "$target"; else try installing "$8" at_home "$target" rm -f -- "./${target##*/}"; fi
		;;
	directory:)
		try installing "$8" mkdir -m 700 -- "$target"
		owner "$4" "$5" "$8"
		try installing "$8" attr "$3:$ids" "$target"
		;;
	directory:d | ensure:f)
		owner "$4" "$5" "$8"
		i_had=$attributes
		try installing "$8" attr "$3:$ids" "$target"
		if [ "$kind" = d ] && foreign "$i_had"; then entrusted "$8"; fi
		;;
	*)
		place "$target"
		try installing "$8" mv -fT -- "$dir/new.$1" "$target"
		;;
	esac
	case $nl$unflushed in *"$nl${target%/*}$nl"*) ;; *) unflushed=$unflushed${target%/*}$nl ;; esac
}

# flush_installed: what was installed so far is on the disk, with the copies of what it replaces, which were made before.
flush_installed() {
	set --
	IFS=$nl
	for fi_path in $unflushed; do [ ! -e "$fi_path" ] || set -- "$@" "$fi_path"; done
	unset IFS
	unflushed=
	[ $# -eq 0 ] || must_flush installing "${1#"$root"}" "$@"
}

# unread UNIT: whether something changed that it reads. Loading audit rules begins with having none: it is done where it must be alone.
unread() {
	case $1 in
	auditd.service) "$reload_rules" || touches audit || lessens audit ;;
	*) [ "$todo" != ' ' ] ;;
	esac
}

# restart_services: those named, when something changed or they do not run.
restart_services() {
	reread "$log"
	for v_unit in $restart; do
		if ! unread "$v_unit" && systemctl is-active --quiet -- "$v_unit"; then continue; fi
		restarted="$restarted $v_unit"
		v_said=$(restart_unit "$v_unit") || spared "$v_unit" || fail service "$v_unit" "$v_said$(last_words "$v_unit")" restarting
		case $v_unit:$v_said in auditd.service:?*) note "$v_said" ;; esac
	done
	for v_unit in $active; do
		v_tries=0
		while :; do
			v_state=$(systemctl is-active -- "$v_unit" 2>&1)
			case $v_state in
			active)
				# Some services fall over right after they started.
				case " $restarted " in *" $v_unit "*) ;; *) break ;; esac
				[ "$v_tries" -gt 0 ] && break
				;;
			activating | reloading) ;;
			inactive) if sshd_by_socket "$v_unit"; then break; fi; fail service "$v_unit" "the service is inactive$(last_words "$v_unit")" verifying ;;
			*) fail service "$v_unit" "the service is $v_state$(last_words "$v_unit")" verifying ;;
			esac
			v_tries=$((v_tries + 1))
			[ "$v_tries" -le 60 ] || fail service "$v_unit" 'the service does not come up' verifying
			sleep 0.5
		done
	done
}

# spared UNIT: whether a removal continues although sshd does not read what remains: nobody may keep access by breaking another file.
spared() {
	[ "$1" = ssh.service ] && ! touches sshd || return 1
	note "$v_said"
}

# last_words UNIT: the end of its journal.
last_words() {
	w_said=$(timeout 10 journalctl --no-pager -o cat -n 5 -u "$1" 2>/dev/null) || w_said=
	[ -z "$w_said" ] || printf '\nits last words: %s' "$w_said"
}

commit() {
	looks look
	sums=
	sought add_up
	each unmoved
	accounts account_unmoved
	each plan_backup
	accounts plan_account
	for c_unit in $restart; do remember service - "$c_unit"; done
	if [ "$todo" != ' ' ]; then
		{ printf '%s' "$log" >"$mine/journal.new"; } 2>"$run/said" || fail install "$mine/journal" "$(said "$mine/journal.new")" staging
		same_text "$log" <"$mine/journal.new" || fail install "$mine/journal" 'written incompletely (is the file system full?)' staging
		new_files
		IFS=$nl
		set -- $new_files
		unset IFS
		must_flush staging "$mine" "$@" "$mine/journal.new"
		try staging "$mine" mv -f -- "$mine/journal.new" "$mine/journal"
		phase=journaled
		must_flush staging "$mine" "$mine" "$stage"
		phase=journaled
		[ "$confirm" -eq 0 ] || arm
	fi
	phase=journaled
	each back_up
	copy_old
	looked= # what is there changes from here on
	each install_file
	flush_installed
	accounts install_account
	say step installed
	for c_validator in $validators; do check_live "$c_validator"; done
	l_user=
	listings
	restart_services
}

# same_text TEXT: whether the standard input is these lines.
same_text() {
	sm_text=
	while IFS= read -r sm_line; do sm_text=$sm_text$sm_line$nl; done
	[ "$sm_text$sm_line" = "$1" ]
}

# arm: have the node restore by itself after the deadline, whatever becomes of this process, and at the next boot. The lock keeps it
# waiting for as long as this process lives; without a journal it finds nothing to do.
arm() {
	a_said=$({ restorer >"$mine/restore"; } 2>&1) || fail install "$mine/restore" "$a_said" arming
	flush "$mine/restore"
	if [ -d "$root/run/systemd/system" ] && on_path systemd-run; then
		printf '[Unit]\nDescription=Restore what an unconfirmed change of pvesec replaced\n[Service]\nType=exec\nExecStart=/bin/sh %s/restore\n' "$mine" >"$units/pvesec-boot-$txn.service" &&
			mkdir -p -- "$units/multi-user.target.wants" &&
			ln -s "../pvesec-boot-$txn.service" "$units/multi-user.target.wants/pvesec-boot-$txn.service" || fail install "$units" 'cannot be written' arming
		chmod 644 "$units/pvesec-boot-$txn.service"
		flush "$units/pvesec-boot-$txn.service" "$units/multi-user.target.wants" "$units"
		a_said=$(limited "$quick" systemd-run --quiet --collect --unit="pvesec-restore-$txn" --on-active="$confirm" --timer-property=AccuracySec=1s \
			/bin/sh "$mine/restore" 2>&1 </dev/null 9>&-) && return 0
		note "systemd-run does not work here: $a_said"
	fi
	on_path setsid || fail missing '' '' setsid
	setsid /bin/sh -c 'echo $$ >"$1/timer"; sleep "$2"; . "$1/restore"' pvesec-restore "$mine" "$confirm" </dev/null >/dev/null 2>&1 9>&- 7>&- &
	a_tries=0
	until [ -s "$mine/timer" ]; do
		a_tries=$((a_tries + 1))
		[ "$a_tries" -le 50 ] || fail install "$mine/timer" 'the timer does not start' arming
		sleep 0.1
	done
}

# confirmed: a new connection proved that we still get in.
confirmed() {
	[ ! -e "$mine/restore" ] || [ -e "$mine/confirmed" ] || fail install "$mine/confirmed" 'no new connection proved that pvesec still gets in' confirming
}

# prune NUMBER …: the copies of a path.
prune() {
	if needs "$1" && [ -d "$backups/$9" ]; then prune_copies "$backups/$9"; fi
}

# begin: what a transaction and settling have in common.
begin() {
	trap '' PIPE
	trap "fail interrupted '' 'the remote shell was told to stop'" HUP INT TERM
	hello
	lacking timeout flock base64 stat sha256sum cmp cp mv ln rm mkdir rmdir chown chmod cat sed grep sync find readlink date head tail tr id getent
	walls guard
	own_places
	lock
	recover
}

# settle: for a client that lost its connection. The lock is free only when the earlier process is gone.
settle() {
	begin
	say settled "$(tail -n 100 -- "$run/done" 2>/dev/null | tr '\n' ' ')"
}

transaction() {
	begin
	require
	looks look
	sought add_up
	expects
	mine=$stage/$txn
	device_of "$mine"
	device=$found_device
	set --
	[ -d "$root/etc/pvesec" ] || set -- "$root/etc/pvesec"
	[ -d "$stage" ] || set -- "$@" "$stage"
	m_said=$(mkdir -m 700 -- "$@" "$mine" 2>&1) || {
		rmdir -- "$stage" "$root/etc/pvesec" 2>/dev/null
		fail install "$mine" "$m_said" staging
	}
	phase=staged
	install_packages
	each stage_file
	arrive
	each check_alone
	accounts stage_account
	say step staged
	for t_validator in $validators; do check_tree "$t_validator"; done
	t_count=0
	for t_number in $todo; do t_count=$((t_count + 1)); done
	say prepared "$t_count"
	await commit
	commit
	say committed
	await finish
	confirmed
	# The journal stays until every node has come to this point: one that is lost before takes the change back on all.
	say finished
	await seal
	trap '' HUP INT TERM
	seal "$txn" "$mine/journal" 2>"$run/said" || fail install "$mine/journal" "$(said "$mine/probe")" finishing
	phase=done
	settle_accounts "$mine/settle"
	clear_stage
	each prune
	# Not before: an undo puts the files of these units back, and does not start them.
	retire "$log"
	say sealed
}
