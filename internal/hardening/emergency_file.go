package hardening

import (
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// byHandName names the emergency access that a person opens by the printed page of the guide "emergencies", and
// byHandHeader is the first line of its file.
const (
	byHandName   = "by-hand"
	byHandHeader = "# Emergency access by hand.\n"
)

// byHandLongest is how long the access of the printed page is open, whatever the provider's limit is.
const byHandLongest = 2 * time.Hour

// clockSlack is how far a node's clock may step back without an access of the longest duration being taken for another
// grant.
const clockSlack = 60

// limits are what the end of an emergency access on a node is judged by.
type limits struct {
	// clock is what the node's clock showed, in Unix seconds, and longest how long an access may be open.
	clock   int64
	longest time.Duration
	// holdsBack tells that the node's sudo heeds the begin of a grant that has an end.
	holdsBack bool
}

// limits are those of the node, with the limit of the provider.
func (t *sudoersTree) limits() limits {
	return limits{clock: t.seen.Clock, longest: t.longest, holdsBack: HoldsBack(t.seen.Facts.SudoVersion)}
}

// emergencyFor is the name of the emergency access that a sudoers file was written for, by its header; empty for
// another file. Only a file of that name is believed, and only where it has the shape that pvesec or the printed page
// writes: one rule for one subject that records everything and is open no longer than the limits allow, and the options
// of pvesec.
func emergencyFor(file, text string, within limits) string {
	name, inside := strings.CutPrefix(file, sudoersDir+"/"+emergencyPrefix)
	header := "# " + breakGlassHeader(name) + "\n"
	if name == byHandName {
		header, within.longest = byHandHeader, max(within.longest, byHandLongest)
	}
	if !inside || !strings.HasPrefix(text, header) {
		return ""
	}
	parsed, problems := sudoers.Parse(file, text, sudoers.Version{})
	if len(problems) > 0 {
		return ""
	}
	var rule *sudoers.UserSpec
	var options []*sudoers.Defaults
	for _, entry := range parsed.Entries {
		switch entry := entry.(type) {
		case *sudoers.Comment:
		case *sudoers.Defaults:
			options = append(options, entry)
		case *sudoers.UserSpec:
			if rule != nil {
				return ""
			}
			rule = entry
		default:
			return ""
		}
	}
	if rule == nil || !emergencyRule(rule, within) || !emergencyOptions(options, rule.Users[0], name == byHandName) {
		return ""
	}
	return name
}

// emergencyRule tells whether a rule is one that an emergency access has: for one subject, recorded, with an end, and
// without options beside it.
func emergencyRule(rule *sudoers.UserSpec, within limits) bool {
	if len(rule.Users) != 1 || rule.Users[0].Negated || rule.Users[0].Kind != sudoers.MemberWord && rule.Users[0].Kind != sudoers.MemberGroup || len(rule.Privileges) != 1 {
		return false
	}
	for _, spec := range rule.Privileges[0].Effective() {
		if !within.hold(spec.NotBefore, spec.NotAfter) {
			return false
		}
		for _, option := range spec.Options() {
			if option.Kind != sudoers.OptionNotBefore && option.Kind != sudoers.OptionNotAfter {
				return false
			}
		}
		tags := spec.Tags
		if tags.LogInput != sudoers.Yes || tags.LogOutput != sudoers.Yes {
			return false
		}
	}
	return true
}

// hold tells whether a grant ends, and is open no longer than the limits allow. What its sudo pays no heed to is no
// begin.
func (l limits) hold(notBefore, notAfter string) bool {
	ends, err := sudoers.ParseTime(notAfter, time.UTC)
	if err != nil {
		return false
	}
	from := l.clock
	if begins, err := sudoers.ParseTime(notBefore, time.UTC); err == nil && l.holdsBack {
		from = max(from, begins.Unix())
	}
	return ends.Unix() <= from+int64(l.longest/time.Second)+clockSlack && ends.Unix() <= l.clock+int64(MostEmergency/time.Second)+clockSlack
}

// emergencyOptions tells whether options are those that pvesec writes for the subject, each once; the printed page
// writes none.
func emergencyOptions(options []*sudoers.Defaults, subject sudoers.Member, byHand bool) bool {
	seen := map[string]bool{}
	for _, line := range options {
		if line.Scope != sudoers.ScopeUser || len(line.Members) != 1 || line.Members[0].Negated || line.Members[0].Kind != subject.Kind || line.Members[0].Name != subject.Name {
			return false
		}
		for _, option := range line.Settings {
			switch {
			case seen[option.Name]:
				return false
			case option.Name == "use_pty" && option.Operator == sudoers.OpTrue, option.Name == "log_passwords" && option.Operator == sudoers.OpFalse:
			case slices.Contains(recordingErrors, option.Name) && (option.Operator == sudoers.OpTrue || option.Operator == sudoers.OpFalse):
			default:
				return false
			}
			seen[option.Name] = true
		}
	}
	return byHand && len(seen) == 0 || !byHand && len(seen) == 2+len(recordingErrors)
}

// recordingErrors are the options by which sudo runs a command that it cannot record.
var recordingErrors = []string{"ignore_audit_errors", "ignore_iolog_errors", "ignore_logfile_errors"}
