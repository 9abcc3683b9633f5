package policy

import (
	"maps"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Hazard is a setting by which a caller comes to root or to its files.
type Hazard struct {
	Option, Value string
	// Effect is what the option does, Why what is wrong with the value.
	Effect sudoers.Effect
	Why    string
	// Fix says which values pass.
	Fix string
	// Condition is what else has to be, "" for nothing.
	Condition string
	// Idle tells that the policy itself does not use the option: the condition is that another file of the node does.
	Idle bool
	// Minor tells that the value leads to nothing worse than that others read of commands.
	Minor bool
	// InSudo tells that sudo itself goes by the option: it is root, whichever account the command runs as.
	InSudo bool
	// ForOthers tells that anybody can make use of the value, not just the caller whom it holds for: it is to be mended
	// even where he is granted everything.
	ForOthers bool
}

// Hazards looks through the settings in force for a grant for those that are dangerous with the value that they have,
// by the name of the option. A value that nobody has vetted is one. What takes no effect is none. What takes effect
// without the grant, too, is looked at with the values that it has there. Subject is the caller.
func Hazards(s Settings, uses Uses, subject Subject) []Hazard {
	names := map[string]bool{}
	for _, of := range []map[string][]string{uses.visudo, uses.refused} {
		for name := range of {
			names[name] = true
		}
	}
	for name := range s {
		names[name] = true
	}
	for name := range uses.others {
		names[name] = true
	}
	var list []Hazard
	for name := range names {
		if h, dangerous := uses.worst(name, s, subject); dangerous {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(x, y Hazard) int { return strings.Compare(x.Option, y.Option) })
	return list
}

// worst is the hazard of an option with the values that it may have, one that needs nothing else before others.
func (u *Uses) worst(name string, s Settings, subject Subject) (worst Hazard, dangerous bool) {
	use := options[name].use
	keep := func(h *Hazard, is bool) {
		if is && (!dangerous || worst.Condition != "" && h.Condition == "") {
			worst, dangerous = *h, true
		}
	}
	try := func(value string, s Settings) {
		h, is := hazardOf(name, value, s, subject)
		keep(&h, is && u.judge(use, &h))
	}
	if use == usedByVisudo {
		for _, value := range u.visudo[name] {
			try(value, s)
		}
	} else {
		try(s[name], s)
		elsewhere := Settings{}
		if u.unverified {
			elsewhere["log_server_verify"] = off
		}
		for _, value := range u.refused[name] {
			try(value, elsewhere)
		}
	}
	for i := range u.others[name] {
		r := &u.others[name][i]
		h := r.hazard(name, subject)
		keep(&h, u.judgeOthers(use, r, &h))
	}
	return worst, dangerous
}

// hazardOf tells whether a value is dangerous where its option takes effect.
func hazardOf(option, value string, s Settings, subject Subject) (h Hazard, dangerous bool) {
	o, known := options[option]
	if value == "" || known && o.why == nil {
		return h, false
	}
	if !known {
		return Hazard{Option: option, Value: value, InSudo: true, Effect: sudoers.Effect{What: "nobody has vetted this option"}, Why: "what it does is not known", Fix: "Leave the option out: pvesec knows no value of it that is harmless."}, true
	}
	why := o.why(value, subject, s)
	if why == "" {
		return h, false
	}
	return Hazard{Option: option, Value: value, Effect: o.effect(option), Why: why, Fix: o.fix(option), Condition: helped(value), InSudo: !o.inCommand, ForOthers: reaches(option, value, s, Subject{}) != ""}, true
}

// InOthersHands says what is wrong with a value of an option that has something run, or sets variables of it, in other
// hands than root's: who writes there is root. It is "" for what is in root's, and for other options.
func InOthersHands(option, value string) string {
	o := options[option]
	if o.reaches == nil || o.kind != sudoers.EffectRuns && o.kind != sudoers.EffectReads {
		return ""
	}
	return o.reaches(value, Subject{}, nil)
}

// option is what is known of the values of an option: either what is wrong with a value, or why no value is a way to
// root.
type option struct {
	kind sudoers.EffectKind // of the effect that matters
	why  func(value string, subject Subject, s Settings) string
	// reaches is what is wrong with a value that holds for others than the caller: how he comes to what is theirs. Nil,
	// if he does by no value.
	reaches func(value string, subject Subject, s Settings) string
	// use says when the option takes effect.
	use use
	// inCommand tells that it takes effect in the command that sudo runs, and matters where that is root's.
	inCommand bool
	// values says which values pass, for example is one of them as a policy has it.
	values, example string
	// harmless says why any value will do.
	harmless string
}

// effect is the one that matters.
func (o *option) effect(name string) sudoers.Effect {
	d, _ := sudoers.LookupDefault(name)
	return d.Effects[slices.IndexFunc(d.Effects, func(e sudoers.Effect) bool { return e.Kind == o.kind })]
}

func (o *option) fix(name string) string {
	text := "Leave " + name + " out, or give it a value that passes: " + o.values + "."
	if o.example == "" {
		return text
	}
	return text + " For example: Defaults " + o.example + "."
}

// VettedOption is an option of which some values pass.
type VettedOption struct {
	Name string
	// Uses says when it takes effect, Passes which values pass; Example is one of them as a policy has it.
	Uses, Passes, Example string
}

// VettedOptions are all of them, by name.
func VettedOptions() []VettedOption {
	var list []VettedOption
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if o := options[name]; o.example != "" {
			list = append(list, VettedOption{Name: name, Uses: o.use.String(), Passes: o.values, Example: o.example})
		}
	}
	return list
}

// Reasons why any value of an option will do.
const (
	onlyText      = "a text, or who gets a mail"
	onlyPassword  = "how the caller proves who he is: a grant is judged as if no password were asked for"
	onlyRules     = "the rules are decided by it, as sudo does"
	onlyRecords   = "what is recorded, and in which form; no file or reader is named"
	onlyLess      = "the command can do less, or ends sooner"
	onlyElsewhere = "has no effect on Linux, or in the sudo of Debian"
	onlyGrant     = "looked at with the grants that it is about"
	asTheCaller   = "runs as the caller, as Debian builds sudo"
)

// Values that pass, of several options.
const (
	placesForLogs = "a place for logs that only root writes: below /var/log, except in directories of other accounts, or below a directory that is named for logs (sudo, sudo-io, log, logs, audit) in /srv, /opt, /data, /run or /var"
	sudosServices = "the services of sudo itself (sudo, sudo-i, sudo-l)"
)

func vetted(reason string) option { return option{harmless: reason} }

// options are all options of the catalogue. An option that is not here is a hazard with any value.
var options = map[string]option{
	// Files, programs and directories: values are vetted.
	"editor":               {kind: sudoers.EffectRuns, why: named(foreignElement), reaches: named(foreignElement), use: usedByVisudo, values: "programs in directories where only root writes, without words behind them", example: "editor=/usr/bin/nano"},
	"env_file":             {kind: sudoers.EffectReads, why: named(notRoots), reaches: named(notRoots), inCommand: true, values: "a file that only root writes, and no user of Proxmox VE", example: "env_file=/etc/environment"},
	"group_plugin":         {kind: sudoers.EffectRuns, why: named(foreignPlugin), reaches: named(foreignWord), values: "system_group.so, or group_file.so with a file that only root writes", example: "group_plugin=system_group.so"},
	"iolog_dir":            {kind: sudoers.EffectWrites, why: named(unlessForLogs), reaches: named(foreignLog), use: usedByRecording, values: placesForLogs, example: "iolog_dir=/var/log/sudo-io"},
	"iolog_file":           {kind: sudoers.EffectWrites, why: named(climbs), reaches: named(climbs), use: usedByRecording, values: `a name without ".."`, example: "iolog_file=%{seq}"},
	"lecture_file":         {kind: sudoers.EffectReads, why: named(unlessPublic), use: usedByLecture, values: "a file that everyone may read (/etc/issue, /etc/motd, below /usr/share, or directly in /etc with lecture in its name)", example: "lecture_file=/etc/sudo.lecture"},
	"lecture_status_dir":   {kind: sudoers.EffectWrites, why: named(unlessForLogs), reaches: named(foreignLog), use: usedByLecture, values: placesForLogs, example: "lecture_status_dir=/var/lib/sudo/lectured"},
	"log_server_cabundle":  {kind: sudoers.EffectReads, why: named(notRoots), reaches: named(notRoots), use: usedByServers, values: "a file that only root writes", example: "log_server_cabundle=/etc/ssl/certs/ca-certificates.crt"},
	"log_server_peer_cert": {kind: sudoers.EffectReads, why: named(notRoots), reaches: named(notRoots), use: usedByServers, values: "a file that only root writes", example: "log_server_peer_cert=/etc/ssl/certs/sudo.pem"},
	"log_server_peer_key":  {kind: sudoers.EffectReads, why: named(notRoots), reaches: named(notRoots), use: usedByServers, values: "a file that only root writes", example: "log_server_peer_key=/etc/ssl/private/sudo.key"},
	"logfile":              {kind: sudoers.EffectWrites, why: named(unlessForLogs), reaches: named(foreignLog), values: placesForLogs, example: "logfile=/var/log/sudo.log"},
	"secure_path":          {kind: sudoers.EffectRuns, why: named(foreignElement), reaches: named(foreignElement), inCommand: true, values: "directories where only root writes", example: `secure_path=/usr/local/sbin\:/usr/local/bin\:/usr/sbin\:/usr/bin\:/sbin\:/bin`},
	"timestampdir":         {kind: sudoers.EffectWrites, why: named(unlessForLogs), reaches: named(foreignLog), values: placesForLogs, example: "timestampdir=/run/sudo/ts"},

	// Accounts, hosts, numbers and names: values are vetted.
	"iolog_group":         {kind: sudoers.EffectRecords, why: subjectsGroup, reaches: subjectsGroup, use: usedByRecording, values: "a group that the subject is not in", example: "iolog_group=adm"},
	"iolog_mode":          {kind: sudoers.EffectRecords, why: named(openToAll), reaches: named(openToAll), use: usedByRecording, values: "a mode by which others neither read nor write", example: "iolog_mode=0640"},
	"iolog_user":          {kind: sudoers.EffectRecords, why: subjectsOwn, reaches: subjectsOwn, use: usedByRecording, values: "another account than the subject", example: "iolog_user=root"},
	"log_servers":         {kind: sudoers.EffectSends, why: onThisNode, reaches: onThisNode, use: usedByEvents, values: "the address of another host, or (tls) after the name of one with log_server_verify on", example: "log_servers=logs.example.com(tls)"},
	"pam_askpass_service": {kind: sudoers.EffectAuthenticates, why: named(unlessSudosService), values: sudosServices, example: "pam_askpass_service=sudo"},
	"pam_login_service":   {kind: sudoers.EffectAuthenticates, why: named(unlessSudosService), values: sudosServices, example: "pam_login_service=sudo-i"},
	"pam_service":         {kind: sudoers.EffectAuthenticates, why: named(unlessSudosService), values: sudosServices, example: "pam_service=sudo"},
	"rlimit_core":         {kind: sudoers.EffectConfines, why: dumpsCore, inCommand: true, values: "0", example: "rlimit_core=0"},
	"stay_setuid":         {kind: sudoers.EffectConfines, why: stays, inCommand: true, values: "off", example: "!stay_setuid"},
	"timestampowner":      {kind: sudoers.EffectAuthenticates, why: named(unlessRoot), reaches: subjectsOwn, values: "root", example: "timestampowner=root"},
	"umask":               {kind: sudoers.EffectConfines, why: opensFiles, reaches: opensOthersFiles, inCommand: true, values: "a mask by which neither group nor others write", example: "umask=0022"},

	// The environment, directories and programs of each grant: escalation looks at them.
	"env_check": vetted(onlyGrant), "env_delete": vetted(onlyGrant), "env_keep": vetted(onlyGrant), "env_reset": vetted(onlyGrant), "exempt_group": vetted(onlyGrant), "log_allowed": vetted(onlyGrant),
	"runcwd": vetted(onlyGrant), "setenv": vetted(onlyGrant), "sudoedit_checkdir": vetted(onlyGrant), "sudoedit_follow": vetted(onlyGrant), "syslog": vetted(onlyGrant), "syslog_goodpri": vetted(onlyGrant), "use_pty": vetted(onlyGrant),

	"runchroot":  {kind: sudoers.EffectRuns, reaches: named(foreignChroot), values: "a directory that only root writes", harmless: onlyGrant},
	"mailerpath": {kind: sudoers.EffectRuns, reaches: named(foreignElement), use: usedByMail, values: "a program in a directory where only root writes", example: "mailerpath=/usr/sbin/sendmail", harmless: asTheCaller},

	"restricted_env_file": vetted("its variables pass only where env_keep and env_check let the caller's own pass, which are looked at"),
	"noexec_file":         vetted("left sudo in 1.8.4"),

	"admin_flag": vetted(asTheCaller), "askpass": vetted(asTheCaller), "mailerflags": vetted(asTheCaller), "env_editor": vetted("visudo alone goes by it, and a grant of visudo is a way to root"),

	"authfail_message": vetted(onlyText), "badpass_message": vetted(onlyText), "cmddenial_message": vetted(onlyText), "insults": vetted(onlyText), "lecture": vetted(onlyText), "long_otp_prompt": vetted(onlyText), "mail_all_cmnds": vetted(onlyText),
	"mail_always": vetted(onlyText), "mail_badpass": vetted(onlyText), "mail_no_host": vetted(onlyText), "mail_no_perms": vetted(onlyText), "mail_no_user": vetted(onlyText), "mailfrom": vetted(onlyText), "mailsub": vetted(onlyText),
	"mailto": vetted(onlyText), "pam_silent": vetted(onlyText), "passprompt": vetted(onlyText), "passprompt_override": vetted(onlyText), "path_info": vetted(onlyText), "pwfeedback": vetted(onlyText), "visiblepw": vetted(onlyText),

	"authenticate": vetted(onlyPassword), "listpw": vetted(onlyPassword), "noninteractive_auth": vetted(onlyPassword), "pam_acct_mgmt": vetted(onlyPassword), "pam_rhost": vetted(onlyPassword), "pam_ruser": vetted(onlyPassword),
	"passwd_timeout": vetted(onlyPassword), "passwd_tries": vetted(onlyPassword), "requiretty": vetted(onlyPassword), "rootpw": vetted(onlyPassword), "runaspw": vetted(onlyPassword), "targetpw": vetted(onlyPassword),
	"timestamp_timeout": vetted(onlyPassword), "timestamp_type": vetted(onlyPassword), "tty_tickets": vetted(onlyPassword), "verifypw": vetted(onlyPassword),

	"always_query_group_plugin": vetted(onlyRules), "case_insensitive_group": vetted(onlyRules), "case_insensitive_user": vetted(onlyRules), "fast_glob": vetted(onlyRules), "fqdn": vetted(onlyRules), "ignore_local_sudoers": vetted(onlyRules),
	"match_group_by_gid": vetted(onlyRules), "netgroup_tuple": vetted(onlyRules), "root_sudo": vetted(onlyRules), "runas_allow_unknown_id": vetted(onlyRules), "runas_check_shell": vetted(onlyRules), "runas_default": vetted(onlyRules),
	"shell_noargs": vetted(onlyRules), "sudoers_locale": vetted(onlyRules), "use_netgroups": vetted(onlyRules), "ignore_unknown_defaults": vetted(onlyRules), "ignore_dot": vetted("the program that is found is held to the rules by its whole path"),

	"compress_io": vetted(onlyRecords), "ignore_audit_errors": vetted(onlyRecords), "ignore_iolog_errors": vetted(onlyRecords), "ignore_logfile_errors": vetted(onlyRecords), "iolog_flush": vetted(onlyRecords), "log_denied": vetted(onlyRecords),
	"log_exit_status": vetted(onlyRecords), "log_format": vetted(onlyRecords), "log_host": vetted(onlyRecords), "log_input": vetted(onlyRecords), "log_output": vetted(onlyRecords), "log_passwords": vetted(onlyRecords),
	"log_server_keepalive": vetted(onlyRecords), "log_server_timeout": vetted(onlyRecords), "log_server_verify": vetted("looked at with log_servers"), "log_stderr": vetted(onlyRecords), "log_stdin": vetted(onlyRecords),
	"log_stdout": vetted(onlyRecords), "log_subcmds": vetted(onlyRecords), "log_ttyin": vetted(onlyRecords), "log_ttyout": vetted(onlyRecords), "log_year": vetted(onlyRecords), "loglinelen": vetted(onlyRecords), "maxseq": vetted(onlyRecords),
	"passprompt_regex": vetted(onlyRecords), "set_utmp": vetted(onlyRecords), "syslog_badpri": vetted(onlyRecords), "syslog_maxlen": vetted(onlyRecords), "syslog_pid": vetted(onlyRecords), "utmp_runas": vetted(onlyRecords),

	"apparmor_profile": vetted("a grant is judged as if no profile held it"), "closefrom": vetted("the caller opens those files with rights of his own"), "closefrom_override": vetted("the caller opens those files with rights of his own"),
	"command_timeout": vetted(onlyLess), "exec_background": vetted(onlyLess), "intercept": vetted(onlyLess), "intercept_allow_setid": vetted("a grant is judged as if nothing were intercepted"), "intercept_authenticate": vetted(onlyLess),
	"intercept_type": vetted("a grant is judged as if nothing were intercepted"), "intercept_verify": vetted("a grant is judged as if nothing were intercepted"), "noexec": vetted("looked at with the operations that it stops"),
	"pam_session": vetted("what PAM sets up for root limits nothing that a grant is judged by"), "pam_setcred": vetted("what PAM sets up for root limits nothing that a grant is judged by"), "preserve_groups": vetted("root needs no group"),
	"rlimit_as": vetted(onlyLess), "rlimit_cpu": vetted(onlyLess), "rlimit_data": vetted(onlyLess), "rlimit_fsize": vetted("the caller's own limit holds without it"), "rlimit_locks": vetted(onlyLess), "rlimit_memlock": vetted(onlyLess),
	"rlimit_nofile": vetted(onlyLess), "rlimit_nproc": vetted(onlyLess), "rlimit_rss": vetted(onlyLess), "rlimit_stack": vetted(onlyLess), "set_logname": vetted("names the account and no file"), "umask_override": vetted("umask is judged as if the caller's own were 0"),
	"user_command_timeouts": vetted(onlyLess), "fdexec": vetted("programs in places where others write are found by their path"),
	"always_set_home": vetted("HOME is the home of the target, unless env_keep has it, which is found"), "set_home": vetted("HOME is the home of the target, unless env_keep has it, which is found"),

	"limitprivs": vetted(onlyElsewhere), "privs": vetted(onlyElsewhere), "role": vetted(onlyElsewhere), "selinux": vetted(onlyElsewhere), "type": vetted(onlyElsewhere), "use_loginclass": vetted(onlyElsewhere),
}

// named is a check of a value other than on and off.
func named(why func(string) string) func(string, Subject, Settings) string {
	return func(value string, _ Subject, _ Settings) string {
		if value == on || value == off {
			return ""
		}
		return why(value)
	}
}

// foreignElement looks through a list with colons: directories of a search path, or programs. Words behind a program
// may name another one, or a file that it reads as commands.
func foreignElement(value string) string {
	for element := range strings.SplitSeq(value, ":") {
		program, words, _ := strings.Cut(element, " ")
		switch {
		case strings.TrimSpace(words) != "":
			return "pvesec cannot tell what " + program + " does with " + strings.TrimSpace(words)
		case program == "":
			return "an empty element is the working directory"
		case strings.ContainsAny(program, "~%$"):
			return "pvesec cannot tell what " + program + " is"
		}
		if why := notRoots(program); why != "" {
			return why
		}
	}
	return ""
}

// foreignPlugin lets the two group plug-ins pass that sudo ships (sudoers(5), "group_plugin"), with files of root's.
func foreignPlugin(value string) string {
	words := strings.Fields(value)
	if len(words) == 0 || !slices.Contains([]string{"system_group.so", "group_file.so"}, path.Base(words[0])) {
		return "pvesec does not know this plug-in"
	}
	for i, word := range words {
		// sudo finds a plug-in without a directory in its own. The plug-in opens its file as it is named, in the
		// caller's directory if need be.
		if i > 0 || strings.Contains(word, "/") {
			if why := notRoots(word); why != "" {
				return why
			}
		}
	}
	return ""
}

// foreignWord looks for a plug-in, or a file that it is told, in other hands than root's.
func foreignWord(value string) string {
	for i, word := range strings.Fields(value) {
		if why := notRoots(word); why != "" && (i > 0 || strings.Contains(word, "/")) {
			return why
		}
	}
	return ""
}

// foreignChroot looks at a root directory for others, who choose it themselves where it is "*".
func foreignChroot(value string) string {
	if value == "*" {
		return ""
	}
	return CallersDirectory(value, "root")
}

// unlessPublic lets files pass that every user may read anyway.
func unlessPublic(value string) string {
	name := path.Clean(value)
	if path.Dir(name) == "/etc" && (strings.Contains(path.Base(name), "lecture") || slices.Contains([]string{"issue", "issue.net", "motd"}, path.Base(name))) || isBelow(name, "/usr/share") {
		return ""
	}
	return "sudo reads " + value + " as root and shows it to the caller"
}

// Where sudo and other programs keep logs and state. Below /var/log any directory will do, except those of other
// accounts. In places of the system the first name below must be one for logs: the other directories are those of
// programs, which read or run what is in them. In places of the administrator some name must be.
var (
	logDirectory       = "/var/log"
	systemPlaces       = []string{"/var/lib", "/var/db", "/var/adm", "/var/spool", "/var/cache", "/run", "/var/run"}
	administratorsDirs = []string{"/srv", "/data", "/opt"}

	// othersLogs are directories below /var/log that packages of Debian and PVE give to other accounts or to groups
	// that write there.
	othersLogs = []string{"apt-cacher-ng", "asterisk", "bind", "caddy", "ceph", "chrony", "clamav", "cups", "elasticsearch", "exim4", "freeradius", "frr", "gitlab", "grafana", "icinga2", "influxdb",
		"jenkins", "lighttpd", "mariadb", "mongodb", "munin", "mysql", "nagios", "nagios4", "named", "ntpsec", "pgbouncer", "postgresql", "prometheus", "proxmox-backup", "pve", "pveproxy",
		"rabbitmq", "redis", "squid", "stunnel4", "tomcat10", "tomcat11", "tor", "unbound", "unifi", "zabbix", "zabbix-agent", "zabbix-agent2", "zabbix-proxy", "zabbix-server"}

	// logName is a whole name of a directory or file that is made for logs: sudo, sudo-io, logs, audit-logs, sudo.log.
	logName = regexp.MustCompile(`^((sudo|audit|logs?)([-_.]?(io|sudo|audit|logs?|records?|sessions?))*)$`)
	// notForLogs is a name below which programs run or serve what they find.
	notForLogs = regexp.MustCompile(`^(s?bin|lib|lib64|libexec|etc|cron.*|.*\.d|htdocs|html|www|web|public|public_html|cgi-bin|scripts?|hooks?|plugins?|modules?|snippets|crontabs)$`)
)

func unlessForLogs(value string) string {
	if isForLogs(path.Clean(value)) {
		return ""
	}
	return value + " is no place for logs and records: what sudo writes there, others write or programs read"
}

// foreignLog tells whether records or state are kept in a place that others write. A file of root's that is none for
// logs harms whom the option is for.
func foreignLog(value string) string {
	if isForLogs(path.Clean(value)) {
		return ""
	}
	return notRoots(value)
}

func isForLogs(name string) bool {
	if rest, below := strings.CutPrefix(name, logDirectory+"/"); below {
		first, _, _ := strings.Cut(rest, "/")
		return !slices.Contains(othersLogs, first)
	}
	if name == logDirectory {
		return true
	}
	if WritableByOthers(name) {
		return false
	}
	for _, place := range systemPlaces {
		if rest, below := strings.CutPrefix(name, place+"/"); below {
			first, _, _ := strings.Cut(rest, "/")
			if logName.MatchString(first) && !slices.ContainsFunc(strings.Split(rest, "/"), notForLogs.MatchString) {
				return true
			}
		}
	}
	for _, place := range administratorsDirs {
		if rest, below := strings.CutPrefix(name, place+"/"); below {
			names := strings.Split(rest, "/")
			return slices.ContainsFunc(names, logName.MatchString) && !slices.ContainsFunc(names, notForLogs.MatchString)
		}
	}
	return false
}

// climbs tells whether a file below iolog_dir leads out of it.
func climbs(value string) string {
	if slices.Contains(strings.Split(value, "/"), "..") {
		return value + " leads out of iolog_dir"
	}
	return ""
}

func unlessRoot(value string) string {
	if value == "root" || value == "#0" {
		return ""
	}
	return value + " writes the records by which sudo asks for no password"
}

// subjectsOwn tells whether an account to which records belong is the caller's. An id may be, where his is not known.
func subjectsOwn(value string, subject Subject, _ Settings) string {
	if subject.isName(value, true) || strings.HasPrefix(value, "#") && value != "#0" && subject.UID == nil {
		return "what sudo keeps there belongs to the caller, who reads and changes it"
	}
	return ""
}

// subjectsGroup tells whether the caller reads I/O logs, in which is what root and others typed and saw.
func subjectsGroup(value string, subject Subject, _ Settings) string {
	if slices.Contains(subject.Groups, value) || "%"+value == subject.Name {
		return "the caller is in the group " + value + ", whose members read the records of what others typed and saw"
	}
	return ""
}

// openToAll tells whether everyone reads or writes I/O logs.
func openToAll(value string) string {
	if mode, err := strconv.ParseUint(value, 8, 32); err == nil && mode&0o006 == 0 {
		return ""
	}
	return "everyone reads, or changes, the records of what others typed and saw"
}

// onThisNode tells whether a log server may be on the node itself: its port is one that any user of the node can take.
// With TLS he is asked for a certificate, unless log_server_verify is off (sudoers(5), "log_servers"; the port is 30343
// if none is given). Without one only an address of another host will do. A name may be the name of the node, and a
// number like 0 or 2130706433 is a name that resolvers take for an address. The node's own address outside of its
// loopback is not known here.
func onThisNode(value string, _ Subject, s Settings) string {
	if value == on || value == off {
		return ""
	}
	for server := range strings.FieldsSeq(strings.NewReplacer(",", " ", `\`, "").Replace(value)) {
		host, tls := strings.CutSuffix(server, "(tls)")
		switch {
		case foreignAddress(host), tls && s.flag("log_server_verify", true):
		case tls:
			return server + " may be the node itself, where any user can listen on that port with a certificate of his own: log_server_verify is off"
		default:
			return server + " may be the node itself, where any user can listen on that port: use an address of another host, or (tls)"
		}
	}
	return ""
}

// foreignAddress tells whether text is a literal address, with or without a port, that no host takes for its loopback,
// for any of its own or for its link.
func foreignAddress(text string) bool {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return false
		}
		addr = withPort.Addr()
	}
	addr = addr.Unmap()
	ownNetwork := netip.PrefixFrom(netip.IPv4Unspecified(), 8)
	compatible := netip.PrefixFrom(netip.IPv6Unspecified(), 96)
	return addr.IsGlobalUnicast() && !ownNetwork.Contains(addr) && !compatible.Contains(addr)
}

// unlessSudosService lets the services pass that Debian ships for sudo in /etc/pam.d.
func unlessSudosService(value string) string {
	if slices.Contains([]string{"sudo", "sudo-i", "sudo-l"}, value) {
		return ""
	}
	return "the rules of " + value + " are made for another program, and pvesec does not know whom they let pass"
}

// dumpsCore tells whether a command leaves core files. sudo's own limit of 0 keeps it from that (sudoers(5),
// "rlimit_core").
func dumpsCore(value string, _ Subject, _ Settings) string {
	if value == "0" || value == "0,0" {
		return ""
	}
	return "a command that the caller ends with a signal of the keyboard leaves a file of root's in the working directory, with words of the caller in it"
}

func stays(value string, _ Subject, _ Settings) string {
	if value == off {
		return ""
	}
	return "pvesec does not know what programs do that run with the caller's real user id and root's rights"
}

// opensFiles tells whether others can write what a command makes. The caller sets his own umask to 0, and sudo adds the
// bits of this option to it; 0777 and off leave the caller's as it is (sudoers(5), "umask"; tried on 1.9.13).
func opensFiles(value string, _ Subject, _ Settings) string {
	mask, err := strconv.ParseUint(value, 8, 32)
	switch {
	case value == off, value == on, err != nil, mask == 0o777:
		return "the caller's own umask holds, which he sets to 0: everyone writes the files that a command makes"
	case mask&0o002 == 0:
		return "everyone writes the files that a command makes"
	case mask&0o020 == 0:
		return "a group writes the files that a command makes, which may be one of the caller's"
	}
	return ""
}

// opensOthersFiles tells whether everyone writes what a command of somebody else makes. Without umask_override his own
// umask is added to this one, and the caller does not choose it.
func opensOthersFiles(value string, _ Subject, s Settings) string {
	if mask, err := strconv.ParseUint(value, 8, 32); err != nil || mask == 0o777 || mask&0o002 != 0 || s["umask_override"] != on {
		return ""
	}
	return "everyone writes the files that a command makes"
}
