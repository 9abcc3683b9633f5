# Judging staged files and the whole configuration with the tools of the node. Part of the transaction.

# The validators, in the order in which they are asked of a whole configuration.
validators='sudoers sshd rsyslog audit logrotate'

# tool VALIDATOR: its command in $tool, the file it starts from in $main, the directory of drop-ins in $drop. The node has it.
tool() {
	tool_of "$1"
	on_path "$tool" || fail missing '' '' "$tool"
}

tool_of() {
	case $1 in
	sudoers) tool=visudo main=/etc/sudoers drop=/etc/sudoers.d ;;
	rsyslog) tool=rsyslogd main=/etc/rsyslog.conf drop=/etc/rsyslog.d ;;
	sshd) tool=sshd main=/etc/ssh/sshd_config drop=/etc/ssh/sshd_config.d ;;
	logrotate) tool=logrotate main=/etc/logrotate.conf drop=/etc/logrotate.d ;;
	audit) tool=auditctl main= drop=/etc/audit/rules.d ;;
	esac
}

# asked VALIDATOR: whether the change is about its configuration, and its tool is to judge it. A change that only removes files does not wait for a tool
# that is not there: access is taken away in any case.
asked() {
	if touches "$1"; then
		tool "$1"
		return 0
	fi
	lessens "$1" || return 1
	tool_of "$1"
	[ -n "$tool" ] || return 1
	on_path "$tool" || {
		unasked "$tool is not there"
		return 1
	}
	case $hung in *" $1 "*) return 1 ;; esac
}

# unasked WHY: nobody judges what remains after a removal. Said once.
unasked() {
	case $said_unasked in *"$nl$1$nl"*) return 0 ;; esac
	said_unasked=$said_unasked$nl$1$nl
	note "$1: nobody checked the configuration that remains after the removal"
}
hung=' ' said_unasked=

# too_slow STATUS VALIDATOR: whether its tool was stopped on a change that only removes files, which continues with it unchecked. Other changes end here.
too_slow() {
	slow "$1" || return 1
	if touches "$2" || ! lessens "$2"; then stopped "$1" "$tool" "$patient"; fi
	hung="$hung$2 "
	unasked "$tool did not end within $patient seconds and was stopped"
}

# judge VALIDATOR [FILE]: run the tool on the configuration that starts at FILE, or on the one in use. Text in $judged.
judge() {
	case $1 in
	sudoers) judged=$(visudo -c ${2:+-f "$2"} 2>&1 </dev/null) ;;
	rsyslog) judged=$(rsyslogd -N1 ${2:+-f "$2"} 2>&1 </dev/null) ;;
	sshd) judged=$(sshd -t ${2:+-f "$2"} 2>&1 </dev/null) ;;
	logrotate)
		judged=
		[ -f "${2:-$root$main}" ] || return 0
		j_said=$(logrotate -d "${2:-$root$main}" 2>&1 </dev/null)
		j_status=$?
		# A log that is not there yet is no fault of a file.
		judged=$(printf '%s\n' "$j_said" | grep -e '^error:' | grep -v -e '^error: stat of ')
		if slow "$j_status"; then (exit 124); else [ -z "$judged" ]; fi
		;;
	audit)
		j_rules=${2-}
		[ -n "$j_rules" ] || { j_rules=$mine/rules; merge "$root$drop" >"$j_rules"; }
		judged=$(refused_rules "$j_rules"; repeated_rules "$j_rules")
		case $judged in *' did not end within '*) (exit 124) ;; '') ;; *) false ;; esac
		;;
	esac || {
		j_status=$?
		too_slow "$j_status" "$1" && return 0
		return "$j_status"
	}
}

