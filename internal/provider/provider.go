// Package provider is Terraform's face of pvesec: schemas, models, plan logic and diagnostics. It knows every room of the house and does
// no room's work: what a policy means is asked of package policy, what a node holds of package hardening, what PVE grants of package proxmox.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// TypeName is the provider's name, the prefix of all its resource types.
const TypeName = "pvesec"

var (
	_ provider.Provider                       = (*pvesecProvider)(nil)
	_ provider.ProviderWithFunctions          = (*pvesecProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*pvesecProvider)(nil)
	_ provider.ProviderWithListResources      = (*pvesecProvider)(nil)
)

type pvesecProvider struct {
	version string
	shared  *clients // what it was configured with, nil before
}

// New returns the constructor of the provider that providerserver serves. version is shown to PVE in the User-Agent header.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &pvesecProvider{version: version} }
}

func (p *pvesecProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = TypeName
	resp.Version = p.version
}

// Configure checks what is configured and dials nothing: it also runs for plans that need neither PVE nor a node, and with values that
// are not known yet.
func (p *pvesecProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings := readSettings(ctx, model, environment, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	clients, problems := newClients(settings, p.version)
	for _, problem := range problems {
		resp.Diagnostics.AddAttributeError(problem.path, problem.summary, problem.detail)
	}
	p.shared = clients
	resp.ResourceData = clients
	resp.DataSourceData = clients
	resp.EphemeralResourceData = clients
	resp.ListResourceData = clients
}

func (p *pvesecProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newAPITokenResource,
		newRestrictedUserResource,
		newSudoersPolicyResource,
		newAuditLoggingResource,
	}
}

func (p *pvesecProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newSudoersAnalysisDataSource,
		newSudoersDocumentDataSource,
	}
}

func (p *pvesecProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newAPITokenEphemeral}
}

func (p *pvesecProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newAPITokenList, newRestrictedUserList}
}

func (p *pvesecProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newAccessSudoersFunction,
		newSudoersAllowsFunction,
		newSudoersCompareFunction,
		newSudoersFindingsFunction,
		newSudoersFormatFunction,
		newSudoersParseFunction,
	}
}

// configProblem is something wrong with the provider block, at the attribute that is to be changed.
type configProblem struct {
	path            path.Path
	summary, detail string
}
