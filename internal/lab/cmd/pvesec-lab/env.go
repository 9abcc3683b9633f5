//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// errNoCluster is the answer of every verb that needs a running cluster.
var errNoCluster = errors.New("no cluster is running; `pvesec-lab up` starts one")

// theCluster returns the running cluster.
func theCluster() (lab.Published, error) {
	running, err := lab.FindPublished()
	if err != nil {
		return lab.Published{}, err
	}
	if len(running) == 0 {
		return lab.Published{}, errNoCluster
	}
	return running[0], nil
}

// printEnv prints the environment of the running cluster.
func printEnv(_ context.Context, arguments []string) error {
	flags := flag.NewFlagSet("env", flag.ContinueOnError)
	provider := flags.String("provider", "", "directory with the provider's program, for Terraform")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	c, err := theCluster()
	if err != nil {
		return err
	}
	return printFor(c.PID, *provider)
}

// printFor prints the environment of the cluster that belongs to a process.
func printFor(pid int, provider string) error {
	running, err := lab.FindPublished()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(running, func(p lab.Published) bool { return p.PID == pid })
	if i < 0 {
		return errNoCluster
	}
	environment := maps.Clone(running[i].Env)
	environment["CHECKPOINT_DISABLE"] = "1" // Terraform need not ask for its newest version
	if provider != "" {
		file := filepath.Join(filepath.Dir(running[i].KnownHostsFile), "terraformrc")
		if err := writeTerraformRC(file, provider); err != nil {
			return err
		}
		environment["TF_CLI_CONFIG_FILE"] = file
	}
	writeExports(os.Stdout, environment)
	return nil
}

// writeTerraformRC writes a Terraform CLI configuration that takes the provider from a directory, without `terraform
// init`.
func writeTerraformRC(file, provider string) error {
	directory, err := filepath.Abs(provider)
	if err != nil {
		return err
	}
	const text = `provider_installation {
  dev_overrides {
    "registry.terraform.io/pvesec/pvesec" = %q
  }
  direct {}
}
`
	return os.WriteFile(file, fmt.Appendf(nil, text, directory), 0o600)
}

// writeExports writes the environment as commands for a POSIX shell, sorted by name.
func writeExports(w io.Writer, environment map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		fmt.Fprintf(w, "export %s='%s'\n", name, strings.ReplaceAll(environment[name], "'", `'\''`))
	}
}
