# What commands of the node print, as a part of the answer that may hold anything.

# section NAME COMMAND…: what a command prints, as base64 lines without the mark; then its status and its complaints. At most $most bytes of it travel, and one
# more where there were more: one part that a user makes endless takes nothing from the others. $sieve is what the output runs through.
sieve=cat
section() {
	sc_name=$1
	shift
	say section "$sc_name"
	sc_said=$(
		{
			{ limited "$patient" "$@" 2>&4 4>&- || printf '\nstatus=%s' "$?" >&4; } | $sieve 2>/dev/null 4>&- | head -c $((most + 1)) 4>&- | base64 >&3 4>&-
		} 4>&1 | { head -c 100000; echo; tail -n 1; }
	)
	sc_status=0
	case $sc_said in *"$nl"status=*) sc_status=${sc_said##*"$nl"status=} sc_said=${sc_said%"$nl"status=*} ;; esac
	say ended "$sc_name" "$sc_status" "$(enc "$sc_said")"
}

# script ID TEXT: what a text of sh prints. The text is the input of its shell, so that no process list shows it; what it runs gets no input.
script() { printf 'root=%s\n{\n%s\n} </dev/null\n' "$root" "$2" | section "$1" /bin/sh -s; }
