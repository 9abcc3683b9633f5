package review

import (
	"maps"
	"slices"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Ends are the times at which what a policy grants ends. A time without a zone is taken as UTC: each node takes it in
// its own zone.
type Ends struct {
	// Earliest is the first end of a grant, Latest the end of the last one; zero for none, and Latest also where a
	// grant never ends.
	Earliest, Latest time.Time
}

// GrantEnd is a grant that ends.
type GrantEnd struct {
	Subject string
	Line    int
	Text    string
	// At is zero for a grant that never ends.
	At time.Time
}

// GrantEnds tells when each grant of the policy ends by its rule.
func (p *Policy) GrantEnds() []GrantEnd {
	var ends []GrantEnd
	for _, subject := range p.Subjects {
		for _, grant := range policy.Grants(p.tree, policy.Subject{Name: subject}) {
			if grant.Negated {
				continue
			}
			end := GrantEnd{Subject: subject, Line: grant.Pos.Line, Text: grant.Text}
			if at, err := sudoers.ParseTime(grant.Effective.NotAfter, time.UTC); grant.Effective.NotAfter != "" && err == nil {
				end.At = at.UTC()
			}
			if !slices.Contains(ends, end) {
				ends = append(ends, end)
			}
		}
	}
	return ends
}

// EndsOn tells when the grants of the policy end on nodes, by their rules and by the accounts of their subjects, whose
// ends on each node are given as [AccountEnds] has them. Of a node without an entry only the rules count.
func (p *Policy) EndsOn(nodes []map[string]time.Time) Ends {
	var ends Ends
	forever := false
	for _, grant := range p.GrantEnds() {
		for _, accounts := range nodes {
			at := grant.At
			if end, is := accounts[grant.Subject]; is && (at.IsZero() || end.Before(at)) {
				at = end
			}
			if at.IsZero() {
				forever = true
				continue
			}
			if ends.Earliest.IsZero() || at.Before(ends.Earliest) {
				ends.Earliest = at
			}
			if at.After(ends.Latest) {
				ends.Latest = at
			}
		}
	}
	if forever {
		ends.Latest = time.Time{}
	}
	return ends
}

// AccountEnds tells when sudo refuses the subjects of a policy on a node since their accounts have ended. Where an
// option of any file may have sudo ask about another account, in another way or not at all, no end is sure.
func AccountEnds(p hardening.SudoersPolicy, around hardening.Surroundings) map[string]time.Time {
	if len(around.Ends) == 0 || slices.ContainsFunc(around.With(p).Entries, func(entry sudoers.Entry) bool {
		d, is := entry.(*sudoers.Defaults)
		return is && slices.ContainsFunc(d.Settings, asksOtherwise)
	}) {
		return nil
	}
	return maps.Clone(around.Ends)
}

// asksOtherwise tells that an option has sudo not ask PAM whether the caller's account has ended, or in a way that is
// not Debian's (sudoers(5)).
func asksOtherwise(s sudoers.Setting) bool {
	switch s.Name {
	case "pam_acct_mgmt":
		return s.Operator == sudoers.OpFalse
	case "rootpw", "runaspw", "targetpw":
		return s.Operator != sudoers.OpFalse
	}
	return s.Name == "pam_service" || s.Name == "pam_login_service" || s.Name == "pam_askpass_service"
}
