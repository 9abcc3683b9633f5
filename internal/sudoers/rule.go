package sudoers

import (
	"strconv"
	"strings"
)

// Rule is a structured grant: one line of a policy. The zero value of each field
// but Commands leaves it out.
type Rule struct {
	// Commands in sudoers syntax, one each; see ParseCommand.
	Commands []string
	// RunAsUsers and RunAsGroups are names, "#id", "%group" (users only) or ALL.
	// None of both means root, the default of sudo, written out.
	RunAsUsers  []string
	RunAsGroups []string
	// Hosts are host names, globs or addresses; none means ALL.
	Hosts []string

	NoPasswd  Tri
	NoExec    Tri
	Setenv    Tri
	LogInput  Tri
	LogOutput Tri

	// Timeout as in "1h30m", NotBefore and NotAfter as generalized times, Cwd an
	// absolute path, "~" or "*".
	Timeout   string
	NotBefore string
	NotAfter  string
	Cwd       string

	// Comment is put before the rule, a '#' before each of its lines.
	Comment string
}

// Policy is a structured policy for one subject.
type Policy struct {
	// Name of the file, for positions.
	Name string
	// Subject is a user name, "#uid", "%group" or "%#gid".
	Subject string
	// Defaults are settings in sudoers syntax, as in `use_pty` or
	// `iolog_dir=/var/log/sudo-io`; they are bound to the subject.
	Defaults []string
	Rules    []Rule
	// Header is a comment at the top of the file.
	Header string
}

// RuleError is an error in one part of a structured policy.
type RuleError struct {
	// Field is the name of the field of Rule, or "Subject" or "Defaults".
	Field string
	// Rule is the index in Rules, -1 for Subject and Defaults.
	Rule int
	// Index is the index within the field if that is a list, else -1.
	Index int
	// Err has the place within the text of that element, and a hint.
	Err *Error
}

// Error gives "rules[1].Commands[0]: col 5: message".
func (e *RuleError) Error() string {
	var b strings.Builder
	if e.Rule >= 0 {
		b.WriteString("rules[" + strconv.Itoa(e.Rule) + "].")
	}
	b.WriteString(e.Field)
	if e.Index >= 0 {
		b.WriteString("[" + strconv.Itoa(e.Index) + "]")
	}
	b.WriteString(": col " + strconv.Itoa(e.Err.Pos.Col) + ": " + e.Err.Msg)
	return b.String()
}

// Build makes a policy file of structured rules: the Defaults, then one user
// specification a rule. Nothing in the strings can break out of its place. With
// errors the file is nil. Print gives its text.
func Build(p Policy, v Version) (*File, []*RuleError) {
	b := &builder{policy: p, version: v, rule: -1}
	f := &File{Name: p.Name}
	b.comments(f, p.Header)
	subject, ok := b.subject(p.Subject)
	if !ok {
		return nil, b.errs
	}
	if len(p.Defaults) > 0 {
		b.gap(f)
		for i, text := range p.Defaults {
			if s, ok := b.setting(i, text); ok {
				f.Entries = append(f.Entries, &Defaults{Scope: ScopeUser, Members: []Member{subject}, Settings: []Setting{s}})
			}
		}
	}
	for i := range p.Rules {
		b.rule = i
		if i == 0 || p.Rules[i].Comment != "" {
			b.gap(f)
		}
		b.comments(f, p.Rules[i].Comment)
		f.Entries = append(f.Entries, &UserSpec{Users: []Member{subject}, Privileges: []Privilege{b.privilege(&p.Rules[i])}})
	}
	if len(b.errs) > 0 {
		return nil, b.errs
	}
	// Parsing the text gives every entry its place, and proves the text.
	text := Print(f)
	parsed, errs := Parse(p.Name, text, v)
	for _, e := range errs {
		b.rule = -1
		b.fail("Rules", -1, e.Msg, e.Hint)
	}
	if len(b.errs) == 0 && !SameEntries(f.Entries, parsed.Entries) {
		b.rule = -1
		b.fail("Rules", -1, "sudo would read the text of the policy otherwise than it was meant", "write each command so that nothing behind it can belong to it")
	}
	if len(b.errs) > 0 {
		return nil, b.errs
	}
	return parsed, nil
}

