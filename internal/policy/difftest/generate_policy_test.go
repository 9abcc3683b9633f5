package difftest

import (
	"strconv"
	"strings"
)

// policy writes a whole policy.
func (g *generator) policy() string {
	g.b.Reset()
	g.aliases = [4][]string{}
	for kind := range g.aliases {
		for i := range g.IntN(4) {
			g.aliases[kind] = append(g.aliases[kind], "UHRC"[kind:kind+1]+pick(g, "A", "B_", "X9", "LL")+strconv.Itoa(i))
		}
	}
	var lines []string
	for kind, names := range g.aliases {
		for i := 0; i < len(names); {
			n := 1
			if i+1 < len(names) && g.chance(4) {
				n = 2
			}
			lines = append(lines, g.aliasLine(kind, names[i:i+n]))
			i += n
		}
	}
	for range g.IntN(4) {
		lines = append(lines, g.defaultsLine())
	}
	for range 1 + g.IntN(7) {
		lines = append(lines, g.spec())
	}
	for range g.IntN(3) {
		lines = append(lines, pick(g, "", "# comment", "#", "  ", "\t# x\\", "#comment: a = b", "# \"", "#includefoo bar"))
	}
	g.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for _, l := range lines {
		g.b.WriteString(l)
		if l != "" && l[0] != '#' && g.chance(8) {
			g.b.WriteString(pick(g, " # trailing", "\t#", "  # a, b : c = d"))
		}
		g.b.WriteString("\n")
	}
	return g.b.String()
}

func (g *generator) aliasLine(kind int, names []string) string {
	var b strings.Builder
	b.WriteString(pick(g, "", "", "", " ", "\t"))
	word := []string{"User_Alias", "Host_Alias", "Runas_Alias", "Cmnd_Alias"}[kind]
	if kind == 3 && g.chance(4) {
		word = "Cmd_Alias"
	}
	b.WriteString(word + g.blank())
	one := []func() string{g.user, g.host, g.target, g.command}[kind]
	for i, n := range names {
		if i > 0 {
			b.WriteString(g.gap() + ":" + g.gap())
		}
		b.WriteString(n + g.gap() + "=" + g.gap() + g.list(4, one))
	}
	return b.String()
}

var quietDefaults = []string{
	"env_reset", "!env_reset", "use_pty", "fast_glob", "!fast_glob", "!case_insensitive_user", "!case_insensitive_group", "match_group_by_gid",
	"runas_default=bob", "runas_default = root", "lecture=never", "passwd_tries=3", `env_keep += "A B"`, `env_keep-="A"`, "secure_path=/usr/bin:/bin",
	`secure_path = "/usr/sbin:/usr/bin"`, "umask=0022", "timestamp_timeout=2.5", "closefrom=3", "shell_noargs", "!insults",
	"fast_glob", "fast_glob", "runas_default=www-data", "setenv", "noexec", "log_output", "iolog_dir=/var/log/x",
	"!use_netgroups", "use_netgroups", "runas_default=nosuch", "exempt_group=ops", "runcwd=*", "lecture_file=/etc/shadow", "sudoers_locale=C.UTF-8", "sudoers_locale=C",
	"runchroot=/nowhere", "!runchroot", "editor=/usr/bin/true", "badpass_message=x", "timestamp_type=tty",
}

