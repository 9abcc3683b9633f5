package sudoers

// Tri is a setting that may be left open.
type Tri int8

// The values of a Tri.
const (
	Unset Tri = iota
	Yes
	No
	// Implied is the SETENV that ALL brings along; it is not handed on.
	Implied
)

// IsYes tells whether the setting is on, be it implied.
func (t Tri) IsYes() bool { return t == Yes || t == Implied }

// TagSet is what the tags of a command add up to.
type TagSet struct {
	NoPasswd  Tri
	NoExec    Tri
	Setenv    Tri
	LogInput  Tri
	LogOutput Tri
	Intercept Tri
	Mail      Tri
	Follow    Tri
}

// slot gives the setting that a tag changes and the value that it gives it.
func (s *TagSet) slot(t Tag) (*Tri, Tri) {
	switch t {
	case TagNoPasswd:
		return &s.NoPasswd, Yes
	case TagPasswd:
		return &s.NoPasswd, No
	case TagNoExec:
		return &s.NoExec, Yes
	case TagExec:
		return &s.NoExec, No
	case TagSetenv:
		return &s.Setenv, Yes
	case TagNoSetenv:
		return &s.Setenv, No
	case TagLogInput:
		return &s.LogInput, Yes
	case TagNoLogInput:
		return &s.LogInput, No
	case TagLogOutput:
		return &s.LogOutput, Yes
	case TagNoLogOutput:
		return &s.LogOutput, No
	case TagIntercept:
		return &s.Intercept, Yes
	case TagNoIntercept:
		return &s.Intercept, No
	case TagMail:
		return &s.Mail, Yes
	case TagNoMail:
		return &s.Mail, No
	case TagFollow:
		return &s.Follow, Yes
	default:
		return &s.Follow, No
	}
}

// Tags lists the tags that are set, in canonical order. An implied SETENV is not
// listed.
func (s TagSet) Tags() []Tag {
	var tags []Tag
	for _, t := range []Tag{
		TagNoPasswd, TagPasswd, TagNoExec, TagExec, TagSetenv, TagNoSetenv,
		TagLogInput, TagNoLogInput, TagLogOutput, TagNoLogOutput,
		TagIntercept, TagNoIntercept, TagMail, TagNoMail, TagFollow, TagNoFollow,
	} {
		if have, want := s.slot(t); *have == want {
			tags = append(tags, t)
		}
	}
	return tags
}

// Effective is one command with everything that it takes over from the commands
// before it in the same privilege.
type Effective struct {
	// RunAs is nil if no command so far has a list: runas_default applies.
	RunAs *RunAs
	Tags  TagSet
	// Options in force; "" is not set.
	Cwd, Chroot         string
	Role, Type          string
	AppArmorProfile     string
	Privs, LimitPrivs   string
	NotBefore, NotAfter string
	Timeout             string
	CommandMember
}

// Options lists the options in force in canonical order.
func (e *Effective) Options() []Option {
	var list []Option
	for _, o := range []Option{
		{Kind: OptionRole, Value: e.Role}, {Kind: OptionType, Value: e.Type},
		{Kind: OptionAppArmorProfile, Value: e.AppArmorProfile},
		{Kind: OptionPrivs, Value: e.Privs}, {Kind: OptionLimitPrivs, Value: e.LimitPrivs},
		{Kind: OptionCwd, Value: e.Cwd}, {Kind: OptionChroot, Value: e.Chroot},
		{Kind: OptionTimeout, Value: e.Timeout},
		{Kind: OptionNotBefore, Value: e.NotBefore}, {Kind: OptionNotAfter, Value: e.NotAfter},
	} {
		if o.Value != "" {
			list = append(list, o)
		}
	}
	return list
}

// Spec writes the command with all that it took over spelt out.
func (e *Effective) Spec() CommandSpec {
	return CommandSpec{RunAs: e.RunAs, Options: e.Options(), Tags: e.Tags.Tags(), CommandMember: e.CommandMember}
}

// Effective gives the commands of a privilege with what they take over from left
// to right (gram.y, propagate_cmndspec). Each item is inherited on its own; role
// and type, and the two privilege sets, go in pairs, users and groups of a run-as
// list together.
func (p *Privilege) Effective() []Effective {
	list := make([]Effective, len(p.Commands))
	for i := range p.Commands {
		e := &list[i]
		p.Commands[i].own(e)
		if i > 0 {
			e.inherit(&list[i-1])
		}
	}
	return list
}

// own sets what is written at the command itself.
func (s *CommandSpec) own(e *Effective) {
	e.RunAs = s.RunAs
	e.CommandMember = s.CommandMember
	for _, o := range s.Options {
		*e.option(o.Kind) = o.Value
	}
	for _, t := range s.Tags {
		slot, v := e.Tags.slot(t)
		*slot = v
	}
	if s.Command.Kind == CommandAll && !s.Negated && e.Tags.Setenv == Unset {
		e.Tags.Setenv = Implied
	}
}

func (e *Effective) option(k OptionKind) *string {
	switch k {
	case OptionRole:
		return &e.Role
	case OptionType:
		return &e.Type
	case OptionAppArmorProfile:
		return &e.AppArmorProfile
	case OptionPrivs:
		return &e.Privs
	case OptionLimitPrivs:
		return &e.LimitPrivs
	case OptionCwd:
		return &e.Cwd
	case OptionChroot:
		return &e.Chroot
	case OptionTimeout:
		return &e.Timeout
	case OptionNotBefore:
		return &e.NotBefore
	default:
		return &e.NotAfter
	}
}

func (e *Effective) inherit(prev *Effective) {
	inherit := func(dst *string, src string) {
		if *dst == "" {
			*dst = src
		}
	}
	inherit(&e.Cwd, prev.Cwd)
	inherit(&e.Chroot, prev.Chroot)
	inherit(&e.AppArmorProfile, prev.AppArmorProfile)
	inherit(&e.NotBefore, prev.NotBefore)
	inherit(&e.NotAfter, prev.NotAfter)
	inherit(&e.Timeout, prev.Timeout)
	if e.Role == "" && e.Type == "" {
		e.Role, e.Type = prev.Role, prev.Type
	}
	if e.Privs == "" && e.LimitPrivs == "" {
		e.Privs, e.LimitPrivs = prev.Privs, prev.LimitPrivs
	}
	e.Tags.inherit(&prev.Tags)
	if e.RunAs == nil {
		e.RunAs = prev.RunAs
	}
}

func (s *TagSet) inherit(prev *TagSet) {
	for _, pair := range [...][2]*Tri{
		{&s.NoPasswd, &prev.NoPasswd}, {&s.NoExec, &prev.NoExec},
		{&s.LogInput, &prev.LogInput}, {&s.LogOutput, &prev.LogOutput},
		{&s.Intercept, &prev.Intercept}, {&s.Mail, &prev.Mail}, {&s.Follow, &prev.Follow},
	} {
		if *pair[0] == Unset {
			*pair[0] = *pair[1]
		}
	}
	// The SETENV that ALL implies stands in the way of one written before it.
	if s.Setenv == Unset && prev.Setenv != Implied {
		s.Setenv = prev.Setenv
	}
}
