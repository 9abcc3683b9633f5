package hardening

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AuditLogging is what a node must write down about sudo: sudo's own log, I/O logs of the sessions, a security event
// log of everything that concerns authentication, and the rotation of these files.
type AuditLogging struct {
	// Name tells several settings on one node apart and is part of every file name.
	Name string
	// Subjects are the users and %groups whose sudo use is logged, sorted. None means everyone.
	Subjects []string
	// SudoLog is sudo's log file per subject, nil for none.
	SudoLog *SudoLog
	// IOLogs records terminal sessions under sudo, nil for none.
	IOLogs *IOLogs
	// SubCommands, Syslog and Mail are further options of sudo, nil for those that the node has.
	SubCommands *SubCommands
	Syslog      *Syslog
	Mail        *Mail
	// SecurityLog is the file of everything that concerns authentication, nil for none.
	SecurityLog *SecurityLog
	// Forward sends the journal to a collector, nil for nowhere.
	Forward *Forward
	// Rotation is how the log files are rotated, nil for not at all.
	Rotation *Rotation
	// AuditRules are what the kernel writes down, nil for nothing.
	AuditRules *AuditRules
	// Journal is how journald keeps what it is sent, nil for as the node has it.
	Journal *Journal
	// PurgeLogs has Remove take the logs away too.
	PurgeLogs bool
	// Require makes sudo refuse a command that it cannot log (sudoers(5): ignore_audit_errors, ignore_iolog_errors,
	// ignore_logfile_errors).
	Require bool
}

// SudoLog is sudo's own log: a file "sudo-<subject>.log" in Directory, or "sudo.log" for everyone.
type SudoLog struct {
	Directory string
	// Mode is octal, "0600".
	Mode string
	// Format is one of [LogFormats].
	Format string
}

// IOLogs are sudo's recordings of terminal input and output, replayed by sudoreplay(8). They lie under
// Directory/<user>/.
type IOLogs struct {
	Input, Output bool
	Directory     string
	// Mode is the mode of the log files; directories get the search bits added by sudo (sudoers(5), iolog_mode).
	Mode string
	// MaxSessions is the number of sessions kept for each user before the oldest is overwritten; 0 for sudo's default
	// (sudoers(5), maxseq).
	MaxSessions int64
	// Compress writes zlib streams.
	Compress bool
	// LogPasswords records what is typed at a prompt for a password too.
	LogPasswords bool
	// PasswordPrompts are extended regular expressions of prompts for passwords; none are sudo's own.
	PasswordPrompts []string
	// Bounds keep the recordings from filling the disk.
	Bounds Bounds
}

// Rotation is a schedule of logrotate(8).
type Rotation struct {
	// Frequency is "daily", "weekly" or "monthly".
	Frequency string
	// Keep is the number of rotated files kept.
	Keep int64
	// Compress packs rotated files with gzip, the newest one excepted.
	Compress bool
}

const logrotateDir = "/etc/logrotate.d"

// DropInPath is the sudoers file with the Defaults that switch sudo's logging on.
func (a AuditLogging) DropInPath() string { return sudoersDir + "/" + a.fileName() }

// LogrotatePath is logrotate's configuration of all log files.
func (a AuditLogging) LogrotatePath() string { return logrotateDir + "/" + a.fileName() }

// auditPrefix begins the names of its files.
const auditPrefix = "pvesec-audit-"

func (a AuditLogging) fileName() string { return auditPrefix + a.Name }

// managed lists the configuration files, in the order in which they are installed. The sudoers file comes last, and
// goes first: sudo must not be told to log to a place that is not there.
func (a AuditLogging) managed() []managedFile {
	logrotate := managedFile{path: a.LogrotatePath(), mode: 0o644, owner: "root", group: "root", validate: node.Logrotate, command: "logrotate"}
	sudo := sudoersFile(a.DropInPath(), "")
	if a.Rotation != nil && len(a.logFiles()) > 0 {
		logrotate.text = a.renderLogrotate()
	}
	if a.ConfiguresSudo() {
		sudo.text = a.renderSudoers()
		if a.Mail != nil {
			sudo.also = []string{"sendmail"}
		}
	}
	return slices.Concat([]managedFile{logrotate}, a.security(), a.forwarding(), a.recordings(), a.audit(), a.journald(), []managedFile{sudo})
}

// Paths lists every configuration file that audit logging of this name can have, whatever is switched on.
func (a AuditLogging) Paths() []string {
	var paths []string
	for _, file := range a.managed() {
		paths = append(paths, file.path)
	}
	return paths
}

// Planned lists every path that an apply replaces: [AuditLogging.Paths], and the private key, of which no text is
// known.
func (a AuditLogging) Planned() []string { return append(a.Paths(), a.keyPath()) }

// Render gives the text of every configuration file by path. A file whose purpose is switched off is not in the map.
func (a AuditLogging) Render() map[string]string {
	files := map[string]string{}
	for _, file := range a.managed() {
		if file.wanted() {
			files[file.path] = file.text
		}
	}
	return files
}

func (a AuditLogging) header() string {
	return fmt.Sprintf("# Managed by Terraform: pvesec_audit_logging %q.\n# A change made here is shown as drift and undone by the next apply.\n", a.Name)
}

