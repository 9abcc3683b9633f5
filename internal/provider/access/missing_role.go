package access

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// withoutMissingRoles takes the roles that PVE does not have yet out of what it would refuse: another resource of the
// run may make them.
func withoutMissingRoles(problems []proxmox.Problem) (others, missing []proxmox.Problem) {
	for _, problem := range problems {
		if errors.As(problem.Err, new(*proxmox.UnknownRoleError)) {
			missing = append(missing, problem)
		} else {
			others = append(others, problem)
		}
	}
	return others, missing
}

// warnOfMissingRoles warns of roles that PVE does not have and that no user makes who was planned before in this run.
func warnOfMissingRoles(clients *session.Clients, missing []proxmox.Problem, at func(field string) path.Path, diags *diag.Diagnostics) {
	var told []string
	for _, problem := range missing {
		var unknown *proxmox.UnknownRoleError
		if !errors.As(problem.Err, &unknown) || slices.Contains(told, unknown.Role) || clients.Holdings().MakesRole(unknown.Role) {
			continue
		}
		told = append(told, unknown.Role)
		diags.AddAttributeWarning(at(problem.Field), "Missing role "+unknown.Role, strings.TrimSpace(values.UpperFirst(problem.Msg)+" "+problem.Fix)+
			"\n\nIf another resource of the same run makes the role, refer to it or name it in depends_on, so that it comes first. Otherwise the apply is refused.")
	}
}

// withoutComingRoles takes the grants of roles out of a token that a user of the same run makes and that PVE does not
// have yet: while Terraform plans, the token is opened without them. Of roles that nobody makes it gives the problems.
func (e *apiTokenEphemeral) withoutComingRoles(token *proxmox.Token, problems []proxmox.Problem, diags *diag.Diagnostics) []proxmox.Problem {
	problems, missing := withoutMissingRoles(problems)
	for _, problem := range missing {
		var unknown *proxmox.UnknownRoleError
		if !errors.As(problem.Err, &unknown) || !e.Clients.Holdings().MakesRole(unknown.Role) {
			problem.Fix = strings.TrimSpace(problem.Fix + " If a pvesec_restricted_user of the same run makes it, refer to the name in that resource, so that it comes first.")
			problems = append(problems, problem)
			continue
		}
		of := func(g proxmox.Grant) bool { return g.Role == unknown.Role }
		if slices.ContainsFunc(token.Grants, of) {
			token.Grants = slices.DeleteFunc(token.Grants, of)
			diags.AddAttributeWarning(path.Root("grant"), "Missing role "+unknown.Role,
				"A user of the same run makes the role, and PVE does not have it yet. The token of this plan is opened without it. The apply opens another token, with the role.")
		}
	}
	return problems
}

// refuseMissingRoles refuses an apply with roles that PVE does not have, before the first write.
func refuseMissingRoles(ctx context.Context, pve *proxmox.Client, want proxmox.Principal, at func(field string) path.Path, diags *diag.Diagnostics) {
	missing, err := pve.UnknownRoles(ctx, want)
	if err != nil {
		values.AddError(diags, "Unable to read the roles", err)
	}
	for _, problem := range missing {
		diags.AddAttributeError(at(problem.Field), "Missing role", strings.TrimSpace(values.UpperFirst(problem.Msg)+" "+problem.Fix)+" Nothing was changed.")
	}
}
