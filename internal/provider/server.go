package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/access"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

// address is the provider's name in the registry.
const address = "registry.terraform.io/pvesec/pvesec"

// Server speaks Terraform's protocol for one provider. It is the framework's server, with answers of its own for users that are as they should be.
func Server(version string) tfprotov6.ProviderServer {
	made := &pvesecProvider{version: version}
	server := providerserver.NewProtocol6(made)()
	inner, ok := server.(access.FrameworkServer)
	if !ok {
		return server // another framework: it can do without the shorter way
	}
	return access.NewUnchanged(inner, func() *session.Clients { return made.shared })
}

// Serve serves a provider until Terraform ends it.
func Serve(version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(address, func() tfprotov6.ProviderServer { return Server(version) }, options...)
}
