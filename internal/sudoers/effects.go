package sudoers

import "slices"

// EffectKind says what sort of thing an option makes sudo do, so that others can ask for all options that, say, run a
// program.
type EffectKind string

// The kinds of effects, the weightiest first.
const (
	// EffectRuns starts a program or loads a library, or says where one is looked for.
	EffectRuns EffectKind = "runs"
	// EffectReads opens a file as root, and shows what is in it or goes by it.
	EffectReads EffectKind = "reads"
	// EffectWrites makes or changes files as root.
	EffectWrites EffectKind = "writes"
	// EffectAdmits lets the caller choose or bring in what sudo would otherwise choose or keep out, or asks less of him
	// before.
	EffectAdmits EffectKind = "admits"
	// EffectDecides changes which rules match.
	EffectDecides EffectKind = "decides"
	// EffectAuthenticates changes how the caller proves who he is, or for how long that holds.
	EffectAuthenticates EffectKind = "authenticates"
	// EffectRecords changes what is known afterwards: which records are kept, where, who reads or changes them.
	EffectRecords EffectKind = "records"
	// EffectSends hands something to another host or to a mailbox.
	EffectSends EffectKind = "sends"
	// EffectConfines changes what surrounds and limits the command that runs.
	EffectConfines EffectKind = "confines"
	// EffectShows changes text on the terminal of the caller, or in a mail.
	EffectShows EffectKind = "shows"
)

// EffectKinds are all of them.
func EffectKinds() []EffectKind {
	return []EffectKind{
		EffectRuns, EffectReads, EffectWrites, EffectAdmits, EffectDecides, EffectAuthenticates, EffectRecords, EffectSends, EffectConfines, EffectShows,
	}
}

// When says which setting of an option has an effect.
type When uint8

// The settings that have it.
const (
	WhenSet When = iota // on, or any value
	WhenOff             // !name
	Either              // whichever way it is set
)

// Effect is something that an option does, from sudoers(5) and, where that is silent, from the source of sudo.
type Effect struct {
	Kind EffectKind
	When When
	// What is a clause: who does what.
	What string
}

// Effects are those of a setting as it is written, nil for an unknown option.
func (s *Setting) Effects() []Effect {
	d, ok := lookup(s.Name)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Effects), func(e Effect) bool {
		return e.When == WhenOff && s.Operator != OpFalse || e.When == WhenSet && s.Operator == OpFalse
	})
}

// OnlyShows tells that an option changes nothing but text that people read, whichever way it is set.
func OnlyShows(name string) bool {
	d, ok := lookup(name)
	return ok && len(d.Effects) > 0 && !slices.ContainsFunc(d.Effects, func(e Effect) bool { return e.Kind != EffectShows })
}

func withEffects(list []Default) []Default {
	for i := range list {
		list[i].Effects = effects[list[i].Name]
	}
	return list
}

// Constructors for the table, by when the effect is there.
func set(kind EffectKind, what string) Effect    { return Effect{kind, WhenSet, what} }
func unset(kind EffectKind, what string) Effect  { return Effect{kind, WhenOff, what} }
func either(kind EffectKind, what string) Effect { return Effect{kind, Either, what} }

