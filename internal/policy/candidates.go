package policy

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// Candidate is a rule whose command matches, and that did not decide.
type Candidate struct {
	// Pos is the place of the command, Text the rule on one line.
	Pos  sudoers.Pos
	Text string
	// Negated tells that the rule would have denied.
	Negated bool
	Why     Reason
}

// Reason says why a rule did not decide.
type Reason string

// The reasons, in the order in which sudo looks at a rule.
const (
	OtherUser    Reason = "the rule is not about this user"
	OtherHost    Reason = "the rule is not about this host"
	OtherTime    Reason = "the rule does not hold at this time"
	OtherTarget  Reason = "the rule does not admit this target user or group"
	LaterDecides Reason = "a later rule matches too, and the last one decides"
)

// candidates lists the rules whose command matches, in the order of the policy, but
// for the one that decided.
func (m *matcher) candidates(tree *sudoers.Tree, r *Request, decided sudoers.Pos) []Candidate {
	var list []Candidate
	for _, e := range tree.Entries {
		spec, ok := e.(*sudoers.UserSpec)
		if !ok {
			continue
		}
		user, _ := m.users(spec.Users, sudoers.UserAlias, r.Subject)
		for i := range spec.Privileges {
			p := &spec.Privileges[i]
			host := m.hosts(p.Hosts)
			for _, c := range p.Effective() {
				v := m.command(&c.CommandMember, &m.line, m.rootOf(&c))
				if v == unspecified || c.Pos == decided {
					continue
				}
				why := LaterDecides
				switch {
				case user != allow:
					why = OtherUser
				case host != allow:
					why = OtherHost
				case !m.inTime(&c, r.Time):
					why = OtherTime
				case m.runAsMatches(c.RunAs) != allow:
					why = OtherTarget
				}
				one := c.Spec()
				list = append(list, Candidate{
					Pos: c.Pos, Text: joinMembers(spec.Users) + " " + joinMembers(p.Hosts) + "=" + one.String(),
					Negated: v&deny != 0, Why: why,
				})
			}
		}
	}
	return list
}
