package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoOption is what an option of sudoers has to be for all users: the global value in force, and the value of each
// binding to hosts, users, targets and commands.
type sudoOption struct {
	id       string
	name     string
	family   Family
	severity Severity
	level    Level
	title    string
	why      string
	expected string
	remedy   string
	cis      string // section of both benchmarks, "" for none
	// perSubject tells that it is asked of everyone who has grants, and not of all.
	perSubject bool
	// builtIn is the value where no line sets it, by the version of sudo.
	builtIn func(v sudoers.Version) string
	// wrong tells whether a value is not as expected. A flag has the values "on" and "off", an option that is switched
	// off "off".
	wrong func(value string) bool
}

func always(value string) func(sudoers.Version) string {
	return func(sudoers.Version) string { return value }
}

func isOff(value string) bool { return value == "off" }
func isOn(value string) bool  { return value != "off" }

// outside tells whether a number is outside of some bounds. What is no number is wrong.
func outside(least, most float64) func(string) bool {
	return func(value string) bool {
		number, err := strconv.ParseFloat(value, 64)
		return err != nil || number < least || number > most
	}
}

// sincePTY is the first version of sudo with use_pty by default.
var sincePTY = sudoers.Version{Major: 1, Minor: 9, Patch: 14}

const byPolicy = "Set it in the argument defaults of pvesec_sudoers_document, or with visudo, and remove the line that the evidence names."

