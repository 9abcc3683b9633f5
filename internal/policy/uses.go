package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// use says what has to happen for an option to take effect. Each is held to the real sudo of both releases.
type use int

const (
	// usedAlways is also what nobody has tried.
	usedAlways use = iota
	// usedByVisudo: visudo takes it for root, and sudoedit runs it as the caller.
	usedByVisudo
	// usedByLecture: before a password is asked for, which also happens to a caller who runs what he may not. Debian
	// builds sudo without a lecture.
	usedByLecture
	// usedByRecording: when input or output of a granted command is recorded, anybody's: what the option lets through
	// is what others type and see.
	usedByRecording
	// usedByServers: when there is a log server.
	usedByServers
	// usedByEvents: always, and more goes there when something is recorded.
	usedByEvents
	// usedByMail: when sudo sends a mail, by default for a wrong password and for a user who is not in sudoers.
	usedByMail
)

// String says when an option takes effect.
func (u use) String() string {
	return map[use]string{
		usedAlways: "always", usedByVisudo: "when root runs visudo", usedByLecture: "before a password is asked for, with lecture=once or lecture=always",
		usedByRecording: "when input or output is recorded", usedByServers: "with log_servers", usedByEvents: "always; more is sent when input or output is recorded",
		usedByMail: "when sudo sends a mail about somebody else",
	}[u]
}

// Uses say which options of a policy can take effect. What is not used may be turned on by another file of the node,
// whatever this one says: the last one decides.
type Uses struct {
	// whole tells that no other file of the node can say anything else.
	whole bool
	// lecture tells that the subject can be lectured, lectures that anybody can.
	lecture, lectures bool
	// recording tells that input or output of a command of anybody is recorded, servers that there is a log server for
	// anybody, unverified that a certificate of one may be anybody's.
	recording, servers, unverified bool
	// visudo are the values that visudo may take when root runs it, refused those that sudo may take for a command that
	// it refuses.
	visudo, refused map[string][]string
	// others are the values in force for others than the caller that are within his reach.
	others map[string][]reached
	// dangerous tells that some value of an option that sudo itself goes by is a hazard.
	dangerous bool
}

// InSudo tells whether there may be a hazard in sudo itself, which is root whichever account a command runs as.
func (u *Uses) InSudo() bool { return u.dangerous }

// recordingOptions are those by which input or output is recorded.
var recordingOptions = []string{"log_input", "log_output", "log_stdin", "log_stdout", "log_stderr", "log_ttyin", "log_ttyout"}

// UsesOf looks through a policy for what uses options, more widely than any one command does: the Defaults of commands
// hold for a caller who may not run them, too, and those of other users for what they type. Whole tells that the tree
// is all that the node has.
func UsesOf(tree *sudoers.Tree, q Question, whole bool) Uses {
	uses := Uses{whole: whole && !tree.Unread}
	m := newMatcher(tree, q.Env)
	m.prepare(&Request{Subject: q.Subject, Host: q.Host})
	general := m.applySettings(tree, q.Subject)
	asked := general["authenticate"] != off || slices.ContainsFunc(Grants(tree, q.Subject), func(g Grant) bool { return g.Tags.NoPasswd == sudoers.No })
	never := general["lecture"] == "never" || general["lecture"] == off
	for _, entry := range tree.Entries {
		switch e := entry.(type) {
		case *sudoers.UserSpec:
			uses.recording = uses.recording || records(e)
		case *sudoers.Defaults:
			bound := e.Scope != sudoers.ScopeGlobal && e.Scope != sudoers.ScopeUser
			others := false
			if e.Scope == sudoers.ScopeUser {
				v, _ := m.users(e.Members, sudoers.UserAlias, q.Subject)
				others = v == unspecified
			}
			for i := range e.Settings {
				set := &e.Settings[i]
				switch turnedOn := set.Operator != sudoers.OpFalse && set.Operator != sudoers.OpRemove; {
				case others || !turnedOn:
				case set.Name == "authenticate":
					asked = true
				case set.Name == "lecture" && set.Value != "never" && (!never || bound):
					uses.lecture = true
				}
			}
		}
	}
	uses.lecture = uses.lecture && asked
	lists := policyClasses{tree: tree, aliases: aliasesOf(tree)}
	held := m.heldBy(&lists, q.Subject)
	for i := range held {
		uses.see(held[i].settings)
	}
	uses.refused = m.refusedValues(&lists, q.Subject)
	uses.visudo = m.visudoValues(&lists)
	uses.others = reachedValues(held, q.Subject)
	uses.dangerous = len(uses.others) > 0 || anyDangerous(tree, q.Subject)
	return uses
}

