package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// allGrants are the grants of a user and of its tokens.
func allGrants(p proxmox.Principal) []proxmox.Grant {
	grants := slices.Clone(p.Grants)
	for _, token := range p.Tokens {
		grants = append(grants, token.Grants...)
	}
	return grants
}

// warnOfMissingPlaces warns of grants on pools and storages that PVE does not have. Of the grants in told the refresh
// has warned. It is a hint: what PVE does not answer here stands against no plan.
func warnOfMissingPlaces(ctx context.Context, clients *session.Clients, grants, told []proxmox.Grant, diags *diag.Diagnostics) {
	pve, err := clients.PVE()
	if err != nil {
		return
	}
	missing, err := pve.MissingPlaces(ctx, slices.DeleteFunc(slices.Clone(grants), func(g proxmox.Grant) bool {
		return slices.ContainsFunc(told, func(other proxmox.Grant) bool { return other.Path == g.Path })
	}))
	if err != nil || len(missing) == 0 {
		return
	}
	var names []string
	for _, at := range missing {
		kind, name, _ := strings.Cut(strings.TrimPrefix(at, "/"), "/")
		names = append(names, kind+" "+name)
	}
	diags.AddAttributeWarning(path.Root("grant"), "Missing "+strings.Join(names, ", "),
		fmt.Sprintf("Grants are on %s, which Proxmox VE does not have. It takes them all the same, and they allow nothing until somebody makes what is missing. Correct the path, or make it first.",
			strings.Join(missing, ", ")))
}
