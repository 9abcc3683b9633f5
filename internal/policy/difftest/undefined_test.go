package difftest

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// wordsForUndefined gives a file in which undefined aliases of users, hosts and run-as
// lists are names, as cvtsudoers shows them since 1.9.14.
func wordsForUndefined(f *sudoers.File, v sudoers.Version) *sudoers.File {
	if !v.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 14}) {
		return f
	}
	type key struct {
		kind sudoers.AliasKind
		name string
	}
	defined := map[key]bool{}
	for _, e := range f.Entries {
		if d, ok := e.(*sudoers.AliasDef); ok {
			for _, a := range d.Aliases {
				defined[key{d.Kind, a.Name}] = true
			}
		}
	}
	words := func(kind sudoers.AliasKind, list []sudoers.Member) []sudoers.Member {
		out := append([]sudoers.Member(nil), list...)
		for i := range out {
			if out[i].Kind == sudoers.MemberAlias && !defined[key{kind, out[i].Name}] {
				out[i].Kind = sudoers.MemberWord
			}
		}
		return out
	}
	g := &sudoers.File{Name: f.Name, Text: f.Text}
	for _, e := range f.Entries {
		switch e := e.(type) {
		case *sudoers.Defaults:
			d := *e
			d.Members = words([]sudoers.AliasKind{0, sudoers.HostAlias, sudoers.UserAlias, sudoers.RunasAlias, 0}[d.Scope], d.Members)
			g.Entries = append(g.Entries, &d)
		case *sudoers.AliasDef:
			d := *e
			d.Aliases = append([]sudoers.Alias(nil), d.Aliases...)
			for i := range d.Aliases {
				d.Aliases[i].Members = words(d.Kind, d.Aliases[i].Members)
			}
			g.Entries = append(g.Entries, &d)
		case *sudoers.UserSpec:
			s := *e
			s.Users = words(sudoers.UserAlias, s.Users)
			s.Privileges = append([]sudoers.Privilege(nil), s.Privileges...)
			for i := range s.Privileges {
				p := &s.Privileges[i]
				p.Hosts = words(sudoers.HostAlias, p.Hosts)
				p.Commands = append([]sudoers.CommandSpec(nil), p.Commands...)
				shared := map[*sudoers.RunAs]*sudoers.RunAs{}
				for j := range p.Commands {
					if r := p.Commands[j].RunAs; r != nil {
						if shared[r] == nil {
							shared[r] = &sudoers.RunAs{Users: words(sudoers.RunasAlias, r.Users), Groups: words(sudoers.RunasAlias, r.Groups)}
						}
						p.Commands[j].RunAs = shared[r]
					}
				}
			}
			g.Entries = append(g.Entries, &s)
		default:
			g.Entries = append(g.Entries, e)
		}
	}
	return g
}
