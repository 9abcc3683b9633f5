package escalation

import (
	"slices"
	"strings"
)

// Held describes the PVE privileges of a user or token.
type Held struct {
	// Has reports whether the holder has a privilege on a path. The path can be a
	// pattern: "/vms/*" is any guest without its own ACL.
	Has func(path, privilege string) bool
	// Paths are the paths with ACL entries for the holder.
	Paths []string
	// PVE8 is set for a server of release 8.
	PVE8 bool
	// PowerfulMember returns a member of a group that leads to root without this
	// group, "" for none. If it is nil, no group has such a member.
	PowerfulMember func(group string) string
}

// Finding is one path from the held privileges to root.
type Finding struct {
	ID       string
	Severity Severity
	Holds    []Hold // the privileges that the rule needs, and where they are held
	Why      string
	Witness  string
	Fix      string
}

// Hold is a privilege that a finding is based on, and the path on which it is held.
type Hold struct{ Privilege, Path string }

// String is "Privilege on /path".
func (h Hold) String() string { return h.Privilege + " on " + h.Path }

// FindPrivileges returns the holder's paths to root, each once, in the order of
// their ids.
func FindPrivileges(held Held) []Finding {
	var findings []Finding
	for _, rule := range privilegeRules() {
		if rule.Releases == "8" && !held.PVE8 {
			continue
		}
		if finding, found := held.meet(rule); found {
			findings = append(findings, finding)
		}
	}
	return findings
}

// meet reports whether the holder has everything that a rule needs.
func (h Held) meet(rule PrivilegeRule) (Finding, bool) {
	finding := Finding{ID: rule.ID, Severity: rule.Severity, Why: rule.Why, Witness: rule.Witness, Fix: rule.Fix}
	for _, need := range rule.Needs {
		path, member := h.find(need)
		if path == "" {
			return Finding{}, false
		}
		finding.Holds = append(finding.Holds, Hold{need.Privilege, path})
		if member != "" {
			finding.Witness = strings.ReplaceAll(finding.Witness, "MEMBER", member)
		}
	}
	return finding, true
}

// find returns the first path on which a need is met, "" for none, and the
// powerful group member.
func (h Held) find(need Need) (path, member string) {
	for _, pattern := range need.On {
		for _, candidate := range h.candidates(pattern) {
			if !h.Has(candidate, need.Privilege) {
				continue
			}
			if !need.PowerfulMember {
				return candidate, ""
			}
			if h.PowerfulMember != nil {
				if member := h.PowerfulMember(strings.TrimPrefix(candidate, "/access/groups/")); member != "" {
					return candidate, member
				}
			}
		}
	}
	return "", ""
}

// candidates returns the paths that a pattern stands for: the pattern itself, for
// any path without entries, and the matching paths with entries.
func (h Held) candidates(pattern string) []string {
	paths := []string{pattern}
	if !strings.Contains(pattern, "*") {
		return paths
	}
	for _, path := range slices.Sorted(slices.Values(h.Paths)) {
		if matches(pattern, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// matches compares the paths part by part. A pool may contain pools.
func matches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(have) > len(want) && pattern == "/pool/*" {
		have = have[:len(want)]
	}
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || w == "*" && h != "" })
}
