# How the audit trail of a node does. Calls of the functions below follow this text. Each prints lines of a word and numbers, with a path at the end of a line or
# none: nothing that a user wrote.

# cursor: the first cursor of the records that are read.
cursor() { head -n 1 | sed -n 's/^{.*"__CURSOR":"\([A-Za-z0-9=;]*\)".*$/cursor \1/p'; }

# last FILE: the cursors of its last whole records, a line for each.
last() {
	[ -f "$1" ] && [ ! -L "$1" ] || return 0
	tail -c 1000000 -- "$1" 2>/dev/null | tail -n 20 | sed -n 's/^{.*"__CURSOR":"\([A-Za-z0-9=;]*\)".*$/last cursor \1/p'
}

# journal MATCH…: records of the journal, without what their senders wrote.
journal() { timely 20 journalctl --quiet --no-pager --output=json --output-fields=_UID "$@"; }

# paths PATH…: "path TYPE(hex) UID GID MTIME SIZE PATH" of each that is there.
paths() {
	for p_path; do set -- "$@" "$root$p_path"; shift; done
	stat -c 'path %f %u %g %Y %s %n' -- "$@" 2>/dev/null
	true
}

# space DIRECTORY…: "space BLOCKS FREE INODES FREE DIRECTORY" of the file system of each that is there.
space() {
	for s_path; do set -- "$@" "$root$s_path"; shift; done
	stat -f -c 'space %b %a %c %d %n' -- "$@" 2>/dev/null
	true
}

# next PLACE MATCH…: the cursor of the first matching record after a place of the journal, or of all without a place.
next() {
	n_place=$1
	shift
	if [ -z "$n_place" ]; then
		journal "$@" | cursor
		return
	fi
	# Where that record is none of them, or not there any more, the next one is the first to come. Older versions leave that one out with --after-cursor.
	n_next=$(journal --cursor="$n_place" "$@" | cursor)
	[ "$n_next" != "cursor $n_place" ] || n_next=$(journal --after-cursor="$n_place" "$@" | cursor)
	printf '%s\n' "$n_next"
}

# oldest: where the journal begins.
oldest() { printf 'oldest %s\n' "$(journal | cursor)"; }

# collected LOG BEGIN MATCH…: where the copy of the journal ends, what of the matching records comes after it, and where the journal begins.
collected() {
	c_last=$(last "$root$1")
	[ -n "$c_last" ] || c_last=$(last "$root$1.1")
	[ -n "$c_last" ] || c_last=$(last "$root$2")
	shift 2
	printf '%s\npending %s\n' "$c_last" "$(next "${c_last##*cursor }" "$@")"
	oldest
}

# written LOG MATCH…: the first matching record of the journal after the second in which another program last wrote the log.
written() {
	w_time=$(stat -c %Y -- "$root$1" 2>/dev/null) || w_time=
	shift
	printf 'pending '
	[ -z "$w_time" ] || journal --since="@$((w_time + 1))" "$@" | cursor
	echo
}

# forwarded STATE UNIT CERTIFICATE KEY: up to where the collector has the journal, what comes after it, why the service could not send, and whether certificate and key are a pair.
forwarded() {
	f_place=$(acknowledged "$root$1")
	printf 'acknowledged cursor %s\nwaiting %s\nsays %s\n' "$f_place" "$(next "$f_place")" "$(complaint "$2")"
	oldest
	f_public=$(timeout 5 openssl x509 -in "$root$3" -noout -pubkey 2>/dev/null </dev/null)
	[ -n "$f_public" ] && [ "$f_public" = "$(timeout 5 openssl pkey -in "$root$4" -pubout -passin pass: 2>/dev/null </dev/null)" ] || echo unpaired
}

# recordings DIRECTORY: "recordings COUNT KIB OLDEST NEWEST", times in seconds.
recordings() {
	[ -d "$root$1" ] && [ ! -L "$root$1" ] && cd -P -- "$root$1" || return 0
	r_kib=$(du -sk . | cut -f 1)
	find . -mindepth 4 -maxdepth 4 -type d -path './*/[0-9A-Z][0-9A-Z]/[0-9A-Z][0-9A-Z]/[0-9A-Z][0-9A-Z]' -printf '%T@\n' | awk -v kib="$r_kib" '
		{ t = int($1); if (!n++ || t < oldest) oldest = t; if (t > newest) newest = t }
		END { printf "recordings %d %d %d %d\n", n, kib, oldest, newest }'
}

# clock: the time, after all else.
clock() { date '+clock %s'; }
