package sudoers

import "github.com/pvesec/terraform-provider-pvesec/internal/regular"

// maxPath is PATH_MAX of Linux.
const maxPath = 4096

const specHint = "write a rule as: user host = (runas) /path/to/command"

func (p *parser) userSpec(place Place) (Entry, bool) {
	spec := p.newUserSpec()
	spec.Place = place
	var ok bool
	if spec.Users, ok = p.list(p.user); !ok {
		return nil, false
	}
	priv, ok := p.privilege()
	if ok {
		*p.privileges.grow() = priv
		ok = p.morePrivileges(spec)
	}
	spec.Privileges = p.privileges.take()
	if !ok {
		return nil, false
	}
	if spec.Range.End > 0 {
		return spec, true
	}
	if !p.endOfLine(&spec.Place, "',', ':' or end of line", specEndHint(p.peek())) {
		return nil, false
	}
	return spec, true
}

// morePrivileges reads what follows the first privilege. After an error the
// privileges before it stay in force, but only if the line ends (which it then notes
// in the place) or continues with ':' right behind the error; else all of it is dropped.
func (p *parser) morePrivileges(spec *UserSpec) bool {
	for p.accept(tokColon) {
		priv, ok := p.privilege()
		if ok {
			*p.privileges.grow() = priv
			continue
		}
		switch p.peek().kind {
		case tokColon:
		case tokNewline:
			p.endOfLine(&spec.Place, "", "")
			return true
		default:
			return false
		}
	}
	return true
}

func (p *parser) newUserSpec() *UserSpec {
	return p.specs.one()
}

// specEndHint explains what may follow a command.
func specEndHint(t *token) string {
	if t.kind == tokEqual {
		return `write '=' in an argument as \=`
	}
	return `separate commands by ',' and further "hosts = commands" parts by ':'; in an argument write these as \, and \:`
}

func (p *parser) privilege() (Privilege, bool) {
	var priv Privilege
	var ok bool
	if priv.Hosts, ok = p.list(p.host); !ok {
		return priv, false
	}
	if !p.accept(tokEqual) {
		return priv, p.unexpected("'=' behind the host", specHint)
	}
	for {
		// The command is read into its place, which stays until the list is taken.
		spec := p.commands.grow()
		ok := p.commandSpec(spec)
		if !ok {
			p.commands.drop()
		}
		if !ok || !p.comma() {
			priv.Commands = p.commands.take()
			return priv, ok
		}
	}
}

func (p *parser) commandSpec(s *CommandSpec) bool {
	if !p.hasTok && p.lex.plainCommand(&s.CommandMember, p.file.Name) {
		return true
	}
	var ok bool
	if p.peek().kind == tokOpen {
		if s.RunAs, ok = p.runAs(); !ok {
			return false
		}
	}
	for p.peek().kind == tokOption {
		o, ok := p.option()
		if !ok {
			return false
		}
		s.Options = append(s.Options, o)
	}
	for p.peek().kind == tokTag {
		*p.tags.grow() = p.peek().tag
		p.hasTok = false
	}
	s.Tags = p.tags.take()
	if len(s.Tags) > 0 {
		switch t := p.peek(); t.kind {
		case tokOption:
			return p.unexpected("a command", "write options such as "+t.text+"= before tags such as "+s.Tags[0].String()+":")
		case tokOpen:
			return p.unexpected("a command", "write the run-as list before tags such as "+s.Tags[0].String()+":")
		}
	}
	return p.commandMemberInto(&s.CommandMember)
}

func (p *parser) runAs() (*RunAs, bool) {
	p.next()
	r := p.newRunAs()
	var ok bool
	if k := p.peek().kind; k != tokColon && k != tokClose {
		if r.Users, ok = p.list(p.user); !ok {
			return nil, false
		}
		if p.accept(tokColon) {
			if r.Groups, ok = p.list(p.group); !ok {
				return nil, false
			}
		}
	} else if p.accept(tokColon) && p.peek().kind != tokClose {
		if r.Groups, ok = p.list(p.group); !ok {
			return nil, false
		}
	}
	if !p.accept(tokClose) {
		return nil, p.unexpected("')' behind the run-as list", "write (user), (user1, user2), (user : group) or (: group)")
	}
	return r, true
}

func (p *parser) newRunAs() *RunAs {
	return p.runAsLists.one()
}

func (p *parser) option() (Option, bool) {
	kw := p.next()
	o := Option{Kind: OptionKind(kw.text), Pos: p.pos(&kw)}
	if !p.accept(tokEqual) {
		return o, p.unexpected("'=' behind "+kw.text, "write "+kw.text+"=value; "+kw.text+" is a reserved word")
	}
	if p.peek().kind != tokWord {
		return o, p.unexpected("a value for "+kw.text, "write "+kw.text+"=value; put a value that is all capitals in double quotes")
	}
	v := p.next()
	o.Value = v.text
	if msg, hint := checkOption(o.Kind, o.Value); msg != "" {
		p.report(p.pos(&v), msg, hint)
		return o, false
	}
	return o, true
}

// checkOption gives what is wrong with the value of an option, "" for nothing.
func checkOption(k OptionKind, value string) (msg, hint string) {
	switch k {
	case OptionCwd, OptionChroot:
		if value != "*" && (value == "" || value[0] != '/' && value[0] != '~') {
			return "values for \"" + string(k) + "\" must start with a '/', '~', or '*'",
				"write an absolute path, ~user/path, or * to let the user choose"
		}
		if len(value) >= maxPath {
			return "\"" + string(k) + "\" path too long", "use a path shorter than 4096 bytes"
		}
	case OptionNotBefore, OptionNotAfter:
		if _, err := ParseTime(value, nil); err != nil {
			return "invalid " + map[OptionKind]string{OptionNotBefore: "notbefore", OptionNotAfter: "notafter"}[k] + " value", timeHint
		}
	case OptionTimeout:
		if _, err := ParseTimeout(value); err != nil {
			return err.Error(), timeoutHint
		}
	}
	return "", ""
}

