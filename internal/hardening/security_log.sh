
# Appends what the journal holds about authentication to a file, one JSON object a line, systemd.journal-fields(7). Fields that begin with "_" are
# the journal's own: the sender cannot set them. The file itself says where to go on after a restart; the cursor beside it does so after a rotation.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 077
cursor=$STATE_DIRECTORY/cursor
newline='
'

# last: the cursor of the last whole record that is read.
last() { sed -n 's/^{.*"__CURSOR":"\([^"]*\)".*}$/\1/p' | tail -n 1; }

[ -e "$log" ] || install -m "$mode" /dev/null "$log" || exit 1
after=$(tail -n 20 -- "$log" | last)
[ -n "$after" ] || after=$(cat -- "$cursor" 2>/dev/null)
if [ -z "$after" ]; then
	# The first start: what happens from now on.
	after=$(journalctl --quiet --no-pager --lines=1 --output=json --output-fields=MESSAGE | last)
	printf '%s\n' "$after" >"$cursor" || exit 1
fi
# A record that was cut off stays as it is, and follows once more.
lead=
[ -z "$(tail -c 1 -- "$log")" ] || lead=$newline

# Facilities auth and authpriv, syslog(3), and the daemons of Proxmox VE at which users log in and start tasks.
journalctl --quiet --follow --no-tail --all --output=json \
	--output-fields=MESSAGE,PRIORITY,SYSLOG_FACILITY,SYSLOG_IDENTIFIER,_TRANSPORT,_HOSTNAME,_PID,_UID,_GID,_COMM,_EXE,_SYSTEMD_UNIT,_AUDIT_LOGINUID \
	${after:+"--after-cursor=$after"} \
	SYSLOG_FACILITY=4 + SYSLOG_FACILITY=10 + _SYSTEMD_UNIT=pvedaemon.service + _SYSTEMD_UNIT=pveproxy.service |
	while IFS= read -r record; do
		# Opened for each record, the file can be rotated at any time. Where it cannot be written, the journal keeps what is to come.
		until printf '%s%s\n' "$lead" "$record" >>"$log" && lead=; do
			lead=$newline # a part of the record may be there, or all but the end of the line
			[ "$(tail -n 1 -- "$log")" != "$record" ] || break
			sleep 5
		done
		record=${record#*\"__CURSOR\":\"}
		printf '%s\n' "${record%%\"*}" >"$cursor"
	done
echo 'the journal cannot be read any more' >&2
exit 1