// see takes what is in force for somebody.
func (u *Uses) see(s Settings) {
	isSet := func(option string) bool { return s[option] != "" && s[option] != off }
	u.unverified = u.unverified || s["log_server_verify"] == off
	u.servers = u.servers || isSet("log_servers")
	u.lectures = u.lectures || isSet("lecture") && s["lecture"] != "never"
	u.recording = u.recording || slices.ContainsFunc(recordingOptions, isSet)
}

// records tells whether a line of rules has a tag by which something is recorded.
func records(spec *sudoers.UserSpec) bool {
	for i := range spec.Privileges {
		for j := range spec.Privileges[i].Commands {
			if tags := spec.Privileges[i].Commands[j].Tags; slices.Contains(tags, sudoers.TagLogInput) || slices.Contains(tags, sudoers.TagLogOutput) {
				return true
			}
		}
	}
	return false
}

// anyDangerous tells whether any Defaults, for all users and commands, set an option that sudo itself goes by to a
// dangerous value.
func anyDangerous(tree *sudoers.Tree, subject Subject) bool {
	return slices.ContainsFunc(tree.Entries, func(entry sudoers.Entry) bool {
		d, ok := entry.(*sudoers.Defaults)
		return ok && slices.ContainsFunc(d.Settings, func(set sudoers.Setting) bool {
			h, dangerous := hazardOf(set.Name, valueOf(&set), Settings{"log_server_verify": off}, subject)
			return dangerous && h.InSudo
		})
	})
}

// binding says whether Defaults hold for what is asked about.
type binding int

const (
	bindsNot binding = iota
	mayBind
	binds
)

// mostValues is how many values an option may have before what only may be added to it, or taken from it, is no longer
// combined.
const mostValues = 32

// possibleValues are the values that options may have: what the Defaults that surely hold say last, and what those say
// that only may, unless others that surely hold come after them. Defaults of commands come last of all, as sudo takes
// them.
func (m *matcher) possibleValues(tree *sudoers.Tree, wanted func(option string) bool, of func(*sudoers.Defaults) binding) map[string][]string {
	values := map[string][]string{}
	for _, ofCommands := range []bool{false, true} {
		for _, entry := range tree.Entries {
			d, ok := entry.(*sudoers.Defaults)
			if !ok || (d.Scope == sudoers.ScopeCommand) != ofCommands {
				continue
			}
			bound := of(d)
			for i := range d.Settings {
				set := &d.Settings[i]
				if bound == bindsNot || !wanted(set.Name) {
					continue
				}
				if msg, _ := set.Check(m.env.Version); msg != "" {
					continue // sudo passes it over
				}
				values[set.Name] = afterSetting(values[set.Name], set, bound)
			}
		}
	}
	return values
}

// afterSetting gives the values that an option may have after a setting: "" is none.
func afterSetting(before []string, set *sudoers.Setting, bound binding) []string {
	if len(before) == 0 {
		before = []string{""}
	}
	var after []string
	if bound != binds {
		after = before
	}
	if len(before) > mostValues {
		return appendNew(before, valueOf(set))
	}
	for _, value := range before {
		s := Settings{set.Name: value}
		s.set(set)
		after = appendNew(after, s[set.Name])
	}
	return after
}

// valueOf is the value that a setting alone gives its option.
func valueOf(set *sudoers.Setting) string {
	alone := Settings{}
	alone.set(set)
	return alone[set.Name]
}

