// Command terraform-provider-pvesec is a Terraform provider that hardens Proxmox VE.
package main

import (
	"flag"
	"log"
	"os"
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
		go endWithParent(os.Stderr, time.Second) // the one of now: serving puts another in its place
	}
	if err := provider.Serve(version, *debug); err != nil {
		log.Fatal(err)
	}
}
