// Package provider is Terraform's face of pvesec: the provider block, its settings, the server, and the list of what
// there is. Each family of resources has a package of its own below it. None of them does another room's work: what a
// policy means is asked of package policy, what a node holds of package hardening, what PVE grants of package proxmox.
package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/access"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/auditlog"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/nodeaccount"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/sshd"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/sudo"
)

var (
	_ provider.Provider                       = (*pvesecProvider)(nil)
	_ provider.ProviderWithFunctions          = (*pvesecProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*pvesecProvider)(nil)
	_ provider.ProviderWithListResources      = (*pvesecProvider)(nil)
	_ provider.ProviderWithActions            = (*pvesecProvider)(nil)
)

type pvesecProvider struct {
	version string
	now     func() time.Time // nil for the clock
	shared  *session.Clients // what it was configured with, nil before
}

// New returns the constructor of the provider that providerserver serves. version is shown to PVE in the User-Agent
// header.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &pvesecProvider{version: version} }
}

func (p *pvesecProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = session.TypeName
	resp.Version = p.version
}

// Configure checks what is configured and dials nothing: it also runs for plans that need neither PVE nor a node, and
// with values that are not known yet.
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
	settings.Now = p.now
	clients, problems := session.NewClients(settings, p.version)
	for _, problem := range problems {
		resp.Diagnostics.AddAttributeError(problem.Path, problem.Summary, problem.Detail)
	}
	p.shared = clients
	resp.ResourceData = clients
	resp.DataSourceData = clients
	resp.EphemeralResourceData = clients
	resp.ListResourceData = clients
	resp.ActionData = clients
}

func (p *pvesecProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		access.NewAPITokenResource,
		access.NewRestrictedUserResource,
		sudo.NewPolicyResource,
		sudo.NewBreakGlassResource,
		sudo.NewExclusiveResource,
		auditlog.NewResource,
		nodeaccount.NewResource,
		sshd.NewResource,
	}
}

func (p *pvesecProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		sudo.NewAnalysisDataSource,
		sudo.NewDocumentDataSource,
		auditlog.NewHealth,
		posture.NewEffectiveAccess,
		posture.NewNodePosture,
	}
}

func (p *pvesecProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{access.NewAPITokenEphemeral, sudo.NewBreakGlassEphemeral}
}

func (p *pvesecProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{access.NewAPITokenList, access.NewRestrictedUserList, nodeaccount.NewList, sudo.NewPolicyList}
}

func (p *pvesecProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{auditlog.NewProbe}
}

func (p *pvesecProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		sudo.NewAccessFunction,
		sudo.NewAllowsFunction,
		sudo.NewCompareFunction,
		sudo.NewFindingsFunction,
		sudo.NewFormatFunction,
		sudo.NewParseFunction,
	}
}
