package review

import (
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Programs are the paths, in order, that the policy grants by their full names and at which no program is known:
// scripts of the site, and misspelt names. Only a node tells which is which. A known program may be missing on a node
// on purpose: presets grant what a site may or may not have.
func (p *Policy) Programs() []string {
	var programs []string
	for _, subject := range p.Subjects {
		for _, grant := range policy.Grants(p.tree, policy.Subject{Name: subject}) {
			commands, _ := p.commandsOf(sudoers.CommandMember{Negated: grant.Negated, Command: grant.Command}, map[string]bool{})
			for _, command := range commands {
				name := command.Command.Name
				if command.Negated || command.Command.Kind != sudoers.CommandPath || strings.ContainsAny(name, `*?[\`) || path.Clean(name) != name || escalation.ProgramAt(name) {
					continue
				}
				programs = append(programs, name)
			}
		}
	}
	slices.Sort(programs)
	return slices.Compact(programs)
}
