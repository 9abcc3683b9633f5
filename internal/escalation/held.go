package escalation

import (
	"slices"
	"strings"
)

// Held is what somebody may do in PVE.
type Held struct {
	// Has tells whether a privilege is held on a path. It is asked for paths of
	// which nobody ever heard, too: "/vms/*" is any guest without an ACL of its own.
	Has func(path, privilege string) bool
	// Paths are those with ACL entries that concern the holder.
	Paths []string
	// PVE8 is set for a server of release 8.
	PVE8 bool
	// PowerfulMember names a member of a group that leads to root by itself, "" for
	// none. Nil means that nobody is known to be one.
	PowerfulMember func(group string) string
}

// Finding is one way that leads from what is held to root.
type Finding struct {
	ID       string
	Severity Severity
	Holds    []Hold // what the rule needs, as it is held
	Why      string
	Witness  string
	Fix      string
}

// Hold is a privilege that a finding rests on, and the path on which it counts.
type Hold struct{ Privilege, Path string }

// String is "Privilege on /path".
func (h Hold) String() string { return h.Privilege + " on " + h.Path }

// FindPrivileges returns the ways to root that somebody has, in the order of
// their ids, each once.
func FindPrivileges(held Held) ([]Finding, error) {
	rules, err := privilegeRules()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, rule := range rules {
		if rule.Releases == "8" && !held.PVE8 {
			continue
		}
		if finding, found := held.meet(rule); found {
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// meet tells whether everything that a rule needs is held.
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

// find returns the first path on which a need is met, "" for none, and the group
// member that matters.
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

// candidates are the paths that a pattern stands for: any unnamed one, and those
// with entries of their own.
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

// matches compares part by part. A pool may have pools below it.
func matches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(have) > len(want) && pattern == "/pool/*" {
		have = have[:len(want)]
	}
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || w == "*" && h != "" })
}
