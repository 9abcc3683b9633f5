package access

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// restrictedUserModel is pvesec_restricted_user in configuration, plan and state.
type restrictedUserModel struct {
	UserID          types.String   `tfsdk:"user_id"`
	Comment         types.String   `tfsdk:"comment"`
	Email           types.String   `tfsdk:"email"`
	FirstName       types.String   `tfsdk:"first_name"`
	LastName        types.String   `tfsdk:"last_name"`
	Enabled         types.Bool     `tfsdk:"enabled"`
	ExpiresAt       types.String   `tfsdk:"expires_at"`
	Password        types.String   `tfsdk:"password"` // write-only: known in the configuration alone
	PasswordVersion values.Whole   `tfsdk:"password_version"`
	Groups          types.Set      `tfsdk:"groups"`
	GroupMembership types.String   `tfsdk:"group_membership"`
	Role            types.Object   `tfsdk:"role"`
	Grants          types.Set      `tfsdk:"grant"`
	TokenBlocks     types.Set      `tfsdk:"token"`
	Tokens          types.Map      `tfsdk:"tokens"` // what is read of them, by name
	ExternalTokens  types.Set      `tfsdk:"external_tokens"`
	SecretInState   types.Bool     `tfsdk:"secret_in_state"`
	TokenSecrets    types.Map      `tfsdk:"token_secrets"`
	Expires         types.Object   `tfsdk:"expires"`
	AcceptedRisks   types.Map      `tfsdk:"accepted_risks"`
	Effective       types.Map      `tfsdk:"effective_permissions"`
	Findings        types.List     `tfsdk:"findings"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

type roleModel struct {
	Name       types.String `tfsdk:"name"`
	Privileges types.Set    `tfsdk:"privileges"`
}

type grantModel struct {
	Path      types.String `tfsdk:"path"`
	Role      types.String `tfsdk:"role"`
	Propagate types.Bool   `tfsdk:"propagate"`
}

// The types of role and of a grant, as the schema describes them.
var (
	roleType  = values.ObjectTypeOf(roleAttributes())
	grantType = values.ObjectTypeOf(grantAttributes())
)

// managedRole is the id of the user's own role, "" for none.
func (m *restrictedUserModel) managedRole(ctx context.Context, diags *diag.Diagnostics) string {
	if m.Role.IsNull() || m.Role.IsUnknown() {
		return ""
	}
	var role roleModel
	diags.Append(m.Role.As(ctx, &role, basetypes.ObjectAsOptions{})...)
	return role.Name.ValueString()
}

// principal is the model as package proxmox needs it, with everything that the configuration may leave out filled in.
// Call it only with known values.
func (m *restrictedUserModel) principal(ctx context.Context, diags *diag.Diagnostics) proxmox.Principal {
	p := proxmox.Principal{
		UserID:    proxmox.UserID(m.UserID.ValueString()),
		Comment:   m.Comment.ValueString(),
		Email:     m.Email.ValueString(),
		FirstName: m.FirstName.ValueString(),
		LastName:  m.LastName.ValueString(),
		Enabled:   m.Enabled.ValueBool(),
		Expire:    values.UnixTime(m.ExpiresAt),
		Tokens:    map[string]proxmox.Token{},
	}
	diags.Append(values.Present(m.Groups).ElementsAs(ctx, &p.Groups, false)...)
	managed := m.managedRole(ctx, diags)
	if managed != "" {
		var role roleModel
		diags.Append(m.Role.As(ctx, &role, basetypes.ObjectAsOptions{})...)
		p.Role = &proxmox.Role{ID: managed}
		diags.Append(values.Present(role.Privileges).ElementsAs(ctx, &p.Role.Privileges, false)...)
	}
	p.Grants = grantsOf(ctx, m.Grants, managed, diags)
	for id, token := range m.tokenBlocks(ctx, diags) {
		p.Tokens[id] = token.token(ctx, m.ends(token), p.Grants, managed, diags)
	}
	return p
}

func grantsOf(ctx context.Context, set types.Set, managed string, diags *diag.Diagnostics) []proxmox.Grant {
	var models []grantModel
	diags.Append(values.Present(set).ElementsAs(ctx, &models, false)...)
	grants := make([]proxmox.Grant, 0, len(models))
	for _, model := range models {
		grants = append(grants, model.grant(managed))
	}
	return grants
}

func (g grantModel) grant(managed string) proxmox.Grant {
	role := g.Role.ValueString()
	if role == "" {
		role = managed
	}
	return proxmox.Grant{
		Path:      proxmox.NormalizeACLPath(g.Path.ValueString()),
		Role:      role,
		Propagate: g.Propagate.IsNull() || g.Propagate.ValueBool(),
	}
}

// take writes what PVE has into the model. Where the configuration's way to write a value means the same as what was
// found, it is kept, so that only a real difference shows in a plan.
func (m *restrictedUserModel) take(ctx context.Context, found *proxmox.Principal, diags *diag.Diagnostics) {
	managed := m.managedRole(ctx, diags)
	m.UserID = types.StringValue(string(found.UserID))
	if m.Comment.IsNull() { // an import
		m.Comment = types.StringValue("")
	}
	m.Comment = values.Comment(m.Comment, found.Comment)
	m.Email = types.StringValue(found.Email)
	m.FirstName = types.StringValue(found.FirstName)
	m.LastName = types.StringValue(found.LastName)
	m.Enabled = types.BoolValue(found.Enabled)
	m.ExpiresAt = values.TimeString(m.ExpiresAt, found.Expire)
	m.Groups = m.ownGroups(ctx, found.Groups, diags)
	if found.Role != nil {
		managed = found.Role.ID
		role, problems := types.ObjectValueFrom(ctx, roleType.AttrTypes, roleModel{
			Name:       types.StringValue(found.Role.ID),
			Privileges: values.StringSet(found.Role.Privileges),
		})
		diags.Append(problems...)
		m.Role = role
	} else {
		m.Role = types.ObjectNull(roleType.AttrTypes)
	}
	own := *found
	own.Tokens = m.ownTokens(ctx, found.Tokens, diags)
	m.takeTokens(ctx, &own, m.principalGrants(ctx, managed, diags), managed, diags)
	m.Grants = grantSet(ctx, m.Grants, found.Grants, managed, diags)
	m.TokenSecrets = keepSecrets(m.TokenSecrets, own.Tokens)
	m.showEnds()
}

// principalGrants are the user's grants as recorded, by which a token without grants of its own is judged.
func (m *restrictedUserModel) principalGrants(ctx context.Context, managed string, diags *diag.Diagnostics) []proxmox.Grant {
	if m.Grants.IsNull() || m.Grants.IsUnknown() {
		return nil
	}
	return grantsOf(ctx, m.Grants, managed, diags)
}

// grantSet writes ACL entries as the configuration would: an entry that the recorded set already has keeps its form,
// another one is written in the shortest form.
func grantSet(ctx context.Context, recorded types.Set, found []proxmox.Grant, managed string, diags *diag.Diagnostics) types.Set {
	var models []grantModel
	if !recorded.IsNull() && !recorded.IsUnknown() {
		diags.Append(values.Present(recorded).ElementsAs(ctx, &models, false)...)
	}
	written := map[proxmox.Grant]grantModel{}
	for _, model := range models {
		written[model.grant(managed)] = model
	}
	result := make([]grantModel, 0, len(found))
	for _, grant := range found {
		model, ok := written[grant]
		if !ok {
			model = grantModel{Path: types.StringValue(grant.Path), Role: types.StringValue(grant.Role), Propagate: types.BoolValue(false)}
			if grant.Role == managed {
				model.Role = types.StringNull()
			}
			if grant.Propagate {
				model.Propagate = types.BoolNull()
			}
		}
		result = append(result, model)
	}
	value, problems := types.SetValueFrom(ctx, grantType, result)
	diags.Append(problems...)
	return value
}

func sameGrants(a, b []proxmox.Grant) bool {
	if len(a) != len(b) {
		return false
	}
	count := map[proxmox.Grant]int{}
	for _, grant := range a {
		count[grant]++
	}
	for _, grant := range b {
		if count[grant]--; count[grant] < 0 {
			return false
		}
	}
	return true
}

// managedRoleName is the role that belongs to a user when the configuration does not name it.
func managedRoleName(userID string) string { return proxmox.ManagedRoleID(proxmox.UserID(userID)) }
