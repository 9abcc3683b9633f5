package access

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// waysToRoot are the ways to root of a user or token in these rights. Steps over other users and groups count, in any
// number.
func waysToRoot(rights *proxmox.Rights, authID string) []escalation.Finding {
	return posture.WorldOf(rights).Reach(authID)
}