var wildDefaults = []string{
	"!lecture", "lecture", "umask=999", "!umask", "unknown_option", "!unknown_option", "env_reset=1", "passwd_tries=x", "passwd_tries=-1", "passwd_tries", "!passwd_tries",
	"syslog=auth", "syslog", "!syslog", "syslog=nosuch", "syslog_badpri=alert", "syslog_goodpri=none", "!syslog_goodpri", "env_keep", "!env_keep", `env_keep="a  b	c"`, "env_keep+=A",
	"env_delete-=B", "mailto=root", "!mailto", "mailto", `mailsub="*** %h ***"`, "logfile=/var/log/sudo", "logfile=relative", "!logfile", "verifypw=all", "!verifypw", "verifypw",
	"listpw=never", "listpw=nosuch", "runcwd=*", "runcwd=~", "runcwd=/tmp", "runcwd=tmp", "runchroot=/x", "command_timeout=1h", "command_timeout=1x", "!command_timeout", "command_timeout=30",
	"timestamp_type=tty", "timestamp_type=x", "intercept_type=trace", "log_format=json", "log_format=json_compact", "rlimit_core=0,infinity", "rlimit_core=default", "!rlimit_core", "rlimit_core", "rlimit_nofile=x",
	"iolog_mode=0640", "iolog_mode=9", "maxseq=36", "loglinelen=0", "loglinelen=-1", "!loglinelen", "passprompt_regex=^[Pp]ass", `passprompt_regex += "a b"`, "fdexec=always", "!fdexec", "fdexec",
	"admin_flag=/x", "!admin_flag", "pam_silent", "log_passwords", "intercept_verify", "apparmor_profile=foo", "cmddenial_message=x", "closefrom=x", "passwd_timeout=0.5", "passwd_timeout=1.5.2", "timestamp_timeout=-1",
	"exempt_group=wheel", "editor=/usr/bin/vi:/bin/nano", "editor=vi", `badpass_message="Sorry, \"you\""`, "group_plugin=x", "sudoers_locale=C", "noexec+=x", "use_pty-=x", "secure_path+=x", "env_file=/x", "env_file=x", "log_servers=a b", `log_servers="a b"`, "maxseq=x", "umask=0777", "umask=00", "insults = yes", "mail_badpass,", "role=r", "type=t", "privs=x", "limitprivs=y", "timestampdir=/x", "lecture_status_dir=x", "lecture_file=/x", "!editor",
}

func (g *generator) setting() string {
	if g.wild && g.chance(2) {
		return pick(g, wildDefaults...)
	}
	return pick(g, quietDefaults...)
}

func (g *generator) defaultsLine() string {
	binding := ""
	switch g.IntN(8) {
	case 0:
		binding = "@" + g.gap() + g.list(2, g.host)
	case 1:
		binding = ":" + g.gap() + g.list(2, g.user)
	case 2:
		binding = ">" + g.gap() + g.list(2, g.target)
	case 3:
		binding = "!" + g.gap() + g.list(2, g.boundCommand)
	}
	settings := make([]string, 1+g.IntN(3))
	for i := range settings {
		settings[i] = g.setting()
	}
	if !g.wild && len(binding) > 1 {
		// The sign and what is bound belong together.
		binding = binding[:1] + strings.TrimLeft(strings.ReplaceAll(strings.ReplaceAll(binding[1:], "! ", "!"), "!!", ""), " \t\\\n")
	}
	return pick(g, "", "", "", " ") + "Defaults" + binding + g.blank() + strings.Join(settings, g.gap()+","+g.gap())
}

func (g *generator) boundCommand() string {
	switch g.IntN(4) {
	case 0:
		return g.alias(3)
	case 1:
		if g.wild {
			return pick(g, "ALL", "sudoedit", `^/bin/x$`, "/a b", "list")
		}
	}
	return pick(g, directoryNames...) + "/" + pick(g, "id", "ls", "tool", "x?", "*")
}