var options = []sudoOption{
	{id: "PVESEC-C0401", name: "env_reset", family: Environment, severity: Critical, level: Level1, title: "sudo resets the environment", why: "Variables of the caller, such as LD_PRELOAD or PERL5LIB, make root run code of the caller's.", expected: "env_reset is on for all users",
		builtIn: always("on"), wrong: isOff},
	{id: "PVESEC-C0402", name: "secure_path", family: Environment, severity: High, level: Level1, title: "sudo sets the search path", why: "Without secure_path commands find their helpers where the caller wants.", expected: "secure_path has absolute directories of root's only",
		builtIn: always("off"), wrong: func(value string) bool {
			return value == "off" || slices.ContainsFunc(strings.Split(value, ":"), func(dir string) bool {
				return !strings.HasPrefix(dir, "/") || strings.HasPrefix(dir, "/home") || strings.HasPrefix(dir, "/tmp") || strings.HasPrefix(dir, "/var/tmp")
			})
		}},
	{id: "PVESEC-C0403", name: "setenv", family: Environment, severity: High, level: Level1, title: "sudo lets nobody set the environment on its command line", why: "sudo VAR=value passes what env_reset removes.", expected: "setenv is off for all users", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0404", name: "env_keep", family: Environment, severity: High, level: Level1, title: "sudo keeps no variable that changes what programs run", why: "Loaders, interpreters and shells take code from variables.", expected: "env_keep has no variable of the loader, of interpreters, shells, editors or pagers",
		builtIn: always(""), wrong: keepsCode},
	{id: "PVESEC-C0405", name: "env_file", family: Environment, severity: Medium, level: Level1, title: "sudo reads no additional file of variables", why: "env_file sets variables that env_reset would remove.", expected: "env_file is not set", builtIn: always("off"), wrong: func(v string) bool { return v != "off" && v != "/etc/environment" }},
	{id: "PVESEC-C0406", name: "env_editor", family: Environment, severity: Low, level: Level2, title: "visudo does not run the editor that its caller names", why: "With env_editor visudo runs the program in VISUAL or EDITOR as root.", expected: "env_editor is off", builtIn: always("on"), wrong: isOn},
	{id: "PVESEC-C0407", name: "closefrom_override", family: Environment, severity: Medium, level: Level1, title: "sudo closes inherited files", why: "An open file of the caller reaches the command with -C.", expected: "closefrom_override is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0408", name: "umask_override", family: Environment, severity: Low, level: Level2, title: "sudo sets the umask only more strictly", why: "With umask_override files of root's can be made writable for others.", expected: "umask_override is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0409", name: "sudoedit_follow", family: Environment, severity: High, level: Level1, title: "sudoedit follows no symbolic links", why: "A link in a directory of the caller's leads sudoedit to any file of root's.", expected: "sudoedit_follow is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0410", name: "sudoedit_checkdir", family: Environment, severity: High, level: Level1, title: "sudoedit edits no files in directories that its caller can write", why: "In such a directory the file can be replaced between the check and the edit.", expected: "sudoedit_checkdir is on", builtIn: always("on"), wrong: isOff},
	{id: "PVESEC-C0411", name: "runchroot", family: Environment, severity: High, level: Level1, title: "sudo lets nobody choose the root directory", why: "In a root directory of the caller's, every program and library is his.", expected: "runchroot is not *", builtIn: always("off"), wrong: func(v string) bool { return v == "*" }},
	{id: "PVESEC-C0701", name: "use_pty", family: Terminal, severity: High, level: Level1, title: "sudo runs commands in a terminal of their own", why: "On the caller's own terminal a command can type into the shell after it ended.", expected: "use_pty is on for all users", cis: "5.2.2",
		builtIn: func(v sudoers.Version) string {
			if v.IsZero() || !v.AtLeast(sincePTY) {
				return "off"
			}
			return "on"
		}, wrong: isOff},
	{id: "PVESEC-C0702", name: "authenticate", family: Terminal, severity: High, level: Level1, title: "sudo asks for a password by default", why: "!authenticate works like NOPASSWD on all rules that do not say PASSWD.", expected: "authenticate is on for all users", cis: "5.2.5", builtIn: always("on"), wrong: isOff},
	{id: "PVESEC-C0703", name: "timestamp_timeout", family: Terminal, severity: Medium, level: Level1, title: "sudo asks for the password again after 15 minutes at most", why: "A session that is left open is root until the timestamp ends; a negative value never ends.", expected: "timestamp_timeout is between 0 and 15", cis: "5.2.6",
		builtIn: always("15"), wrong: func(v string) bool { return v != "off" && outside(0, 15)(v) }},
	{id: "PVESEC-C0704", name: "timestamp_type", family: Terminal, severity: Medium, level: Level1, title: "sudo remembers a password for one terminal only", why: "With global, one password opens all sessions of the account, an attacker's too.", expected: "timestamp_type is tty, ppid or kernel", builtIn: always("tty"), wrong: func(v string) bool { return v == "global" }},
	{id: "PVESEC-C0705", name: "passwd_tries", family: Terminal, severity: Low, level: Level1, title: "sudo takes 3 wrong passwords at most", why: "Each try is a guess.", expected: "passwd_tries is between 1 and 3", builtIn: always("3"), wrong: outside(1, 3)},
	{id: "PVESEC-C0706", name: "passwd_timeout", family: Terminal, severity: Low, level: Level2, title: "sudo waits 5 minutes for a password at most", why: "A prompt without an end takes what somebody else types.", expected: "passwd_timeout is above 0 and at most 5", builtIn: always("0"), wrong: outside(0.1, 5)},
	{id: "PVESEC-C0707", name: "visiblepw", family: Terminal, severity: Medium, level: Level1, title: "sudo shows no password", why: "A password on the screen is read by who looks, and by what records the terminal.", expected: "visiblepw is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0708", name: "pwfeedback", family: Terminal, severity: Low, level: Level1, title: "sudo shows no length of a password", why: "pwfeedback tells the length of a password to who looks, and its code had a hole (CVE-2019-18634).", expected: "pwfeedback is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0709", name: "rootpw", family: Terminal, severity: Medium, level: Level1, title: "sudo does not ask for root's password", why: "Who knows root's password needs no sudo, and no log names him.", expected: "rootpw is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0710", name: "targetpw", family: Terminal, severity: Medium, level: Level1, title: "sudo does not ask for the password of the target", why: "A shared password cannot be told apart, and with ALL every known one is root's.", expected: "targetpw is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0711", name: "runaspw", family: Terminal, severity: Medium, level: Level1, title: "sudo does not ask for the password of runas_default", why: "A shared password cannot be told apart.", expected: "runaspw is off", builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0801", name: "logfile", perSubject: true, family: Logging, severity: High, level: Level1, title: "sudo writes a log of its own", why: "A file of sudo's own is not lost among other messages, and not dropped by their rate limit.", expected: "logfile is set for all users who have sudo rules", remedy: "pvesec_audit_logging, block sudo_log.", cis: "5.2.3",
		builtIn: always("off"), wrong: isOff},
	{id: "PVESEC-C0802", name: "syslog", family: Logging, severity: High, level: Level1, title: "sudo writes to the system's log", why: "What is forwarded to another machine comes from there.", expected: "syslog is not switched off", remedy: "pvesec_audit_logging; remove !syslog.", builtIn: always("authpriv"), wrong: isOff},
	{id: "PVESEC-C0803", name: "log_allowed", family: Logging, severity: High, level: Level1, title: "sudo logs what it allows", why: "Without it, nobody sees what was run.", expected: "log_allowed is on for all users", remedy: "pvesec_audit_logging; remove !log_allowed.", builtIn: always("on"), wrong: isOff},
	{id: "PVESEC-C0804", name: "log_denied", family: Logging, severity: Medium, level: Level1, title: "sudo logs what it denies", why: "Attempts are the first that is seen of an attack.", expected: "log_denied is on for all users", remedy: "pvesec_audit_logging; remove !log_denied.", builtIn: always("on"), wrong: isOff},
	{id: "PVESEC-C0805", name: "ignore_audit_errors", family: Logging, severity: Medium, level: Level2, title: "sudo runs nothing that cannot be audited", why: "A full disk, or a plugin that fails, would switch the record off.", expected: "ignore_audit_errors is off", remedy: byPolicy, builtIn: always("on"), wrong: isOn},
	{id: "PVESEC-C0806", name: "ignore_logfile_errors", family: Logging, severity: Medium, level: Level2, title: "sudo runs nothing that its log cannot take", why: "A full disk would switch the log off.", expected: "ignore_logfile_errors is off", remedy: byPolicy, builtIn: always("on"), wrong: isOn},
	{id: "PVESEC-C0807", name: "ignore_iolog_errors", family: Logging, severity: Medium, level: Level1, title: "sudo runs nothing that cannot be recorded", why: "A caller who fills the disk would not be recorded.", expected: "ignore_iolog_errors is off", remedy: byPolicy, builtIn: always("off"), wrong: isOn},
	{id: "PVESEC-C0808", name: "log_output", perSubject: true, family: Logging, severity: Medium, level: Level2, title: "sudo records the output of commands", why: "Only a recording shows what was done in a program.", expected: "log_output is on for all users who have sudo rules, or their grants have LOG_OUTPUT", remedy: "pvesec_audit_logging, io_logs { output = true }.", builtIn: always("off"), wrong: isOff},
}

