// Command terraform-provider-pvesec is a Terraform provider that hardens Proxmox VE.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run with support for debuggers such as delve")
	flag.Parse()
	if !*debug { // somebody reads the log of a debugger's provider as it is
		if err := logAsAsked(); err != nil {
			log.Fatal(err)
		}
	}
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/pvesec/pvesec",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
