package hardening

import (
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// byHandName names the emergency access that a person opens by the printed page of the guide "emergencies", and byHandHeader is the first line of its file.
const (
	byHandName   = "by-hand"
	byHandHeader = "# Emergency access by hand.\n"
)

// emergencyFor is the name of the emergency access that a sudoers file was written for, by its header; empty for another file. Only a file of that name is believed, and only where it
// has the shape that pvesec or the printed page writes: one rule for one subject that records everything and ends within [MostEmergency] of the node's clock, and the options of pvesec.
func emergencyFor(file, text string, clock int64) string {
	name, inside := strings.CutPrefix(file, sudoersDir+"/"+emergencyPrefix)
	header := "# " + breakGlassHeader(name) + "\n"
	if name == byHandName {
		header = byHandHeader
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
	if rule == nil || !emergencyRule(rule, clock) || !emergencyOptions(options, rule.Users[0], name == byHandName) {
		return ""
	}
	return name
}

// emergencyRule tells whether a rule is one that an emergency access has: for one subject, recorded, with an end, and without options beside it.
func emergencyRule(rule *sudoers.UserSpec, clock int64) bool {
	if len(rule.Users) != 1 || rule.Users[0].Negated || rule.Users[0].Kind != sudoers.MemberWord && rule.Users[0].Kind != sudoers.MemberGroup || len(rule.Privileges) != 1 {
		return false
	}
	for _, spec := range rule.Privileges[0].Effective() {
		ends, err := sudoers.ParseTime(spec.NotAfter, time.UTC)
		if err != nil || ends.Unix() > clock+int64(MostEmergency/time.Second) {
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

// emergencyOptions tells whether options are those that pvesec writes for the subject, each once; the printed page writes none.
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