func (g *generator) options() string {
	var b strings.Builder
	for range g.IntN(3) {
		o := pick(g, "CWD=/tmp", "CWD = ~", "CWD=*", "TIMEOUT=30", "TIMEOUT=1h30m", "NOTBEFORE=20200101000000Z", "NOTAFTER=20990101000000Z",
			"NOTAFTER=20200101000000Z", "NOTBEFORE=20990101000000Z", "NOTAFTER=2099010100Z", "NOTAFTER=209901010000.5+0100", "NOTBEFORE=20200101000000Z", "CHROOT=/nowhere", "CHROOT=/opt")
		if g.wild && g.chance(2) {
			o = pick(g, "ROLE=r", "TYPE=t", "ROLE=\"x y\"", "APPARMOR_PROFILE=p", "APPARMOR_PROFILE = \"a b\"", "PRIVS=p", "LIMITPRIVS=q", "CHROOT=/x", "CHROOT=*", "CHROOT=x",
				"CWD=tmp", "CWD=\"/tmp/a b\"", "CWD=~alice/x", "TIMEOUT=1x", "TIMEOUT=1m1h", "TIMEOUT=1d2h3m4s", "TIMEOUT=", "NOTBEFORE=2020", "NOTAFTER=99999999999999Z", "NOTBEFORE=20200101000000",
				"NOTAFTER=20200101000000-0530", "ROLE=ALL", "TYPE=ABC", "CWD=ALL", "FOO=bar", "TIMEOUT=2147483648", "TIMEOUT=1D")
		}
		b.WriteString(o + g.blank())
	}
	return b.String()
}

func (g *generator) tags() string {
	var b strings.Builder
	for range g.IntN(3) {
		t := pick(g, "NOPASSWD", "EXEC", "NOEXEC", "SETENV", "NOSETENV", "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT", "MAIL", "NOMAIL", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT")
		if g.wild && g.chance(3) {
			t = pick(g, "PASSWD", "NOPASSWD", "NOFOO", "passwd")
		}
		b.WriteString(t + pick(g, "", "", " ", "\t") + ":" + g.gap())
	}
	return b.String()
}

func (g *generator) commandSpec() string {
	var b strings.Builder
	if g.chance(3) {
		b.WriteString(g.runAs() + g.gap())
	}
	if g.chance(4) {
		b.WriteString(g.options())
	}
	if g.chance(3) {
		b.WriteString(g.tags())
	}
	if g.chance(5) {
		b.WriteString(pick(g, "!", "!", "! ", "!!", "!!!"))
	}
	b.WriteString(g.command())
	return b.String()
}

func (g *generator) privilege() string {
	parts := make([]string, 1+g.IntN(5))
	for i := range parts {
		parts[i] = g.commandSpec()
	}
	hosts := "ALL"
	if g.chance(2) {
		hosts = g.list(2, g.host)
	}
	return hosts + g.gap() + "=" + g.gap() + strings.Join(parts, g.gap()+","+g.gap())
}

func (g *generator) spec() string {
	parts := make([]string, 1)
	if g.chance(4) {
		parts = make([]string, 2)
	}
	for i := range parts {
		parts[i] = g.privilege()
	}
	return pick(g, "", "", "", " ", "\t") + g.list(3, g.user) + g.blank() + strings.Join(parts, g.gap()+":"+g.gap())
}

// mutate makes a few random changes to a text.
func (g *generator) mutate(text string) string {
	b := []byte(text)
	for range 1 + g.IntN(3) {
		if len(b) == 0 {
			break
		}
		i := g.IntN(len(b))
		j := min(len(b), i+1+g.IntN(3))
		piece := pick(g, "!", "#", ",", ":", "=", "(", ")", "\\", "\"", " ", "\t", "\n", "%", "+", "@", "ALL", "\\\n", "^", "$", "'", "/", "*", "-", ">", "\r\n", "\\x41", "NOPASSWD:", "#12", "sudoedit", "list", "Defaults", "\x00", "\x7f", "\xc3\xa9", "CWD=", "TIMEOUT=", "User_Alias", "@include ", "sha256:", "1.2.3.4", "::1", "a")
		switch g.IntN(5) {
		case 0:
			b = append(b[:i], b[j:]...)
		case 1:
			b = append(b[:i:i], append([]byte(piece), b[i:]...)...)
		case 2:
			b = append(b[:i:i], append([]byte(piece), b[j:]...)...)
		case 3:
			b = append(b[:j:j], b[i:]...)
		case 4:
			k := g.IntN(len(b))
			b[i], b[k] = b[k], b[i]
		}
	}
	return string(b)
}
