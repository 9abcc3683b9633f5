package hardening

import (
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// UndefinedAlias is an alias that lines of sudoers files use and none of these files defines. All files share one set
// of names: a policy that defines it decides what these lines say.
type UndefinedAlias struct {
	// Alias is its kind and its name: "Cmnd_Alias OPS".
	Alias string `json:"alias"`
	// At are the places of the lines: "/etc/sudoers.d/x:3".
	At []string `json:"at"`
}

// undefinedAliases are the aliases that other files than the policy's own use and do not define. Files that pvesec
// wrote for other policies define none, and name those of other files on purpose (defined_elsewhere): the plans of
// these policies look at what they get.
func (t *sudoersTree) undefinedAliases(own string) (undefined []UndefinedAlias) {
	defined := map[aliasUse]bool{}
	for _, entry := range t.tree.Entries {
		if definition, is := entry.(*sudoers.AliasDef); is && definition.At.File != own {
			for _, alias := range definition.Aliases {
				defined[aliasUse{definition.Kind, alias.Name}] = true
			}
		}
	}
	at := map[aliasUse]int{}
	for _, file := range t.tree.Files {
		if file.Name == own || writtenFor(file.Name, file.Text) != "" {
			continue
		}
		for _, entry := range file.Entries {
			place := fmt.Sprintf("%s:%d", file.Name, entry.Pos().Line)
			for _, use := range aliasesIn(entry) {
				if defined[use] {
					continue
				}
				i, known := at[use]
				if !known {
					i, at[use] = len(undefined), len(undefined)
					undefined = append(undefined, UndefinedAlias{Alias: use.Kind.String() + " " + use.Name})
				}
				if !slices.Contains(undefined[i].At, place) {
					undefined[i].At = append(undefined[i].At, place)
				}
			}
		}
	}
	return undefined
}

// Opened are the aliases of the surroundings that a policy defines, with another meaning than in an earlier text of it:
// what the lines in these places give to others changes with the policy, and no plan of it looks at them.
func (s Surroundings) Opened(p SudoersPolicy, earlier string) (opened []UndefinedAlias) {
	if len(s.Undefined) == 0 {
		return nil
	}
	before, after := ownAliasesOf(p.Path(), earlier), ownAliasesOf(p.Path(), p.Content)
	for _, undefined := range s.Undefined {
		if text := after.text(undefined.Alias); text != "" && text != before.text(undefined.Alias) {
			opened = append(opened, undefined)
		}
	}
	return opened
}

// Left are the aliases of the surroundings that an earlier text of a policy defined and the policy does not any more: a
// denial in these places that names one denies nothing then, and a rule grants nothing.
func (s Surroundings) Left(p SudoersPolicy, earlier string) (left []UndefinedAlias) {
	if len(s.Undefined) == 0 {
		return nil
	}
	before, after := ownAliasesOf(p.Path(), earlier), ownAliasesOf(p.Path(), p.Content)
	for _, undefined := range s.Undefined {
		if before[undefined.Alias] != nil && after[undefined.Alias] == nil {
			left = append(left, undefined)
		}
	}
	return left
}

// ownAliases are the definitions of a policy, each in a line of its own, by kind and name.
type ownAliases map[string]*sudoers.AliasDef

func ownAliasesOf(name, text string) ownAliases {
	file, _ := sudoers.Parse(name, text, sudoers.Version{})
	own := ownAliases{}
	for _, entry := range file.Entries {
		if definition, is := entry.(*sudoers.AliasDef); is {
			for _, alias := range definition.Aliases {
				one := *definition
				one.HasTrailing, one.Aliases = false, []sudoers.Alias{alias}
				own[definition.Kind.String()+" "+alias.Name] = &one
			}
		}
	}
	return own
}

// text is a definition with those that it names, "" for none.
func (o ownAliases) text(alias string) string {
	text, seen, next := "", map[string]bool{}, []string{alias}
	for len(next) > 0 {
		one := next[0]
		next = next[1:]
		if o[one] == nil || seen[one] {
			continue
		}
		seen[one] = true
		text += canonicalEntry(o[one]) + "\n"
		for _, use := range aliasesIn(o[one]) {
			next = append(next, use.Kind.String()+" "+use.Name)
		}
	}
	return text
}
