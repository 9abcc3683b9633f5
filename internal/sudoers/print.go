package sudoers

import "strings"

// lineWidth is where a rule begins to be broken into several lines.
const lineWidth = 200

// Print writes a file in canonical form: one entry a line, single spaces, quotes
// and escapes only where they are needed (and '=' always escaped in arguments,
// which every version reads). Parsing the result gives an equal file.
func Print(f *File) string {
	var b strings.Builder
	b.Grow(len(f.Text) + len(f.Text)/8)
	for _, e := range f.Entries {
		b.WriteString(PrintEntry(e))
	}
	return b.String()
}

// PrintEntry writes one entry in canonical form, with its newline.
func PrintEntry(e Entry) string {
	var w printer
	switch e := e.(type) {
	case *Comment:
		if !e.Blank {
			w.comment(e.Text, true)
		}
	case *Include:
		w.include(e)
	case *Defaults:
		w.defaults(e)
	case *AliasDef:
		w.aliases(e)
	case *UserSpec:
		w.userSpec(e)
	}
	return w.String() + "\n"
}

// String writes the member as it stands in a list.
func (m Member) String() string {
	var w printer
	w.member(m)
	return w.String()
}

// String writes the command with digests and negation.
func (m CommandMember) String() string {
	var w printer
	w.command(m)
	return w.String()
}

// String writes the command.
func (c Command) String() string {
	var w printer
	w.command(CommandMember{Command: c})
	return w.String()
}

// String writes the list with its parentheses.
func (r *RunAs) String() string {
	var w printer
	w.runAs(r)
	return w.String()
}

// String writes the setting as it stands behind Defaults.
func (s Setting) String() string {
	switch s.Operator {
	case OpTrue:
		return s.Name
	case OpFalse:
		return "!" + s.Name
	case OpAdd:
		return s.Name + " += " + QuoteValue(s.Value)
	case OpRemove:
		return s.Name + " -= " + QuoteValue(s.Value)
	}
	return s.Name + "=" + QuoteValue(s.Value)
}

// String writes the option with its value.
func (o Option) String() string {
	if o.Kind == OptionCwd || o.Kind == OptionChroot {
		// Paths stand as they are; quotes are read by newer versions only.
		return string(o.Kind) + "=" + escapeBytes(o.Value)
	}
	return string(o.Kind) + "=" + EscapeWord(o.Value)
}

type printer struct {
	strings.Builder
}

// comment writes a comment so that it does not turn into a directive or an id.
func (w *printer) comment(text string, ownLine bool) {
	if ownLine && (strings.HasPrefix(text, "include ") || strings.HasPrefix(text, "include\t") ||
		strings.HasPrefix(text, "includedir ") || strings.HasPrefix(text, "includedir\t")) {
		w.WriteByte(' ')
	}
	w.WriteByte('#')
	w.WriteString(text)
}

// trailing writes the comment behind an entry.
func (w *printer) trailing(p *Place) {
	if p.HasTrailing {
		w.WriteByte(' ')
		w.comment(p.Trailing, false)
	}
}

func (w *printer) include(e *Include) {
	w.WriteString("@include")
	if e.Dir {
		w.WriteString("dir")
	}
	w.WriteByte(' ')
	w.WriteString(EscapeIncludePath(e.Path))
	w.trailing(&e.Place)
}

func (w *printer) defaults(e *Defaults) {
	w.WriteString("Defaults")
	switch e.Scope {
	case ScopeHost:
		w.WriteByte('@')
	case ScopeUser:
		w.WriteByte(':')
	case ScopeRunAs:
		w.WriteByte('>')
	case ScopeCommand:
		w.WriteByte('!')
	}
	// Only commas without spaces continue a binding of every kind.
	for i, m := range e.Members {
		if i > 0 {
			w.WriteByte(',')
		}
		w.member(m)
	}
	for i, c := range e.Commands {
		if i > 0 {
			w.WriteByte(',')
		}
		w.command(c)
	}
	for i, s := range e.Settings {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte(' ')
		w.WriteString(s.String())
	}
	w.trailing(&e.Place)
}

