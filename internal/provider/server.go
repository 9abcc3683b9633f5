package provider

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/access"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

// address is the provider's name in the registry.
const address = "registry.terraform.io/pvesec/pvesec"

// Server speaks Terraform's protocol for one provider. It is the framework's server, with answers of its own for
// resources that did not change.
func Server(version string) tfprotov6.ProviderServer {
	return serve(&pvesecProvider{version: version}, true)
}

// ServerAt is [Server] with another clock, for tests of what ends with a day.
func ServerAt(version string, now func() time.Time) tfprotov6.ProviderServer {
	return serve(&pvesecProvider{version: version, now: now}, true)
}

// ServerWithoutMemos is [Server] without those answers, for comparisons with them.
func ServerWithoutMemos(version string) tfprotov6.ProviderServer {
	return serve(&pvesecProvider{version: version}, false)
}

func serve(made *pvesecProvider, memos bool) tfprotov6.ProviderServer {
	server := providerserver.NewProtocol6(made)()
	framework, ok := server.(memo.Framework)
	if !ok {
		return server // another framework: it can do without memos
	}
	shared := func() *session.Clients { return made.shared }
	if memos {
		if framework, ok = memo.Server(framework, build(made.version), shared, made.Resources(context.Background())).(memo.Framework); !ok {
			return server
		}
	}
	return access.Watch(framework, shared)
}

// development is the version of a build that is no release.
const development = "dev"

// build tells this build of the provider from others. Builds between two releases have one version, and are told apart
// by their file.
func build(version string) string {
	if version != development {
		return version
	}
	program, err := os.Executable()
	if err != nil {
		return version
	}
	file, err := os.Stat(program)
	if err != nil {
		return version
	}
	return fmt.Sprint(version, file.Size(), file.ModTime().UnixNano())
}

// Serve serves a provider until Terraform ends it.
func Serve(version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(address, func() tfprotov6.ProviderServer { return Server(version) }, options...)
}
