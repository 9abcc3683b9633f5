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
	// PowerfulGroup tells whether everyone who is put into a group leads to root, and no member does already. If it is
	// nil, no group has such rights.
	PowerfulGroup func(group string) bool
	// AnyMember returns a member of a group, "" for none. If it is nil, no group has one.
	AnyMember func(group string) string
}

// asks answers what a need asks about a group. The member is the one that its example names.
func (h Held) asks(need Need, group string) (member string, met bool) {
	switch {
	case need.PowerfulMember:
		member = call(h.PowerfulMember, group)
		return member, member != ""
	case need.PowerfulGroup:
		return "", h.PowerfulGroup != nil && h.PowerfulGroup(group)
	case need.AnyMember:
		member = call(h.AnyMember, group)
		return member, member != ""
	}
	return "", true
}

func call(f func(string) string, group string) string {
	if f == nil {
		return ""
	}
	return f(group)
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

// modifies is the privilege to give any role on its path, to oneself too.
const modifies = "Permissions.Modify"

// FindPrivileges returns the holder's paths to root, each once, in the order of their ids. What the holder can give
// itself counts as held. A rule that it meets only so is left out where the same privilege to give roles is a way to
// root by itself.
func FindPrivileges(held Held) []Finding {
	var findings []Finding
	var met []Hold
	for _, given := range []bool{false, true} {
		for _, rule := range privilegeRules() {
			if rule.Releases == "8" && !held.PVE8 || slices.ContainsFunc(findings, func(f Finding) bool { return f.ID == rule.ID }) {
				continue
			}
			finding, found := held.meet(rule, given)
			if !found || given && slices.ContainsFunc(finding.Holds, func(h Hold) bool { return h.Privilege == modifies && slices.ContainsFunc(met, h.below) }) {
				continue
			}
			findings = append(findings, finding)
		}
		for _, finding := range findings {
			for _, hold := range finding.Holds {
				if hold.Privilege == modifies {
					met = append(met, hold)
				}
			}
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return strings.Compare(a.ID, b.ID) })
	return findings
}

// below tells whether the path is another one's or below it.
func (h Hold) below(other Hold) bool {
	return h.Path == other.Path || strings.HasPrefix(h.Path, strings.TrimSuffix(other.Path, "/")+"/")
}

// meet reports whether the holder has everything that a rule needs, or can give it to itself if given is set.
func (h Held) meet(rule PrivilegeRule, given bool) (Finding, bool) {
	finding := Finding{ID: rule.ID, Severity: rule.Severity, Why: rule.Why, Witness: rule.Witness, Fix: rule.Fix}
	for _, need := range rule.Needs {
		hold, member := h.find(need, need.Privilege, h.at)
		if hold.Path == "" && given {
			if hold, member = h.find(need, modifies, h.at, h.above); hold.Path != "" && !slices.Contains(finding.Holds, hold) {
				finding.Why = "With " + hold.String() + ", a user can give itself " + need.Privilege + " there. " + finding.Why
				finding.Witness = "pvesh set /access/acl --path " + hold.Path + " --roles Administrator --users SELF; " + finding.Witness
				finding.Fix = "Do not grant " + hold.String() + ". " + finding.Fix
			}
		}
		if hold.Path == "" {
			return Finding{}, false
		}
		if !slices.Contains(finding.Holds, hold) {
			finding.Holds = append(finding.Holds, hold)
		}
		if need.PowerfulGroup {
			finding.Witness = strings.ReplaceAll(finding.Witness, "GROUP", strings.TrimPrefix(hold.Path, "/access/groups/"))
		}
		if member != "" {
			finding.Witness = strings.ReplaceAll(finding.Witness, "MEMBER", member)
		}
	}
	return finding, true
}

// find returns the first path of a need on which a privilege is held, or one from which it can be, "" for none, and the
// powerful group member.
func (h Held) find(need Need, privilege string, where ...func(path, privilege string) string) (hold Hold, member string) {
	for _, pattern := range need.On {
		for _, candidate := range h.candidates(pattern) {
			for _, held := range where {
				at := held(candidate, privilege)
				if at == "" {
					continue
				}
				if member, met := h.asks(need, strings.TrimPrefix(candidate, "/access/groups/")); met {
					return Hold{privilege, at}, member
				}
			}
		}
	}
	return Hold{}, ""
}

// at is a path on which a privilege is held, "" where it is not.
func (h Held) at(path, privilege string) string {
	if h.Has(path, privilege) {
		return path
	}
	return ""
}

// above is the nearest path above another one on which a privilege is held, "" for none. A role that the holder gives
// itself there holds below it, whether its own right to give roles does or not.
func (h Held) above(path, privilege string) string {
	for above := parent(path); above != ""; above = parent(above) {
		if h.Has(above, privilege) {
			return above
		}
	}
	return ""
}

// parent is the path above another one, "" above the root.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	} else if path != "/" {
		return "/"
	}
	return ""
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
