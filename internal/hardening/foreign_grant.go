package hardening

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// ForeignGrant is a sudo grant for the subject of a policy which the policy did not write.
type ForeignGrant struct {
	File string
	Line int
	// Text is the grant on one line in canonical sudoers syntax.
	Text string
	// Removable tells that the grant names the subject itself, so that it can be cut out without touching anybody else's rights. A grant
	// that reaches the subject through a group, an alias or ALL is not removable.
	Removable bool
}

// String gives the grant as "/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL".
func (g ForeignGrant) String() string {
	return fmt.Sprintf("%s:%d: %s", printable(g.File), g.Line, printable(g.Text))
}

// foreignGrants lists what every file but own grants the subject. Denials are no grants and are left out.
func foreignGrants(t *sudoersTree, own string, subject policy.Subject) []ForeignGrant {
	var foreign []ForeignGrant
	for _, grant := range policy.Grants(t.tree, subject) {
		if grant.Pos.File == own || grant.Negated {
			continue
		}
		foreign = append(foreign, foreignGrant(grant))
	}
	return foreign
}

func foreignGrant(grant policy.Grant) ForeignGrant {
	return ForeignGrant{
		File:      grant.Pos.File,
		Line:      grant.Pos.Line,
		Text:      grant.Text,
		Removable: grant.Users == policy.MatchDirect,
	}
}
