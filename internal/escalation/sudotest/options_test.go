package sudotest

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// optionFact says when an option of the Defaults takes effect, as the real sudo shows it.
type optionFact struct {
	name, policy string
	// script is what the user agent does, look what root does afterwards. Shows is printed by one of them if, and only
	// if, the option takes effect.
	script, look, shows string
	effect              bool
	// trixie is what Debian 12 cannot do: its sudo is built without TLS, and its apt opens no pager.
	trixie bool
}

const (
	ungranted = "echo secret | sudo -S -k /usr/bin/false 2>&1"
	granted   = "sudo -n /usr/bin/pveversion 2>&1"
	grant     = "\nagent ALL=NOPASSWD: /usr/bin/pveversion, /usr/bin/env"
	// asOther begins what the user other does, between quotes.
	asOther = "su other -s /bin/sh -c 'cd; "
	// listening waits until somebody listens on a port, which is written as in /proc/net/tcp.
	listening = `listening() { n=0; until grep -qi ":$1 .* 0A " /proc/net/tcp /proc/net/tcp6 || test $n -gt 600; do sleep 0.1; n=$((n + 1)); done; }
`
	// listen answers the greeting of sudo as a log server does, and prints the words of what comes after it.
	listen = listening + `perl -MIO::Socket::INET -e '
my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 30343, Listen => 1, ReuseAddr => 1) or die;
$SIG{ALRM} = sub { exit }; alarm 120; my $c = $l->accept; sysread $c, my $hello, 4096; syswrite $c, pack("N", 5) . "\x0a\x03\x0a\x01x";
sysread $c, my $m, 4096; $m =~ s/[^ -~]+/ /g; print "server got $m\n"' & server=$!
listening 7687; sudo -n /usr/bin/pveversion </dev/null >/dev/null 2>&1; kill $server 2>/dev/null; wait $server; true`
	// listenTLS takes the greeting of sudo with a certificate of the caller's, and ends when it has it or sudo has
	// given up.
	listenTLS = listening + `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout ~/key -out ~/cert -days 2 2>/dev/null
rm -f ~/done; sleep 120 2>/dev/null | openssl s_server -accept 30344 -cert ~/cert -key ~/key -quiet >~/got 2>/dev/null & server=$!
listening 7688; { sudo -n /usr/bin/pveversion </dev/null 2>&1; : >~/done; } & asker=$!; n=0
until grep -aqi "sudoers 1.9" ~/got || test -e ~/done || test $n -gt 600; do sleep 0.1; n=$((n + 1)); done
grep -ai "sudoers 1.9" ~/got; kill $server; wait $asker; true`
)

