# Survey: who can log in to the node, and what root runs and reads there. Calls of the functions below follow this text. It reads and never writes. How many
# processes it starts does not depend on how many accounts and files there are. No password and no hash of one is read: passwd -S tells states only, of key
# files only lines with a public key travel, and of commands only the paths in them.

# section NAME COMMAND…: what a command prints, as base64 lines without the mark; then its status and its complaints.
section() {
	sc_name=$1
	shift
	say section "$sc_name"
	sc_said=$(
		exec 4>&1
		{ limited "$patient" "$@" 2>&4 4>&- || printf '\nstatus=%s' "$?" >&4; } | base64 >&3 4>&-
	)
	sc_status=0
	case $sc_said in *"$nl"status=*) sc_status=${sc_said##*"$nl"status=} sc_said=${sc_said%"$nl"status=*} ;; esac
	say ended "$sc_name" "$sc_status" "$(enc "$(printf %.200000s "$sc_said")")"
}

# optional NAME TOOL ARG…: the same, where the node may lack the tool.
optional() {
	if on_path "$2"; then section "$@"; else say lacks "$1" "$2"; fi
}

# who: accounts, groups, the states of passwords, and what sshd takes.
who() {
	section passwd getent passwd
	section group getent group
	section switch grep -E '^[[:space:]]*(passwd|group):' /etc/nsswitch.conf
	section passwords passwd -S -a
	optional sshd sshd -T
	section match /bin/sh -c '
		for config in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do if [ -e "$config" ]; then set -- "$@" "$config"; fi; done
		[ $# -eq 0 ] || grep -HniE "^[[:space:]]*match[[:space:]=]" -- "$@" || [ $? -eq 1 ]' match
}

# programs: files with a set-id bit or a capability. File systems of other machines, of guests and of the
# kernel are not searched; which ones, is told.
programs() {
	section setid find / '(' -fstype proc -o -fstype sysfs -o -fstype devpts -o -fstype devtmpfs -o -fstype cgroup -o -fstype cgroup2 -o -fstype nfs -o -fstype nfs4 \
		-o -fstype cifs -o -fstype smb3 -o -fstype ceph -o -fstype glusterfs -o -fstype fuse -o -fstype fuse.glusterfs -o -fstype fuse.sshfs -o -fstype fuse.ceph \
		-o -fstype autofs -o -fstype securityfs -o -fstype debugfs -o -fstype tracefs -o -fstype bpf -o -fstype pstore -o -fstype mqueue -o -fstype configfs ')' \
		-prune -printf 'P %F 0 0 0 %p\0' -o -type d -name 'subvol-[0-9]*-disk-[0-9]*' -prune -printf 'P guest 0 0 0 %p\0' -o -type f -perm /6000 -printf 'F %m %U %G %s %p\0'
	optional capabilities getcap -r /usr /opt /srv /home /root /var /etc /tmp
}

# places DIRECTORY-OR-FILE…: what in them somebody else than root owns or writes, and where links in them lead.
places() {
	section places find "$@" '(' -type l -printf 'l 777 %U %G %p\0%l\0' ')' -o '(' '(' ! -user 0 -o -perm /022 ')' -printf '%y %m %U %G %p\0\0' ')'
}

# words of a command line that are paths, with what each is for the command: program, script (what a shell, an interpreter or a wrapper before it runs) or
# argument. It is the awk function that every reader of commands has.
sv_words='
function words(text, head,   n, i, list, word, base, first, script, file) {
	gsub(/[;|&()`]+/, " ; ", text)
	gsub(/[<>]+/, " > ", text)
	gsub(/[ \t",=]+/, " ", text)
	gsub(/\047/, " ", text)
	n = split(text, list, " ")
	first = 1
	for (i = 1; i <= n; i++) {
		word = list[i]
		if (word == ";" || word == "{" || word == "if" || word == "then" || word == "do" || word == "!") { first = 1; script = 0; continue }
		if (word == ">") { file = 1; continue }
		sub(/^[-@:+!]+/, "", word)
		if (word ~ /^\/[A-Za-z0-9._\/@%+-]+$/) print head "\t" word "\t" (file ? "argument" : first ? "program" : script ? "script" : "argument")
		base = word
		sub(/^.*\//, "", base)
		if (base ~ /^(sh|bash|dash|zsh|ksh|busybox|python[0-9.]*|perl|ruby|php[0-9.]*|node|env|nice|ionice|timeout|flock|chroot|run-parts|su|runuser|sudo|xargs|nohup|setsid|setpriv|systemd-run|systemd-cat|source|\.|exec|chrt|taskset|unshare|nsenter|stdbuf|time|eval|command|find|chronic|rsh)$/) script = 1
		if (!file) first = 0
		file = 0
	}
}'

# commands: which paths the cron tables and the services name, with the account that runs them: FILE LINE KIND WHO PATH ROLE, parted by
# tabs. WHO of a service is its name, and a line of the kind "user" says who runs it.
commands() {
	section commands /bin/sh -c '
		for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /var/spool/cron/crontabs/* /etc/systemd/system/*.service /etc/systemd/system/*.service.d/*.conf \
			/usr/local/lib/systemd/system/*.service /usr/lib/systemd/system/*.service /usr/lib/systemd/system/*.service.d/*.conf /run/systemd/system/*.service; do
			if [ -f "$file" ] && [ "${file##*/.}" = "$file" ]; then set -- "$@" "$file"; fi
		done
		[ $# -gt 1 ] || exit 0
		words=$1
		shift
		awk "$words"'\''
		/^[ \t]*[#;]/ { next }
		FILENAME ~ /\.(service|conf)$/ {
			unit = FILENAME
			sub(/\.service\.d\/.*$/, ".service", unit)
			sub(/^.*\//, "", unit)
			line = $0
			sub(/^[ \t]+/, "", line)
			key = line
			sub(/[ \t]*=.*$/, "", key)
			value = line
			sub(/^[^=]*=/, "", value)
			if (key == "User") { sub(/^[ \t]+/, "", value); sub(/[ \t]+$/, "", value); print FILENAME "\t" FNR "\tuser\t" unit "\t" value "\t-" }
			else if (key ~ /^(Exec[A-Za-z]+|EnvironmentFile)$/ || more) words(value, FILENAME "\t" FNR "\tunit\t" unit)
			more = (key ~ /^Exec/ || more) && line ~ /\\$/
			next
		}
		/^[ \t]*PATH[ \t]*=/ {
			value = $0
			sub(/^[^=]*=/, "", value)
			gsub(/:/, " ", value)
			words(value, FILENAME "\t" FNR "\tpath\t" (FILENAME ~ /^\/var\/spool\/cron\/crontabs\// ? substr(FILENAME, 26) : "root"))
			next
		}
		/^[ \t]*[A-Za-z_]+[ \t]*=/ { next }
		{
			line = $0
			sub(/^[ \t]+/, "", line)
			fields = line ~ /^@/ ? 1 : 5
			if (FILENAME == "/etc/anacrontab") fields = 3
			for (i = 0; i < fields; i++) sub(/^[^ \t]+[ \t]+/, "", line)
			who = "root"
			if (FILENAME ~ /^\/var\/spool\/cron\/crontabs\//) who = substr(FILENAME, 26)
			else if (FILENAME != "/etc/anacrontab") { who = line; sub(/[ \t].*$/, "", who); sub(/^[^ \t]+[ \t]+/, "", line) }
			words(line, FILENAME "\t" FNR "\tcron\t" who)
		}'\'' "$@"' commands "$sv_words"
}

# keys FILE…: the lines with public keys. Nothing else of the files travels: where a link of somebody leads to a secret, it stays.
keys() {
	section keys grep -D skip -aHnZE '(ssh-(rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh.com)(-cert-v01@openssh.com)?[[:space:]]+AAAA' -- "$@"
}

# resolved PATH…: where each leads, and the state of all files and directories on both ways.
resolved() {
	section real realpath -m -z -- "$@"
	section states /bin/sh -c '{ printf "%s\n" "$@"; realpath -m -- "$@"; } | awk "{ p = \$0; while (p != \"\") { if (!(p in seen)) print p; seen[p] = 1; sub(/\/[^\/]*\$/, \"\", p) } }
		END { print \"/\" }" | xargs -d "\n" stat --printf "%f %u %g %n\0" -- 2>/dev/null || :' states "$@"
}

# owned PATH…: which packages have the files.
owned() { optional packages dpkg -S -- "$@"; }

# allowed NAME…: what the node itself says that accounts may do with sudo.
allowed() {
	if ! on_path sudo; then say lacks allowed sudo; return 0; fi
	section allowed /bin/sh -c 'for name; do printf "\001%s\n" "$name"; sudo -n -l -U "$name" 2>&1 || :; done' allowed "$@"
}
