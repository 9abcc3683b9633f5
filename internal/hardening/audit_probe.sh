# The probe: as each subject, sudo runs a command that does nothing, and an event of authentication is sent; then both are looked for where records must arrive.
#
# Nothing is granted. The line of sudoers that lets the subject run this one command, with an argument that nobody else knows, stands in a file that only the processes of
# one mount namespace see, unshare(1). The kernel takes it away with the last of them, whatever ends them. The file lies in memory, and no directory of the node has it.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
found=
pid_auth=0
nl='
'
start=$(timeout 10 journalctl --quiet --no-pager --lines=1 --output=cat --show-cursor | sed -n 's/^-- cursor: \([A-Za-z0-9=;]*\)$/\1/p' | tail -n 1)

# unstored: whether journald is told to store nothing, journald.conf(5). What was stored before that proves nothing.
unstored() {
	case $(timeout 10 systemd-analyze cat-config systemd/journald.conf 2>/dev/null </dev/null | sed -n 's/^[[:space:]]*Storage[[:space:]]*=[[:space:]]*//p' | tail -n 1) in
	[Nn][Oo][Nn][Ee]) echo unstored ;;
	*) false ;;
	esac
}
no_journal=
unstored && no_journal=1

# journal TEXT PID: whether the journal has a record of authentication with the text since the probe began, sent by that process. Anybody can send the text; who sent it is the kernel's word.
journal() {
	timeout 10 journalctl --quiet --no-pager --output=cat ${start:+"--cursor=$start"} "_PID=$2" SYSLOG_FACILITY=4 + "_PID=$2" SYSLOG_FACILITY=10 | grep -qF -- "$1"
}

# tail_of LOG: the end of a log, and of the one that was rotated meanwhile.
tail_of() { timeout 10 tail -q -c 1000000 -- "$1" "$1.1" 2>/dev/null; }

# holds LOG TEXT: whether a log has the text.
holds() { tail_of "$1" | grep -qaF -- "$2"; }

# copied LOG TEXT PID: whether a copy of the journal has the text in a record that the process sent. Inside of a text, quotation marks follow a backslash.
copied() { tail_of "$1" | grep -aF -- "$2" | grep -qF "\"_PID\":\"$3\""; }

