# Restoring by the node itself: a timer or the next boot runs this when a change that may have locked us out was not confirmed in time.

marker=pvesec

fail() {
	report "cannot restore: ${2#"$root"} $3"
	exit 1
}

note() { report "$1"; }

# report TEXT: into the system's log.
report() {
	say "$1"
	if on_path logger; then logger -t pvesec -p auth.warning -- "$1"; fi
}

mkdir -p -m 700 -- "$run"
exec 9>>"$run/lock"
flock 9
watch
set +f
set -- "$stage"/*/journal
set -f
if [ -f "$1" ]; then
	recover
	report 'restored the state before a change that no new connection confirmed in time'
fi
