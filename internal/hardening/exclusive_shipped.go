package hardening

import (
	"crypto/md5" //nolint:gosec // dpkg records no other digest of what a package ships; who can make a second text of one must be root already
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// shippedLines are what Debian 12 and 13 ship as /etc/sudoers, in canonical form. They count where somebody changed that file, so that its digest says nothing any more.
var shippedLines = []string{
	"Defaults env_reset",
	"Defaults mail_badpass",
	"Defaults secure_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"Defaults use_pty",
	"root ALL=(ALL : ALL) ALL",
	"%sudo ALL=(ALL : ALL) ALL",
	"@includedir " + sudoersDir,
}

// shippedOption gives the line that Debian ships for an option of everyone, "" for none.
func shippedOption(name string) string {
	at := slices.IndexFunc(shippedLines, func(line string) bool {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '=' })
		return words[0] == "Defaults" && words[1] == name
	})
	if at < 0 {
		return ""
	}
	return shippedLines[at]
}

// canonicalLine is a line of sudoers in its canonical form, without a comment; "" for what is none or several.
func canonicalLine(text string) string {
	file, problems := sudoers.Parse("line", strings.TrimSuffix(text, "\n")+"\n", sudoers.Version{})
	if len(problems) > 0 || len(file.Entries) != 1 {
		return ""
	}
	return canonicalEntry(file.Entries[0])
}

// canonicalEntry is an entry in its canonical form on one line, without a comment; "" for a comment.
func canonicalEntry(entry sudoers.Entry) string {
	if _, is := entry.(*sudoers.Comment); is {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(sudoers.PrintEntry(uncommented(entry)), "\\\n", ""))
}

// uncommented is an entry without the comment behind it.
func uncommented(entry sudoers.Entry) sudoers.Entry {
	switch entry := entry.(type) {
	case *sudoers.Include:
		bare := *entry
		bare.HasTrailing = false
		return &bare
	case *sudoers.Defaults:
		bare := *entry
		bare.HasTrailing = false
		return &bare
	case *sudoers.AliasDef:
		bare := *entry
		bare.HasTrailing = false
		return &bare
	case *sudoers.UserSpec:
		bare := *entry
		bare.HasTrailing = false
		return &bare
	}
	return entry
}

// ships tells which package ships a file as it is, "" for none.
func (s *sorting) ships(name string, state node.FileState) string {
	shipped, is := s.t.seen.Conffiles[name]
	sum := md5.Sum(state.Content) //nolint:gosec // as above
	if !is || shipped.MD5 != hex.EncodeToString(sum[:]) {
		return ""
	}
	return shipped.Package
}

// auditHeader is the first line of a sudoers file of audit logging.
var auditHeader = regexp.MustCompile(`^# Managed by Terraform: pvesec_audit_logging "([A-Za-z0-9_-]+)"\.\n`)

// belongs says why a file in /etc/sudoers.d stays as it is, "" for one that does not belong there. A header is believed where only root can have written it.
func (s *sorting) belongs(name string) string {
	state := s.t.files[name]
	base := strings.TrimPrefix(name, sudoersDir+"/")
	if slices.Contains(s.own.Files, base) {
		return "named in files"
	}
	if state.Type != node.TypeRegular || state.UID != 0 || state.Mode.Perm()&0o022 != 0 {
		return ""
	}
	text := string(state.Content)
	if of := writtenFor(name, text); of != "" {
		return fmt.Sprintf("pvesec_sudoers_policy %q", of)
	}
	if of := auditHeader.FindStringSubmatch(text); of != nil && base == (AuditLogging{Name: of[1]}).fileName() {
		return fmt.Sprintf("pvesec_audit_logging %q", of[1])
	}
	switch of := emergencyFor(name, text, s.t.limits()); of {
	case "":
	case byHandName:
		return "an emergency access by hand"
	default:
		return fmt.Sprintf("pvesec_break_glass %q", of)
	}
	if of := s.ships(name, state); of != "" {
		return "shipped by the package " + printable(of)
	}
	return ""
}

// restraints are options that, set so, only ask or record more, or leave the caller less. A line of nothing else gives nobody anything.
var restraints = map[string]sudoers.Operator{
	"env_reset": sudoers.OpTrue, "ignore_dot": sudoers.OpTrue, "log_allowed": sudoers.OpTrue, "log_denied": sudoers.OpTrue, "log_exit_status": sudoers.OpTrue, "log_input": sudoers.OpTrue,
	"log_output": sudoers.OpTrue, "log_stderr": sudoers.OpTrue, "log_stdin": sudoers.OpTrue, "log_stdout": sudoers.OpTrue, "log_subcmds": sudoers.OpTrue, "log_ttyin": sudoers.OpTrue,
	"log_ttyout": sudoers.OpTrue, "noexec": sudoers.OpTrue, "requiretty": sudoers.OpTrue, "use_pty": sudoers.OpTrue,

	"env_editor": sudoers.OpFalse, "exec_background": sudoers.OpFalse, "ignore_audit_errors": sudoers.OpFalse, "ignore_iolog_errors": sudoers.OpFalse, "ignore_logfile_errors": sudoers.OpFalse,
	"log_passwords": sudoers.OpFalse, "pwfeedback": sudoers.OpFalse, "setenv": sudoers.OpFalse, "sudoedit_follow": sudoers.OpFalse, "visiblepw": sudoers.OpFalse,
}

// shortTimes are values of timestamp_timeout that are not above sudo's own, 15 minutes.
var shortTimes = regexp.MustCompile(`^(?:[0-9]|1[0-5])$`)

// restrains tells whether an entry only restrains.
func restrains(entry sudoers.Entry) bool {
	line, is := entry.(*sudoers.Defaults)
	return is && !slices.ContainsFunc(line.Settings, func(option sudoers.Setting) bool {
		if option.Name == "timestamp_timeout" {
			return option.Operator != sudoers.OpAssign || !shortTimes.MatchString(option.Value)
		}
		operator, known := restraints[option.Name]
		return !known || operator != option.Operator
	})
}
