# Sends the journal to a collector over HTTPS, systemd-journal-upload(8). The state says up to where the collector has said that it has the records; from there it goes on after a restart.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 077
state=$STATE_DIRECTORY/state
if [ ! -s "$state" ]; then
	# The first start: what happens from now on.
	journalctl --quiet --no-pager --lines=1 --output=cat --show-cursor | sed -n 's/^-- cursor: \([A-Za-z0-9=;]*\)$/LAST_CURSOR=\1/p' | tail -n 1 >"$state.new" && mv -f "$state.new" "$state" || exit 1
fi
exec /usr/lib/systemd/systemd-journal-upload --url="$url" --save-state="$state" --trust="$CREDENTIALS_DIRECTORY/ca" --cert="$CREDENTIALS_DIRECTORY/cert" --key="$CREDENTIALS_DIRECTORY/key"