// Render gives the canonical text of a structured policy.
func Render(p Policy, v Version) (string, []*RuleError) {
	f, errs := Build(p, v)
	if len(errs) > 0 {
		return "", errs
	}
	return Print(f), nil
}

type builder struct {
	policy  Policy
	version Version
	rule    int
	errs    []*RuleError
}

func (b *builder) fail(field string, index int, msg, hint string) {
	b.failAt(field, index, &Error{Pos: Pos{Line: 1, Col: 1}, Msg: msg, Hint: hint})
}

func (b *builder) failAt(field string, index int, err *Error) {
	b.errs = append(b.errs, &RuleError{Field: field, Rule: b.rule, Index: index, Err: err})
}

// gap puts an empty line between two blocks.
func (b *builder) gap(f *File) {
	if len(f.Entries) > 0 {
		f.Entries = append(f.Entries, &Comment{Blank: true})
	}
}

// comments puts each line of text behind "# ".
func (b *builder) comments(f *File, text string) {
	if text == "" {
		return
	}
	clean := strings.NewReplacer("\r", " ", "\x00", " ").Replace(strings.TrimRight(text, "\n"))
	for _, line := range strings.Split(clean, "\n") {
		if line != "" {
			line = " " + strings.TrimLeft(line, " \t")
		}
		f.Entries = append(f.Entries, &Comment{Text: line})
	}
}

func (b *builder) subject(s string) (Member, bool) {
	m := memberOf(s)
	switch {
	case s == "":
		b.fail("Subject", -1, "empty subject", "write a user name, or %group")
	case badName(s):
		b.fail("Subject", -1, "a control character in the subject", "write a user name, or %group")
	case s == "%" || s == "%:" || s == "+":
		b.fail("Subject", -1, "empty group", "write the name of the group behind the sign")
	case strings.HasPrefix(s, "!"), m.Kind == MemberWord && severalNames(s):
		b.fail("Subject", -1, "not one name", "write one user name, or %group")
	default:
		return m, true
	}
	return m, false
}

// memberOf reads a name as it stands in structured rules: a literal, but for the
// sign of a group or netgroup and ALL.
func memberOf(s string) Member {
	switch {
	case s == "ALL":
		return Member{Kind: MemberAll, Name: s}
	case strings.HasPrefix(s, "%"):
		return Member{Kind: MemberGroup, Name: s}
	case strings.HasPrefix(s, "+"):
		return Member{Kind: MemberNetgroup, Name: s}
	}
	return Member{Kind: MemberWord, Name: s}
}

// severalNames tells a text that looks like more than one name, or like syntax of sudoers: no account and no host has
// such a name. Groups of a directory may.
func severalNames(s string) bool { return strings.ContainsAny(s, ",=\"") }

func badName(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0
}

func (b *builder) members(field string, names []string, hosts, groups bool) []Member {
	list := make([]Member, 0, len(names))
	for i, s := range names {
		m := memberOf(s)
		if hosts {
			if n, valid := address(s); n == len(s) && n > 0 && valid {
				m.Kind = MemberAddress
			}
		}
		switch {
		case s == "" || m.Kind == MemberGroup && (s == "%" || s == "%:") || s == "+":
			b.fail(field, i, "empty name", "write a name, or remove the element")
		case badName(s):
			b.fail(field, i, "a control character in a name", "write the name without it")
		case strings.HasPrefix(s, "!"):
			b.fail(field, i, "'!' excludes nothing here: it would be a letter of the name", "list what is meant, or write the rule in content")
		case m.Kind == MemberWord && !groups && severalNames(s) || hosts && m.Kind == MemberWord && strings.ContainsAny(s, " \t:/"):
			b.fail(field, i, "not one name", "write each name as an element of its own")
		case m.Kind == MemberGroup && (hosts || groups):
			b.fail(field, i, "'%' has no meaning here", "write the name without '%'")
		case m.Kind == MemberNetgroup && groups:
			b.fail(field, i, "netgroups are no groups to run as", "write the name of a group")
		default:
			list = append(list, m)
		}
	}
	return list
}

