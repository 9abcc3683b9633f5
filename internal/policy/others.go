package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// A policy holds options for somebody in particular: for users, hosts, targets and commands. What is in force for one
// of them is what Defaults for all say, and those for him, in the order of the policy. It matters for the caller, too,
// who may be somebody else: sudo is root for each of them. Of the options that are vetted by their value
//
//   - some name a place that sudo reads, writes or runs for the user who calls it (env_file, secure_path, runchroot, group_plugin, logfile, iolog_dir, editor and others), an
//     address that it sends to (log_servers), an account (iolog_user, timestampowner) or a mode (iolog_mode, umask with umask_override). Where the caller writes
//     the place, listens at the address, is the account or gains by the mode, sudo does for others what he wants, or shows him what they do. These have a
//     check of their own, option.reaches: a place that only root writes is out of his reach, even where the option is dangerous for whom it is meant;
//   - the others harm by what their own caller does with them: he reads what lecture_file shows, chooses what stands in a log that another program reads, is let
//     in by a pam_service, ends a command that leaves a core file, chooses his umask. They count where they hold for the caller.
//
// Whether the other one may run anything is not asked: another file of the node may say so, and sudo goes by most
// options before it refuses.

// held are the options in force for somebody.
type held struct {
	settings Settings
	// by names the binding, "" for lines without one: ":admin", as in Defaults:admin.
	by string
	// caller tells that they are for the caller and nobody else, edits that they hold for sudoedit.
	caller, edits bool
}

// placed are Defaults with their place among the entries of a policy.
type placed struct {
	*sudoers.Defaults
	index int
}

// mostHeld bounds the work, which grows with the bindings and with the Defaults for all. Beyond it each Defaults is
// looked at by itself.
const mostHeld = 200_000

// heldBy gives the settings of lines without a binding, and of each binding of the policy.
func (m *matcher) heldBy(lists *policyClasses, subject Subject) []held {
	var global []placed
	bound := map[string][]placed{}
	var keys []string
	for i, entry := range lists.tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is || m.bindsNobody(lists, d) {
			continue
		}
		key := bindingOf(d)
		if d.Scope == sudoers.ScopeHost && m.hostBinding(lists, d) == binds || d.Scope == sudoers.ScopeUser && key == ":ALL" {
			key = ""
		}
		if key == "" {
			global = append(global, placed{d, i})
			continue
		}
		if bound[key] == nil {
			keys = append(keys, key)
		}
		bound[key] = append(bound[key], placed{d, i})
	}
	list := []held{{settings: m.inOrder(global), edits: true}}
	for _, key := range keys {
		of := bound[key]
		h := held{by: key, caller: of[0].Scope == sudoers.ScopeUser && m.onlyCaller(of[0].Members, subject), edits: m.holdsForSudoedit(of[0].Defaults)}
		if len(keys)*len(global) > mostHeld {
			for _, d := range of {
				h.settings = m.inOrder([]placed{d})
				list = append(list, h)
			}
			continue
		}
		h.settings = m.inOrder(merged(global, of))
		list = append(list, h)
	}
	return list
}

// merged are Defaults for all and for somebody as sudo takes them: in the order of the policy, those of commands last.
func merged(global, of []placed) []placed {
	all := slices.Concat(global, of)
	if of[0].Scope != sudoers.ScopeCommand {
		slices.SortStableFunc(all, func(a, b placed) int { return a.index - b.index })
	}
	return all
}

// inOrder applies Defaults one after the other.
func (m *matcher) inOrder(list []placed) Settings {
	s := Settings{}
	for _, d := range list {
		for i := range d.Settings {
			if msg, _ := d.Settings[i].Check(m.env.Version); msg == "" {
				s.set(&d.Settings[i])
			}
		}
	}
	return s
}

// bindingOf writes whom Defaults are for, as they have it: ":admin", "@pve1", ">www-data", "!/usr/bin/id"; "" for all.
func bindingOf(d *sudoers.Defaults) string {
	sign := map[sudoers.Scope]string{sudoers.ScopeUser: ":", sudoers.ScopeHost: "@", sudoers.ScopeRunAs: ">", sudoers.ScopeCommand: "!"}[d.Scope]
	var names []string
	for _, member := range d.Members {
		names = append(names, member.String())
	}
	for _, command := range d.Commands {
		names = append(names, command.String())
	}
	if sign == "" {
		return ""
	}
	return sign + strings.Join(names, ", ")
}