# taken STATE TEXT PID: whether the collector has acknowledged a record of authentication with the text that the process sent. Each file of the journal may number its records by itself, but their times since
# the boot can be compared.
taken() {
	k_ack=$(acknowledged "$1")
	k_record=$(timeout 10 journalctl --quiet --no-pager --output=json --output-fields=MESSAGE ${start:+"--cursor=$start"} "_PID=$3" SYSLOG_FACILITY=4 + "_PID=$3" SYSLOG_FACILITY=10 |
		grep -F -- "$2" | sed -n 's/^{.*"__CURSOR":"\([A-Za-z0-9=;]*\)".*$/\1/p' | tail -n 1)
	k_time() { printf '%s\n' "$1" | sed -n 's/^s=[0-9a-f]*;i=[0-9a-f]*;b=\([0-9a-f]*\);m=\([0-9a-f]\{1,15\}\);.*$/\1 \2/p'; }
	k_have=$(k_time "$k_ack") k_want=$(k_time "$k_record")
	[ -n "$k_have" ] && [ -n "$k_want" ] && [ "${k_have% *}" = "${k_want% *}" ] && [ $((0x${k_have#* })) -ge $((0x${k_want#* })) ]
}

# listed DIRECTORY USER TEXT: whether sudoreplay lists a recording of the command.
listed() { timeout 10 sudoreplay -d "$1/$2" -l command "$3" 2>/dev/null </dev/null | grep -qaF -- "$3"; }

# account NAME: "UID GID" of an account.
account() { timeout 10 getent passwd "$1" | cut -d : -f 3,4 | tr : ' '; }

# overridden USER SUBJECT…: whether the settings of another of the subjects hold for a member of a group: sudo takes the last that match.
overridden() {
	o_groups=" $(timeout 10 id -Gn -- "$1" 2>/dev/null) " o_user=$1
	shift
	for o_other; do
		case $o_other in
		%*) case $o_groups in *" ${o_other#%} "*) return 0 ;; esac ;;
		*) [ "$o_other" != "$o_user" ] || return 0 ;;
		esac
	done
	return 1
}

# member GROUP LATER-SUBJECT…: an account in the group for which no later subject is decisive.
member() {
	m_line=$(timeout 10 getent group "${1#%}") || return 0
	m_gid=$(printf '%s\n' "$m_line" | cut -d : -f 3)
	shift
	for m_user in $(printf '%s\n' "$m_line" | cut -d : -f 4 | tr , ' ') $(timeout 10 getent passwd | awk -F : -v gid="$m_gid" '$4 == gid { print $1 }'); do
		if [ -n "$(account "$m_user")" ] && ! overridden "$m_user" "$@"; then
			echo "$m_user"
			return 0
		fi
	done
}

# aside UID GID NONCE: sudo as that account, where the node's sudoers have one line more. It is sudo that ends up with the number that is told first.
aside() {
	timeout -k 5 20 unshare --mount --propagation private -- /bin/sh -c '
		umask 0227
		printf "pid %s\n" "$$"
		mount -t tmpfs -o mode=0700,size=8m pvesec /mnt && { cat /etc/sudoers && printf "\n#%s ALL=(root) NOPASSWD: /usr/bin/true %s\n" "$1" "$3"; } >/mnt/sudoers && mount --bind /mnt/sudoers /etc/sudoers || exit 70
		exec env -i PATH="$PATH" LC_ALL=C setpriv --reuid "$1" --regid "$2" --init-groups --inh-caps=-all -- sudo -n -u root -- /usr/bin/true "$3"' aside "$@" </dev/null 2>&1
}

# probe NUMBER NONCE SUBJECT LATER-SUBJECT…: have sudo run the command as the subject, or as one of its members. A subject of no name is everyone.
probe() {
	p_number=$1 p_nonce=$2 p_subject=$3
	shift 3
	case $p_subject in
	'') p_user=nobody ;;
	%*) p_user=$(member "$p_subject" "$@") ;;
	*) p_user=$p_subject ;;
	esac
	p_ids=
	[ -z "$p_user" ] || p_ids=$(account "$p_user")
	case $p_ids in
	[0-9]*' '[0-9]*) ;;
	*) echo "nobody $p_number"; return 0 ;;
	esac
	# Nobody waits for what runs as the user: what he makes of it may keep its output open.
	p_said=$({ aside ${p_ids% *} ${p_ids#* } "$p_nonce"; printf '\nstatus %s' "$?"; } | timeout -k 5 30 head -c 2000 | tr -c '[:print:]\n' '?')
	p_pid=${p_said#pid }
	p_pid=${p_pid%%"$nl"*}
	case $p_pid in '' | *[!0-9]*) p_pid=0 ;; esac
	echo "ran $p_number $p_user ${p_said##*status }"
	p_said=${p_said#"pid $p_pid$nl"}
	printf '%s\n' "${p_said%status *}" | sed -n 's/^\(..*\)$/said \1/p' | head -n 5
	eval "user_$p_number=\$p_user pid_$p_number=\$p_pid"
}

# event NONCE: an event of authentication as a daemon of root sends it.
event() {
	e_said=$(timeout 10 /bin/sh -c 'echo "$$"; exec logger -p authpriv.info -t pvesec -- "authentication event of a probe: $1"' event "$1" 2>/dev/null </dev/null)
	pid_auth=${e_said%%"$nl"*}
}

# once NAME CONDITION…: tell of a condition that holds for the first time; false while it does not.
once() {
	case $found in *" $1 "*) return 0 ;; esac
	n_name=$1
	shift
	"$@" || return 1
	found="$found $n_name "
	echo "found $n_name"
}

# await SECONDS: call the function "all" until it is true. A node on which each look takes long gets fewer of them, and not more time.
await() {
	read -r a_until a_rest </proc/uptime
	a_until=$((${a_until%%.*} + $1))
	until all; do
		read -r a_now a_rest </proc/uptime
		[ "${a_now%%.*}" -lt "$a_until" ] || return 0
		sleep 0.25
	done
}