// setting reads one Defaults setting.
func (b *builder) setting(i int, text string) (Setting, bool) {
	if strings.ContainsAny(text, "\x00\r\n") {
		b.fail("Defaults", i, "a setting must stand on one line", "remove the line break")
		return Setting{}, false
	}
	const head = "Defaults "
	f, errs := Parse("", head+text+"\n", b.version)
	for _, e := range errs {
		e.Pos.Col = max(1, e.Pos.Col-len(head))
		if e.Pos.Line > 1 {
			// A backslash at the end would go on in the next line.
			e.Pos.Line, e.Pos.Col = 1, max(1, len(text))
		}
		b.failAt("Defaults", i, e)
	}
	if len(errs) > 0 {
		return Setting{}, false
	}
	if len(f.Entries) == 1 {
		if d, ok := f.Entries[0].(*Defaults); ok && len(d.Settings) == 1 && !d.HasTrailing {
			return d.Settings[0], true
		}
	}
	b.fail("Defaults", i, "not exactly one setting", "write one setting in each element, and no comment; put a value with ',' or '#' in double quotes")
	return Setting{}, false
}

func (b *builder) privilege(r *Rule) Privilege {
	var p Privilege
	if len(r.Hosts) == 0 {
		p.Hosts = []Member{{Kind: MemberAll, Name: "ALL"}}
	} else {
		p.Hosts = b.members("Hosts", r.Hosts, true, false)
	}
	runAs := &RunAs{
		Users:  b.members("RunAsUsers", r.RunAsUsers, false, false),
		Groups: b.members("RunAsGroups", r.RunAsGroups, false, true),
	}
	if len(r.RunAsUsers) == 0 && len(r.RunAsGroups) == 0 {
		runAs.Users = []Member{{Kind: MemberWord, Name: "root"}}
	}
	if len(r.Commands) == 0 {
		b.fail("Commands", -1, "a rule needs a command", "write at least one command, for example /usr/bin/id")
	}
	for i, text := range r.Commands {
		m, errs := ParseCommand(text, b.version)
		for _, e := range errs {
			b.failAt("Commands", i, e)
		}
		p.Commands = append(p.Commands, CommandSpec{CommandMember: m})
	}
	if len(p.Commands) > 0 {
		first := &p.Commands[0]
		first.RunAs, first.Options, first.Tags = runAs, b.options(r), r.tags()
	}
	return p
}

func (b *builder) options(r *Rule) []Option {
	var list []Option
	for _, o := range []struct {
		field string
		kind  OptionKind
		value string
	}{
		{"Cwd", OptionCwd, r.Cwd},
		{"Timeout", OptionTimeout, r.Timeout},
		{"NotBefore", OptionNotBefore, r.NotBefore},
		{"NotAfter", OptionNotAfter, r.NotAfter},
	} {
		if o.value == "" {
			continue
		}
		if badName(o.value) {
			b.fail(o.field, -1, "a control character in the value", "write the value without it")
		} else if msg, hint := checkOption(o.kind, o.value); msg != "" {
			b.fail(o.field, -1, msg, hint)
		} else if o.kind == OptionTimeout && strings.Trim(o.value, "0dhmsDHMS") == "" {
			b.fail(o.field, -1, "no time: sudo takes it for no limit", "write a time such as 30m, or leave it out")
		}
		list = append(list, Option{Kind: o.kind, Value: o.value})
	}
	return list
}

func (r *Rule) tags() []Tag {
	s := TagSet{NoPasswd: r.NoPasswd, NoExec: r.NoExec, Setenv: r.Setenv, LogInput: r.LogInput, LogOutput: r.LogOutput}
	return s.Tags()
}
