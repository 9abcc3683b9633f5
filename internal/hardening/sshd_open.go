package hardening

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// The criteria of Match by which sshd's answer about the same login differs from one run to the next, and what else it
// may read. A word too many makes a plan say less.
var (
	sshdByGroup   = regexp.MustCompile(`(?im)^[ \t]*"?match"?[ \t=].*\b(?:group|invalid-user)\b`)
	sshdByAddress = regexp.MustCompile(`(?im)^[ \t]*"?match"?[ \t=].*\b(?:address|host)\b`)
	sshdByPort    = regexp.MustCompile(`(?im)^[ \t]*"?match"?[ \t=].*\b(?:localaddress|localport|rdomain|version|exec)\b`) // every login is asked about where pvesec's own arrives
	sshdIncludes  = regexp.MustCompile(`(?im)^[ \t]*"?include"?[ \t=]+(.*)$`)
)

// open tells what of the judgement by a text of the file can change before it is applied. It depends on the files of
// the node only, and a policy with other settings that comes or goes in the same run does not change it.
func (l *sshdLook) open(text string) SshdOpen {
	open := SshdOpen{Shared: slices.ContainsFunc(l.otherPolicies(), func(name string) bool { return l.shares(l.seen.Files[name]) })}
	byGroup, byAddress, byPort := sshdByGroup.MatchString(text), sshdByAddress.MatchString(text), sshdByPort.MatchString(text)
	for name, state := range l.seen.Files {
		if isSshdPolicy(name) || name != sshdMain && !strings.HasPrefix(name, sshdDropIns+"/") || !state.Exists {
			continue // the blocks of other policies are about other settings, unless they are shared
		}
		content := string(state.Content)
		elsewhere := state.Type != node.TypeRegular || state.TooLarge
		for _, include := range sshdIncludes.FindAllStringSubmatch(content, -1) {
			for _, file := range strings.Fields(include[1]) {
				file = strings.Trim(file, `"`)
				elsewhere = elsewhere || !strings.HasPrefix(file, sshdDropIns+"/") && !strings.HasPrefix(file, "sshd_config.d/")
			}
		}
		byGroup = byGroup || elsewhere || sshdByGroup.MatchString(content)
		byAddress = byAddress || elsewhere || sshdByAddress.MatchString(content)
		byPort = byPort || elsewhere || sshdByPort.MatchString(content)
	}
	for _, c := range l.connections {
		if c.label != "" && (byPort || byGroup && c.User != "root" || byAddress && c.role == sshdOwn) && !slices.Contains(open.Logins, c.label) {
			open.Logins = append(open.Logins, c.label)
		}
	}
	return open
}

// shares tells whether a file may have a line that is about what the policy sets.
func (l *sshdLook) shares(state node.FileState) bool {
	if state.Type != node.TypeRegular || state.TooLarge {
		return true
	}
	words := l.policy.words()
	for line := range strings.Lines(string(state.Content)) {
		word := strings.TrimLeft(line, " \t\"")
		if end := strings.IndexAny(word, " \t=\"\r\n"); end >= 0 {
			word = word[:end]
		}
		if slices.Contains(words, sshdWordOf(strings.ToLower(word))) {
			return true
		}
	}
	return false
}
