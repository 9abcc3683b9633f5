package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

var (
	_ resource.ResourceWithConfigure      = (*restrictedUserResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*restrictedUserResource)(nil)
	_ resource.ResourceWithImportState    = (*restrictedUserResource)(nil)
	_ resource.ResourceWithValidateConfig = (*restrictedUserResource)(nil)
)

type restrictedUserResource struct {
	configured
}

func newRestrictedUserResource() resource.Resource { return &restrictedUserResource{} }

func (r *restrictedUserResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_restricted_user"
}

// ValidateConfig finds what schema validators can't see: a grant without a role, and grants that a token without separation ignores.
func (r *restrictedUserResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model restrictedUserModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.Role.IsNull() {
		requireRoles(ctx, model.Grants, path.Root("grants"), &resp.Diagnostics)
	}
	if model.Tokens.IsUnknown() {
		return
	}
	tokens := map[string]types.Object{}
	resp.Diagnostics.Append(model.Tokens.ElementsAs(ctx, &tokens, false)...)
	for id, object := range tokens {
		if object.IsUnknown() {
			continue
		}
		var token tokenModel
		resp.Diagnostics.Append(object.As(ctx, &token, basetypes.ObjectAsOptions{})...)
		at := path.Root("tokens").AtMapKey(id).AtName("grants")
		if model.Role.IsNull() {
			requireRoles(ctx, token.Grants, at, &resp.Diagnostics)
		}
		if !token.Grants.IsNull() && !token.PrivilegeSeparation.IsUnknown() && !token.PrivilegeSeparation.IsNull() && !token.PrivilegeSeparation.ValueBool() {
			resp.Diagnostics.AddAttributeError(at, "Grants without effect",
				fmt.Sprintf("Token %q has privilege_separation = false, so that PVE gives it all rights of the user and ignores its own grants. Leave grants out, or privilege_separation on.", id))
		}
	}
}

func requireRoles(ctx context.Context, set types.Set, at path.Path, diags *diag.Diagnostics) {
	if set.IsUnknown() {
		return
	}
	var elements []types.Object
	diags.Append(set.ElementsAs(ctx, &elements, false)...)
	for _, element := range elements {
		if element.IsUnknown() {
			continue
		}
		var grant grantModel
		diags.Append(element.As(ctx, &grant, basetypes.ObjectAsOptions{})...)
		if grant.Role.IsNull() {
			diags.AddAttributeError(at, "Role missing",
				fmt.Sprintf("The grant on %s names no role, and the user has none of its own. Give the grant a role, or the user a role block.", grant.Path))
		}
	}
}

