# Sourced into every program of pvesec that runs on a node. POSIX sh; nothing beyond coreutils, util-linux and libc-bin.
# root: a directory that stands for / in tests, where tools of the test come first on the path. Nothing on a node can set it: the
# tests write it into the next line.
root=
PATH=${root:+$root/test/bin:}/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset LANGUAGE CDPATH ENV IFS
umask 077
set -f

nl='
'
tab='	'

# say WORD ARG…: one line of the answer.
say() { printf '%s %s\n' "$marker" "$*"; }

# enc TEXT: base64 on one line, or the text itself after a colon where it has nothing but harmless characters.
enc() {
	case $1 in
	*[!A-Za-z0-9./_=,+@-]*) printf '%s' "$1" | base64 -w 0 ;;
	?*) printf ':%s' "$1" ;;
	esac
}

# The line of the answer that comes first. A login shell may have printed something without a newline before.
hello() {
	uid=0
	if [ -z "$root" ]; then
		uid=
		while read -r h_key h_real h_effective h_rest; do
			case $h_key in Uid:) uid=$h_effective; break ;; esac
		done 2>/dev/null </proc/self/status
		[ -n "$uid" ] || uid=$(id -u)
	fi
	printf '\n'
	say hello "$uid"
}

# absent MESSAGE: whether an error message proves that there is no such file. strerror(3) stands last in it.
absent() { case $1 in *': No such file or directory') return 0 ;; esac; return 1; }

# on_path NAME: a command of the node in $found. Not by command -v, which would find functions and builtins of this shell.
on_path() {
	IFS=:
	for found in $PATH; do
		found=$found/$1
		if [ -f "$found" ] && [ -x "$found" ]; then
			unset IFS
			return 0
		fi
	done
	unset IFS
	return 1
}

# restart_unit UNIT: print what systemctl says. systemd refuses to start a unit more than a few times within seconds, systemd.unit(5)
# StartLimitBurst=; several changes one after the other are no crash loop, so the count begins anew, systemctl(1) reset-failed.
restart_unit() {
	systemctl reset-failed -- "$1" >/dev/null 2>&1 </dev/null 9>&-
	timeout 90 systemctl restart -- "$1" 2>&1 </dev/null 9>&-
}
