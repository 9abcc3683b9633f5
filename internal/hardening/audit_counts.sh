# What sudo and the daemons refused since a time. Calls of the functions below follow this text. Users choose parts of what they print: commands, names of files,
# and the names with which they try to log in.
LC_ALL=C
export LC_ALL

# refusals SINCE NUMBER LOG: after "log NUMBER", each line with which sudo refused something since then, from the log and the rotated ones. Its text format ends the reason at " ; ", and
# an accepted command has none; its JSON has one key a line, or one record a line.
refusals() {
	echo "log $2"
	[ -d "${3%/*}" ] || return 0
	timely 40 find "${3%/*}/" -maxdepth 1 -type f -name "${3##*/}*" -newermt "@$1" -exec zcat -f -- {} + 2>/dev/null | awk '
		/^[A-Z][a-z][a-z] [ 1-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] [0-9][0-9][0-9][0-9] : [^ ]+ : [^A-Z]/ { sub(/ ; .*$/, ""); print "text " $0; next }
		/^    "(reject|alert)": \{$/ { at = ""; user = ""; reason = ""; inside = 1; next }
		inside && at == "" && /^            "seconds": [0-9]+/ { at = $2; sub(/,$/, "", at); next }
		inside && /^        "submituser": "/ { user = $2; gsub(/[",]/, "", user); next }
		inside && /^        "reason": "/ { reason = $0; sub(/^        "reason": "/, "", reason); sub(/",?$/, "", reason); next }
		inside && /^    \}/ { inside = 0; print "json " at " " user " " reason; next }
		/^\{.*"(reject|alert)": ?\{/ { print "compact " substr($0, 1, 8000) }'
}

# failures SINCE: records of the journal, a JSON object a line, that tell of logins that failed. Only a process of root, or a daemon of Proxmox VE, can have sent them.
failures() {
	echo journal
	timely 40 journalctl --quiet --no-pager --since="@$1" --output=json --output-fields=MESSAGE,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT,_UID \
		_UID=0 SYSLOG_FACILITY=4 SYSLOG_FACILITY=10 + _SYSTEMD_UNIT=pvedaemon.service + _SYSTEMD_UNIT=pveproxy.service |
		grep -aE '"MESSAGE":"(Failed |Connection (closed|reset) by authenticating user |Disconnected from authenticating user |authentication failure; )'
}

# begin SINCE: the time as sudo writes it, and when the journal begins.
begin() {
	date -d "@$1" '+since %Y%m%d%H%M%S'
	timely 20 journalctl --quiet --no-pager --output=json --output-fields=_UID | head -n 1 | sed -n 's/^{.*"__CURSOR":"\([A-Za-z0-9=;]*\)".*$/oldest \1/p'
}