// refusedValues are the values of options by which sudo may go when it refuses a command of a subject: it then takes
// the Defaults of that command and target.
func (m *matcher) refusedValues(lists *policyClasses, subject Subject) map[string][]string {
	return m.possibleValues(lists.tree, takesEffectRefused, func(d *sudoers.Defaults) binding {
		switch d.Scope {
		case sudoers.ScopeGlobal:
			return binds
		case sudoers.ScopeHost:
			return m.hostBinding(lists, d)
		case sudoers.ScopeUser:
			if v, _ := m.users(d.Members, sudoers.UserAlias, subject); v != allow {
				return bindsNot
			}
			return binds
		}
		return mayBind
	})
}

// visudoValues are the values of options that visudo may take when root runs it: those of Defaults for all, for hosts
// and for root.
func (m *matcher) visudoValues(lists *policyClasses) map[string][]string {
	id := 0
	root := Subject{Name: "root", UID: &id, Groups: []string{"root"}, GIDs: []int{0}}
	return m.possibleValues(lists.tree, func(option string) bool { return options[option].use == usedByVisudo }, func(d *sudoers.Defaults) binding {
		switch d.Scope {
		case sudoers.ScopeGlobal:
			return binds
		case sudoers.ScopeHost:
			return m.hostBinding(lists, d)
		case sudoers.ScopeUser:
			switch v, _ := m.users(d.Members, sudoers.UserAlias, root); {
			case lists.anyMember(d.Members, sudoers.UserAlias, func(u sudoers.Member) bool { return u.Kind == sudoers.MemberGroup || u.Kind == sudoers.MemberNetgroup }):
				return mayBind // which groups root is in is not known
			case v == allow:
				return binds
			}
		}
		return bindsNot
	})
}

// hostBinding tells whether Defaults hold on the host that is asked about, or on any where none is.
func (m *matcher) hostBinding(lists *policyClasses, d *sudoers.Defaults) binding {
	onlyAll := !slices.ContainsFunc(d.Members, func(h sudoers.Member) bool { return h.Kind != sudoers.MemberAll || h.Negated })
	unknown := lists.anyMember(d.Members, sudoers.HostAlias, func(h sudoers.Member) bool {
		return h.Kind == sudoers.MemberAddress || h.Kind == sudoers.MemberNetgroup || strings.Contains(h.Name, ".") // a long name is not known
	})
	switch {
	case onlyAll:
		return binds
	case lists.nobody(d.Members, sudoers.HostAlias):
		return bindsNot
	case m.host.short == "" || unknown:
		return mayBind
	case m.hosts(d.Members) == allow:
		return binds
	case m.hosts(d.Members)&allow != 0:
		return mayBind
	}
	return bindsNot
}

// anyMember tells whether a list, or an alias in it, has a member of some kind.
func (p *policyClasses) anyMember(list []sudoers.Member, kind sudoers.AliasKind, is func(sudoers.Member) bool) (found bool) {
	p.members(list, kind, func(m sudoers.Member) { found = found || is(m) })
	return found
}

// takesEffectRefused tells whether an option takes effect where sudo refuses a command. What nobody knows does.
func takesEffectRefused(name string) bool {
	o, known := options[name]
	return !known || o.why != nil && !o.inCommand && o.use != usedByRecording && o.use != usedByVisudo
}

// judge tells whether a hazard takes effect, and writes down on which condition.
func (u *Uses) judge(by use, h *Hazard) bool {
	used, when := true, ""
	switch by {
	case usedByVisudo:
		h.Condition = "root runs visudo, with no editor in its environment"
	case usedByLecture:
		used, when = u.lecture, "another file of the node sets lecture"
		if h.Effect.Kind == sudoers.EffectWrites { // with the lecture of any user
			used = u.lectures
		}
	case usedByServers:
		used, when = u.servers, "another file of the node sets log_servers"
	case usedByRecording:
		used, when = u.recording, "another file of the node records input or output (log_input, log_output)"
	case usedByEvents:
		h.Minor = !u.recording
		if h.Minor && !u.whole {
			h.Condition = "more than the names of commands goes there if another file of the node records input or output (log_input, log_output)"
		}
	}
	if !used && !u.whole {
		h.Idle, h.Condition = true, when
		return true
	}
	return used
}
