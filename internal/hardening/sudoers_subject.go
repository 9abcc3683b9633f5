package hardening

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SubjectsOf tells the users and groups that the rules of a sudoers file are about, sorted. The error says why the file
// is no policy about them: it is malformed, names nobody, or is about everyone, root, or somebody who is named in
// another way.
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

// Subjects are the users and groups that rules name, sorted, aliases resolved; unfit are the members that are none whom
// a policy can be about.
func Subjects(entries []sudoers.Entry) (names []string, unfit []*sudoers.Error) {
	all := namedBy(entries, false)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names = append(names, name)
		if err := checkMember(all[name]); err != nil {
			unfit = append(unfit, &sudoers.Error{
				Pos: all[name].Pos, Msg: fmt.Sprintf("the rule is about %s: %v", name, err), Hint: "name each user, or a group after %",
			})
		}
	}
	slices.SortStableFunc(unfit, func(a, b *sudoers.Error) int { return cmp.Or(a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col) })
	return names, unfit
}

// namedBy are the members of the user lists of rules, and of Defaults of users where they are asked for, by name, each
// where it stands first. An alias of the text stands for its members.
func namedBy(entries []sudoers.Entry, defaults bool) map[string]sudoers.Member {
	aliases := map[string][]sudoers.Member{}
	for _, entry := range entries {
		if definition, ok := entry.(*sudoers.AliasDef); ok && definition.Kind == sudoers.UserAlias {
			for _, alias := range definition.Aliases {
				aliases[alias.Name] = alias.Members
			}
		}
	}
	named := map[string]sudoers.Member{}
	open, done := map[string]bool{}, map[string]bool{} // aliases that are looked through, and that were
	var collect func(members []sudoers.Member)
	collect = func(members []sudoers.Member) {
		for _, member := range members {
			body, isAlias := aliases[member.Name]
			switch _, known := named[member.Name]; {
			case known:
			case member.Kind != sudoers.MemberAlias || !isAlias || open[member.Name]: // an alias of itself has no members
				named[member.Name] = member
			case !done[member.Name]:
				open[member.Name] = true
				collect(body)
				open[member.Name], done[member.Name] = false, true
			}
		}
	}
	for _, entry := range entries {
		switch entry := entry.(type) {
		case *sudoers.UserSpec:
			collect(entry.Users)
		case *sudoers.Defaults:
			if defaults && entry.Scope == sudoers.ScopeUser {
				collect(entry.Members)
			}
		}
	}
	return named
}

// checkMember says why a policy cannot be about a member of a list of users.
func checkMember(member sudoers.Member) error {
	if member.Kind == sudoers.MemberAlias {
		return errors.New("no User_Alias of the text has this name")
	}
	return CheckSubject(member.Name)
}

// CheckContent reports what makes a hand-written text unfit as the policy of a subject although sudo would accept it:
// rules about somebody else, which would be granted unseen under this policy's name, options that give everyone on the
// node more, files included from elsewhere, whose grants no plan could show, and patterns that never match: what they
// should deny would be allowed. Without a subject, "", the policy is about everyone whom its rules name.
func CheckContent(file *sudoers.File, subject string) []*sudoers.Error {
	problems := append(aboutOthers(file, subject), looserForAll(file, subject)...)
	for _, entry := range file.Entries {
		if entry, is := entry.(*sudoers.Include); is {
			problems = append(problems, &sudoers.Error{
				Pos:  entry.Pos(),
				Msg:  "the policy includes another file, and what that file grants cannot be known while planning",
				Hint: "write the rules themselves, or manage the other file with a resource of its own",
			})
		}
	}
	for _, problem := range sudoers.CheckPatterns(file) {
		problems = append(problems, &problem.Error)
	}
	return problems
}

// aboutOthers reports the rules and the options of users that are about somebody else than the subject, also by an
// alias of the text, or of another file, of which no plan knows whom it holds. Without a subject rules may be about all
// whom they name, and options about these.
func aboutOthers(file *sudoers.File, subject string) (problems []*sudoers.Error) {
	subjects := []string{subject}
	if subject == "" {
		subjects, problems = Subjects(file.Entries)
	}
	for name, member := range namedBy(file.Entries, true) {
		switch {
		case slices.Contains(subjects, name):
		case member.Kind == sudoers.MemberAlias && subject != "":
			problems = append(problems, &sudoers.Error{
				Pos:  member.Pos,
				Msg:  fmt.Sprintf("the line is about the alias %s, which the text does not define: whom it holds is not known, and the policy is about %s", name, subject),
				Hint: "name " + subject + ", or define the User_Alias in the text",
			})
		case subject != "":
			problems = append(problems, &sudoers.Error{
				Pos:  member.Pos,
				Msg:  fmt.Sprintf("the line is about %s, but the policy is about %s", name, subject),
				Hint: "give each user or group a policy of its own, or leave subject out: then the policy is about everyone whom its rules name",
			})
		default:
			problems = append(problems, &sudoers.Error{
				Pos:  member.Pos,
				Msg:  fmt.Sprintf("the options are about %s, and no rule of the policy is", name),
				Hint: "leave the line to the policy of " + name,
			})
		}
	}
	slices.SortStableFunc(problems, func(a, b *sudoers.Error) int { return cmp.Or(a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col) })
	return problems
}
