package review

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// mostResolved bounds how many lines a grant becomes: aliases of aliases can double at each step. Beyond, the grant
// keeps the name of its alias.
const mostResolved = 1000

// resolved is a grant on a line for each command that its alias stands for, about a subject by its name.
func (p *Policy) resolved(subject string, grant policy.Grant) []string {
	command := grant.Command.String()
	if grant.Negated {
		command = "!" + command
	}
	before, found := strings.CutSuffix(grant.Text, command)
	if !found {
		return []string{grant.Text}
	}
	if grant.Users != policy.MatchDirect {
		if rest, is := strings.CutPrefix(before, grant.By+" "); is {
			before = subject + " " + rest
		}
	}
	list, ok := p.commandsOf(sudoers.CommandMember{Negated: grant.Negated, Command: grant.Command}, map[string]bool{})
	if !ok {
		return []string{before + command}
	}
	lines := make([]string, len(list))
	for i, one := range list {
		lines[i] = before
		if one.Negated {
			lines[i] += "!"
		}
		lines[i] += one.Command.String()
	}
	return lines
}

// commandsOf are the commands that one stands for, with their signs; ok is false where an alias is not defined here,
// names itself, or stands for too many.
func (p *Policy) commandsOf(member sudoers.CommandMember, within map[string]bool) (list []sudoers.CommandMember, ok bool) {
	if member.Command.Kind != sudoers.CommandAlias {
		return []sudoers.CommandMember{member}, true
	}
	name := member.Command.Name
	if within[name] {
		return nil, false
	}
	within[name] = true
	defer delete(within, name)
	for _, entry := range p.tree.Entries {
		def, is := entry.(*sudoers.AliasDef)
		if !is || def.Kind != sudoers.CmndAlias {
			continue
		}
		for _, alias := range def.Aliases {
			if alias.Name != name {
				continue
			}
			for _, one := range alias.Commands {
				one.Negated = one.Negated != member.Negated
				more, known := p.commandsOf(one, within)
				if list = append(list, more...); !known || len(list) > mostResolved {
					return nil, false
				}
			}
			ok = true
		}
	}
	return list, ok
}
