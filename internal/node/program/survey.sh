# Survey: who can log in to the node, and what root runs and reads there. Calls of the functions below follow this text. It reads and never writes. How many
# processes it starts does not depend on how many accounts and files there are, and no list that users can make long stands on a command line. No password and no hash of
# one is read: passwd -S tells states only, of key files only lines with a public key travel, and of commands only the paths in them.

unset PERL5LIB PERL5OPT PERL5DB PERLLIB PERLIO PERL_UNICODE

# optional NAME TOOL ARG…: the same, where the node may lack the tool.
optional() {
	if on_path "$2"; then section "$@"; else say lacks "$1" "$2"; fi
}

# who: accounts, groups, the states of passwords, and what sshd takes.
who() {
	section passwd getent passwd
	section group getent group
	section switch grep -E '^[[:space:]]*(passwd|group|initgroups|sudoers):' /etc/nsswitch.conf
	section plugins /bin/sh -c '[ ! -e /etc/sudo.conf ] || grep -E "^[[:space:]]*Plugin[[:space:]]" /etc/sudo.conf || [ $? -eq 1 ]'
	section passwords passwd -S -a
	optional sshd sshd -T
	section match /bin/sh -c '
		for config in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do if [ -e "$config" ]; then set -- "$@" "$config"; fi; done
		[ $# -eq 0 ] || grep -HniE "^[[:space:]]*(match|include)[[:space:]=]" -- "$@" || [ $? -eq 1 ]' match
	section elevation /bin/sh -c '
		if [ -e /etc/doas.conf ]; then echo /etc/doas.conf; fi
		for config in /etc/pam.d/*; do if [ -f "$config" ]; then set -- "$@" "$config"; fi; done
		[ $# -eq 0 ] || grep -HniE "^[^#]*pam_wheel\.so" -- "$@" || [ $? -eq 1 ]' elevation
}

# few: of the files with a set-id bit, all that root owns, and the first 1001 of the others, which users can make as many of as they like; and of those that getcap is not asked
# about, since a line of it could be taken for another file's, the first one.
few() { sed -z -e '/^F [0-7]* 0 /b' -e '/^F /{x;/x\{1001\}$/{x;d};s/$/x/;x}' -e '/^N /{x;/^n/{x;d};s/^/n/;x}'; }

# programs: files with a set-id bit or a capability. File systems of other machines, of guests and of the kernel are not searched; which ones, is told. A file system of a guest
# is known by where it is mounted: users can give a directory of theirs any name.
programs() {
	guests='-false'
	while read -r pg_device pg_at pg_rest; do
		case ${pg_at##*/} in subvol-[0-9]*-disk-[0-9]* | basevol-[0-9]*-disk-[0-9]*) guests="$guests -o -path $pg_at" ;; esac
	done 2>/dev/null <"$root/proc/self/mounts"
	elsewhere="( -fstype proc -o -fstype sysfs -o -fstype devpts -o -fstype devtmpfs -o -fstype cgroup -o -fstype cgroup2 -o -fstype nfs -o -fstype nfs4
		-o -fstype cifs -o -fstype smb3 -o -fstype ceph -o -fstype glusterfs -o -fstype fuse -o -fstype fuse.glusterfs -o -fstype fuse.sshfs -o -fstype fuse.ceph
		-o -fstype autofs -o -fstype securityfs -o -fstype debugfs -o -fstype tracefs -o -fstype bpf -o -fstype pstore -o -fstype mqueue -o -fstype configfs )"
	sieve=few
	section setid find / $elsewhere -prune -printf 'P %F 0 0 0 %p\0' -o '(' $guests ')' -prune -printf 'P guest 0 0 0 %p\0' -o -type f -perm /6000 -printf 'F %m %U %G %s %p\0' \
		-o -type f -perm /111 '(' -path '*[[:cntrl:]]*' -o -path '*?[[]rootid=*' ')' -printf 'N 0 0 0 0 %p\0'
	sieve=cat
	if on_path getcap; then
		section capabilities /bin/sh -c 'set -f; find / $1 -prune -o "(" $2 ")" -prune -o -type f -perm /111 ! -path "*[[:cntrl:]]*" ! -path "*?[[]rootid=*" -print0 | xargs -0 -r getcap -n' capabilities "$elsewhere" "$guests"
	else
		say lacks capabilities getcap
	fi
}

