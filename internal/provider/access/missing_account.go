package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// pamRealm is the realm of PVE whose users are Linux accounts of the nodes.
const pamRealm = "pam"

// nodesWithoutAccount names the nodes that do not know the Linux account of a user; one of another realm has none.
func nodesWithoutAccount(ctx context.Context, clients *session.Clients, user proxmox.UserID) []string {
	if user.Realm() != pamRealm {
		return nil
	}
	return clients.NodesWithoutAccount(ctx, user.Name())
}

// warnOfMissingAccount warns of nodes that do not know the Linux account which a user of the realm pam logs in with.
// PVE keeps no password of such a user: it asks the node at which somebody logs in.
func warnOfMissingAccount(ctx context.Context, clients *session.Clients, user proxmox.UserID, diags *diag.Diagnostics) {
	if missing := nodesWithoutAccount(ctx, clients, user); len(missing) > 0 {
		diags.AddAttributeWarning(path.Root("user_id"), fmt.Sprintf("Missing Linux account of %s on %s", user, strings.Join(missing, ", ")),
			fmt.Sprintf("Users of the realm pam log in with their Linux account, which these nodes do not have: nobody can log in there as %s with a password. API tokens work all the same. "+
				"Create the account %s there (pvesec_node_account), or use a user of the realm pve.", user, user.Name()))
	}
}