// effects are those of each option.
var effects = map[string][]Effect{
	"admin_flag":                {set(EffectWrites, "sudo makes an empty file at this path, as the caller, when a member of the group sudo or admin first succeeds")},
	"always_query_group_plugin": {either(EffectDecides, "the group plug-in is asked about Unix groups, too")},
	"always_set_home":           {either(EffectConfines, "HOME is the target's home, or the caller's, from which many programs read their settings")},
	"apparmor_profile":          {set(EffectConfines, "the command runs in this AppArmor profile; unconfined takes it out of any")},
	"askpass":                   {set(EffectRuns, "sudo runs this program, as the caller, to ask for the password")},
	"authenticate":              {unset(EffectAdmits, "no password is asked for"), set(EffectAuthenticates, "the caller proves who he is")},
	"authfail_message":          {set(EffectShows, "the text after too many wrong passwords")},
	"badpass_message":           {set(EffectShows, "the text after a wrong password")},
	"case_insensitive_group":    {either(EffectDecides, "names of groups match whatever the case of their letters")},
	"case_insensitive_user":     {either(EffectDecides, "names of users match whatever the case of their letters")},
	"closefrom":                 {set(EffectConfines, "file descriptors from this number on are closed; a higher number hands the caller's open files to the command")},
	"closefrom_override":        {set(EffectAdmits, "the caller chooses with -C which open files the command gets")},
	"cmddenial_message":         {set(EffectShows, "the text after a command that is not allowed")},
	"command_timeout":           {either(EffectConfines, "the command is ended after this time")},
	"compress_io":               {either(EffectRecords, "I/O logs are compressed")},
	"editor":                    {set(EffectRuns, "visudo runs these programs as root; sudoedit runs them as the caller on copies of the files")},
	"env_check":                 {either(EffectAdmits, "the caller's variables of these names reach the command, unless they have % or /")},
	"env_delete":                {either(EffectAdmits, "without env_reset, variables that are not named here reach the command")},
	"env_editor":                {set(EffectRuns, "visudo runs what SUDO_EDITOR, VISUAL or EDITOR of its caller name, as root")},
	"env_file":                  {set(EffectReads, "sudo sets the variables of this file for the command: who writes it chooses them")},
	"env_keep":                  {either(EffectAdmits, "the caller's variables of these names reach the command")},
	"env_reset":                 {unset(EffectAdmits, "all variables of the caller reach the command, but for those in env_delete"), set(EffectConfines, "the command gets a fresh environment")},
	"exec_background":           {either(EffectConfines, "the command starts in the background until it reads from the terminal")},
	"exempt_group":              {set(EffectAdmits, "members of this group are asked for no password, PASSWD or not")},
	"fast_glob":                 {either(EffectDecides, "patterns of paths are compared with the path as typed, not with files: they match what no file bears witness of")},
	"fdexec":                    {either(EffectConfines, "the program is executed by the file that was looked at, or by its path, where another may have been put meanwhile")},
	"fqdn":                      {either(EffectDecides, "the name of the host is what the name service says it is")},
	"group_plugin":              {set(EffectRuns, "sudo loads this library as root"), set(EffectDecides, "the library says who is in a group"), set(EffectReads, "the library reads the file that it is given")},
	"ignore_audit_errors":       {set(EffectRecords, "commands run though they cannot be audited")},
	"ignore_dot":                {unset(EffectRuns, "programs are looked for in the working directory, if PATH has it")},
	"ignore_iolog_errors":       {set(EffectRecords, "commands run though their input and output cannot be recorded")},
	"ignore_local_sudoers":      {set(EffectDecides, "the files of the node do not count where LDAP answers")},
	"ignore_logfile_errors":     {set(EffectRecords, "commands run though they cannot be logged")},
	"ignore_unknown_defaults":   {set(EffectRecords, "sudo says nothing of options that it does not know, and that are not in force")},
	"insults":                   {either(EffectShows, "the text after a wrong password")},
	"intercept":                 {either(EffectConfines, "programs that the command starts are held to the rules, too")},
	"intercept_allow_setid":     {set(EffectAdmits, "an intercepted command may start programs with the set-user-ID bit, in which interception ends")},
	"intercept_authenticate":    {either(EffectAuthenticates, "a password is asked for before each intercepted program")},
	"intercept_type":            {either(EffectConfines, "programs are intercepted by a library, which a static program does not load, or by tracing")},
	"intercept_verify":          {unset(EffectAdmits, "an intercepted program may be exchanged between check and start")},
	"iolog_dir":                 {set(EffectWrites, "sudo makes directories and files here as root, also by names in which the caller has a say"), set(EffectRecords, "I/O logs are here")},
	"iolog_file":                {set(EffectWrites, "sudo makes these files below iolog_dir as root; six X are replaced, and a fixed name is overwritten"), set(EffectRecords, "I/O logs have these names")},
	"iolog_flush":               {either(EffectRecords, "records are written at once, or lost with a crash")},
	"iolog_group":               {set(EffectRecords, "I/O logs, with what was typed, belong to this group")},
	"iolog_mode":                {set(EffectRecords, "who reads I/O logs, with what was typed, and who writes them")},
	"iolog_user":                {set(EffectRecords, "I/O logs belong to this user, who can read and change them")},
	"lecture":                   {either(EffectShows, "the lecture is shown, with always before each password, and with it lecture_file")},
	"lecture_file":              {set(EffectReads, "sudo shows this file, which it reads as root, to the caller")},
	"lecture_status_dir":        {set(EffectWrites, "sudo makes files with the names of users here as root")},
	"limitprivs":                {set(EffectConfines, "the privileges that the command can ever have (Solaris)")},
	"listpw":                    {either(EffectAuthenticates, "whether sudo -l asks for a password")},
	"log_allowed":               {unset(EffectRecords, "commands that are allowed are not logged")},
	"log_denied":                {unset(EffectRecords, "commands that are not allowed are not logged")},
	"log_exit_status":           {either(EffectRecords, "the exit status is logged")},
	"log_format":                {either(EffectRecords, "events have this format")},
	"log_host":                  {either(EffectRecords, "the log file names the host")},
	"log_input":                 {either(EffectRecords, "what is typed is recorded, passwords included")},
	"log_output":                {either(EffectRecords, "what the command writes is recorded")},
	"log_passwords":             {set(EffectRecords, "passwords that are typed into commands are in the I/O log"), unset(EffectRecords, "what looks like a password prompt keeps the input behind it out of the I/O log")},
	"log_server_cabundle":       {set(EffectReads, "sudo trusts the log servers that this file vouches for"), set(EffectSends, "who writes the file can pose as a log server")},
	"log_server_keepalive":      {either(EffectSends, "the connection to the log server is kept alive")},
	"log_server_peer_cert":      {set(EffectReads, "sudo reads its certificate for log servers from this file")},
	"log_server_peer_key":       {set(EffectReads, "sudo reads its key for log servers from this file")},
	"log_server_timeout":        {either(EffectSends, "sudo waits this long for a log server")},
	"log_server_verify":         {unset(EffectSends, "any host can pose as the log server")},
	"log_servers":               {set(EffectSends, "events, and what is typed and shown, go to these hosts")},
	"log_stderr":                {either(EffectRecords, "what the command writes to a redirected standard error is recorded")},
	"log_stdin":                 {either(EffectRecords, "a redirected standard input is recorded")},
	"log_stdout":                {either(EffectRecords, "a redirected standard output is recorded")},
	"log_subcmds":               {either(EffectRecords, "programs that the command starts are logged")},
	"log_ttyin":                 {either(EffectRecords, "what is typed at the terminal is recorded, passwords included")},
	"log_ttyout":                {either(EffectRecords, "what the terminal shows is recorded")},
	"log_year":                  {either(EffectRecords, "the log file has the year")},
	"logfile":                   {set(EffectWrites, "sudo appends lines with the caller's own words to this file as root"), either(EffectRecords, "events are in this file")},
	"loglinelen":                {either(EffectRecords, "lines of the log file are broken")},
	"long_otp_prompt":           {either(EffectShows, "the prompt for one-time passwords has two lines")},
	"mail_all_cmnds":            {set(EffectSends, "each command is mailed, by the program of mailerpath")},
	"mail_always":               {set(EffectSends, "each use of sudo is mailed")},
	"mail_badpass":              {set(EffectSends, "wrong passwords are mailed")},
	"mail_no_host":              {set(EffectSends, "a caller who may do nothing on this host causes a mail")},
	"mail_no_perms":             {set(EffectSends, "a command that is not allowed causes a mail")},
	"mail_no_user":              {set(EffectSends, "a caller who is in no rule causes a mail")},
	"mailerflags":               {set(EffectRuns, "sudo runs the mailer with these options, as root or, as Debian builds it, as the caller")},
	"mailerpath":                {set(EffectRuns, "sudo runs this program, as root or, as Debian builds it, as the caller, with words of his on its standard input")},
	"mailfrom":                  {set(EffectShows, "the sender of mails")},
	"mailsub":                   {set(EffectShows, "the subject of mails")},
	"mailto":                    {either(EffectSends, "mails about commands go here, or to nobody")},
	"match_group_by_gid":        {either(EffectDecides, "groups match by number")},
	"maxseq":                    {set(EffectRecords, "I/O logs begin anew after so many, over the oldest")},
	"netgroup_tuple":            {either(EffectDecides, "a netgroup has to have user and host together")},
	"noexec":                    {either(EffectConfines, "the command starts no other program, as far as a library can keep it from that")},
	"noexec_file":               {set(EffectRuns, "the command loads this library, which keeps it from starting programs")},
	"noninteractive_auth":       {either(EffectAuthenticates, "sudo -n tries to authenticate without asking")},
	"pam_acct_mgmt":             {unset(EffectAdmits, "PAM is not asked whether the account has expired or may log in here")},
	"pam_askpass_service":       {set(EffectAuthenticates, "PAM authenticates by this service's rules where -A is given")},
	"pam_login_service":         {set(EffectAuthenticates, "PAM authenticates by this service's rules where -i is given")},
	"pam_rhost":                 {either(EffectAuthenticates, "PAM is told the remote host")},
	"pam_ruser":                 {either(EffectAuthenticates, "PAM is told the caller")},
	"pam_service":               {set(EffectAuthenticates, "PAM authenticates by this service's rules; those of another program may ask for nothing")},
	"pam_session":               {unset(EffectConfines, "PAM opens no session, and sets no limits for it")},
	"pam_setcred":               {unset(EffectConfines, "PAM sets no credentials for the target")},
	"pam_silent":                {either(EffectShows, "PAM modules are told to say nothing")},
	"passprompt":                {set(EffectShows, "the text that asks for the password")},
	"passprompt_override":       {either(EffectShows, "the prompt of PAM is replaced")},
	"passprompt_regex":          {either(EffectRecords, "which prompts keep the input behind them out of the I/O log")},
	"passwd_timeout":            {either(EffectAuthenticates, "how long the prompt waits")},
	"passwd_tries":              {set(EffectAuthenticates, "how many passwords may be tried")},
	"path_info":                 {set(EffectShows, "the caller learns whether a program exists that he may not run")},
	"preserve_groups":           {set(EffectConfines, "the command keeps the groups of the caller instead of those of the target")},
	"privs":                     {set(EffectConfines, "the privileges of the command (Solaris)")},
	"pwfeedback":                {set(EffectShows, "the length of the password is shown")},
	"requiretty":                {unset(EffectAdmits, "programs without a terminal, such as cron, may call sudo")},
	"restricted_env_file":       {set(EffectReads, "sudo sets variables of this file for the command, as far as env_keep and env_check allow")},
	"rlimit_as":                 {either(EffectConfines, "a limit of the command")},
	"rlimit_core":               {either(EffectConfines, "whether sudo leaves core files, in which passwords are")},
	"rlimit_cpu":                {either(EffectConfines, "a limit of the command")},
	"rlimit_data":               {either(EffectConfines, "a limit of the command")},
	"rlimit_fsize":              {either(EffectConfines, "a limit of the command: a small one makes it write cut files")},
	"rlimit_locks":              {either(EffectConfines, "a limit of the command")},
	"rlimit_memlock":            {either(EffectConfines, "a limit of the command")},
	"rlimit_nofile":             {either(EffectConfines, "a limit of the command")},
	"rlimit_nproc":              {either(EffectConfines, "a limit of the command")},
	"rlimit_rss":                {either(EffectConfines, "a limit of the command")},
	"rlimit_stack":              {either(EffectConfines, "a limit of the command")},
	"role":                      {set(EffectConfines, "the SELinux role of the command")},
	"root_sudo":                 {unset(EffectAdmits, "root may not use sudo, which keeps nobody out who is root"), set(EffectAdmits, "root may use sudo")},
	"rootpw":                    {set(EffectAuthenticates, "root's password is asked for instead of the caller's")},
	"runas_allow_unknown_id":    {set(EffectAdmits, "-u and -g take numbers that no account has")},
	"runas_check_shell":         {set(EffectDecides, "accounts whose shell is not in /etc/shells cannot be targets")},
	"runas_default":             {set(EffectDecides, "rules without a run-as list are about this account, and so is a call without -u")},
	"runaspw":                   {set(EffectAuthenticates, "the password of runas_default is asked for instead of the caller's")},
	"runchroot":                 {set(EffectRuns, "the command is run from below this directory, with the libraries that are there, as root"), set(EffectDecides, "the files of rules are looked for below this directory"), set(EffectAdmits, "with * the caller chooses the directory")},
	"runcwd":                    {set(EffectConfines, "the command runs in this directory, from which some programs read settings"), set(EffectAdmits, "with * the caller chooses the directory, one that he cannot enter included")},
	"secure_path":               {set(EffectRuns, "programs, also those that the command starts by name, are looked for in these directories"), unset(EffectRuns, "programs are looked for in the caller's own PATH")},
	"selinux":                   {unset(EffectConfines, "roles and types of SELinux are not looked at")},
	"set_home":                  {either(EffectConfines, "HOME is the target's home with -s, or the caller's")},
	"set_logname":               {either(EffectConfines, "LOGNAME and USER name the target")},
	"set_utmp":                  {either(EffectRecords, "commands in a terminal of their own are in utmp")},
	"setenv":                    {set(EffectAdmits, "the caller sets any variable of the command, LD_PRELOAD included")},
	"shell_noargs":              {set(EffectRuns, "sudo without a command is a shell, if the rules allow one")},
	"stay_setuid":               {set(EffectConfines, "the real user id of the command is the caller's, who can then signal it")},
	"sudoedit_checkdir":         {unset(EffectWrites, "sudoedit writes below directories that the caller can write, and so anywhere by a link")},
	"sudoedit_follow":           {set(EffectWrites, "sudoedit follows links, and so writes whatever they lead to")},
	"sudoers_locale":            {set(EffectDecides, "characters, classes, ranges and the case of letters in patterns are those of this locale")},
	"syslog":                    {either(EffectRecords, "events go to this facility of syslog, or not")},
	"syslog_badpri":             {either(EffectRecords, "refusals are logged with this priority; none leaves them out")},
	"syslog_goodpri":            {either(EffectRecords, "commands are logged with this priority; none leaves them out")},
	"syslog_maxlen":             {set(EffectRecords, "longer events are cut in pieces")},
	"syslog_pid":                {either(EffectRecords, "events have the process id")},
	"targetpw":                  {set(EffectAuthenticates, "the target's password is asked for instead of the caller's")},
	"timestamp_timeout":         {either(EffectAuthenticates, "a password holds for so many minutes; below zero until the node restarts")},
	"timestamp_type":            {either(EffectAuthenticates, "a password holds for one terminal, one parent process, or with global for all that the caller runs")},
	"timestampdir":              {set(EffectWrites, "sudo makes files with the names of users here as root"), set(EffectAuthenticates, "who writes here needs no password")},
	"timestampowner":            {set(EffectAuthenticates, "this user owns the record of passwords, and needs none")},
	"tty_tickets":               {unset(EffectAuthenticates, "a password holds for all terminals")},
	"type":                      {set(EffectConfines, "the SELinux type of the command")},
	"umask":                     {either(EffectConfines, "which permissions files of the command lack; with 0000 anybody writes them")},
	"umask_override":            {set(EffectConfines, "umask holds even where the caller's is stricter")},
	"use_loginclass":            {either(EffectConfines, "the limits of the target's login class (BSD)")},
	"use_netgroups":             {either(EffectDecides, "netgroups in rules match, or nothing does")},
	"use_pty":                   {unset(EffectConfines, "the command is on the caller's own terminal, into which it can type")},
	"user_command_timeouts":     {set(EffectAdmits, "the caller sets a time after which the command is ended")},
	"utmp_runas":                {either(EffectRecords, "utmp names the target")},
	"verifypw":                  {either(EffectAuthenticates, "whether sudo -v asks for a password")},
	"visiblepw":                 {set(EffectShows, "the password is asked for where it is shown while it is typed")},
}
