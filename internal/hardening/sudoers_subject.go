package hardening

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SubjectsOf tells the users and groups that the rules of a sudoers file are about, sorted. The error says why the file is no policy about them: it is
// malformed, names nobody, or is about everyone, root, or somebody who is named in another way.
func SubjectsOf(name, content string) ([]string, error) {
	file, problems := sudoers.Parse(name, content, sudoers.Version{})
	if len(problems) > 0 {
		return nil, problems
	}
	subjects, unfit := Subjects(file.Entries)
	switch {
	case len(unfit) > 0:
		return nil, sudoers.Errors(unfit)
	case len(subjects) == 0:
		return nil, fmt.Errorf("the rules of %s name no user and no group", name)
	}
	return subjects, nil
}

// Subjects are the users and groups that rules name, sorted, aliases resolved; unfit are the members that are none whom a policy can be about.
func Subjects(entries []sudoers.Entry) (names []string, unfit []*sudoers.Error) {
	aliases := map[string][]sudoers.Member{}
	for _, entry := range entries {
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
			if named[member.Name] {
				continue
			}
			body, isAlias := aliases[member.Name]
			if member.Kind == sudoers.MemberAlias && isAlias && depth < len(aliases) {
				collect(body, depth+1)
				continue
			}
			named[member.Name] = true
			if err := checkMember(member); err != nil {
				unfit = append(unfit, &sudoers.Error{
					Pos: member.Pos, Msg: fmt.Sprintf("the rule is about %s: %v", member.Name, err), Hint: "name each user, or a group after %",
				})
			}
		}
	}
	for _, entry := range entries {
		if spec, ok := entry.(*sudoers.UserSpec); ok {
			collect(spec.Users, 0)
		}
	}
	return slices.Sorted(maps.Keys(named)), unfit
}

// checkMember says why a policy cannot be about a member of a list of users.
func checkMember(member sudoers.Member) error {
	if member.Kind == sudoers.MemberAlias {
		return errors.New("no User_Alias of the text has this name")
	}
	return CheckSubject(member.Name)
}

// CheckContent reports what makes a hand-written text unfit as the policy of a subject although sudo would accept it: rules about
// somebody else, which would be granted unseen under this policy's name, files included from elsewhere, whose grants no plan could show, and
// patterns that never match: what they should deny would be allowed. Without a subject, "", the policy is about everyone whom its rules name.
func CheckContent(file *sudoers.File, subject string) []*sudoers.Error {
	var problems []*sudoers.Error
	if subject == "" {
		_, problems = Subjects(file.Entries)
	}
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
				if subject != "" && member.Kind != sudoers.MemberAlias && member.Name != subject {
					problems = append(problems, &sudoers.Error{
						Pos:  member.Pos,
						Msg:  fmt.Sprintf("the rule is about %s, but the policy is about %s", member.Name, subject),
						Hint: "give each user or group a policy of its own, or leave subject out: then the policy is about everyone whom its rules name",
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
