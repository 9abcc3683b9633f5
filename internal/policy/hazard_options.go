package policy

import (
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

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
	"iolog_group":         {kind: sudoers.EffectRecords, why: subjectsGroup, reaches: subjectsGroup, use: usedByRecording, values: "adm, or a group that the subject is known not to be in", example: "iolog_group=adm"},
	"iolog_mode":          {kind: sudoers.EffectRecords, why: openToAll, reaches: openToAll, use: usedByRecording, values: "a mode by which others neither read nor write, and no group but root's writes", example: "iolog_mode=0640"},
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