// codeVariables are variables by which programs run code, or the beginnings of their names.
var codeVariables = []string{"LD_", "PERL", "PYTHON", "RUBY", "NODE_", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "ENV", "PS4", "IFS", "PATH", "EDITOR", "VISUAL", "PAGER", "LESSOPEN", "LESSCLOSE", "GIT_", "SYSTEMD_PAGER", "SYSTEMD_EDITOR", "SYSTEMD_LESS", "MANPAGER", "SSH_ASKPASS", "GCONV_PATH", "JAVA_TOOL_OPTIONS", "PROMPT_COMMAND", "BASH_FUNC", "*"}

// keepsCode tells whether a list of variables has one by which programs run code.
func keepsCode(value string) bool {
	return slices.ContainsFunc(strings.Fields(value), func(word string) bool {
		name, _, _ := strings.Cut(word, "=")
		return slices.ContainsFunc(codeVariables, func(code string) bool {
			return name == code || strings.HasSuffix(code, "_") && strings.HasPrefix(name, code) || strings.HasSuffix(name, "*") && strings.HasPrefix(code, strings.TrimSuffix(name, "*")) ||
				(code == "PERL" || code == "PYTHON" || code == "RUBY" || code == "BASH_FUNC") && strings.HasPrefix(name, code)
		})
	})
}

