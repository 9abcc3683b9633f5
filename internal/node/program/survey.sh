# Survey: who can log in to the node, and what root runs and reads there. Calls of the functions below follow this text. It reads and never writes. How many
# processes it starts does not depend on how many accounts and files there are, and no list that users can make long stands on a command line. No password and no hash of
# one is read: passwd -S tells states only, of key files only lines with a public key travel, and of commands only the paths in them.

unset PERL5LIB PERL5OPT PERL5DB PERLLIB PERLIO PERL_UNICODE

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
}

# few: of the files with a set-id bit, all that root owns, and the first 1001 of the others, which users can make as many of as they like.
few() { sed -z -e '/^F [0-7]* 0 /b' -e '/^F /{x;/^x\{1001\}$/{x;d};s/$/x/;x}'; }

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
	section setid find / $elsewhere -prune -printf 'P %F 0 0 0 %p\0' -o '(' $guests ')' -prune -printf 'P guest 0 0 0 %p\0' -o -type f -perm /6000 -printf 'F %m %U %G %s %p\0'
	sieve=cat
	if on_path getcap; then
		section capabilities /bin/sh -c 'set -f; find / $1 -prune -o "(" $2 ")" -prune -o -type f -perm /111 -print0 | xargs -0 -r getcap -n' capabilities "$elsewhere" "$guests"
	else
		say lacks capabilities getcap
	fi
}

# places DIRECTORY-OR-FILE…: what in them somebody else than root owns or writes, and where links in them lead.
places() {
	section places find "$@" '(' -type l -printf 'l 777 %U %G %p\0%l\0' ')' -o '(' '(' ! -user 0 -o -perm /022 ')' -printf '%y %m %U %G %p\0\0' ')'
}

