package hardening

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// The files that say who is in a group: group(5), passwd(5) and nsswitch.conf(5).
const (
	groupFile  = "/etc/group"
	passwdFile = "/etc/passwd"
	switchFile = "/etc/nsswitch.conf"
)

var memberFiles = []string{groupFile, passwdFile, switchFile}

// ownSources are the sources of groups that are on the node itself.
var ownSources = []string{"files", "compat", "systemd"}

// nobodyIn says why a policy about a subject reaches nobody on a node: it has no such account, no such group, or a
// group without members. It is "" where somebody is reached, and where the node asks others than its own files who is
// in a group.
func nobodyIn(subject string, seen *node.Observation) string {
	group, isGroup := strings.CutPrefix(subject, "%")
	switch {
	case subject == "" || seen == nil:
		return ""
	case !isGroup:
		if account, asked := seen.Accounts[subject]; !asked || account.Exists {
			return ""
		}
		return "has no account"
	case strings.HasPrefix(group, "#"), strings.HasPrefix(group, ":"):
		return "" // by number, or of a plugin
	}
	groups, readable := linesOf(seen, groupFile)
	accounts, known := linesOf(seen, passwdFile)
	sources, _ := linesOf(seen, switchFile)
	if !readable || !known || asksOthers(sources) {
		return ""
	}
	at := slices.IndexFunc(groups, func(line string) bool { return strings.HasPrefix(line, group+":") })
	if at < 0 {
		return "does not exist"
	}
	fields := strings.Split(groups[at], ":")
	if len(fields) < 4 || strings.TrimSpace(fields[3]) != "" {
		return ""
	}
	primary := func(line string) bool {
		account := strings.Split(line, ":")
		return len(account) > 3 && account[3] == fields[2]
	}
	if slices.ContainsFunc(accounts, primary) {
		return ""
	}
	return "has no members"
}

// membersOf are the users in a group, as far as the node's own files tell: by name in the group, and by their primary
// group.
func membersOf(group string, seen *node.Observation) []string {
	groups, _ := linesOf(seen, groupFile)
	accounts, _ := linesOf(seen, passwdFile)
	var members []string
	for _, line := range groups {
		fields := strings.Split(line, ":")
		if fields[0] != group || len(fields) < 4 {
			continue
		}
		members = append(members, strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' || r == ' ' })...)
		for _, account := range accounts {
			if of := strings.Split(account, ":"); len(of) > 3 && of[3] == fields[2] {
				members = append(members, of[0])
			}
		}
	}
	return members
}

func linesOf(seen *node.Observation, name string) ([]string, bool) {
	file := followed(seen.Files[name])
	if !file.Exists || file.TooLarge {
		return nil, false
	}
	return strings.Split(string(file.Content), "\n"), true
}

// asksOthers tells that the line group of nsswitch.conf names a source that is not on the node itself.
func asksOthers(lines []string) bool {
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		if strings.TrimSpace(database) != "group" {
			continue
		}
		return slices.ContainsFunc(strings.Fields(sources), func(word string) bool { return !strings.HasPrefix(word, "[") && !slices.Contains(ownSources, word) })
	}
	return false
}