// sudoOptions are the checks of them.
func sudoOptions() []Check {
	list := make([]Check, len(options))
	for i, o := range options {
		remedy := o.remedy
		if remedy == "" {
			remedy = byPolicy
		}
		list[i] = Check{ID: o.id, Title: o.title, Family: o.family, Severity: o.severity, Level: o.level, Why: o.why, Expected: o.expected, Remedy: remedy, References: append(manual("sudoers(5)", o.name), cis(o.cis, o.cis)...),
			node: func(n *Node) Outcome {
				if o.perSubject {
					return n.aboutGranted(o.name+" is as expected for", func(g *posture.Granted) (wrong, _ []string) { return n.optionOf(g, &o), nil })
				}
				return n.option(&o)
			}}
	}
	return list
}

// option judges the values of an option. A line that is bound to somebody is judged as well, for any user.
func (n *Node) option(o *sudoOption) Outcome {
	if out, is := n.noSudo(); is {
		return out
	}
	if n.Sudoers.Tree.Unread {
		return unknown("not all sudoers files were read")
	}
	global, at := o.builtIn(n.Sudoers.Version), "built into sudo"
	var wrong []string
	n.settingsOf(o.name, func(d *sudoers.Defaults, set *sudoers.Setting) {
		place := fmt.Sprintf("%s:%d", set.Pos.File, set.Pos.Line)
		next := valueOf(set, global)
		if d.Scope == sudoers.ScopeGlobal {
			global, at = next, place
		} else if o.wrong(next) {
			wrong = append(wrong, fmt.Sprintf("%s: %s is %s for some", place, o.name, next))
		}
	})
	if o.wrong(global) {
		wrong = append(wrong, fmt.Sprintf("%s: %s is %s", at, o.name, global))
	}
	return judged(wrong, "", fmt.Sprintf("%s is %s (%s)", o.name, global, at))
}

// optionOf judges the value that is in force for one who has grants, and lines that bind it to commands or targets.
func (n *Node) optionOf(of *posture.Granted, o *sudoOption) (wrong []string) {
	first := slices.IndexFunc(of.Grants, func(g policy.Grant) bool { return o.name != "log_output" || g.Tags.LogOutput != sudoers.Yes })
	if first < 0 {
		return nil // each grant says so itself
	}
	g := &of.Grants[first]
	request := policy.Request{Subject: of.Question.Subject, Host: n.Sudoers.Host, Command: g.Command.Name, Env: policy.Debian(n.Sudoers.Version)}
	now, set := policy.Decide(n.Sudoers.Tree, request).Settings[o.name]
	if !set {
		now = o.builtIn(n.Sudoers.Version)
	}
	if o.wrong(now) {
		wrong = append(wrong, fmt.Sprintf("%s: %s is %s for %s", of.Name, o.name, now, place(g)))
	}
	n.settingsOf(o.name, func(d *sudoers.Defaults, set *sudoers.Setting) {
		if value := valueOf(set, ""); (d.Scope == sudoers.ScopeCommand || d.Scope == sudoers.ScopeRunAs) && o.wrong(value) {
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s is %s for some commands", set.Pos.File, set.Pos.Line, o.name, value))
		}
	})
	return wrong
}

// settingsOf goes through the lines that set an option, in their order, without those that sudo passes over.
func (n *Node) settingsOf(name string, each func(*sudoers.Defaults, *sudoers.Setting)) {
	for _, entry := range n.Sudoers.Tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is {
			continue
		}
		for i := range d.Settings {
			set := &d.Settings[i]
			if set.Name != name {
				continue
			}
			if problem, _ := set.Check(n.Sudoers.Version); problem == "" {
				each(d, set)
			}
		}
	}
}

// valueOf is the value of an option after a setting, which before had another one.
func valueOf(set *sudoers.Setting, before string) string {
	switch set.Operator {
	case sudoers.OpTrue:
		return "on"
	case sudoers.OpFalse:
		return "off"
	case sudoers.OpAssign:
		return set.Value
	}
	words := slices.DeleteFunc(strings.Fields(before), func(w string) bool { return w == "off" || slices.Contains(strings.Fields(set.Value), w) })
	if set.Operator == sudoers.OpAdd {
		words = append(words, strings.Fields(set.Value)...)
	}
	return strings.Join(words, " ")
}