# merge DIRECTORY: audit rules as augenrules(8) puts them together.
merge() {
	set +f
	for m_file in "$1"/*.rules; do [ ! -f "$m_file" ] || { cat -- "$m_file"; echo; }; done
	set -f
}

# aside FILE: what auditctl says of audit rules in a process namespace of its own, where the kernel takes rules from nobody
# (kernel/audit.c, audit_netlink_ok).
aside() { unshare --pid --fork -- auditctl -R "$1" 2>&1 </dev/null; }

# refused_rules FILE: the audit rules that auditctl does not take, a line for each. auditctl(8) only knows how to load, so it reads them
# aside. -c has it go on after each that is refused for that alone, which is a good rule. It says nothing before the first that the kernel
# refuses: that is the deletion of a rule that nobody has, and proves, tried alone before, that the kernel really is out of reach.
refused_rules() {
	r_file=$1.checked
	printf '%s\n' -c '-W /pvesec-checks-rules -p r' >"$r_file"
	r_said=$(aside "$r_file")
	case $r_said in
	*'(Operation not permitted)'*) ;;
	*)
		printf 'audit rules cannot be checked apart from the kernel: %s\n' "$r_said"
		return
		;;
	esac
	cat -- "$1" >>"$r_file"
	r_said=$(aside "$r_file")
	r_rules=$(grep -c -e "^[ $tab]*-[aAwW]" -- "$r_file")
	[ "$(printf '%s\n' "$r_said" | grep -c -e '^There was an error in line ')" -ge "$r_rules" ] || printf 'auditctl did not read every rule: %s\n' "$r_said"
	r_reason=
	printf '%s\n' "$r_said" | while IFS= read -r r_line; do
		case $r_line in
		'There was an error in line '*)
			r_number=${r_line#There was an error in line }
			r_number=${r_number%% *}
			case $r_reason in
			# The second is what auditctl says of a field such as exe without asking the kernel, which it cannot reach.
			'Error sending '* | 'Field option not supported by kernel'*) ;;
			*) printf '%s: %s\n' "$r_reason" "$(sed -n "${r_number}p" "$r_file")" ;;
			esac
			;;
		esac
		r_reason=$r_line
	done
	rm -f -- "$r_file"
}

# repeated_rules FILE: rules that are there twice. The kernel refuses the second, and auditctl stops loading there, unless told to go on.
repeated_rules() {
	! grep -q -e '^-[ci]' -- "$1" || return 0
	sed -e "s/[ $tab]\{1,\}/ /g" -e 's/^ //' -e 's/ $//' -- "$1" | grep -e '^-[aAwW]' | sort | uniq -d | sed 's/^/Rule exists: /'
}

# check_alone NUMBER KIND …: a file of the change by itself. Whether the sudoers files of a change are right the whole configuration tells.
check_alone() {
	[ "$2" = regular ] || return 0
	case $6 in
	none) return 0 ;;
	sudoers)
		tool sudoers
		if touches sudoers; then return 0; fi
		[ -n "$whole" ] || {
			tree=$root
			judge sudoers || true
			whole=$nl$judged$nl
		}
		judge_alone "$@"
		;;
	logrotate)
		tool logrotate
		staged "$1" "$8"
		judged=$(logrotate -d "$staged" 2>&1 </dev/null) || stopped $? logrotate "$patient"
		# Without a log file to rotate yet logrotate complains as well; only what it says about this file's text counts.
		judged=$(printf '%s\n' "$judged" | grep -F -e "$staged" | grep -e '^error:')
		[ -z "$judged" ] || fail invalid "$8" "$judged" logrotate
		;;
	audit)
		tool audit
		staged "$1" "$8"
		judge audit "$staged" || fail invalid "$8" "$judged" auditctl
		;;
	*) tool "$6" ;;
	esac
}

# judge_alone NUMBER KIND …: a sudoers file by itself, unless visudo says that it has read it with the whole configuration.
judge_alone() {
	case $2:$6 in regular:sudoers) ;; *) return 0 ;; esac
	case $whole in *"$nl$tree$8: parsed OK$nl"*) return 0 ;; esac
	staged "$1" "$8"
	judge sudoers "$staged" || fail invalid "$8" "$judged" visudo
}
whole= tree= # what visudo said of the whole configuration, and where the copy of that is

# check_tree VALIDATOR: the whole configuration as it will be, as a copy in the stage.
check_tree() {
	asked "$1" || return 0
	if judge "$1"; then eval "right_before_$1=1"; else eval "right_before_$1=0"; fi
	eval "before_$1=\$judged"
	tree=$mine/tree.$1
	if [ -n "$main" ] && [ ! -f "$root$main" ]; then
		[ "$1" != sudoers ] || each judge_alone
		return 0
	fi
	try staging "$tree" mkdir -p -m 700 -- "$tree$drop"
	set +f
	copy_drop "$root$drop"/*
	set -f
	c_main=$root$main
	each overlay "$1"
	[ -n "$main" ] || { c_main=$tree/merged; merge "$tree$drop" >"$c_main"; }
	sed "s|$drop|$tree$drop|g" <"$c_main" 2>"$run/said" >"$tree/main" || fail install "$main" "$(said "$tree/main")" staging
	if judge "$1" "$tree/main"; then
		whole=$nl$judged$nl
		[ "$1" != sudoers ] || each judge_alone
		return 0
	fi
	c_judged=$judged
	[ "$1" != sudoers ] || each judge_alone
	judged=$c_judged
	judged=$(printf '%s\n' "$judged" | sed "s|$tree/main|$main|g; s|$tree||g")
	# A confined daemon may not read the stage; then the check of the files in place has to do.
	case $1:$judged in rsyslog:*'ermission denied'* | rsyslog:*'could not open config file'*) return 0 ;; esac
	not_worse "$1" || fail invalid-tree "$first" "$worse" "$tool"
}

# copy_drop FILE…: into the copy of the tree, but for what the change writes or removes.
copy_drop() {
	cd_count=$#
	for cd_file; do
		case $written in *"$nl$cd_file$nl"*) continue ;; esac
		[ ! -f "$cd_file" ] || set -- "$@" "$cd_file"
	done
	shift "$cd_count"
	[ $# -eq 0 ] || try staging "$tree" cp -pL -- "$@" "$tree$drop/"
}

# overlay VALIDATOR NUMBER KIND …: put the change into the copy of the tree. Arguments are shifted by one.
overlay() {
	[ "$7" = "$1" ] || return 0
	first=$9
	needs "$2" || return 0
	case $3:$9 in
	regular:"$main")
		staged "$2" "$9"
		c_main=$staged
		;;
	regular:"$drop"/*)
		[ "${9%/*}" = "$drop" ] || return 0
		{ content "$2" >"$tree$9"; } 2>"$run/said" || fail install "$9" "$(said "$tree$9")" staging
		;;
	esac
}

# not_worse VALIDATOR: whether the tool says nothing in $judged that it did not say before the change. A fault in somebody else's
# file must not keep a good change out; a new fault must.
not_worse() {
	worse=$(printf '%s\n' "$judged" | grep -v -e ': parsed OK$' -e 'config validation run' -e '^$')
	eval "nw_right=\$right_before_$1 before=\$before_$1"
	[ "$nw_right" -eq 0 ] || return 1
	b_lines=$(printf '%s\n' "$before" | sed "s|$root/|/|g" | grep -v '^$')
	worse=$(printf '%s\n' "$worse" | sed "s|$root/|/|g" | grep -Fxv -e "$b_lines")
	[ -z "$worse" ] || return 1
	note "$tool complained before this change and still does: $before"
}

# check_live VALIDATOR: the configuration in use, after the change.
check_live() {
	asked "$1" || return 0
	first=
	each named "$1"
	judge "$1" || not_worse "$1" || fail invalid-tree "$first" "$worse" "$tool"
}

named() { [ "$7" != "$1" ] || first=${first:-$9}; }

# listed USER COMMAND PATH: sudo itself must know what the file at PATH grants. One that answers nobody without a terminal (requiretty), or not
# root (!root_sudo), says nothing about the file.
listed() {
	id -u -- "$1" >/dev/null 2>&1 || {
		stopped $? id "$quick"
		return 0
	}
	if [ "$l_user" != "$1" ]; then
		l_user=$1
		l_said=$(sudo -n -l -U "$1" 2>&1 </dev/null) || stopped $? sudo "$quick"
		case $l_said in
		*' may run the following commands '* | *' is not allowed to run sudo '*) l_answered=1 ;;
		*)
			l_answered=0
			note "sudo does not say what $1 may do: $l_said"
			;;
		esac
	fi
	[ "$l_answered" -eq 1 ] || return 0
	printf '%s\n' "$l_said" | grep -q -F -e "$2" || fail unlisted "$3" "$l_said" "$1 $2"
}
