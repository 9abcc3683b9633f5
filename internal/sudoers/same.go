package sudoers

import "slices"

// SameEntries tells whether two lists of entries say the same, wherever they stand and whatever empty lines are between
// them. What is built and printed is parsed again and compared so: text is what sudo reads.
func SameEntries(a, b []Entry) bool {
	return slices.EqualFunc(withoutBlanks(a), withoutBlanks(b), sameEntry)
}

func withoutBlanks(list []Entry) []Entry {
	return slices.DeleteFunc(slices.Clone(list), func(e Entry) bool {
		c, comment := e.(*Comment)
		return comment && c.Blank
	})
}

func sameEntry(a, b Entry) bool {
	switch a := a.(type) {
	case *Comment:
		b, ok := b.(*Comment)
		return ok && a.Text == b.Text
	case *Include:
		b, ok := b.(*Include)
		return ok && a.Dir == b.Dir && a.Path == b.Path
	case *Defaults:
		b, ok := b.(*Defaults)
		return ok && a.Scope == b.Scope && sameMembers(a.Members, b.Members) && sameCommands(a.Commands, b.Commands) && slices.EqualFunc(a.Settings, b.Settings, sameSetting)
	case *AliasDef:
		b, ok := b.(*AliasDef)
		return ok && a.Kind == b.Kind && slices.EqualFunc(a.Aliases, b.Aliases, func(x, y Alias) bool {
			return x.Name == y.Name && sameMembers(x.Members, y.Members) && sameCommands(x.Commands, y.Commands)
		})
	case *UserSpec:
		b, ok := b.(*UserSpec)
		return ok && sameMembers(a.Users, b.Users) && slices.EqualFunc(a.Privileges, b.Privileges, func(x, y Privilege) bool {
			return sameMembers(x.Hosts, y.Hosts) && slices.EqualFunc(x.Commands, y.Commands, sameSpec)
		})
	}
	return false
}

func sameSetting(x, y Setting) bool {
	return x.Name == y.Name && x.Operator == y.Operator && x.Value == y.Value
}

func sameMembers(a, b []Member) bool {
	return slices.EqualFunc(a, b, func(x, y Member) bool { return x.Kind == y.Kind && x.Negated == y.Negated && x.Name == y.Name })
}

func sameCommands(a, b []CommandMember) bool { return slices.EqualFunc(a, b, sameCommand) }

func sameCommand(x, y CommandMember) bool {
	return x.Negated == y.Negated && x.Command == y.Command && slices.Equal(x.Digests, y.Digests)
}

func sameSpec(x, y CommandSpec) bool {
	sameRunAs := x.RunAs == nil && y.RunAs == nil
	if x.RunAs != nil && y.RunAs != nil {
		sameRunAs = sameMembers(x.RunAs.Users, y.RunAs.Users) && sameMembers(x.RunAs.Groups, y.RunAs.Groups)
	}
	return sameRunAs && slices.Equal(x.Tags, y.Tags) && sameCommand(x.CommandMember, y.CommandMember) &&
		slices.EqualFunc(x.Options, y.Options, func(o, p Option) bool { return o.Kind == p.Kind && o.Value == p.Value })
}
