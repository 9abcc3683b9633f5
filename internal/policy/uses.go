package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// use says what has to happen for an option to take effect. Each is held to the real sudo of both releases.
type use int

const (
	// usedAlways is also what nobody has tried.
	usedAlways use = iota
	// usedByVisudo: visudo takes it for root, and sudoedit runs it as the caller.
	usedByVisudo
	// usedByLecture: before a password is asked for, which also happens to a caller who runs what he may not. Debian builds sudo without a lecture.
	usedByLecture
	// usedByRecording: when input or output of a granted command is recorded.
	usedByRecording
	// usedByServers: when there is a log server.
	usedByServers
	// usedByEvents: always, and more goes there when something is recorded.
	usedByEvents
)

// String says when an option takes effect.
func (u use) String() string {
	return map[use]string{
		usedAlways: "always", usedByVisudo: "when root runs visudo", usedByLecture: "before a password is asked for, with lecture=once or lecture=always",
		usedByRecording: "when input or output is recorded", usedByServers: "with log_servers", usedByEvents: "always; more is sent when input or output is recorded",
	}[u]
}

// Uses say which options of a policy can take effect.
type Uses struct {
	// whole tells that no other file of the node can say anything else.
	whole            bool
	lecture, servers usage
	visudo           map[string]string // the values that visudo takes when root runs it
	// unasked are values of options that also hold for commands that nobody is granted, by what the Defaults of those commands say.
	unasked map[string][]string
}

// usage tells whether something is used. What no file says is unset: another one may say it.
type usage int

const (
	unset usage = iota
	unused
	used
)

// UsesOf looks through a policy for what uses options, more widely than any one command does: the Defaults of commands hold for a caller who may not run them,
// too. Whole tells that the tree is all that the node has.
func UsesOf(tree *sudoers.Tree, subject Subject, env *Environment, whole bool) Uses {
	uses := Uses{whole: whole && !tree.Unread, visudo: visudoSettings(tree, env), unasked: map[string][]string{}}
	m := newMatcher(tree, env)
	general := m.applySettings(tree, subject)
	asked := general["authenticate"] != off || slices.ContainsFunc(Grants(tree, subject), func(g Grant) bool { return g.Tags.NoPasswd == sudoers.No })
	never := general["lecture"] == "never" || general["lecture"] == off
	if never {
		uses.lecture = unused
	}
	for _, entry := range tree.Entries {
		d, ok := entry.(*sudoers.Defaults)
		if !ok {
			continue
		}
		if v, _ := m.users(d.Members, sudoers.UserAlias, subject); d.Scope == sudoers.ScopeUser && v == unspecified {
			continue
		}
		for i := range d.Settings {
			set := &d.Settings[i]
			if d.Scope != sudoers.ScopeGlobal && d.Scope != sudoers.ScopeUser && options[set.Name].use == usedByLecture && set.Operator == sudoers.OpAssign {
				uses.unasked[set.Name] = append(uses.unasked[set.Name], set.Value)
			}
			switch turnedOn := set.Operator != sudoers.OpFalse && set.Operator != sudoers.OpRemove; {
			case set.Name == "authenticate" && turnedOn:
				asked = true
			case set.Name == "lecture" && turnedOn && set.Value != "never" && (!never || d.Scope != sudoers.ScopeGlobal && d.Scope != sudoers.ScopeUser):
				uses.lecture = used
			case set.Name == "log_servers" && turnedOn:
				uses.servers = used
			}
		}
	}
	if !asked {
		uses.lecture = unused
	}
	return uses
}

// visudoSettings are the settings that visudo takes when root runs it: those of Defaults for all, for hosts and for root.
func visudoSettings(tree *sudoers.Tree, env *Environment) Settings {
	m := newMatcher(tree, env)
	root := Subject{Name: "root", Groups: []string{"root"}}
	m.subject = root
	settings := Settings{}
	m.collect(tree, settings, func(d *sudoers.Defaults) bool {
		switch d.Scope {
		case sudoers.ScopeGlobal, sudoers.ScopeHost:
			return true
		case sudoers.ScopeUser:
			v, _ := m.users(d.Members, sudoers.UserAlias, root)
			return v == allow
		}
		return false
	})
	return settings
}

// recorded tells whether input or output of a granted command is recorded.
func recorded(s Settings, tags sudoers.TagSet) usage {
	of := func(tag sudoers.Tri, name string) usage {
		one := unset
		for _, option := range append([]string{name}, parts[name]...) {
			switch {
			case s[option] == on && (option != name || tag != sudoers.No):
				one = used
			case s[option] == off && one == unset:
				one = unused
			}
		}
		switch {
		case tag == sudoers.Yes:
			return used
		case tag == sudoers.No && one == unset:
			return unused
		}
		return one
	}
	in, out := of(tags.LogInput, "log_input"), of(tags.LogOutput, "log_output")
	switch {
	case in == used || out == used:
		return used
	case in == unused && out == unused:
		return unused
	}
	return unset
}

// judge tells whether a hazard takes effect, and writes down on which condition.
func (u *Uses) judge(by use, s Settings, tags sudoers.TagSet, h *Hazard) bool {
	state, when := used, ""
	switch by {
	case usedByVisudo:
		h.Condition = "root runs visudo, with no editor in its environment"
	case usedByLecture:
		state, when = u.lecture, "another file of the node sets lecture"
	case usedByServers:
		state, when = u.servers, "another file of the node sets log_servers"
	case usedByRecording:
		state, when = recorded(s, tags), "another file of the node records input or output (log_input, log_output)"
	case usedByEvents:
		if state := recorded(s, tags); state != used {
			h.Minor = true
			if state == unset && !u.whole {
				h.Condition = "more than the names of commands goes there if another file of the node records input or output (log_input, log_output)"
			}
		}
	}
	if state == unset && !u.whole {
		h.Idle, h.Condition = true, when
		return true
	}
	return state == used
}
