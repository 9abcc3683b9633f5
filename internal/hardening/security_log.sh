
# Appends what the journal holds about authentication to a file, one JSON object a line, systemd.journal-fields(7). Fields that begin with "_" are
# the journal's own: the sender cannot set them. The file says where to go on after a restart, and right after a rotation the rotated one does.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 077
begin=$STATE_DIRECTORY/begin
newline='
'

# last FILE: the cursor of its last whole record.
last() { tail -n 20 -- "$1" 2>/dev/null | sed -n 's/^{.*"__CURSOR":"\([^"]*\)".*}$/\1/p' | tail -n 1; }

[ -e "$log" ] || install -m "$mode" /dev/null "$log" || exit 1
after=$(last "$log")
[ -n "$after" ] || after=$(last "$log.1")
if [ -z "$after" ] && [ ! -e "$begin" ]; then
	# The first start: what happens from now on.
	journalctl --quiet --no-pager --lines=1 --output=json --output-fields=MESSAGE >"$begin.new" && mv -f "$begin.new" "$begin" || exit 1
fi
[ -n "$after" ] || after=$(last "$begin")
# Facilities auth and authpriv, syslog(3); the daemons of Proxmox VE at which users log in and start tasks; and the journal's own word that it dropped
# messages of somebody who sent too many (SD_MESSAGE_JOURNAL_DROPPED, sd-messages.h).
set -- SYSLOG_FACILITY=4 + SYSLOG_FACILITY=10 + _SYSTEMD_UNIT=pvedaemon.service + _SYSTEMD_UNIT=pveproxy.service + MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e
# first MATCH…: the cursor of the first record from there on.
first() { journalctl --quiet --no-pager --output=json --output-fields=_UID --cursor="$after" "$@" | head -n 1 | last -; }
# Where that record is not one to copy, or the journal does not have it any more, the next one is. Older versions leave that one out with --after-cursor.
from=${after:+--after-cursor=$after}
if [ -n "$after" ] && [ "$(first "$@")" != "$after" ]; then
	from=--cursor=$after
	[ "$(first)" = "$after" ] || logger -p auth.warning -t pvesec "the journal does not have what came after $after: records may be lost"
fi
# A record that was cut off stays as it is, and follows once more.
lead=
[ -z "$(tail -c 1 -- "$log")" ] || lead=$newline

# append: add the record to the file. dd makes no file, since a rotation does, with another mode.
append() { printf '%s%s\n' "$lead" "$record" | dd of="$log" oflag=append conv=notrunc,nocreat bs=64k status=none; }

journalctl --quiet --follow --no-tail --all --output=json \
	--output-fields=MESSAGE,PRIORITY,SYSLOG_FACILITY,SYSLOG_IDENTIFIER,_TRANSPORT,_HOSTNAME,_PID,_UID,_GID,_COMM,_EXE,_SYSTEMD_UNIT,_AUDIT_LOGINUID \
	${from:+"$from"} "$@" |
	while IFS= read -r record; do
		# Where the file cannot be written, the journal keeps what is to come.
		until append && lead=; do
			if [ ! -e "$log" ]; then # it is being rotated, or was taken away
				sleep 1
				[ -e "$log" ] || install -m "$mode" /dev/null "$log"
				continue
			fi
			lead=$newline # a part of the record may be there, or all but the end of the line
			[ "$(tail -n 1 -- "$log")" != "$record" ] || break
			sleep 5
		done
	done
echo 'the journal cannot be read any more' >&2
exit 1
