# timely SECONDS COMMAND…: a command with a limit of its own. Where it had to be stopped this shell ends: what the command did not tell would look like nothing to tell.
timely() {
	tm_limit=$1
	shift
	timeout -k 5 "$tm_limit" "$@"
	case $? in
	124 | 137)
		echo "$1 did not end within $tm_limit seconds and was stopped" >&2
		kill $$
		;;
	esac
}
