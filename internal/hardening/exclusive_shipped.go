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

// shippedLines are what Debian 12 and 13 ship as /etc/sudoers, in canonical form. They count where somebody changed
// that file, so that its digest says nothing any more.
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

// named tells that a file in /etc/sudoers.d is named in the configuration.
func (s *sorting) named(name string) bool {
	return slices.Contains(s.own.Files, strings.TrimPrefix(name, sudoersDir+"/"))
}

// auditFile is the name of the audit logging that a file is of, "" for none.
func (s *sorting) auditFile(name string) string {
	of := auditHeader.FindStringSubmatch(string(s.t.files[name].Content))
	if of == nil || name != sudoersDir+"/"+(AuditLogging{Name: of[1]}).fileName() || !s.own.expects(of[1]) {
		return ""
	}
	return of[1]
}

// belongs says why a file in /etc/sudoers.d stays as it is, "" for one that does not belong there. A header is believed
// where only root can have written it.
func (s *sorting) belongs(name string) string {
	state := s.t.files[name]
	if s.named(name) {
		return "named in files"
	}
	if state.Type != node.TypeRegular || state.UID != 0 || state.Mode.Perm()&0o022 != 0 {
		return ""
	}
	text := string(state.Content)
	if of := writtenFor(name, text); of != "" && s.own.expects(of) {
		return fmt.Sprintf("pvesec_sudoers_policy %q", of)
	}
	if of := s.auditFile(name); of != "" {
		return fmt.Sprintf("pvesec_audit_logging %q", of)
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
