package hardening

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// auditLines are the lines of a file that audit logging writes: about all users, or one subject, all lines of its log
// file, of its recordings, or of another part of it, as the renderer has them. A line for which others are missing is
// somebody's own.
func auditLines(file *sudoers.File) map[string]bool {
	var subjects []string
	texts, of := map[string]string{}, map[string]map[string]bool{}
	for _, entry := range file.Entries {
		options, is := entry.(*sudoers.Defaults)
		if !is {
			continue
		}
		subject := ""
		switch {
		case options.Scope == sudoers.ScopeGlobal:
		case options.Scope == sudoers.ScopeUser && len(options.Members) == 1 && !options.Members[0].Negated && CheckSubject(options.Members[0].Name) == nil:
			subject = options.Members[0].Name
		default:
			continue
		}
		if of[subject] == nil {
			subjects, of[subject] = append(subjects, subject), map[string]bool{}
		}
		texts[subject] += sudoers.PrintEntry(uncommented(options))
		of[subject][canonicalEntry(options)] = true
	}
	written := map[string]bool{}
	for _, subject := range subjects {
		var a AuditLogging
		if a.parseSudoers(texts[subject]) != nil {
			continue
		}
		for _, part := range []AuditLogging{{SudoLog: a.SudoLog}, {IOLogs: a.IOLogs}, {SubCommands: a.SubCommands}, {Syslog: a.Syslog}, {Mail: a.Mail}} {
			part.Subjects, part.Require = a.Subjects, a.Require
			if lines := part.sudoLines(); !slices.ContainsFunc(lines, func(line string) bool { return !of[subject][line] }) {
				for _, line := range lines {
					written[line] = true
				}
			}
		}
	}
	return written
}

// sudoLines are the lines that the renderer writes for sudo, in canonical form; none for settings that nobody can
// write.
func (a AuditLogging) sudoLines() (lines []string) {
	if !a.ConfiguresSudo() || a.checkSudo() != nil {
		return nil
	}
	file, problems := sudoers.Parse("audit", a.renderSudoers(), sudoers.Version{})
	if len(problems) > 0 {
		return nil
	}
	for _, entry := range file.Entries {
		if line := canonicalEntry(entry); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// checkSudo says why the settings for sudo are none that somebody can configure, or returns nil.
func (a AuditLogging) checkSudo() error {
	var problems []error
	one := func(what, value string, of ...string) {
		if !slices.Contains(of, value) {
			problems = append(problems, fmt.Errorf("%s is %q", what, value))
		}
	}
	directory := func(name string) {
		if name != "/var/log" {
			problems = append(problems, CheckLogPath(name))
		}
	}
	if log := a.SudoLog; log != nil {
		directory(log.Directory)
		one("the format", log.Format, LogFormats()...)
	}
	if log := a.IOLogs; log != nil {
		directory(log.Directory)
		problems = append(problems, CheckLogMode(log.Mode))
		if !log.Input && !log.Output {
			problems = append(problems, errors.New("neither input nor output is recorded"))
		}
	}
	if sub := a.SubCommands; sub != nil {
		one("the method", sub.Method, "dso", "trace")
	}
	if log := a.Syslog; log != nil {
		one("the facility", log.Facility, Facilities()...)
		one("a priority", log.Accepted, Priorities()...)
		one("a priority", log.Refused, Priorities()...)
	}
	if mail := a.Mail; mail != nil {
		problems = append(problems, CheckMailAddress(mail.To))
		if mail.From != "" {
			problems = append(problems, CheckMailAddress(mail.From))
		}
	}
	return errors.Join(problems...)
}