var optionFacts = []optionFact{
	{name: "lecture_file, a command that is granted without a password", policy: "Defaults lecture_file=/srv/shown, lecture=always" + grant, script: granted, shows: "the lecture"},
	{name: "lecture_file, a command that is not granted", policy: "Defaults lecture_file=/srv/shown, lecture=once" + grant, script: ungranted, shows: "the lecture", effect: true},
	{name: "lecture_file alone", policy: "Defaults lecture_file=/srv/shown" + grant, script: ungranted, shows: "the lecture"},
	{name: "lecture_file, sudo -v", policy: "Defaults lecture_file=/srv/shown, lecture=always" + grant, script: "echo secret | sudo -S -k -v 2>&1", shows: "the lecture"},
	{name: "lecture_file, never", policy: "Defaults lecture_file=/srv/shown, lecture=never" + grant, script: ungranted, shows: "the lecture"},
	{name: "lecture_file, !lecture", policy: "Defaults lecture_file=/srv/shown, !lecture" + grant, script: ungranted, shows: "the lecture"},
	{name: "lecture_file, !authenticate", policy: "Defaults lecture_file=/srv/shown, lecture=always, !authenticate" + grant, script: ungranted + "; echo secret | sudo -S -k -v 2>&1; echo secret | sudo -S -k -l 2>&1", shows: "the lecture"},
	{name: "lecture_file, !authenticate and verifypw", policy: "Defaults lecture_file=/srv/shown, lecture=always, !authenticate, verifypw=always, listpw=always" + grant, script: "echo secret | sudo -S -k -v 2>&1; echo secret | sudo -S -k -l 2>&1", shows: "the lecture"},
	{name: "lecture_file, PASSWD and !authenticate", policy: "Defaults lecture_file=/srv/shown, lecture=always, !authenticate\nagent ALL=PASSWD: /usr/bin/pveversion", script: "echo secret | sudo -S -k /usr/bin/pveversion 2>&1", shows: "the lecture", effect: true},
	{name: "lecture of a command that is not granted", policy: "Defaults lecture_file=/srv/shown, lecture=never\nDefaults!/usr/bin/false lecture=always" + grant, script: ungranted, shows: "the lecture", effect: true},
	{name: "lecture_status_dir", policy: "Defaults lecture_status_dir=/srv/status, lecture=once" + grant, script: ungranted, look: "ls -A /srv/status/* 2>/dev/null | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "lecture_status_dir, always", policy: "Defaults lecture_status_dir=/srv/status, lecture=always" + grant, script: ungranted, look: "ls -A /srv/status/* 2>/dev/null | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "lecture_status_dir alone", policy: "Defaults lecture_status_dir=/srv/status" + grant, script: ungranted, look: "ls -A /srv/status/* 2>/dev/null | sed 's/^/made /'", shows: "made "},
	{name: "lecture_status_dir, !authenticate", policy: "Defaults lecture_status_dir=/srv/status, lecture=always, !authenticate" + grant, script: ungranted, look: "ls -A /srv/status/* 2>/dev/null | sed 's/^/made /'", shows: "made "},
	{name: "editor in sudoedit", policy: "Defaults editor=/home/agent/editor\nagent ALL=NOPASSWD: sudoedit /srv/shown", script: "env -u EDITOR -u VISUAL -u SUDO_EDITOR sudo -n -e /srv/shown 2>&1; cat ~/ran", shows: "uid=0("},
	{name: "editor in sudoedit, as the caller", policy: "Defaults editor=/home/agent/editor\nagent ALL=NOPASSWD: sudoedit /srv/shown", script: "env -u EDITOR -u VISUAL -u SUDO_EDITOR sudo -n -e /srv/shown 2>&1; cat ~/ran", shows: "(agent) gid=", effect: true},
	{name: "editor in the sudoedit of somebody else", policy: "Defaults:other editor=/home/agent/editor\nother ALL=NOPASSWD: sudoedit /srv/shown", look: asOther + "env -u EDITOR -u VISUAL -u SUDO_EDITOR sudo -n -e /srv/shown' 2>&1; cat /home/agent/ran", shows: "(other) gid=", effect: true},
	{name: "mailer of somebody else", policy: "Defaults mailerpath=/home/agent/editor" + grant, look: asOther + "echo wrong | sudo -S -k /usr/bin/false' 2>&1; sleep 1; cat /home/agent/ran", shows: "(other) gid=", effect: true},
	{name: "mailer of somebody else as root", policy: "Defaults mailerpath=/home/agent/editor" + grant, look: asOther + "echo wrong | sudo -S -k /usr/bin/false' 2>&1; sleep 1; cat /home/agent/ran", shows: "uid=0("},
	{name: "env_file of somebody else", policy: "Defaults:other env_file=/srv/env\nother ALL=NOPASSWD: /usr/bin/env", look: asOther + "sudo -n /usr/bin/env' 2>&1", shows: "PERL5LIB=/tmp", effect: true},
	{name: "secure_path of somebody else", policy: "Defaults:other secure_path=/home/agent\\:/usr/bin\nother ALL=NOPASSWD: ALL", look: asOther + "sudo -n /bin/sh -c editor' 2>&1; cat /home/agent/ran", shows: "uid=0(", effect: true},
	{name: "logfile of somebody else", policy: "Defaults:other logfile=/srv/written" + grant, look: asOther + "echo wrong | sudo -S -k /usr/bin/false' 2>&1; cat /srv/written", shows: "other : ", effect: true},
	{name: "umask of somebody else", policy: "Defaults:other umask=0\nother ALL=NOPASSWD: ALL", look: asOther + "umask 022; sudo -n /bin/sh -c umask' 2>&1", shows: "0000"},
	{name: "umask of somebody else, umask_override", policy: "Defaults:other umask=0, umask_override\nother ALL=NOPASSWD: ALL", look: asOther + "umask 022; sudo -n /bin/sh -c umask' 2>&1", shows: "0000", effect: true},
	{name: "umask=0777 leaves the caller's", policy: "Defaults umask=0777\nagent ALL=NOPASSWD: ALL", script: "umask 0; sudo -n /bin/sh -c umask 2>&1", shows: "0000", effect: true},
	{name: "a log server that is taken off the list", policy: "Defaults log_servers=\"10.255.255.1 127.0.0.1\"\nDefaults log_servers-=127.0.0.1, log_servers-=10.255.255.1" + grant, script: listen, shows: "server got"},
	{name: "editor in root's visudo", policy: "Defaults editor=/home/agent/editor" + grant, look: "env -u EDITOR -u VISUAL -u SUDO_EDITOR visudo 2>&1; cat /home/agent/ran; true", shows: "uid=0(", effect: true},
	{name: "the subject's editor in root's visudo", policy: "Defaults:agent editor=/home/agent/editor" + grant, look: "env -u EDITOR -u VISUAL -u SUDO_EDITOR EDITOR= visudo </dev/null 2>&1; cat /home/agent/ran; true", shows: "uid=0("},
	{name: "the editor of a command in root's visudo", policy: "Defaults!/usr/bin/pveversion editor=/home/agent/editor\nDefaults>root editor=/home/agent/editor" + grant, look: "env -u EDITOR -u VISUAL -u SUDO_EDITOR visudo </dev/null 2>&1; cat /home/agent/ran; true", shows: "uid=0("},
	{name: "iolog_dir", policy: "Defaults iolog_dir=/srv/io, log_subcmds, log_passwords, log_exit_status, maxseq=9, iolog_flush, iolog_mode=0666" + grant, script: granted, look: "ls /srv/io | sed 's/^/made /'", shows: "made "},
	{name: "iolog_dir, log_output", policy: "Defaults iolog_dir=/srv/io, log_output" + grant, script: granted, look: "ls /srv/io | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "iolog_dir, log_stdin", policy: "Defaults iolog_dir=/srv/io, log_stdin" + grant, script: granted, look: "ls /srv/io | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "iolog_dir, LOG_OUTPUT", policy: "Defaults iolog_dir=/srv/io\nagent ALL=NOPASSWD: LOG_OUTPUT: /usr/bin/pveversion", script: granted, look: "ls /srv/io | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "iolog_dir, a command that is not granted", policy: "Defaults iolog_dir=/srv/io, log_output" + grant, script: ungranted, look: "ls /srv/io 2>/dev/null | sed 's/^/made /'", shows: "made "},
	{name: "iolog_dir, NOLOG_OUTPUT", policy: "Defaults iolog_dir=/srv/io, log_output\nagent ALL=NOPASSWD: NOLOG_OUTPUT: /usr/bin/pveversion", script: granted, look: "ls /srv/io 2>/dev/null | sed 's/^/made /'", shows: "made "},
	{name: "log_servers without recording", policy: "Defaults log_servers=127.0.0.1" + grant, script: listen, shows: "server got", effect: true},
	{name: "log_servers(tls) with a certificate of the caller's", policy: "Defaults log_servers=localhost(tls)" + grant, script: listenTLS, shows: "sudoers 1.9"},
	{name: "log_servers(tls) that is not verified", policy: "Defaults log_servers=localhost(tls), !log_server_verify" + grant, script: listenTLS, shows: "sudoers 1.9", effect: true, trixie: true},
	{name: "log_server_cabundle without a server", policy: "Defaults log_server_cabundle=/nonexistent/bundle, log_server_peer_cert=/nonexistent/cert, log_server_peer_key=/nonexistent/key" + grant, script: granted, shows: "nonexistent"},
	{name: "log_server_cabundle", policy: "Defaults log_server_cabundle=/nonexistent/bundle, log_servers=localhost(tls)" + grant, script: listenTLS, shows: "nonexistent", effect: true, trixie: true},
	{name: "env_file", policy: "Defaults env_file=/srv/env" + grant, script: "sudo -n /usr/bin/env", shows: "PERL5LIB=/tmp", effect: true},
	{name: "restricted_env_file", policy: "Defaults restricted_env_file=/srv/env" + grant, script: "sudo -n /usr/bin/env; sudo -n -s 2>&1", shows: "PERL5LIB=/tmp"},
	{name: "restricted_env_file, what is kept", policy: "Defaults restricted_env_file=/srv/env" + grant, script: "sudo -n /usr/bin/env", shows: "COLORS=file", effect: true},
	{name: "pam_service without a password", policy: "Defaults pam_service=probe" + grant, script: granted, look: "cat /srv/pam", shows: "open_session", effect: true},
	{name: "pam_service without a password, the account", policy: "Defaults pam_service=probe" + grant, script: granted, look: "cat /srv/pam", shows: "account", effect: true},
	{name: "pam_service without a password, the password", policy: "Defaults pam_service=probe" + grant, script: granted, look: "cat /srv/pam", shows: "auth"},
	{name: "pam_service without account and session", policy: "Defaults pam_service=probe, !pam_acct_mgmt, !pam_session, !pam_setcred" + grant, script: granted, look: "cat /srv/pam", shows: "probe "},
	{name: "pam_service, a command that is not granted", policy: "Defaults pam_service=probe" + grant, script: ungranted, look: "cat /srv/pam", shows: "auth", effect: true},
	{name: "pam_login_service without -i", policy: "Defaults pam_login_service=probe" + grant, script: granted + "; " + ungranted, look: "cat /srv/pam", shows: "probe "},
	{name: "apt list on a terminal", policy: "agent ALL=NOPASSWD: /usr/bin/apt list --upgradable", script: "script -qc 'sudo -n /usr/bin/apt list --upgradable' /dev/null", look: "cat /srv/pager", shows: "uid=0(", effect: true, trixie: true},
	{name: "logfile of a command that is not granted", policy: "Defaults!/usr/bin/false logfile=/srv/written" + grant, script: ungranted, look: "cat /srv/written", shows: "/usr/bin/false", effect: true},
	{name: "logfile of a target that is not granted", policy: "Defaults>www-data logfile=/srv/written" + grant, script: "echo secret | sudo -S -k -u www-data /usr/bin/pveversion 2>&1", look: "cat /srv/written", shows: "USER=www-data", effect: true},
	{name: "logfile of another command", policy: "Defaults!/usr/bin/true logfile=/srv/written" + grant, script: granted + "; " + ungranted, look: "cat /srv/written", shows: "agent : "},
	{name: "logfile, a command of another account", policy: "Defaults logfile=/srv/written\nagent ALL=(www-data) NOPASSWD: /usr/bin/pveversion", script: "sudo -n -u www-data /usr/bin/pveversion 2>&1", look: "cat /srv/written", shows: "USER=www-data", effect: true},
	{name: "pam_service of a command that is not granted", policy: "Defaults!/usr/bin/false pam_service=probe" + grant, script: ungranted, look: "cat /srv/pam", shows: "auth", effect: true},
	{name: "iolog_dir, a command of another account", policy: "Defaults iolog_dir=/srv/io, log_output\nagent ALL=(www-data) NOPASSWD: /usr/bin/pveversion", script: "sudo -n -u www-data /usr/bin/pveversion 2>&1", look: "ls /srv/io | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "pam_login_service, -i", policy: "Defaults pam_login_service=probe" + grant, script: "echo secret | sudo -S -k -i /usr/bin/pveversion 2>&1", look: "cat /srv/pam", shows: "probe ", effect: true},
	{name: "group_plugin, a library of root's", policy: "Defaults group_plugin=/srv/plugin.so" + grant, script: granted, shows: "unable to load /srv/plugin.so", effect: true},
	{name: "group_plugin, a library of the caller's", policy: "Defaults group_plugin=/home/agent/plugin.so" + grant, script: granted, shows: "unable to load /home/agent/plugin.so", effect: true},
	{name: "timestampdir", policy: "Defaults timestampdir=/srv/ts\nagent ALL=PASSWD: /usr/bin/pveversion", script: "echo secret | sudo -S /usr/bin/pveversion 2>&1", look: "ls -A /srv/ts | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "timestampdir, a command that is not granted", policy: "Defaults timestampdir=/srv/ts" + grant, script: "echo secret | sudo -S /usr/bin/false 2>&1", look: "ls -A /srv/ts | sed 's/^/made /'", shows: "made ", effect: true},
	{name: "timestampdir without a password", policy: "Defaults timestampdir=/srv/ts" + grant, script: granted, look: "ls -A /srv/ts 2>/dev/null | sed 's/^/made /'", shows: "made "},
	{name: "admin_flag of a member of the group sudo", policy: "Defaults admin_flag=/srv/open/flag\nother ALL=NOPASSWD: /usr/bin/pveversion", look: asOther + "sudo -n /usr/bin/pveversion' >/dev/null 2>&1; stat -c 'owned by %U' /srv/open/flag", shows: "owned by other", effect: true},
	{name: "admin_flag, as root", policy: "Defaults admin_flag=/srv/open/flag\nother ALL=NOPASSWD: /usr/bin/pveversion", look: asOther + "sudo -n /usr/bin/pveversion' >/dev/null 2>&1; stat -c 'owned by %U' /srv/open/flag", shows: "owned by root"},
	{name: "admin_flag of somebody else", policy: "Defaults admin_flag=/srv/open/flag" + grant, script: granted, look: "ls -A /srv/open | sed 's/^/made /'", shows: "made "},
	{name: "mailerflags", policy: "Defaults mailerpath=/home/agent/editor, mailerflags=\"-oQ/srv/queue\"" + grant, look: asOther + "echo wrong | sudo -S -k /usr/bin/false' 2>&1; sleep 1; cat /home/agent/ran", shows: "with -oQ/srv/queue", effect: true},
}

// settleOptions makes what the facts need: an account with a password, an editor and a PAM service that say who runs
// them.
const settleOptions = `useradd -m -s /bin/sh agent; echo agent:secret | chpasswd
useradd -m -s /bin/sh other; echo other:secret | chpasswd
chmod 755 /home/agent
test -e /usr/bin/pveversion || cp /bin/true /usr/bin/pveversion
echo 'the lecture' >/srv/shown
printf 'PERL5LIB=/tmp\nCOLORS=file\n' >/srv/env
printf '#!/bin/sh\nid >>/home/agent/ran\necho "with $*" >>/home/agent/ran\n' >/home/agent/editor
printf '#!/bin/sh\nid >/srv/pager\n' >/usr/local/sbin/pager; chmod 755 /usr/local/sbin/pager; ln -sf /usr/local/sbin/pager /usr/bin/pager
printf '#!/bin/sh\necho probe $PAM_TYPE >>/srv/pam\n' >/usr/local/sbin/probe
chmod 755 /home/agent/editor /usr/local/sbin/probe
head -c 4096 /dev/zero | tee /srv/plugin.so >/home/agent/plugin.so; chown agent /home/agent/plugin.so
usermod -aG sudo other
for type in auth account session; do echo "$type optional pam_exec.so /usr/local/sbin/probe"; echo "$type required pam_permit.so"; done >/etc/pam.d/probe
`

const tidyOptions = "rm -rf /srv/ts /srv/open /srv/written /srv/status /srv/io /srv/pam /home/agent/ran /home/agent/got /var/lib/sudo/lectured; install -d -m 1777 /srv/open; touch /srv/pam /home/agent/ran; chmod 666 /srv/pam /home/agent/ran; chown agent /home/agent/ran"

// quoted is a text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// TestOptions holds to the real sudo when options take effect.
func TestOptions(t *testing.T) {
	t.Parallel()
	var script strings.Builder
	script.WriteString("{ " + settleOptions + " } >/dev/null 2>&1\n")
	for _, f := range optionFacts {
		fmt.Fprintf(&script, "{ %s; } 2>/dev/null\nprintf '%%s\\n' %s >/etc/sudoers\nchmod 440 /etc/sudoers\n", tidyOptions, quoted(f.policy+"\nDefaults !fqdn"))
		fmt.Fprintf(&script, "su agent -s /bin/sh -c %s </dev/null 2>&1\n{ %s\n} </dev/null 2>&1\nprintf '%s'\n", quoted("cd\n"+f.script), cmp.Or(f.look, "true"), endOfFact)
	}
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0]
			out, err := node.Exec(t.Context(), script.String()+"true\n", "/bin/sh", "-s")
			if err != nil {
				t.Fatal(err)
			}
			answers := strings.Split(out, endOfFact)
			if len(answers) != len(optionFacts)+1 {
				t.Fatalf("%d answers to %d questions", len(answers)-1, len(optionFacts))
			}
			for i, f := range optionFacts {
				if got := strings.Contains(answers[i], f.shows); got != f.effectOn(suite) {
					t.Errorf("%s: takes effect %t: %s", f.name, got, answers[i])
				}
			}
		})
	}
}

// endOfFact ends what is shown of one fact.
const endOfFact = "=== end of fact"

// effectOn tells whether the option takes effect on a release.
func (f *optionFact) effectOn(suite lab.Suite) bool {
	return f.effect && (!f.trixie || suite != lab.Bookworm)
}
