package session

import (
	"context"
	"sort"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// NodeIdentity says which object on nodes a resource is, beside its state. It changes with the nodes of the resource.
type NodeIdentity struct {
	Name types.String `tfsdk:"name"`
	// Nodes are sorted; null for all nodes.
	Nodes types.List `tfsdk:"nodes"`
}

// NodeIdentitySchema describes [NodeIdentity].
func NodeIdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name":  identityschema.StringAttribute{Description: "Name of the object.", RequiredForImport: true},
		"nodes": identityschema.ListAttribute{Description: "Names of the nodes, sorted; all nodes without it.", ElementType: types.StringType, OptionalForImport: true},
	}}
}

// IdentityOf is the identity of an object on some nodes, nil for all.
func IdentityOf(name string, nodes []string) NodeIdentity {
	identity := NodeIdentity{types.StringValue(name), types.ListNull(types.StringType)}
	if nodes != nil {
		sort.Strings(nodes)
		identity.Nodes = values.StringList(nodes)
	}
	return identity
}

// setIdentity writes the identity of a resource that has one, where Terraform knows such a thing (1.12 and later).
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, state tfsdk.State, diags *diag.Diagnostics) {
	if identity == nil || state.Raw.IsNull() {
		return
	}
	var name types.String
	var nodes types.Set
	diags.Append(state.GetAttribute(ctx, path.Root("name"), &name)...)
	diags.Append(state.GetAttribute(ctx, path.Root("nodes"), &nodes)...)
	if !diags.HasError() {
		diags.Append(identity.Set(ctx, IdentityOf(name.ValueString(), NodeNames(ctx, nodes, diags)))...)
	}
}

// importedAs is what an import asks for: a name, and nodes, nil for all.
func importedAs(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) (name string, nodes []string, err error) {
	if req.ID != "" || req.Identity == nil {
		return parseImportID(req.ID, hardening.CheckDropInName)
	}
	var identity NodeIdentity
	diags.Append(req.Identity.Get(ctx, &identity)...)
	if !identity.Nodes.IsNull() {
		nodes = values.StringsInList(ctx, identity.Nodes, diags)
		sort.Strings(nodes)
	}
	return identity.Name.ValueString(), nodes, hardening.CheckDropInName(identity.Name.ValueString())
}
