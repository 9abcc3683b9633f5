# Having sshd read its configuration anew. Part of the transaction and of putting back.

# reload_sshd UNIT: print what goes wrong. An sshd whose configuration it would not start with is left running as it is. It counts as reloaded when it listens anew: a connection that comes before is
# answered as before, and would confirm a change that is not in force yet.
reload_sshd() {
	rs_said=$(sshd -t 2>&1 </dev/null) || {
		printf '%s was not reloaded and runs on with what it read before, since sshd refuses its configuration: %s\n' "$1" "$rs_said"
		return 1
	}
	# One that somebody keeps switched off stays so. With a socket, systemd starts an sshd for the next connection.
	rs_state=$(systemctl is-active -- "$1" 2>/dev/null </dev/null)
	if [ "$rs_state" = inactive ]; then return 0; fi
	rs_pid=$(systemctl show --property=MainPID --value -- "$1" 2>/dev/null </dev/null)
	case $rs_pid in
	'' | 0 | *[!0-9]*) ;;
	*)
		# A socket of systemd stays the same when sshd reads anew, and would not tell when it did.
		rs_before=
		systemctl is-active --quiet -- ssh.socket 2>/dev/null </dev/null || rs_before=$(listeners "$rs_pid")
		if [ -n "$rs_before" ] && systemctl reload -- "$1" >/dev/null 2>&1 </dev/null; then
			rs_left=100
			while [ "$rs_left" -gt 0 ]; do
				rs_now=$(listeners "$rs_pid")
				if [ -n "$rs_now" ] && [ "$rs_now" != "$rs_before" ]; then return 0; fi
				rs_left=$((rs_left - 1))
				sleep 0.1
			done
		fi
		;;
	esac
	systemctl reset-failed -- "$1" >/dev/null 2>&1 </dev/null
	limited $((patient * 3 / 2)) systemctl restart -- "$1" 2>&1 </dev/null
}

# sshd_by_socket UNIT: whether systemd starts an sshd for connections, so that ssh.service need not run.
sshd_by_socket() { [ "$1" = ssh.service ] && systemctl is-active --quiet -- ssh.socket 2>/dev/null </dev/null; }

# listeners PID: the sockets on which a process listens, by their inodes.
listeners() {
	ls_listening=" $(cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null | while read -r ls_n ls_local ls_remote ls_state ls_a ls_b ls_c ls_d ls_e ls_inode ls_rest; do
		[ "$ls_state" != 0A ] || printf '%s ' "$ls_inode"
	done)"
	set +f
	for ls_fd in /proc/"$1"/fd/*; do
		ls_to=$(readlink -- "$ls_fd" 2>/dev/null) || continue
		case $ls_to in socket:*) ls_to=${ls_to#socket:?}; ls_to=${ls_to%?} ;; *) continue ;; esac
		case $ls_listening in *" $ls_to "*) printf '%s ' "$ls_to" ;; esac
	done | tr ' ' '\n' | sort | tr '\n' ' '
	set -f
}