// renderSudoers writes one Defaults line per setting and subject. Bound Defaults are applied after unbound ones
// (sudoers(5), "SUDOERS FILE FORMAT", Defaults), so that they hold wherever else in the tree a setting about all
// users stands.
func (a AuditLogging) renderSudoers() string {
	var b strings.Builder
	b.WriteString(a.header())
	for _, binding := range a.bindings() {
		line := func(format string, args ...any) {
			fmt.Fprintf(&b, "Defaults%s %s\n", binding.prefix, fmt.Sprintf(format, args...))
		}
		if a.SudoLog != nil {
			line("logfile=%s", a.sudoLogPath(binding.subject))
			line("log_format=%s", a.SudoLog.Format)
			line("loglinelen=0, log_year, log_host, log_allowed, log_denied, log_exit_status")
		}
		if a.IOLogs != nil {
			line("%slog_input, %slog_output, %slog_passwords", not(a.IOLogs.Input), not(a.IOLogs.Output), not(a.IOLogs.LogPasswords))
			a.IOLogs.renderPrompts(line)
			line("iolog_dir=%s/%%{user}, iolog_file=%%{seq}, iolog_mode=%s", a.IOLogs.Directory, a.IOLogs.Mode)
			line("%scompress_io", not(a.IOLogs.Compress))
			if a.IOLogs.MaxSessions > 0 {
				line("maxseq=%d", a.IOLogs.MaxSessions)
			}
			if a.IOLogs.Output || a.IOLogs.Input {
				// Without a pseudo-terminal of its own, a command can outlive the recording (sudoers(5), use_pty).
				line("use_pty")
			}
		}
		a.renderSudoOptions(line)
		prefix := not(!a.Require)
		line("%signore_audit_errors, %signore_iolog_errors, %signore_logfile_errors", prefix, prefix, prefix)
	}
	return b.String()
}

// not is "!" for a flag that is off.
func not(on bool) string {
	if on {
		return ""
	}
	return "!"
}

type binding struct{ prefix, subject string }

func (a AuditLogging) bindings() []binding {
	if len(a.Subjects) == 0 {
		return []binding{{}}
	}
	bindings := make([]binding, 0, len(a.Subjects))
	for _, subject := range a.Subjects {
		bindings = append(bindings, binding{prefix: ":" + subject, subject: subject})
	}
	return bindings
}

func (a AuditLogging) sudoLogPath(subject string) string {
	if subject == "" {
		return path.Join(a.SudoLog.Directory, "sudo.log")
	}
	return path.Join(a.SudoLog.Directory, "sudo-"+strings.TrimPrefix(subject, "%")+".log")
}

func (a AuditLogging) renderLogrotate() string {
	var b strings.Builder
	b.WriteString(a.header())
	modes := a.logFiles()
	paths := make([]string, 0, len(modes))
	for name := range modes {
		paths = append(paths, name)
	}
	sort.Strings(paths)
	for _, name := range paths {
		fmt.Fprintf(&b, "%s {\n    %s\n    rotate %d\n    missingok\n    notifempty\n    create %s root root\n", name, a.Rotation.Frequency, a.Rotation.Keep, modes[name])
		if a.Rotation.Compress {
			b.WriteString("    compress\n    delaycompress\n")
		}
		if a.collects(Journald) && name == a.SecurityLog.Path {
			// Right after a rotation, the collector finds its place in the rotated file, by that name and not
			// compressed.
			b.WriteString("    nodateext\n")
		}
		if a.collects(Rsyslog) && name == a.SecurityLog.Path {
			// rsyslog holds its files open; without the signal it would go on writing to the rotated one.
			b.WriteString("    postrotate\n        /usr/lib/rsyslog/rsyslog-rotate\n    endscript\n")
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// logFiles gives every log file that sudo or the collector appends to, with its mode.
func (a AuditLogging) logFiles() map[string]string {
	files := map[string]string{}
	if a.SudoLog != nil {
		for _, binding := range a.bindings() {
			files[a.sudoLogPath(binding.subject)] = a.SudoLog.Mode
		}
	}
	if a.SecurityLog != nil {
		files[a.SecurityLog.Path] = a.SecurityLog.Mode
	}
	return files
}

var (
	logPath = regexp.MustCompile(`^/var/log/[A-Za-z0-9_@][A-Za-z0-9_.@/-]*$`)
	logMode = regexp.MustCompile(`^0[046][046]0$`)
)

// CheckLogPath says why name cannot be a log file or directory, or returns nil. Logs stay under /var/log, which is
// where rotation, backup and the next reader look, and their names need no quoting in sudoers, rsyslog and logrotate
// files.
func CheckLogPath(name string) error {
	if !logPath.MatchString(name) || path.Clean(name) != name {
		return fmt.Errorf("%q is not a usable log path: give a clean absolute path under /var/log of letters, digits and \"_.@-\", for example /var/log/sudo-io", name)
	}
	return nil
}

// CheckLogMode says why mode cannot be the mode of a log, or returns nil: root must not be locked out, nobody may
// execute it, and others may not read who did what.
func CheckLogMode(mode string) error {
	if !logMode.MatchString(mode) || mode[1] == '0' || mode[1] == '4' {
		return fmt.Errorf("%q is not a usable mode for a log: the owner must read and write it and others must not read it; use \"0600\" or \"0640\"", mode)
	}
	return nil
}