func (p *parser) commandList() ([]CommandMember, bool) {
	var list []CommandMember
	for {
		m, ok := p.commandMember()
		if !ok {
			return list, false
		}
		list = append(list, m)
		if !p.comma() {
			return list, true
		}
	}
}

func (p *parser) commandMember() (CommandMember, bool) {
	var m CommandMember
	ok := p.commandMemberInto(&m)
	return m, ok
}

func (p *parser) commandMemberInto(m *CommandMember) bool {
	first := p.peek()
	m.Pos, m.Span.Start = p.pos(first), first.start
	for p.peek().kind == tokDigestName {
		d, ok := p.digest()
		if !ok {
			return false
		}
		m.Digests = append(m.Digests, d)
		if !p.comma() {
			break
		}
		if p.peek().kind != tokDigestName {
			return p.unexpected("another digest", "behind the last digest write the command without a ','")
		}
	}
	m.Negated = p.accept(tokBang)
	// The token stays where it is until the next one is looked at.
	t := p.peek()
	switch t.kind {
	case tokAll:
		m.Command = Command{Kind: CommandAll, Name: "ALL"}
	case tokAlias:
		m.Command = Command{Kind: CommandAlias, Name: t.text}
	case tokCommand:
		c := &m.Command
		c.Kind, c.Name, c.Args, c.HasArgs = commandKind(t.text), t.text, t.args, t.hasArgs
	case tokWord:
		if t.text != "list" || !p.version.has(1, 9, 13) {
			p.hasTok = false
			p.report(p.pos(t), "expected a fully-qualified path name, found "+t.describe(p.lex.text), wordHint(t.text))
			return false
		}
		m.Command = Command{Kind: CommandPseudo, Name: "list"}
	default:
		return p.unexpected("a command", commandHint(t))
	}
	p.hasTok = false
	m.Span.End = t.end
	if len(t.text) >= maxPath {
		p.report(p.pos(t), "command too long", "use a path shorter than 4096 bytes")
		return false
	}
	if len(m.Digests) > 0 && t.kind != tokCommand && t.kind != tokAll {
		if t.kind == tokAlias || t.kind == tokWord && t.text != "list" {
			p.report(p.pos(t), "a digest requires a path name", "write the digest before each command inside the alias")
			return false
		}
	}
	if m.Command.Kind == CommandRegex && !p.version.has(1, 9, 15) {
		// visudo compiles the regular expression of a command, but not of its arguments;
		// newer ones do so in strict mode only.
		if err := regular.CheckERE(m.Command.Name); err != nil {
			p.report(p.pos(t), err.Error(), "write a POSIX extended regular expression")
		}
	}
	if m.Command.Name == "sudoedit" && t.end > t.start && p.lex.text[t.start] == '/' && !p.version.has(1, 9, 16) {
		p.report(p.pos(t), "sudoedit should not be specified with a path", "write sudoedit without a path")
	}
	return true
}

func commandKind(name string) CommandKind {
	switch name[0] {
	case '/':
		return CommandPath
	case '^':
		return CommandRegex
	}
	return CommandPseudo
}

func (p *parser) digest() (Digest, bool) {
	name := p.next()
	if !p.accept(tokColon) {
		return Digest{}, p.unexpected("':' behind "+name.text, "write "+name.text+":checksum /path/to/command")
	}
	if p.peek().kind != tokDigest {
		size := digestSize(name.text)
		return Digest{}, p.unexpected("a "+name.text+" checksum",
			"write the checksum as "+itoa(2*size)+" hexadecimal digits or as base64 of "+itoa(size)+" bytes")
	}
	d := p.next()
	return Digest{Algorithm: name.text, Value: d.text}, true
}

// list reads members separated by commas.
func (p *parser) list(kind func(*token) (MemberKind, bool, string)) ([]Member, bool) {
	for {
		first := p.peek()
		at, start := p.pos(first), first.start
		negated := p.accept(tokBang)
		t := p.peek()
		k, ok, want := kind(t)
		if !ok {
			return p.members.take(), p.unexpected(want, memberHint(t, want))
		}
		m := p.members.grow()
		m.Kind, m.Negated, m.Name = k, negated, t.text
		m.Pos, m.Span = at, Span{Start: start, End: t.end}
		p.hasTok = false
		if !p.comma() {
			return p.members.take(), true
		}
	}
}

func (p *parser) user(t *token) (MemberKind, bool, string) {
	switch t.kind {
	case tokGroup:
		return MemberGroup, true, ""
	case tokNetgroup:
		return MemberNetgroup, true, ""
	}
	k, ok, _ := p.group(t)
	return k, ok, "a user name"
}

func (p *parser) host(t *token) (MemberKind, bool, string) {
	switch t.kind {
	case tokAddress:
		return MemberAddress, true, ""
	case tokNetgroup:
		return MemberNetgroup, true, ""
	}
	k, ok, _ := p.group(t)
	return k, ok, "a host name"
}

func (p *parser) group(t *token) (MemberKind, bool, string) {
	switch t.kind {
	case tokAlias:
		return MemberAlias, true, ""
	case tokAll:
		return MemberAll, true, ""
	case tokWord:
		return MemberWord, true, ""
	}
	return 0, false, "a group name without '%'"
}
