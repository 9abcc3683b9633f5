package review

import (
	"slices"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Ends are the times at which the grants of a policy end. A time without a zone is taken as UTC: each node takes it in
// its own zone.
type Ends struct {
	// Earliest is the first end of a grant, Latest the end of the last one; zero for none, and Latest also where a
	// grant never ends.
	Earliest, Latest time.Time
	// Grants are those that end, with their ends.
	Grants []GrantEnd
}

// GrantEnd is a grant that ends.
type GrantEnd struct {
	Line int
	Text string
	At   time.Time
}

// Ends tells when the grants of the policy end.
func (p *Policy) Ends() Ends {
	var ends Ends
	granted, forever := 0, false
	var grants []policy.Grant
	for _, subject := range p.Subjects {
		grants = append(grants, policy.Grants(p.tree, policy.Subject{Name: subject})...)
	}
	for _, grant := range grants {
		if grant.Negated {
			continue
		}
		granted++
		at, err := sudoers.ParseTime(grant.Effective.NotAfter, time.UTC)
		if grant.Effective.NotAfter == "" || err != nil {
			forever = true
			continue
		}
		at = at.UTC()
		if end := (GrantEnd{grant.Pos.Line, grant.Text, at}); !slices.Contains(ends.Grants, end) {
			ends.Grants = append(ends.Grants, end)
		}
		if ends.Earliest.IsZero() || at.Before(ends.Earliest) {
			ends.Earliest = at
		}
		if at.After(ends.Latest) {
			ends.Latest = at
		}
	}
	if forever {
		ends.Latest = time.Time{}
	}
	return ends
}
