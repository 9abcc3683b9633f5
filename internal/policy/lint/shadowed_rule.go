package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// shadowedRule looks for commands that a later one covers completely (lookup.c: the
// last matching command of the policy decides).
var shadowedRule = Rule{
	ID: "PVESEC-S0012", Name: "shadowed-rule", Severity: Warning,
	Summary: "A command can never decide, because a later one matches whatever it matches.",
	Why:     "The last match decides: a deny before a wider allow denies nothing, an earlier allow with other tags is not used.",
	Bad:     "alice ALL = !/usr/bin/su, ALL",
	Good:    "alice ALL = ALL, !/usr/bin/su",
	check: func(l *linter, r *Rule) {
		leaves := l.leaves()
		later := coverIndex{}
		// A command that stands for several is shadowed if each of them is.
		for end := len(leaves); end > 0; {
			start := end - 1
			for start > 0 && leaves[start-1].at == leaves[end-1].at {
				start--
			}
			group := leaves[start:end]
			var by *leaf
			for i := range group {
				if by = later.covering(&group[i]); by == nil {
					break
				}
			}
			if by != nil {
				l.report(r, group[0].at, shadowText(&group[0], by), shadowFix(&group[0], by))
			}
			for i := len(group) - 1; i >= 0; i-- {
				later.add(&group[i])
			}
			end = start
		}
	},
}

func shadowText(e, by *leaf) string {
	verb := "allowing "
	if e.denied {
		verb = "denying "
	}
	how := "allows"
	if by.denied {
		how = "denies"
	}
	return verb + e.command.String() + " has no effect: " + by.command.String() + " at " + by.at.String() + " matches it later and " + how + " it"
}

func shadowFix(e, by *leaf) string {
	if e.denied != by.denied {
		return "move it behind " + by.at.String() + " if it must take effect, or remove it"
	}
	return "remove it, or move it behind " + by.at.String() + " if its tags and options must take effect"
}

// coverIndex finds later commands that cover an earlier one, by who they are for.
type coverIndex map[coverKey]*covers

type coverKey struct{ users, hosts, runAs string }

// covers are the later commands for the same users, hosts and run-as list.
type covers struct {
	all   *leaf
	dirs  map[string]*leaf
	paths map[string]*pathCovers
}

// pathCovers are the later patterns of arguments for one path.
type pathCovers struct {
	any      *leaf
	args     map[string]*leaf
	prefixes []*leaf // with a '*' at the end and no other wildcard
}

// maxPrefixes bounds the comparisons for one path.
const maxPrefixes = 100

func (x coverIndex) add(c *leaf) {
	if c.opaque || c.limited || c.digests {
		return
	}
	key := coverKey{c.users, c.hosts, c.runAs}
	v := x[key]
	if v == nil {
		v = &covers{dirs: map[string]*leaf{}, paths: map[string]*pathCovers{}}
		x[key] = v
	}
	switch {
	case c.command.Kind == sudoers.CommandAll:
		v.all = c
		return
	case c.command.Kind == sudoers.CommandPath && strings.HasSuffix(c.command.Name, "/"):
		v.dirs[c.path] = c
		return
	}
	p := v.paths[c.path]
	if p == nil {
		p = &pathCovers{args: map[string]*leaf{}}
		v.paths[c.path] = p
	}
	if !c.command.HasArgs {
		p.any = c
		return
	}
	p.args[c.command.Args] = c
	if prefix, ok := strings.CutSuffix(c.command.Args, "*"); ok && !strings.ContainsAny(prefix, `*?[]\`) &&
		c.command.Args[0] != '^' && c.command.Name != "sudoedit" && len(p.prefixes) < maxPrefixes {
		p.prefixes = append(p.prefixes, c)
	}
}

// covering gives a later command that matches whatever c matches.
func (x coverIndex) covering(c *leaf) *leaf {
	if c.opaque {
		return nil
	}
	for _, users := range orAll(c.users) {
		for _, hosts := range orAll(c.hosts) {
			for _, runAs := range runAsOrAll(c.runAs) {
				if v := x[coverKey{users, hosts, runAs}]; v != nil {
					if by := v.covering(c); by != nil {
						return by
					}
				}
			}
		}
	}
	return nil
}

func orAll(s string) []string {
	if s == "ALL" {
		return []string{s}
	}
	return []string{s, "ALL"}
}

// runAsOrAll lists the run-as lists that admit at least the targets of s. What the
// list of the invoking user himself ("()") admits depends on who he is.
func runAsOrAll(s string) []string {
	list := []string{s}
	if s == "" || strings.HasPrefix(s, ":") {
		return list
	}
	if !strings.Contains(s, ":") && s != "ALL" {
		list = append(list, "ALL")
	}
	if s != "ALL:ALL" {
		list = append(list, "ALL:ALL")
	}
	return list
}

func (v *covers) covering(c *leaf) *leaf {
	if v.all != nil {
		return v.all
	}
	if c.command.Kind == sudoers.CommandAll {
		return nil
	}
	if p := v.paths[c.path]; p != nil {
		if by := p.covering(c); by != nil {
			return by
		}
	}
	if c.command.Kind == sudoers.CommandPath {
		dir := c.path[:strings.LastIndexByte(c.path, '/')+1]
		if by := v.dirs[dir]; by != nil && !strings.ContainsAny(dir, `*?[]\`) {
			return by
		}
	}
	return nil
}

func (p *pathCovers) covering(c *leaf) *leaf {
	if p.any != nil {
		return p.any
	}
	if !c.command.HasArgs {
		return nil
	}
	if by := p.args[c.command.Args]; by != nil {
		return by
	}
	if c.command.Args[0] == '^' || c.command.Args == `""` {
		return nil
	}
	for _, by := range p.prefixes {
		if strings.HasPrefix(c.command.Args, by.command.Args[:len(by.command.Args)-1]) {
			return by
		}
	}
	return nil
}
