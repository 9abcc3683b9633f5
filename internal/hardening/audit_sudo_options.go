package hardening

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SubCommands is what sudo does with the programs that a command starts, such as those of an editor or a script
// (sudoers(5), log_subcmds, intercept).
type SubCommands struct {
	// Log writes each of them to sudo's logs.
	Log bool
	// Intercept has sudo refuse those that the policy does not allow.
	Intercept bool
	// Method is how sudo notices them: "dso", a library that static programs do not load, or "trace", ptrace(2).
	Method string
}

// Syslog is how sudo writes to the system log (sudoers(5), syslog, syslog_goodpri, syslog_badpri).
type Syslog struct {
	Facility string
	// Accepted and Refused are the priorities of commands that ran and of those that did not.
	Accepted, Refused string
}

// Mail is what sudo mails at once (sudoers(5), mailto).
type Mail struct {
	To, From string
	// Events are names of [MailEvents], sorted.
	Events []string
}

// LogFormats are the formats of sudo's log file. The last is in sudo 1.9.15 and later.
func LogFormats() []string { return []string{"sudo", "json", "json_compact"} }

// Priorities are those of syslog(3), as sudoers(5) names them.
func Priorities() []string {
	return []string{"debug", "info", "notice", "warning", "err", "crit", "alert", "emerg"}
}

// Facilities are those of syslog(3) that sudoers(5) knows.
func Facilities() []string {
	return []string{"auth", "authpriv", "daemon", "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
}

// mailOptions are the options of sudoers(5) by the event that each is about.
var mailOptions = map[string]string{
	"bad_password": "mail_badpass", "not_allowed": "mail_no_perms", "unknown_user": "mail_no_user", "other_host": "mail_no_host", "every_command": "mail_all_cmnds", "every_use": "mail_always",
}

// MailEvents are what sudo can mail, sorted.
func MailEvents() []string { return sortedKeys(mailOptions) }

// ConfiguresSudo tells whether any setting is one of sudo's.
func (a AuditLogging) ConfiguresSudo() bool {
	return a.SudoLog != nil || a.IOLogs != nil || a.SubCommands != nil || a.Syslog != nil || a.Mail != nil
}

// renderSudoOptions writes the options that are neither of the log file nor of I/O logs.
func (a AuditLogging) renderSudoOptions(line func(format string, args ...any)) {
	if sub := a.SubCommands; sub != nil {
		line("%slog_subcmds, %sintercept, intercept_type=%s", not(sub.Log), not(sub.Intercept), sub.Method)
	}
	if log := a.Syslog; log != nil {
		line("syslog=%s, syslog_goodpri=%s, syslog_badpri=%s", log.Facility, log.Accepted, log.Refused)
	}
	if mail := a.Mail; mail != nil {
		line("mailto=%s", sudoers.QuoteValue(mail.To))
		if mail.From != "" {
			line("mailfrom=%s", sudoers.QuoteValue(mail.From))
		}
		var flags []string
		for _, event := range MailEvents() {
			flags = append(flags, not(slices.Contains(mail.Events, event))+mailOptions[event])
		}
		line("%s", strings.Join(flags, ", "))
	}
}

// renderPrompts writes which prompts keep what is typed after them out of the recordings. The first replaces sudo's
// own.
func (l IOLogs) renderPrompts(line func(format string, args ...any)) {
	operator := "="
	for _, prompt := range l.PasswordPrompts {
		line("passprompt_regex%s%s", operator, sudoers.QuoteValue(prompt))
		operator = "+="
	}
}

var mailAddress = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._%+-]*(@[A-Za-z0-9][A-Za-z0-9.-]*)?$`)

// CheckMailAddress says why sudo cannot mail to address, or returns nil. It is a word of the mailer's input, and must
// be nothing else.
func CheckMailAddress(address string) error {
	if !mailAddress.MatchString(address) {
		return fmt.Errorf("%q is not a mail address: write one address, such as root or security@example.com", address)
	}
	return nil
}

// CheckPasswordPrompt says why sudo does not take pattern as a prompt, or returns nil (sudoers(5), passprompt_regex).
func CheckPasswordPrompt(pattern string) error {
	switch {
	case pattern == "" || len(pattern) > 1024:
		return fmt.Errorf("a prompt has 1 to 1024 bytes, and this one has %d", len(pattern))
	case strings.ContainsAny(pattern, "\"\n\r\x00"):
		return fmt.Errorf("%q has a quotation mark or a line break: write a dot in its place", pattern)
	}
	if _, err := regexp.CompilePOSIX(strings.TrimPrefix(pattern, "(?i)")); err != nil {
		return fmt.Errorf("%q is not an extended regular expression: %w", pattern, err)
	}
	return nil
}

// parseSudoOptions reads the options back, of which the first of each name counts.
func (a *AuditLogging) parseSudoOptions(settings map[string]sudoers.Setting, on func(name string) bool) {
	value := func(name string) string { return settings[name].Value }
	if _, there := settings["intercept_type"]; there {
		a.SubCommands = &SubCommands{Log: on("log_subcmds"), Intercept: on("intercept"), Method: value("intercept_type")}
	}
	if _, there := settings["syslog"]; there {
		a.Syslog = &Syslog{Facility: value("syslog"), Accepted: value("syslog_goodpri"), Refused: value("syslog_badpri")}
	}
	if _, there := settings["mailto"]; there {
		a.Mail = &Mail{To: value("mailto"), From: value("mailfrom")}
		for _, event := range MailEvents() {
			if on(mailOptions[event]) {
				a.Mail.Events = append(a.Mail.Events, event)
			}
		}
	}
}
