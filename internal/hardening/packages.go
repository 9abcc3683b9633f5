package hardening

import (
	"context"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Lacking are the Debian packages of commands that a node was asked for and does not have, sorted.
func Lacking(seen *node.Observation, commands []string) []string {
	return PackagesOf(slices.DeleteFunc(slices.Clone(commands), func(command string) bool {
		path, asked := seen.Commands[command]
		return !asked || path != ""
	}))
}

// PackagesOf are the Debian packages of commands, sorted. A command of which no package is known stands for itself.
func PackagesOf(commands []string) []string {
	var packages []string
	for _, command := range commands {
		name := node.PackageOf(command)
		if name == "" {
			name = command
		}
		packages = append(packages, name)
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}

// InstallingPackages are nodes that install the packages of required commands which they lack, as the first part of a
// change. Installed is told what they installed; its calls may overlap.
func InstallingPackages(nodes Nodes, installed func(node string, packages []string)) Nodes {
	return packageInstaller{nodes, installed}
}

type packageInstaller struct {
	Nodes
	installed func(node string, packages []string)
}

// Apply makes the changes, with the packages that they need.
func (p packageInstaller) Apply(ctx context.Context, changes []node.Change, progress func(node, step string)) error {
	changes = slices.Clone(changes)
	for i, change := range changes {
		changes[i].InstallPackages = true
		changes[i].Installed = func(packages []string) { p.installed(change.Target.Name, packages) }
	}
	return p.Nodes.Apply(ctx, changes, progress)
}

// Operator is the user that the nodes know.
func (p packageInstaller) Operator() (name string, password bool) { return operatorOf(p.Nodes) }

// Commands are the programs that a node needs for the policy.
func (p SudoersPolicy) Commands() []string { return []string{sudoersFile(p.Path(), "").command} }

// Commands are the programs that a node needs for the settings.
func (a AuditLogging) Commands() []string {
	var commands []string
	for _, file := range a.managed() {
		if !file.wanted() {
			continue
		}
		for _, command := range append([]string{file.command}, file.also...) {
			if !slices.Contains(commands, command) {
				commands = append(commands, command)
			}
		}
	}
	return commands
}
