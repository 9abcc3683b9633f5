package hardening

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// What audit logging writes for sudo, by the form that it writes it in. Releases differ in which of it they write, and in which order.
var (
	auditOn    = []string{"log_allowed", "log_denied", "log_exit_status", "log_host", "log_year", "use_pty"}
	auditFlags = []string{
		"compress_io", "ignore_audit_errors", "ignore_iolog_errors", "ignore_logfile_errors", "intercept", "log_input", "log_output", "log_passwords", "log_subcmds", "mail_all_cmnds",
		"mail_always", "mail_badpass", "mail_no_host", "mail_no_perms", "mail_no_user",
	}
	auditValues = []string{"intercept_type", "log_format", "loglinelen", "mailfrom", "mailto", "maxseq", "passprompt_regex", "syslog", "syslog_badpri", "syslog_goodpri"}
)

// ofAudit tells whether a setting is one that audit logging may have written.
func ofAudit(option sudoers.Setting) bool {
	flag := option.Operator == sudoers.OpTrue || option.Operator == sudoers.OpFalse
	switch name := option.Name; {
	case slices.Contains(auditOn, name):
		return option.Operator == sudoers.OpTrue
	case slices.Contains(auditFlags, name):
		return flag
	case flag:
	case name == "logfile":
		return CheckLogPath(option.Value) == nil
	case name == "iolog_dir":
		return CheckLogPath(strings.TrimSuffix(option.Value, "/%{user}")) == nil
	case name == "iolog_mode":
		return CheckLogMode(option.Value) == nil
	case name == "iolog_file":
		return option.Value == "%{seq}"
	case looseValues[name] == option.Value && option.Value != "":
	default:
		return slices.Contains(auditValues, name)
	}
	return false
}