# words of a command line that are paths, with what each is for the command: program, script (what a shell, an interpreter or a wrapper before it runs), argument, directory
# (in which a command that follows runs) or unclear (what runs is named in a way that is not understood). Where a word before the command names another account, the command
# runs as that one, kind "as". It is the awk function that every reader of commands has.
sv_words='
function tell(word, role,   line) {
	line = place "\t" (as != "" ? "as\t" as : root ? "root\t" who : kind "\t" who) "\t" word "\t" role
	if (!(line in told)) print line
	told[line] = 1
}
function words(text, place_, kind_, who_,   n, i, list, word, base, first, script, file, interprets, waits, lock, option, changes, dir) {
	place = place_; kind = kind_; who = who_; as = ""; root = 0
	if (text ~ /\\ / || text ~ /(^|[;&|(][ \t]*)["\047]\/[^"\047 ]* [^"\047]*["\047]/) tell("a name with a space", "unclear")
	gsub(/[;|&()`]+/, " ; ", text)
	gsub(/[<>]+/, " > ", text)
	gsub(/[ \t",=]+/, " ", text)
	gsub(/\047/, " ", text)
	n = split(text, list, " ")
	first = 1
	dir = kind == "unit" ? (who in directory ? directory[who] : "/") : ""
	for (i = 1; i <= n; i++) {
		word = list[i]
		if (word == ";") { first = 1; script = interprets = waits = lock = 0; option = changes = ""; as = ""; root = 0; continue }
		if (first && (word ~ /^([{!]|if|then|else|elif|do|while|until)$/)) continue
		if (word == ">") { file = 1; continue }
		if (first && kind == "unit" && word ~ /^[-@:]*[+!]/) root = 1
		if (first) sub(/^[-@:+!]+/, "", word)
		if (word == "") continue
		if (file) { if (word ~ /^\/[A-Za-z0-9._\/@%+-]+$/) tell(word, "argument"); file = 0; continue }
		if (changes == "user") { as = word; changes = ""; if (as == "root" || as == "0") as = ""; script = 1; continue }
		if (changes == "option") {
			if (word ~ /^(-u|--user|--reuid)$/) { changes = "user"; continue }
			if (word !~ /^-/) changes = ""
		} else if (changes == "su") {
			if (word ~ /^(-c|--command)$/) { changes = ""; script = 1; continue }
			if (word ~ /^(-s|--shell|-g|--group|-G|--supp-group)$/) { i++; continue }
			if (word !~ /^-/) { as = word; changes = ""; if (as == "root" || as == "0") as = ""; script = 1; continue }
			continue
		}
		if (waits) { waits = 0; first = 0; if (word ~ /^\//) dir = word; else dir = dir == "" ? "" : dir "/" word; if (dir ~ /^\/[A-Za-z0-9._\/@%+-]*$/) tell(dir, "directory"); else { dir = ""; tell(word, "unclear") }; continue }
		if (word ~ /^-(exec|execdir|ok|okdir)$/) { first = 1; continue }
		if (word ~ /^\/[A-Za-z0-9._\/@%+-]+$/) { tell(word, first ? "program" : script && !lock ? "script" : "argument"); interprets = lock = 0 }
		else if (first || interprets) {
			if (word ~ /^-/) { if (word ~ /^-[a-z]*c$/) { interprets = 0; first = 1; script = 1; continue } }
			else {
				if (word ~ /^[.A-Za-z0-9_@%+-][A-Za-z0-9._\/@%+-]*$/ && (interprets || word ~ /\//)) {
					if (dir != "") tell(dir "/" word, "script")
					else if (word ~ /\//) tell(word, "unclear")
				} else if (word ~ /\// || word ~ /^[$~]./) tell(word, "unclear")
				interprets = 0
			}
		}
		base = word
		sub(/^.*\//, "", base)
		if (first && base == "cd") { waits = 1; continue }
		if (first || script) {
			if (base ~ /^(su|runuser)$/) changes = "su"
			if (base ~ /^(runuser|sudo|setpriv)$/) changes = base == "runuser" && list[i + 1] !~ /^(-u|--user)$/ ? "su" : "option"
		}
		if (base ~ /^(sh|bash|dash|zsh|ksh|python[0-9.]*|perl|ruby|php[0-9.]*|node|source|\.)$/ && (first || script)) interprets = 1
		if (base == "flock") lock = 1
		if (base ~ /^(sh|bash|dash|zsh|ksh|busybox|python[0-9.]*|perl|ruby|php[0-9.]*|node|env|nice|ionice|timeout|flock|chroot|run-parts|su|runuser|sudo|xargs|nohup|setsid|setpriv|systemd-run|systemd-cat|source|\.|exec|chrt|taskset|unshare|nsenter|stdbuf|time|eval|command|chronic|rsh)$/) script = 1
		first = 0
	}
}'

# The readers of cron tables and services: FILE LINE KIND WHO PATH ROLE, parted by tabs. WHO is an account, of the kinds "unit" and "root" (which systemd starts as root whatever
# User= says) the name of the service. A line of the kind "user" says who runs a service, one of the kind "file" that this file describes it.
sv_tables='
FNR == 1 && begun != "" { finish() }
/^[ \t]*[#;]/ { next }
FILENAME ~ /\.(service|conf)$/ {
	if (FNR == 1 || !(FILENAME in named)) {
		named[FILENAME] = unit = FILENAME
		sub(/\.service\.d\/.*$/, ".service", unit)
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
		if (key !~ /^(Exec[A-Za-z]+|EnvironmentFile|User|PermissionsStartOnly|WorkingDirectory)$/) { key = "" }
		at = FNR
	}
	ends = line !~ /\\$/
	sub(/\\$/, " ", line)
	begun = begun line
	if (ends) finish()
	else if (begun == "") begun = " "
	next
}
/^[ \t]*PATH[ \t]*=/ {
	value = $0
	sub(/^[^=]*=/, "", value)
	gsub(/:/, " ", value)
	words(value, FILENAME "\t" FNR, "path", FILENAME ~ /^\/var\/spool\/cron\/crontabs\// ? substr(FILENAME, 26) : "root")
	next
}
/^[ \t]*[A-Za-z_]+[ \t]*=/ { next }
NF {
	line = $0
	sub(/^[ \t]+/, "", line)
	fields = line ~ /^@/ ? 1 : 5
	if (FILENAME == "/etc/anacrontab") fields = 3
	for (i = 0; i < fields; i++) sub(/^[^ \t]+[ \t]+/, "", line)
	who = "root"
	if (FILENAME ~ /^\/var\/spool\/cron\/crontabs\//) who = substr(FILENAME, 26)
	else if (FILENAME != "/etc/anacrontab") { who = line; sub(/[ \t].*$/, "", who); sub(/^[^ \t]+[ \t]+/, "", line) }
	words(line, FILENAME "\t" FNR, "cron", who)
}
function finish(   value) {
	value = begun
	begun = ""
	gsub(/^[ \t]+|[ \t]+$/, "", value)
	if (key == "User") print file "\t" at "\tuser\t" unit "\t" value "\t-"
	else if (key == "PermissionsStartOnly") { if (value ~ /^(1|yes|true|on)$/) print file "\t" at "\tuser\t" unit "\troot\t-" }
	else if (key == "WorkingDirectory") { sub(/^-/, "", value); if (value ~ /^\//) directory[unit] = value }
	else if (key != "") { lines[++count] = value; places[count] = file "\t" at; units[count] = unit }
	key = ""
}
END {
	finish()
	for (i_ = 1; i_ <= count; i_++) words(lines[i_], places[i_], "unit", units[i_])
}'

# commands: which paths the cron tables and the services name, with the account that runs them. jobs: the same of the cron tables of accounts, which these write themselves.
commands() {
	section commands /bin/sh -c '
		for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /var/spool/cron/crontabs/root /etc/systemd/system/*.service /etc/systemd/system/*.service.d/*.conf \
			/run/systemd/system/*.service /run/systemd/system/*.service.d/*.conf /usr/local/lib/systemd/system/*.service /usr/local/lib/systemd/system/*.service.d/*.conf \
			/usr/lib/systemd/system/*.service /usr/lib/systemd/system/*.service.d/*.conf; do
			if [ -f "$file" ]; then set -- "$@" "$file"; fi
		done
		[ $# -eq 1 ] || exec awk "$@"' commands "$sv_words$sv_tables"
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

# allowed NAME…: what the node itself says that accounts may do with sudo.
allowed() {
	if ! on_path sudo; then say lacks allowed sudo; return 0; fi
	section allowed /bin/sh -c 'for name; do printf "\001%s\n" "$name"; sudo -n -l -U "$name" 2>&1 || :; done' allowed "$@"
}