// ModifyPlan names the managed role, and checks everything that a server knows: realm, groups, roles and privileges.
func (r *restrictedUserResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	var plan, config restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *restrictedUserModel
	if !req.State.Raw.IsNull() {
		state = &restrictedUserModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	nameRole(ctx, &plan, &config, &resp.Diagnostics)
	planSecrets(&plan, state)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if resp.Diagnostics.HasError() || r.clients == nil || !plan.known() {
		return
	}
	pve, err := r.clients.PVE()
	if !planReached(err, path.Empty(), &resp.Diagnostics) {
		return
	}
	want := plan.principal(ctx, &resp.Diagnostics)
	problems := pve.CheckPrincipal(ctx, want)
	if state != nil && len(problems) == 0 {
		problems = pve.CheckUpdate(ctx, state.principal(ctx, &resp.Diagnostics), want)
	}
	for _, problem := range problems {
		if problem.Field == "" && problem.Err != nil {
			planReached(problem.Err, path.Empty(), &resp.Diagnostics)
			continue
		}
		resp.Diagnostics.AddAttributeError(problemPath(problem.Field), "PVE would refuse this user", strings.TrimSpace(upperFirst(problem.Msg)+"\n\n"+problem.Fix))
	}
}

func nameRole(ctx context.Context, plan, config *restrictedUserModel, diags *diag.Diagnostics) {
	if config.Role.IsNull() || config.Role.IsUnknown() {
		return
	}
	var role roleModel
	diags.Append(config.Role.As(ctx, &role, basetypes.ObjectAsOptions{})...)
	if role.Name.IsNull() && !plan.UserID.IsUnknown() {
		role.Name = types.StringValue(managedRoleName(plan.UserID.ValueString()))
	}
	named, problems := types.ObjectValueFrom(ctx, roleType.AttrTypes, role)
	diags.Append(problems...)
	plan.Role = named
}

// planSecrets plans token_secrets: kept for tokens that stay, unknown while a new token will bring one.
func planSecrets(plan, state *restrictedUserModel) {
	kept := map[string]attr.Value{}
	var before map[string]attr.Value
	if state != nil {
		before = state.Tokens.Elements()
		for id, secret := range state.TokenSecrets.Elements() {
			if _, stays := plan.Tokens.Elements()[id]; stays {
				kept[id] = secret
			}
		}
	}
	for id := range plan.Tokens.Elements() {
		if _, exists := before[id]; !exists && plan.SecretInState.ValueBool() {
			kept[id] = types.StringUnknown()
		}
	}
	plan.TokenSecrets = types.MapValueMust(types.StringType, kept)
	if plan.Tokens.IsUnknown() || plan.SecretInState.IsUnknown() {
		plan.TokenSecrets = types.MapUnknown(types.StringType)
	}
	if !plan.SecretInState.IsUnknown() && !plan.SecretInState.ValueBool() {
		// Switched off, the secrets that state still holds are forgotten.
		plan.TokenSecrets = types.MapValueMust(types.StringType, map[string]attr.Value{})
	}
}

// known tells that nothing in the plan depends on a value that Terraform learns later.
func (m *restrictedUserModel) known() bool {
	for _, value := range []attr.Value{m.UserID, m.Comment, m.Email, m.FirstName, m.LastName, m.Enabled, m.ExpiresAt, m.Groups, m.Role, m.Grants, m.Tokens} {
		if !fullyKnown(value) {
			return false
		}
	}
	return true
}

func fullyKnown(value attr.Value) bool {
	terraform, err := value.ToTerraformValue(context.Background())
	return err == nil && terraform.IsFullyKnown()
}

// problemPath is the attribute that a problem of a principal concerns. Elements of a set have no address that a person would recognise, so
// the attribute itself is named.
func problemPath(field string) path.Path {
	name := field
	for i, r := range field {
		if r == '[' || r == '.' {
			name = field[:i]
			break
		}
	}
	switch field {
	case "role.privileges":
		return path.Root("role").AtName("privileges")
	case "role.id":
		return path.Root("role").AtName("name")
	}
	return path.Root(name)
}

func (r *restrictedUserResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	summary := fmt.Sprintf("Unable to create user %s", plan.UserID.ValueString())
	pve, err := r.clients.PVE()
	if err != nil {
		addError(&resp.Diagnostics, summary, err)
		return
	}
	secrets, err := pve.CreatePrincipal(ctx, plan.principal(ctx, &resp.Diagnostics))
	if err != nil {
		var partial *proxmox.PartialError
		if errors.As(err, &partial) && partial.Exists != nil {
			// What exists must not be forgotten: recorded, it is tainted, and the next apply replaces it.
			plan.recordSecrets(nil, partial.Secrets)
			plan.take(ctx, partial.Exists, &resp.Diagnostics)
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		}
		addError(&resp.Diagnostics, summary, err)
		return
	}
	plan.recordSecrets(nil, secrets)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// recordSecrets keeps the secrets of new tokens beside those known before, if the configuration asks for it.
func (m *restrictedUserModel) recordSecrets(before map[string]attr.Value, minted proxmox.Secrets) {
	secrets := map[string]attr.Value{}
	if m.SecretInState.ValueBool() {
		for id := range m.Tokens.Elements() {
			if secret, ok := before[id]; ok {
				secrets[id] = secret
			}
			if secret, ok := minted[id]; ok {
				secrets[id] = types.StringValue(secret)
			}
		}
	}
	m.TokenSecrets = types.MapValueMust(types.StringType, secrets)
}

func (r *restrictedUserResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state restrictedUserModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	found, err := r.read(ctx, state.UserID.ValueString(), state.managedRole(ctx, &resp.Diagnostics))
	if err != nil {
		addError(&resp.Diagnostics, fmt.Sprintf("Unable to read user %s", state.UserID.ValueString()), err)
		return
	}
	if found == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	state.take(ctx, found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// read asks PVE for a user with the role that belongs to it, "" for none. It returns nil only when PVE has proven that there is no such user.
func (r *restrictedUserResource) read(ctx context.Context, userID, managedRole string) (*proxmox.Principal, error) {
	pve, err := r.clients.PVE()
	if err != nil {
		return nil, err
	}
	return pve.ReadPrincipal(ctx, proxmox.UserID(userID), managedRole)
}

func (r *restrictedUserResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	summary := fmt.Sprintf("Unable to update user %s", plan.UserID.ValueString())
	pve, err := r.clients.PVE()
	if err != nil {
		addError(&resp.Diagnostics, summary, err)
		return
	}
	have := state.principal(ctx, &resp.Diagnostics)
	secrets, err := pve.UpdatePrincipal(ctx, have, plan.principal(ctx, &resp.Diagnostics))
	before := state.TokenSecrets.Elements()
	if err != nil {
		var partial *proxmox.PartialError
		if errors.As(err, &partial) && partial.Exists != nil {
			plan.recordSecrets(before, partial.Secrets)
			plan.take(ctx, partial.Exists, &resp.Diagnostics)
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		}
		addError(&resp.Diagnostics, summary, err)
		return
	}
	plan.recordSecrets(before, secrets)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *restrictedUserResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state restrictedUserModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	pve, err := r.clients.PVE()
	if err == nil {
		err = pve.DeletePrincipal(ctx, state.principal(ctx, &resp.Diagnostics))
	}
	if err != nil {
		addError(&resp.Diagnostics, fmt.Sprintf("Unable to delete user %s", state.UserID.ValueString()), err)
	}
}

// ImportState takes a user id.
func (r *restrictedUserResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if err := checkUserID(req.ID); err != nil {
		resp.Diagnostics.AddError("Import id not usable", upperFirst(err.Error())+".")
		return
	}
	model := &restrictedUserModel{
		UserID:        types.StringValue(req.ID),
		Role:          types.ObjectNull(roleType.AttrTypes),
		Grants:        types.SetNull(grantType),
		Tokens:        types.MapNull(tokenType),
		TokenSecrets:  types.MapNull(types.StringType),
		SecretInState: types.BoolValue(false),
		Timeouts:      nullTimeouts(),
	}
	found, err := r.read(ctx, req.ID, managedRoleName(req.ID))
	if err != nil {
		addError(&resp.Diagnostics, fmt.Sprintf("Unable to import user %s", req.ID), err)
		return
	}
	if found == nil {
		resp.Diagnostics.AddError("Nothing to import", fmt.Sprintf("PVE has no user %s.", req.ID))
		return
	}
	model.take(ctx, found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
