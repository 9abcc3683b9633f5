// Command terraform-provider-pvesec is a Terraform provider that hardens Proxmox VE.
package main

import (
	"flag"
	"log"
	"time"

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
		go endWithParent(time.Second)
	}
	if err := provider.Serve(version, *debug); err != nil {
		log.Fatal(err)
	}
}
