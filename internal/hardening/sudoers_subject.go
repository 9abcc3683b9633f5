package hardening

import (
	"fmt"
	"sort"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SubjectOf tells the one user or group that the rules of a sudoers file are about, for an import.
func SubjectOf(name, content string) (string, error) {
	file, problems := sudoers.Parse(name, content, sudoers.Version{})
	if len(problems) > 0 {
		return "", problems
	}
	named := namedSubjects(file)
	if len(named) != 1 {
		return "", fmt.Errorf("the rules of %s name %d users and groups (%s); a policy is about exactly one", name, len(named), strings.Join(named, ", "))
	}
	return named[0], nil
}

// namedSubjects lists the users and groups that a file's rules name, sorted. Aliases are resolved where the file defines them.
func namedSubjects(file *sudoers.File) []string {
	aliases := map[string][]sudoers.Member{}
	for _, entry := range file.Entries {
		if definition, ok := entry.(*sudoers.AliasDef); ok && definition.Kind == sudoers.UserAlias {
			for _, alias := range definition.Aliases {
				aliases[alias.Name] = alias.Members
			}
		}
	}
	named := map[string]bool{}
	var collect func(members []sudoers.Member, depth int)
	collect = func(members []sudoers.Member, depth int) {
		for _, member := range members {
			body, isAlias := aliases[member.Name]
			if member.Kind == sudoers.MemberAlias && isAlias && depth < len(aliases) {
				collect(body, depth+1)
				continue
			}
			named[member.Name] = true
		}
	}
	for _, entry := range file.Entries {
		if spec, ok := entry.(*sudoers.UserSpec); ok {
			collect(spec.Users, 0)
		}
	}
	names := make([]string, 0, len(named))
	for name := range named {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// CheckContent reports what makes a hand-written text unfit as the policy of subject although sudo would accept it: rules about
// somebody else, which would be granted unseen under this policy's name, files included from elsewhere, whose grants no plan could show, and
// patterns that never match: what they should deny would be allowed.
func CheckContent(file *sudoers.File, subject string) []*sudoers.Error {
	var problems []*sudoers.Error
	for _, entry := range file.Entries {
		switch entry := entry.(type) {
		case *sudoers.Include:
			problems = append(problems, &sudoers.Error{
				Pos:  entry.Pos(),
				Msg:  "the policy includes another file, and what that file grants cannot be known while planning",
				Hint: "write the rules themselves, or manage the other file with a resource of its own",
			})
		case *sudoers.UserSpec:
			for _, member := range entry.Users {
				if member.Kind != sudoers.MemberAlias && member.Name != subject {
					problems = append(problems, &sudoers.Error{
						Pos:  member.Pos,
						Msg:  fmt.Sprintf("the rule is about %s, but the policy is about %s", member.Name, subject),
						Hint: "give each user or group a policy of its own",
					})
				}
			}
		}
	}
	for _, problem := range sudoers.CheckPatterns(file) {
		problems = append(problems, &problem.Error)
	}
	return problems
}
