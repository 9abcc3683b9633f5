package hardening

import (
	"regexp"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// plainCommand is a path that sudo lists as it is written, without escapes.
var plainCommand = regexp.MustCompile(`^/[A-Za-z0-9/._-]+$`)

// listed are commands that sudo must list for the subject once the policy is in force. A group is nobody whom sudo
// could be asked about, and what is granted on some hosts only may not be listed on this one.
func (p SudoersPolicy) listed() []node.Listed {
	file, _ := sudoers.Parse(p.Path(), p.Content, sudoers.Version{}) // malformed lines are visudo's to refuse
	tree := sudoers.TreeOf(file)
	var listed []node.Listed
	for _, subject := range p.Subjects {
		if strings.HasPrefix(subject, "%") {
			continue
		}
		seen := map[string]bool{}
		for _, grant := range policy.Grants(tree, policy.Subject{Name: subject}) {
			command := grant.Command.Name
			if grant.Negated || grant.Users != policy.MatchDirect || !everyHost(grant) || !plainCommand.MatchString(command) || seen[command] {
				continue
			}
			seen[command] = true
			listed = append(listed, node.Listed{User: subject, Command: command, Path: p.Path()})
		}
	}
	return listed
}

func everyHost(grant policy.Grant) bool {
	return len(grant.Hosts) == 1 && grant.Hosts[0].Kind == sudoers.MemberAll && !grant.Hosts[0].Negated
}
