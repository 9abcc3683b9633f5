package hardening

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestExclusiveKnowsAuditLogging: what audit logging writes stays, in every shape, and what somebody wrote under its
// header goes.
func TestExclusiveKnowsAuditLogging(t *testing.T) {
	t.Parallel()
	for name, audit := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, writes := audit.Render()[audit.DropInPath()]
			if !writes {
				return
			}
			exclusiveCase{files: map[string]string{audit.fileName(): text}, kept: []string{audit.DropInPath() + ` (pvesec_audit_logging "` + audit.Name + `")`}}.check(t)
		})
	}
	const file = "pvesec-audit-evil"
	for _, line := range []string{
		"Defaults !env_reset, setenv, !authenticate", "Defaults env_keep+=LD_PRELOAD", "Defaults secure_path=/home/mallory", "Defaults !use_pty", "Defaults !log_allowed", "Defaults syslog_goodpri=none",
		"Defaults logfile=/etc/cron.d/x", "Defaults iolog_dir=/var/log/../../etc", "Defaults iolog_file=x", "Defaults !syslog",
		"Defaults!/bin/bash !log_output", "Defaults>root !log_output", "Defaults@pve1 !log_output",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			exclusiveCase{
				files:   map[string]string{file: auditFile("evil") + line + "\n"},
				foreign: []string{"/etc/sudoers.d/" + file + ":7: " + canonicalLine(line)}, kept: []string{"/etc/sudoers.d/" + file + ` (pvesec_audit_logging "evil")`},
				left: map[string]string{file: auditFile("evil")},
			}.check(t)
		})
	}
}

// TestNothingUnderTheHeaderOfAuditLoggingIsSilent: a line under a forged header goes, or is told with the reason why it
// stays, unless audit logging writes it with all others of its kind.
func TestNothingUnderTheHeaderOfAuditLoggingIsSilent(t *testing.T) {
	t.Parallel()
	const recordings = "Defaults log_input, !log_output, !log_passwords\nDefaults iolog_dir=/var/log/sudo-io/%{user}, iolog_file=%{seq}, iolog_mode=0600\nDefaults !compress_io\n"
	const required = "Defaults !ignore_audit_errors, !ignore_iolog_errors, !ignore_logfile_errors\n"
	for name, text := range map[string]string{
		"few recordings":              "Defaults maxseq=1",
		"his mail":                    "Defaults mailto=mallory",
		"another log":                 "Defaults logfile=/var/log/wtmp",
		"no output":                   "Defaults !log_output",
		"every prompt":                "Defaults passprompt_regex=.",
		"files for all":               "Defaults umask=0000",
		"recordings for all":          "Defaults iolog_mode=0666",
		"his server":                  "Defaults log_servers=evil",
		"a terminal":                  "Defaults use_pty",
		"for a user":                  "Defaults:alice !log_output",
		"neither input nor output":    strings.Replace(recordings, "log_input", "!log_input", 1) + required,
		"recordings others read":      strings.Replace(recordings, "0600", "0666", 1) + "Defaults use_pty\n" + required,
		"recordings elsewhere":        strings.Replace(recordings, "/var/log/sudo-io", "/home/mallory", 1) + "Defaults use_pty\n" + required,
		"recordings without terminal": recordings + required,
		"recordings, half required":   recordings + "Defaults use_pty\nDefaults ignore_audit_errors, !ignore_iolog_errors, !ignore_logfile_errors",
		"a log of another name":       "Defaults logfile=/var/log/wtmp\nDefaults log_format=json\nDefaults loglinelen=0, log_year, log_host, log_allowed, log_denied, log_exit_status\n" + required,
		"mail to a program":           "Defaults mailto=\"|/tmp/x\"\nDefaults mail_badpass, mail_all_cmnds, mail_no_perms, mail_no_host, mail_always, mail_no_user\n" + required,
		"no priority":                 "Defaults syslog=auth, syslog_goodpri=none, syslog_badpri=alert\n" + required,
		"a rule":                      "alice ALL=(ALL) ALL",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"pvesec-audit-zz": AuditLogging{Name: "zz"}.header() + text + "\n"})
			state, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
			if err != nil {
				t.Fatal(err)
			}
			told := slices.Clone(state.Foreign)
			for _, held := range state.Held {
				told = append(told, held.Line)
			}
			for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
				place := fmt.Sprintf("/etc/sudoers.d/pvesec-audit-zz:%d: ", i+3)
				if !slices.ContainsFunc(told, func(told string) bool { return strings.HasPrefix(told, place) }) {
					t.Errorf("nothing is told of %q", line)
				}
			}
		})
	}
}

// TestAuditLinesAreThoseOfTheRenderer: of a file with a line more than audit logging writes, the others stay its own,
// for each of its subjects.
func TestAuditLinesAreThoseOfTheRenderer(t *testing.T) {
	t.Parallel()
	for name, audit := range settings() {
		text := audit.Render()[audit.DropInPath()]
		file, _ := sudoers.Parse("audit", text+"Defaults !log_output\nDefaults:mallory maxseq=1\n", sudoers.Version{})
		written := auditLines(file)
		for i, entry := range file.Entries {
			line := canonicalEntry(entry)
			if more := i >= len(file.Entries)-2; line != "" && written[line] == more {
				t.Errorf("%s: %q is its own: %t", name, line, written[line])
			}
		}
	}
}
