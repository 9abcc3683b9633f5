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
	// Apart is Has for needs that a request of their own asks for, which somebody else may make for the holder. If it
	// is nil, nobody does.
	Apart func(path, privilege string) bool
	// Token is the full id of a token that holds the privileges, "" for a user.
	Token string
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