// bindsNobody tells whether Defaults hold nowhere.
func (m *matcher) bindsNobody(lists *policyClasses, d *sudoers.Defaults) bool {
	switch d.Scope {
	case sudoers.ScopeHost:
		return m.hostBinding(lists, d) == bindsNot
	case sudoers.ScopeUser:
		return lists.nobody(d.Members, sudoers.UserAlias)
	case sudoers.ScopeRunAs:
		return lists.nobody(d.Members, sudoers.RunasAlias)
	}
	return false
}

// nobody tells whether a list matches nothing: its last ALL is denied, and no member after it takes anybody in.
func (p *policyClasses) nobody(list []sudoers.Member, kind sudoers.AliasKind) bool {
	for _, member := range slices.Backward(list) {
		switch body := p.aliases[aliasKey{kind, member.Name}]; {
		case member.Kind == sudoers.MemberAll:
			return member.Negated
		case member.Negated:
		case member.Kind == sudoers.MemberAlias && len(body) == 1 && body[0].Kind == sudoers.MemberAll:
			return body[0].Negated
		default:
			return false
		}
	}
	return true
}

// onlyCaller tells whether a list names the caller and nobody else.
func (m *matcher) onlyCaller(list []sudoers.Member, subject Subject) bool {
	return !slices.ContainsFunc(list, func(u sudoers.Member) bool {
		return u.Kind != sudoers.MemberWord || u.Negated || !subject.isName(u.Name, m.foldUser)
	})
}

// holdsForSudoedit tells whether Defaults can hold when somebody edits.
func (m *matcher) holdsForSudoedit(d *sudoers.Defaults) bool {
	return d.Scope != sudoers.ScopeCommand || m.commands(d.Commands, &commandLine{path: "sudoedit"}, "")&allow != 0
}

// reached is a value that is in force for others, within the caller's reach.
type reached struct {
	value    string
	settings Settings
	by       string
}

// reachedValues are the values of options in force for others than the caller by which he comes to what is theirs, by
// the option.
func reachedValues(list []held, subject Subject) map[string][]reached {
	values := map[string][]reached{}
	for i := range list {
		h := &list[i]
		if h.caller {
			continue
		}
		for name, value := range h.settings {
			if !h.edits && options[name].use == usedByVisudo {
				continue
			}
			known := slices.ContainsFunc(values[name], func(r reached) bool { return r.value == value })
			if !known && reaches(name, value, h.settings, subject) != "" {
				values[name] = append(values[name], reached{value: value, settings: h.settings, by: h.by})
			}
		}
	}
	return values
}

// reaches says how a caller comes to what is others' by the value that an option has for them, "" if he does not.
func reaches(name, value string, s Settings, subject Subject) string {
	if o := options[name]; o.reaches != nil && value != "" {
		return o.reaches(value, subject, s)
	}
	return ""
}

// hazard is what the value lets through. Sudo itself, or a command of the other one's, goes by it: what the caller's
// own commands run as does not matter.
func (r *reached) hazard(name string, subject Subject) Hazard {
	o := options[name]
	return Hazard{Option: name, Value: r.value, Effect: o.effect(name), Why: reaches(name, r.value, r.settings, subject), Fix: o.fix(name), InSudo: true, ForOthers: reaches(name, r.value, r.settings, Subject{}) != ""}
}

// judgeOthers tells whether a hazard by what is in force for others takes effect, and whom the caller needs for it.
func (u *Uses) judgeOthers(by use, r *reached, h *Hazard) bool {
	if by != usedByVisudo && !u.judge(by, h) {
		return false
	}
	who := "another user than the caller"
	if r.by != "" {
		who = "somebody for whom Defaults" + r.by + " holds"
	}
	needs := who + " runs sudo"
	switch by {
	case usedByVisudo:
		needs = who + " edits with sudoedit, with no editor in his environment"
	case usedByMail:
		needs = "sudo sends a mail about " + who
	}
	h.Condition = strings.Join(slices.DeleteFunc([]string{needs, h.Condition, helped(r.value)}, func(text string) bool { return text == "" }), ", and ")
	return true
}