func (w *printer) aliases(e *AliasDef) {
	w.WriteString(e.Kind.String())
	for i, a := range e.Aliases {
		if i > 0 {
			w.WriteString(" :")
		}
		w.WriteByte(' ')
		w.WriteString(a.Name)
		w.WriteString(" = ")
		if e.Kind == CmndAlias {
			w.commands(a.Commands)
		} else {
			w.members(a.Members)
		}
	}
	w.endCommand(lastCommand(e), &e.Place)
}

func lastCommand(e *AliasDef) *CommandMember {
	cmds := e.Aliases[len(e.Aliases)-1].Commands
	if len(cmds) == 0 {
		return nil
	}
	return &cmds[len(cmds)-1]
}

func (w *printer) userSpec(e *UserSpec) {
	w.members(e.Users)
	for i := range e.Privileges {
		if i > 0 {
			w.WriteString(" :")
		}
		w.WriteByte(' ')
		w.privilege(&e.Privileges[i])
	}
	last := e.Privileges[len(e.Privileges)-1].Commands
	w.endCommand(&last[len(last)-1].CommandMember, &e.Place)
}

// privilege writes "hosts = commands", broken into lines if it grows long.
func (w *printer) privilege(p *Privilege) {
	w.members(p.Hosts)
	// A host that begins with '=' cannot be: it is always escaped.
	w.WriteByte('=')
	width := w.Len()
	for i := range p.Commands {
		var one printer
		one.spec(&p.Commands[i])
		if i > 0 {
			w.WriteByte(',')
			if width+one.Len() > lineWidth {
				w.WriteString(" \\\n    ")
				width = 4
			} else {
				w.WriteByte(' ')
			}
		}
		w.WriteString(one.String())
		width += one.Len() + 2
	}
}

func (w *printer) spec(s *CommandSpec) {
	if s.RunAs != nil {
		w.runAs(s.RunAs)
		w.WriteByte(' ')
	}
	for _, o := range s.Options {
		w.WriteString(o.String())
		w.WriteByte(' ')
	}
	for _, t := range s.Tags {
		w.WriteString(t.String())
		w.WriteString(": ")
	}
	w.command(s.CommandMember)
}

func (w *printer) runAs(r *RunAs) {
	w.WriteByte('(')
	w.members(r.Users)
	if len(r.Groups) > 0 {
		if len(r.Users) > 0 {
			w.WriteByte(' ')
		}
		w.WriteString(": ")
		w.members(r.Groups)
	}
	w.WriteByte(')')
}

func (w *printer) members(list []Member) {
	for i, m := range list {
		if i > 0 {
			w.WriteString(", ")
		}
		w.member(m)
	}
}

func (w *printer) member(m Member) {
	if m.Negated {
		w.WriteByte('!')
	}
	switch m.Kind {
	case MemberWord:
		w.WriteString(EscapeName(m.Name))
	case MemberGroup, MemberNetgroup:
		w.WriteString(escapeGroup(m.Name))
	default:
		w.WriteString(m.Name)
	}
}

func (w *printer) commands(list []CommandMember) {
	for i, c := range list {
		if i > 0 {
			w.WriteString(", ")
		}
		w.command(c)
	}
}

func (w *printer) command(m CommandMember) {
	for i, d := range m.Digests {
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteString(d.Algorithm)
		w.WriteByte(':')
		w.WriteString(d.Value)
	}
	if len(m.Digests) > 0 {
		w.WriteByte(' ')
	}
	if m.Negated {
		w.WriteByte('!')
	}
	c := m.Command
	if c.Kind == CommandPath {
		w.WriteString(EscapePath(c.Name))
	} else {
		w.WriteString(c.Name)
	}
	if c.HasArgs {
		w.WriteByte(' ')
		w.WriteString(escapeArguments(c.Args, c.Kind == CommandPseudo))
	}
}

// endCommand writes what follows the last command. A space at the very end of its
// arguments must not join the backslash before it and the newline to a
// continuation: the comment, or a continuation of its own, follows it at once.
func (w *printer) endCommand(last *CommandMember, p *Place) {
	args := ""
	if last != nil {
		args = last.Command.Args
	}
	switch {
	case args == "" || !isBlank(args[len(args)-1]):
		w.trailing(p)
	case p.HasTrailing:
		w.comment(p.Trailing, false)
	default:
		w.WriteString("\\\n")
	}
}

// String writes the command with run-as list, options and tags.
func (s CommandSpec) String() string {
	var w printer
	w.spec(&s)
	return w.String()
}
