# What is known of the way to the collector. A service that is not root's writes the state: it is read as what it may be.

# acknowledged STATE: the place in the journal up to which the collector has the records.
acknowledged() {
	[ -f "$1" ] && timeout 5 head -c 1000 -- "$1" 2>/dev/null </dev/null | sed -n 's/^LAST_CURSOR=\([A-Za-z0-9=;]*\)$/\1/p' | head -n 1
}

# complaint UNIT: why the service last could not send, in its words. Times differ from one try to the next and are left out.
complaint() {
	timeout 10 journalctl --quiet --no-pager --lines=50 --output=cat "_SYSTEMD_UNIT=$1" 2>/dev/null </dev/null |
		sed -e 's/ after [0-9]* ms//' -e 's/^Upload to [^ ]* failed:* //' | tail -n 1 | cut -c 1-300
}