# places DIRECTORY-OR-FILE…: what in them somebody else than root owns or writes, and where links in them lead.
places() {
	section places find "$@" '(' -type l -printf 'l 777 %U %G %p\0%l\0' ')' -o '(' '(' ! -user 0 -o -perm /022 ')' -printf '%y %m %U %G %p\0\0' ')'
}

# How a command line is read. A cron line and what a shell is given with -c is split as sh(1) does, a line of a service as systemd.service(5) says. Of each command the reader
# tells, with its role, what is a path: program, script (what a shell, an interpreter or a wrapper runs), argument, output (what a redirection writes), directory (in which a
# command runs) and unclear: what runs is named in a way that is not understood. What a quoted string holds that a shell gets is a command line of its own, which runs as its
# caller. Where a word before the command names another account, the command runs as that one, kind "as", or "unitas" in a service: then the account counts only where the service is
# root's. Only root changes to another account without more: of the others it says nothing. It is the awk text that every reader of commands has.
sv_words='
function tell(word, role,   line) {
	gsub(/\001/, "%", word)
	if (gsub(/[\t\n]/, " ", word)) role = "unclear"
	if (role == "unclear" && length(word) > 200) word = substr(word, 1, 200) "..."
	line = place "\t" (as == "" ? (root ? "root" : kind) "\t" who : kind == "unit" && !root ? "unitas\t" who ":" as : "as\t" as) "\t" word "\t" role
	if (!(line in told)) print line
	told[line] = 1
}
function judge(word, wide, role, bare) {
	if (wide) tell(word, "unclear")
	else if (word ~ /^\//) tell(word, role)
	else if (bare || word ~ /\//) { if (dir == "") tell(word, "unclear"); else tell(dir "/" word, role) }
}
function argument(word, wide, role,   n, list, i) {
	n = split(word, list, /[=,:]/)
	for (i = 1; i <= n; i++) {
		word = list[i]
		sub(/^-[A-Za-z]\//, "/", word)
		if (wide && sub(/[\001$*?~{[].*$/, "", word)) sub(/[^\/]*$/, "", word)
		if (word ~ /^\/[^\/]/) tell(word, role)
	}
}
function code(text) {
	while (match(text, /\/[A-Za-z0-9._\/@%+-]+/)) {
		if (RSTART == 1 || substr(text, RSTART - 1, 1) !~ /[A-Za-z0-9._:<*\/]/) argument(substr(text, RSTART, RLENGTH), 0, "argument")
		text = substr(text, RSTART + RLENGTH)
	}
}
function environment(text, wide,   name, n, list, i, was) {
	name = text
	sub(/[ \t]*\+?=.*$/, "", name)
	text = substr(text, index(text, "=") + 1)
	if (name ~ /^(TMPDIR|TMP|TEMP|HOME|MAILTO|MAILFROM|CONTENT_TYPE|CONTENT_TRANSFER_ENCODING|LANG|LANGUAGE|LC_.*|TZ|TERM|LOGNAME|USER|PWD)$/) return
	n = split(text, list, /[: \t]+/)
	was = kind
	for (i = 1; i <= n; i++) {
		if (list[i] == "" || list[i] ~ /^\$\{?[A-Z0-9_]*PATH\}?$/) continue
		if (name == "PATH" && kind == "cron" && as == "") { kind = "path"; judge(list[i], list[i] ~ /[$~*?\001]/, "program"); kind = was }
		else if (name ~ /^([A-Z0-9_]*PATH|LD_.*|BASH_ENV|ENV|SHELL|PYTHON(HOME|STARTUP)|PERL5LIB|PERLLIB|PERL5OPT|PERL5DB|RUBYLIB|RUBYOPT|GEM_HOME|NODE_OPTIONS|JAVA_TOOL_OPTIONS|OPENSSL_CONF|OPENSSL_MODULES|GIT_SSH|GIT_SSH_COMMAND|EDITOR|PAGER|IFS)$/)
			judge(list[i], list[i] ~ /[$~*?\001]/, name ~ /PATH$/ && name != "GCONV_PATH" && list[i] !~ /\.(so|jar)/ ? "directory" : "program")
		else argument(list[i], wide, "argument")
	}
}
function inner(text, from, close_,   i, c, depth_, quote) {
	depth_ = 1
	for (i = from; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\\") { i++; continue }
		if (close_ == "`") { if (c == "`") return i; continue }
		if (quote != "") { if (c == quote) quote = ""; continue }
		if (c == "\047" || c == "\"") quote = c
		else if (c == "(") depth_++
		else if (c == ")" && --depth_ == 0) return i
	}
	return i
}
function lex(text, shell, word, open, op,   n, i, c, d, size, value, has, wide, quote, end_) {
	text = text "\n"
	size = length(text)
	for (i = 1; i <= size; i++) {
		c = substr(text, i, 1)
		d = substr(text, i + 1, 1)
		if (i == size && quote != "") { quote = ""; tell("a quotation that does not end", "unclear") }
		if (shell && quote == "\047") { if (c == quote) quote = ""; else { value = value c; if (c == "\001") wide = 1 }; continue }
		if (c == "\001") { wide = 1; value = value c; continue }
		if (c == "\\") {
			has = 1
			if (d == "\n") { if (i + 1 < size) i++; continue }
			if (shell && quote != "" && d !~ /[$`"\\]/) { value = value c; continue }
			i++
			if (!shell && d ~ /[abfnrtvxuU0-7]/) wide = 1
			value = value d
			continue
		}
		if (!shell && c == "%" && d ~ /[A-Za-z%]/) {
			i++
			has = 1
			if (d in specifier) value = value specifier[d]
			else { value = value "\001" d; wide = 1 }
			continue
		}
		if (c == "$") {
			has = 1
			if (!shell && d == "$") { i++; value = value "$"; continue }
			if (shell && d == "(") {
				end_ = inner(text, i + 2, ")")
				command(substr(text, i + 2, end_ - i - 2), 1)
				value = value "$(...)"; wide = 1; i = end_
			} else { value = value c; if (d ~ /[A-Za-z0-9_{@*#?!$-]/) wide = 1 }
			continue
		}
		if (shell && c == "`") {
			end_ = inner(text, i + 1, "`")
			command(substr(text, i + 1, end_ - i - 1), 1)
			value = value "$(...)"; wide = has = 1; i = end_
			continue
		}
		if (quote != "") { if (c == quote) quote = ""; else value = value c; continue }
		if (c == "\"" || c == "\047") { quote = c; has = 1; continue }
		if (c ~ /[ \t\n]/ || shell && c ~ /[;&|()<>]/ || !shell && c == ";" && !has && value == "" && d ~ /[ \t\n]/) {
			if (c ~ /[<>]/ && !has && value ~ /^[0-9]+$/) value = ""
			if (has || value != "") { n++; word[n] = value; open[n] = wide; op[n] = "" }
			value = ""; has = wide = 0
			if (c ~ /[ \t]/ || !shell && c == "\n") continue
			if (c == "&" && (d == ">" || n > 0 && op[n] ~ /[<>]/)) continue
			if (c ~ /[<>]/) { op[++n] = c; while (substr(text, i + 1, 1) ~ /[<>|]/) i++; continue }
			op[++n] = c == ")" ? c : ";"
			continue
		}
		if (shell && c == "#" && !has && value == "") { while (i + 1 < size && d != "\n") { i++; d = substr(text, i + 1, 1) }; continue }
		if (shell && (c ~ /[*?[]/ || c == "~" && value == "" && !has || c == "{" && d !~ /[ \t\n]/)) wide = 1
		value = value c
	}
	return n + 0
}
function command(text, shell,   n, i, from, word, open, op, was_as, was_root, was_dir) {
	if (depth >= 8) { tell("a command in a command", "unclear"); return }
	depth++
	was_as = as; was_root = root; was_dir = dir
	n = lex(text, shell, word, open, op)
	from = 1
	for (i = 1; i <= n + 1; i++) {
		if (i <= n && op[i] != ";" && op[i] != ")") continue
		simple(word, open, op, from, i - 1, shell)
		from = i + 1
		as = was_as; root = was_root
		if (i <= n && op[i] == ")" && dir != was_dir) dir = ""
	}
	dir = was_dir
	depth--
}
function simple(word, open, op, from, to, shell,   i, n, w, o, prefix) {
	for (i = from; i <= to; i++) {
		if (op[i] != "") {
			if (i < to && op[i + 1] == "") { i++; argument(word[i], open[i], op[i - 1] == ">" ? "output" : "argument") }
			continue
		}
		w[++n] = word[i]
		o[n] = open[i]
	}
	if (!shell && n > 0 && match(w[1], /^[-@:+!|]+/)) {
		prefix = substr(w[1], 1, RLENGTH)
		w[1] = substr(w[1], RLENGTH + 1)
		if (prefix ~ /[+!]/) root = 1
		if (prefix ~ /@/ && n > 1) { w[2] = w[1]; o[2] = o[1] }
		run(w, o, prefix ~ /@/ && n > 1 ? 2 : 1, n, "program")
		return
	}
	run(w, o, 1, n, "program")
}
function become(user) {
	if (as != "" || kind == "cron" && who != "root") return
	as = user ~ /^(root|#?0)$/ ? "" : user
}
function run(w, o, at, n, role,   base, i, x, values, operand, user, given, rest) {
	for (; at <= n; at++) {
		if (w[at] ~ /^[A-Za-z_][A-Za-z0-9_]*\+?=/) environment(w[at], o[at])
		else if (w[at] !~ /^([{}!]|if|then|else|elif|do|while|until|fi|done|esac)$/) break
	}
	if (at > n) return
	judge(w[at], o[at], role)
	base = w[at++]
	sub(/^.*\//, "", base)
	if (base ~ /^(cd|pushd)$/) {
		while (at <= n && w[at] ~ /^-./) at++
		x = w[at]
		if (at > n || x == "-") dir = ""
		else if (o[at]) { dir = ""; tell(x, "unclear") }
		else if (x ~ /^\//) dir = x
		else if (dir == "") tell(x, "unclear")
		else dir = dir "/" x
		if (dir != "") tell(dir, "directory")
	} else if (base == "find") {
		for (; at <= n; at++) if (w[at] ~ /^-(exec|execdir|ok|okdir)$/) {
			for (i = at + 1; i < n && w[i + 1] !~ /^[;+]$/; i++) ;
			run(w, o, at + 1, i, "program")
			at = i
		}
	} else if (base ~ /^(test|\[|\[\[|:|true|false|echo|printf|mkdir|rmdir|rm|touch|chmod|chown|chgrp|du|df|ls|stat|sleep|kill|pkill|killall|logger|systemctl|exit|return|set|unset|umask|ulimit|wait|trap)$/) {
		if (base == "trap" && at <= n) command(w[at], 1)
	} else if (base == "install") {
		for (i = at; i <= n; i++) if (w[i] ~ /^(-[a-zA-Z]*d|--directory)$/) return
		rest_(w, o, at, n)
	} else if (base == "export") {
		for (; at <= n; at++) if (w[at] ~ /=/) environment(w[at], o[at])
	} else if (base == "eval") {
		x = ""
		for (; at <= n; at++) x = x " " w[at]
		command(x, 1)
	} else if (base ~ /^(sh|ash|bash|rbash|dash|zsh|ksh|mksh)$/) {
		for (; at <= n; at++) {
			if (w[at] ~ /^-[a-zA-Z]*c[a-zA-Z]*$/) { for (at++; at < n && w[at] ~ /^[-+]/; at++) ; if (at <= n) command(w[at], 1); rest_(w, o, at + 1, n); return }
			if (w[at] ~ /^--(rcfile|init-file)$/) judge(w[++at], o[at], "script", 1)
			else if (w[at] ~ /^[-+][oO]$/) at++
			else if (w[at] !~ /^[-+]/) break
		}
		if (at <= n) judge(w[at], o[at], "script", 1)
		rest_(w, o, at + 1, n)
	} else if (base ~ /^(source|\.)$/) {
		if (at <= n) judge(w[at], o[at], "script", 1)
		rest_(w, o, at + 1, n)
	} else if (base ~ /^(python[0-9.]*|pypy[0-9.]*|perl[0-9.]*|ruby[0-9.]*|php[0-9.]*|node|nodejs|lua[0-9.]*|tclsh[0-9.]*|expect|Rscript)$/) {
		for (; at <= n; at++) {
			x = w[at]
			if (base ~ /^py/ ? x == "-c" : base ~ /^php/ ? x == "-r" : base ~ /^node/ ? x ~ /^(-[ep]+|--eval|--print)$/ : x ~ /^-[a-zA-Z0]*[ecE]$/) { code(w[++at]); user = "code" }
			else if (x == "-m" && base ~ /^py/) { rest_(w, o, at + 1, n); return }
			else if (x ~ /^(-I|-r|--require|--import|--loader|-f)$/) { at++; judge(w[at], o[at], "script") }
			else if (x ~ /^(-W|-X|-d|-M|-l)$/ && base !~ /^perl/) at++
			else if (x ~ /^-/) argument(x, o[at], "script")
			else break
		}
		if (at <= n && user == "") judge(w[at++], o[at - 1], "script", 1)
		rest_(w, o, at, n)
	} else if (base == "sudo" || base == "doas" || base == "runuser" && at <= n && flagged(w, at, n)) {
		for (; at <= n; at++) {
			x = w[at]
			if (x ~ /^(-[a-zA-Z]*u|--user)$/) user = w[++at]
			else if (x ~ /^--user=/) user = substr(x, 8)
			else if (x ~ /^-u./) user = substr(x, 3)
			else if (x ~ /^(-[gprtCDRThUG]|--group|--supp-group|--prompt|--chdir|--chroot|--host|--role|--type|--close-from|--command-timeout)$/) { at++; if (x ~ /D|chdir|R|chroot/) dir = "" }
			else if (x ~ /^(-D|-R|--chdir=|--chroot=)/) dir = ""
			else if (x == "--") { at++; break }
			else if (x !~ /^-/) break
		}
		become(user)
		run(w, o, at, n, "script")
	} else if (base == "su" || base == "runuser") {
		for (; at <= n; at++) {
			x = w[at]
			if (x ~ /^(-[a-z]*c|--command|--session-command)$/) given[++rest] = w[++at]
			else if (x ~ /^--(session-)?command=/) given[++rest] = substr(x, index(x, "=") + 1)
			else if (x ~ /^(-s|--shell)$/) { at++; judge(w[at], o[at], "script") }
			else if (x ~ /^--shell=/) argument(x, o[at], "script")
			else if (x ~ /^(-g|-G|-w|--group|--supp-group|--whitelist-environment)$/) at++
			else if (x ~ /^-/) continue
			else if (user == "") user = x
			else operand = operand == "" ? at : operand
		}
		become(user)
		dir = ""
		for (i = 1; i <= rest; i++) command(given[i], 1)
		if (operand != "" && !rest) for (i = operand; i <= n; i++) judge(w[i], o[i], "script")
	} else if (base ~ /^(env|nice|ionice|timeout|flock|chroot|run-parts|busybox|xargs|nohup|setsid|setpriv|systemd-run|systemd-cat|systemd-inhibit|exec|chrt|taskset|unshare|nsenter|stdbuf|time|command|builtin|chronic|cronic|prlimit|setarch|linux32|linux64|strace|ltrace|dbus-run-session|choom|cgexec|ip|watch|catchsegv|daemonize|parallel|ts|rsh|chpst|gosu)$/) {
		values = base == "nice" ? "n" : base == "ionice" ? "cn" : base == "timeout" ? "sk" : base == "flock" ? "wE" : base == "systemd-cat" ? "tp" : base == "systemd-run" ? "puHM" : base == "xargs" ? "InPLdasE" : base == "env" ? "uC" : base == "stdbuf" ? "ioe" : base == "exec" ? "a" : base == "run-parts" ? "au" : base == "time" ? "fo" : base == "cgexec" ? "g" : base == "watch" ? "n" : base == "choom" ? "n" : "-"
		operand = base ~ /^(timeout|flock|chroot|taskset|chrt|choom|gosu)$/
		if (base == "ip") { for (; at <= n && w[at] != "exec"; at++) ; at += 2; operand = 0 }
		for (; at <= n; at++) {
			x = w[at]
			if (x ~ /^(-C|-D|-R|-w|--chdir|--working-directory|--root)/ && base !~ /^(flock|setsid)$/) dir = ""
			if (base == "flock" && x ~ /^(-c|--command)$/) { command(w[at + 1], 1); return }
			if (base == "env" && x ~ /^(-S|--split-string)$/) { command(w[at + 1], 1); rest_(w, o, at + 2, n); return }
			if (x ~ /^--(reuid|uid)(=|$)/) { if (x ~ /=/) sub(/^[^=]*=/, "", x); else x = w[++at]; user = x }
			else if (x ~ /^--(regid|gid|groups|inh-caps|ambient-caps|bounding-set|securebits|pdeathsig|unit|property|slice|description|identifier|priority|setenv|adjustment|signal|kill-after|timeout|class|classdata|regex|arg|umask|what|who|why|mode|max-args|max-procs|arg-file|delimiter|unset|working-directory|chdir|on-calendar|on-active)$/) at++
			else if (x ~ /^-[a-zA-Z]$/ && index(values, substr(x, 2))) { at++; if (w[at] ~ /^\//) argument(w[at], o[at], "argument") }
			else if (x ~ /^-/) continue
			else if (x ~ /^[A-Za-z_][A-Za-z0-9_]*=/) environment(x, o[at])
			else if (operand && !(base == "chrt" && 0)) { operand = 0; argument(x, o[at], base == "chroot" ? "directory" : "argument"); if (base == "chroot") dir = "" }
			else if (x !~ /^[0-9.]+[smhd%]?$/) break
		}
		if (user != "") become(user)
		if (base == "run-parts") { if (at <= n) judge(w[at], o[at], "script", 1) }
		else if (base == "flock" && at <= n && w[at] ~ /^(-c|--command)$/) command(w[at + 1], 1)
		else if (base == "watch" && at == n) command(w[at], 1)
		else run(w, o, at, n, "script")
	} else rest_(w, o, at, n)
}
function flagged(w, at, n) {
	for (; at <= n && w[at] ~ /^-./; at++) if (w[at] ~ /^(-[a-z]*u|-u.*|--user|--user=.*)$/) return 1
	return 0
}
function rest_(w, o, at, n) {
	for (; at <= n; at++) argument(w[at], o[at], "argument")
}'

# The readers of cron tables and services: FILE LINE KIND WHO PATH ROLE, parted by tabs. WHO is an account, of the kinds "unit" and "root" (which systemd starts as root whatever
# User= says) the name of the service. A line of the kind "user" says who runs a service, one of the kind "file" that this file describes it.
sv_tables='
BEGIN {
	specifier["t"] = "/run"; specifier["S"] = "/var/lib"; specifier["C"] = "/var/cache"; specifier["L"] = "/var/log"; specifier["E"] = "/etc"; specifier["h"] = "/root"
	specifier["T"] = "/tmp"; specifier["V"] = "/var/tmp"; specifier["%"] = "%"
}
FNR == 1 && begun != "" { finish() }
/^[ \t]*[#;]/ { next }
FILENAME ~ /\.(service|conf)$/ {
	if (!(FILENAME in named)) {
		named[FILENAME] = unit = FILENAME
		sub(/\.service\.d\/[^\/]*$/, ".service", unit)
		sub(/\/service\.d\/[^\/]*$/, "/every.service", unit)
		sub(/^.*\//, "", unit)
		print FILENAME "\t" FNR "\tfile\t" unit "\t-\t-"
	}
	line = $0
	sub(/^[ \t]+/, "", line)
	if (begun == "") {
		file = FILENAME
		key = line
		sub(/[ \t]*=.*$/, "", key)
		sub(/^[^=]*=/, "", line)
		if (key !~ /^(Exec[A-Za-z]+|Environment|EnvironmentFile|User|PermissionsStartOnly|WorkingDirectory|RootDirectory|RootImage)$/) { key = "" }
		at = FNR
	}
	ends = line !~ /\\$/
	sub(/\\$/, " ", line)
	begun = begun line
	if (ends) finish()
	else if (begun == "") begun = " "
	next
}
/^[ \t]*["\047]?[A-Za-z_][A-Za-z0-9_]*["\047]?[ \t]*=/ {
	line = $0
	sub(/^[ \t]+/, "", line)
	gsub(/["\047]/, "", line)
	begin(FILENAME "\t" FNR, "cron", FILENAME ~ /^\/var\/spool\/cron\/crontabs\// ? substr(FILENAME, 26) : "root", "")
	environment(line, line ~ /[$*?]/)
	next
}
NF {
	line = $0
	sub(/^[ \t]+/, "", line)
	fields = line ~ /^@/ ? 1 : 5
	if (FILENAME == "/etc/anacrontab") fields = 3
	for (i = 0; i < fields; i++) sub(/^[^ \t]+[ \t]+/, "", line)
	who = "root"
	if (FILENAME ~ /^\/var\/spool\/cron\/crontabs\//) who = substr(FILENAME, 26)
	else if (FILENAME != "/etc/anacrontab") { who = line; sub(/[ \t].*$/, "", who); sub(/^[^ \t]+[ \t]+/, "", line) }
	given = ""
	for (i = 1; FILENAME != "/etc/anacrontab" && i <= length(line); i++) {
		if (substr(line, i, 1) != "%") continue
		if (substr(line, i - 1, 1) == "\\") { line = substr(line, 1, i - 2) substr(line, i); i-- ; continue }
		given = substr(line, i + 1)
		line = substr(line, 1, i - 1)
	}
	begin(FILENAME "\t" FNR, "cron", who, "")
	command(line, 1)
	gsub(/%/, "\n", given)
	if (given != "") command(given, 1)
}
function begin(place_, kind_, who_, dir_) {
	place = place_; kind = kind_; who = who_; as = ""; root = 0; dir = dir_; depth = 0
}
function finish(   value) {
	value = begun
	begun = ""
	gsub(/^[ \t]+|[ \t]+$/, "", value)
	if (key == "User") print file "\t" at "\tuser\t" unit "\t" value "\t-"
	else if (key == "PermissionsStartOnly") { if (value ~ /^(1|yes|true|on)$/) print file "\t" at "\tuser\t" unit "\troot\t-" }
	else if (key != "" && value != "") { keys[++count] = key; lines[count] = value; places[count] = file "\t" at; units[count] = unit; if (key == "WorkingDirectory") workplace(unit, value) }
	key = ""
}
function workplace(unit, value) {
	sub(/^-/, "", value)
	if (value ~ /^\/[^%$\\"\047]*$/ && (!(unit in directory) || directory[unit] == value)) directory[unit] = value
	else directory[unit] = ""
}
END {
	finish()
	for (i_ = 1; i_ <= count; i_++) {
		begin(places[i_], "unit", units[i_], units[i_] in directory ? directory[units[i_]] : "/")
		key = keys[i_]
		if (key ~ /^Exec/) { command(lines[i_], 0); continue }
		sub(/^-/, "", lines[i_])
		delete found_; delete wide_; delete op_
		n_ = lex(lines[i_], 0, found_, wide_, op_)
		for (j_ = 1; j_ <= n_; j_++) {
			if (key == "Environment") environment(found_[j_], wide_[j_])
			else if (key == "WorkingDirectory" && found_[j_] ~ /^~/) continue
			else judge(found_[j_], wide_[j_], key ~ /Directory$/ ? "directory" : "program")
		}
	}
}'

# commands: which paths the cron tables and the services name, with the account that runs them. jobs: the same of the cron tables of accounts, which these write themselves.
commands() {
	section commands /bin/sh -c '
		for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /var/spool/cron/crontabs/root /etc/systemd/system/*.service /etc/systemd/system/*.service.d/*.conf \
			/etc/systemd/system/service.d/*.conf /etc/systemd/system.control/*.service.d/*.conf /run/systemd/system.control/*.service.d/*.conf \
			/run/systemd/system/*.service /run/systemd/system/*.service.d/*.conf /run/systemd/generator*/*.service /run/systemd/generator*/*.service.d/*.conf /usr/local/lib/systemd/system/*.service /usr/local/lib/systemd/system/*.service.d/*.conf \
			/usr/lib/systemd/system/*.service /usr/lib/systemd/system/*.service.d/*.conf; do
			if [ -f "$file" ]; then set -- "$@" "$file"; fi
		done
		program=$1
		shift
		[ $# -eq 0 ] || { find -L "$@" -maxdepth 0 -type f -size +1024k -printf "%p is longer than 1 MiB and was not read\n" >&2
			find -L "$@" -maxdepth 0 -type f ! -size +1024k -print0 | xargs -0 -r -n 100000 -s 1000000 awk "$program"; }' commands "$sv_words$sv_tables"
	section jobs /bin/sh -c '
		cd /var/spool/cron/crontabs 2>/dev/null || exit 0
		find /var/spool/cron/crontabs -maxdepth 1 -type f ! -name root -size +1024k -printf "%p is longer than 1 MiB and was not read\n" >&2
		find /var/spool/cron/crontabs -maxdepth 1 -type f ! -name root ! -size +1024k -print0 | xargs -0 -r awk "$1"' jobs "$sv_words$sv_tables"
}

# keys: the lines with public keys. Standard input has "UID GIDS PATH" of each file, ended by NUL. sshd reads them as their user, and so does this: where a link of somebody
# leads, he can read it himself. No more than a part of a file is read, and nothing that waits for somebody else is waited for. Nothing but lines with keys travels.
sv_keys='
use strict;
use Fcntl qw(O_RDONLY O_NONBLOCK O_NOCTTY);
use Errno;
binmode STDOUT;
my $most = 256 << 10;
my $root = $> == 0;
my @files = do { local $/ = "\0"; <STDIN> };
my %read;
for (@files) {
	s/\0\z//;
	my ($uid, $gids, $file) = split / /, $_, 3;
	$gids =~ tr/,/ /;
	next if $read{$file};
	my ($gid) = split / /, $gids;
	my ($text, $error) = ("", "");
	eval {
		local $SIG{ALRM} = sub { die "did not answer within 5 seconds\n" };
		if ($root) {
			$) = "$gid $gids";
			$> = $uid;
			my %mine = map { $_ => 1 } split / /, $gids;
			$> == $uid && (split / /, $))[0] == $gid && !grep { !$mine{$_} } split / /, $) or die "cannot be read as the user $uid\n";
		}
		alarm 5;
		if (!sysopen my $handle, $file, O_RDONLY | O_NONBLOCK | O_NOCTTY) {
			die "$!\n" unless $!{ENOENT} || $!{ENOTDIR} || $!{EACCES};
		} elsif (-d $handle) {
		} elsif (!-f $handle) {
			die "is not a file\n";
		} else {
			while (length $text <= $most) {
				my $got = sysread $handle, $text, 16384, length $text;
				die "$!\n" unless defined $got;
				last unless $got;
			}
		}
		alarm 0;
		1;
	} or $error = $@;
	alarm 0;
	if ($root) {
		$> = 0;
		$) = "0 0";
		$> == 0 or exit 1;
	}
	if (length $text > $most) {
		$text = substr $text, 0, $most;
		$error = "is longer than 256 KiB, the rest was not read\n";
	}
	print STDERR "$file: $error" if $error ne "";
	$read{$file} = 1 if $text ne "";
	my $line = 0;
	for (split /\n/, $text) {
		$line++;
		print "$file\0$line:$_\n" if /(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)\@openssh\.com)(?:-cert-v01\@openssh\.com)?\s+AAAA/;
	}
}'
keys() { optional keys perl -e "$sv_keys"; }

# resolved SECTION: the states of all files and directories through which each path leads, link by link. Standard input has the paths, each ended by NUL. A record is
# "MODE(hex) UID GID PATH", NUL, target of a link, NUL; in place of the mode stand - for what is not there, ! for what could not be looked at, with the reason in place of the
# target, and ? for a path that leads on and on.
sv_walk='
use strict;
use Errno;
binmode STDOUT;
$/ = "\0";
my %seen;
sub look {
	my $path = shift;
	return $seen{$path} if $seen{$path};
	my @state = lstat $path;
	if (!@state) {
		my $reason = "$!";
		if ($!{ENOENT} || $!{ENOTDIR}) { print "- 0 0 $path\0\0" } else { print "! 0 0 $path\0$reason\0" }
		return $seen{$path} = [0, ""];
	}
	my $target = "";
	if (-l _) {
		$target = readlink $path;
		if (!defined $target) {
			print "! 0 0 $path\0$!\0";
			return $seen{$path} = [0, ""];
		}
	}
	printf "%x %d %d %s\0%s\0", @state[2, 4, 5], $path, $target;
	return $seen{$path} = [1, $target];
}
look("/");
PATH: while (defined(my $path = <STDIN>)) {
	chomp $path;
	my ($at, $steps) = ("", 0);
	my @rest = split m{/+}, $path;
	while (@rest) {
		my $name = shift @rest;
		next if $name eq "" || $name eq ".";
		if ($name eq "..") { $at =~ s{/[^/]*\z}{}; next }
		if (++$steps > 256) { print "? 0 0 $path\0\0"; next PATH }
		my $found = look("$at/$name");
		next PATH unless $found->[0];
		if ($found->[1] eq "") { $at = "$at/$name"; next }
		$at = "" if $found->[1] =~ m{\A/};
		unshift @rest, split m{/+}, $found->[1];
	}
}'
resolved() { optional "$1" perl -e "$sv_walk"; }

# owned PATH…: which packages have the files.
owned() { optional packages dpkg -S -- "$@"; }

# allowed NAME…: what the node itself says that accounts may do with sudo. Of one for which sudo does not answer in time it says nothing, and continues with the next.
allowed() {
	if ! on_path sudo; then say lacks allowed sudo; return 0; fi
	section allowed /bin/sh -c '
		for name; do
			said=$(timeout -k 2 10 sudo -n -l -U "$name" 2>&1)
			case $? in 124 | 137) ;; *) printf "\001%s\n%s\n" "$name" "$said" ;; esac
		done' allowed "$@"
}
