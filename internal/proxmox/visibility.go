package proxmox

import (
	"context"
	"fmt"
	"strings"
)

// Missing is a privilege that the configured token lacks.
type Missing struct {
	Path       string
	Privileges []string // any one of them suffices
	Propagate  bool     // it must also hold on the paths below
	For        string   // what it is needed for
}

func (m Missing) String() string {
	s := strings.Join(m.Privileges, " or ") + " on " + m.Path
	if m.Propagate {
		s += " with propagation"
	}
	return s + " (to " + m.For + ")"
}

// VisibilityError means that PVE hides parts of its lists from the configured
// token, so that what is missing in them cannot be told from what does not
// exist.
type VisibilityError struct{ Missing []Missing }

func (e *VisibilityError) Error() string {
	var b strings.Builder
	b.WriteString("the API token cannot see all of PVE's access control, so nothing can be said about what is absent; it lacks ")
	for i, m := range e.Missing {
		if i > 0 {
			b.WriteString(", and ")
		}
		b.WriteString(m.String())
	}
	b.WriteString(". A token with privilege separation needs the role on its own, not only on its user: pveum acl modify / --tokens 'USER@REALM!TOKEN' --roles PVEAuditor")
	return b.String()
}

// What unfiltered lists need (PVE::API2::User::index, ::ACL::read_acl and
// ::Group::index, which asks for each group by itself).
var (
	seeACL    = Missing{Path: "/access", Privileges: []string{"Sys.Audit"}, For: "see all ACL entries"}
	seeUsers  = Missing{Path: "/access/groups", Privileges: []string{"Sys.Audit", "User.Modify"}, For: "see all users and tokens"}
	seeGroups = Missing{Path: "/access/groups", Privileges: []string{"Sys.Audit", "User.Modify", "Group.Allocate"}, Propagate: true, For: "see all groups"}
)

// RequireVisibility returns nil when the token sees users, tokens and ACL
// unfiltered, otherwise a *[VisibilityError] that names the missing privileges.
// PVE answers filtered lists with 200, so an absence must not be believed before
// this.
func (c *Client) RequireVisibility(ctx context.Context) error {
	return c.require(ctx, seeACL, seeUsers)
}

// require compares the token's own permissions with what is needed.
func (c *Client) require(ctx context.Context, needs ...Missing) error {
	permissions, err := c.Permissions(ctx)
	if err != nil {
		return fmt.Errorf("asking what the API token may see: %w", err)
	}
	var missing []Missing
	for _, need := range needs {
		if !permissions.satisfies(need) {
			missing = append(missing, need)
		}
	}
	if missing != nil {
		return &VisibilityError{missing}
	}
	return nil
}

// satisfies tells whether one of the needed privileges is held.
func (p Permissions) satisfies(need Missing) bool {
	for _, name := range need.Privileges {
		if propagate, held := p[need.Path][name]; held && (propagate || !need.Propagate) {
			return true
		}
	}
	return false
}
