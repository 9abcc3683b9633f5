
# Removes recordings of sudo that are too old or take too much. They lie in DIRECTORY/USER/00/00/01, numbered for each user. Where room is
# needed, the oldest of the user go whose recordings take most: nobody who makes many erases those of others. The newest of each user stay.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
stay=8
tab='	'

# recordings: "KIB tab USER/00/00/01" of each, the oldest of each user first. The numbers begin anew at sudo's limit, so those beyond the newest are older.
recordings() {
	du -k -d 4 . | awk -F "$tab" '
		$2 ~ /^\.\/[^\/]+\/[0-9A-Z][0-9A-Z]\/[0-9A-Z][0-9A-Z]\/[0-9A-Z][0-9A-Z]$/ {
			split($2, part, "/")
			user = part[2]
			number = part[3] part[4] part[5]
			if (!(user in newest)) { newest[user] = ""; getline newest[user] < ("./" user "/seq") }
			print user "\t" (newest[user] != "" && ("x" number) > ("x" newest[user]) ? 0 : 1) "\t" number "\t" $1 "\t" substr($2, 3)
		}' | sort | cut -f 4-
}

# surplus KIB: the recordings that must go to free so much.
surplus() {
	awk -F "$tab" -v need="$1" -v stay="$stay" '
		{ user = $2; sub("(/[0-9A-Z]+)+$", "", user); n = ++count[user]; kib[user, n] = $1; path[user, n] = $2; total[user] += $1 }
		END {
			while (need > 0) {
				most = ""
				for (user in total) if (count[user] - first[user] > stay && (most == "" || total[user] > total[most])) most = user
				if (most == "") exit
				n = ++first[most]
				print path[most, n]
				need -= kib[most, n]
				total[most] -= kib[most, n]
			}
		}'
}

# drop: remove the recordings whose paths are read.
drop() { while IFS= read -r path; do rm -rf -- "./$path" && echo "removed the recording $path: $1"; done; }

# steady: whether the clock went on as it must for two days. One that jumped makes recordings look old that are not.
steady() {
	now=$(date +%s)
	since=$now last=$now
	read -r since last <.pvesec-clock
	if [ "$now" -lt "$last" ] || [ "$now" -gt $((last + 172800)) ]; then
		echo "the clock went from $last to $now: nothing is removed for its age for two days"
		since=$now
	fi
	echo "$since $now" >.pvesec-clock
	[ $((now - since)) -ge 172800 ]
} 2>/dev/null

[ -d "$directory" ] && [ ! -L "$directory" ] || exit 0
cd -P -- "$directory" || exit 1
umask 077
if [ "$max_age_days" -gt 0 ] && steady; then
	find . -mindepth 4 -maxdepth 4 -type d -path './*/[0-9A-Z][0-9A-Z]/[0-9A-Z][0-9A-Z]/[0-9A-Z][0-9A-Z]' -mtime "+$max_age_days" -print | sed 's|^\./||' | drop "older than $max_age_days days"
fi
if [ "$max_size_mib" -gt 0 ]; then
	used=$(du -sk . | cut -f 1)
	need=$((used - max_size_mib * 1024))
	[ "$need" -le 0 ] || recordings | surplus "$need" | drop "all take more than $max_size_mib MiB"
fi
# short: by how many KiB the file system has less free than it must.
short() { df -Pk . | awk -v percent="$min_free_percent" 'NR == 2 { need = $2 * percent / 100 - $4; printf "%d\n", (need > 0 ? need + 1 : 0) }'; }
if [ "$min_free_percent" -gt 0 ]; then
	need=$(short)
	[ "$need" -le 0 ] || recordings | surplus "$need" | drop "less than $min_free_percent % of the disk were free"
	need=$(short)
	if [ "$need" -gt 0 ]; then
		echo "<3>the file system of $directory lacks $need KiB to $min_free_percent % of free space, and the recordings that are left are too new to go" >&2
		exit 1
	fi
fi
find . -mindepth 2 -maxdepth 3 -type d -empty -mtime +1 -delete
exit 0
