package sudoers

// File is one parsed policy file: what is in force of it, in order.
type File struct {
	Name    string
	Text    string
	Entries []Entry
}

// Entry is one logical line of a policy: *Comment, *Include, *Defaults,
// *AliasDef or *UserSpec.
type Entry interface {
	// Pos is the place of the first word.
	Pos() Pos
	// Span is the whole logical line: from the first byte of its first line to
	// behind the newline of its last. Cutting it out of the text removes the entry.
	Span() Span
	// End is the end of Span.
	End() int
}

// Place says where an entry stands and which comment ends its line.
type Place struct {
	At    Pos
	Range Span
	// Trailing is the comment behind the entry on the same line, without its '#'.
	Trailing string
	// HasTrailing tells an empty trailing comment from none.
	HasTrailing bool
}

// Pos is the place of the first word.
func (p *Place) Pos() Pos { return p.At }

// Span is the range of the whole logical line with its newline.
func (p *Place) Span() Span { return p.Range }

// End is the offset behind the newline of the entry.
func (p *Place) End() int { return p.Range.End }

// Comment is a line with a comment only, or (Blank) a run of empty lines.
type Comment struct {
	Place
	// Text is what follows the '#', without the newline.
	Text  string
	Blank bool
}

// Include is an @include or @includedir line, also in its older form with '#'.
type Include struct {
	Place
	Dir bool
	// Path is the unquoted name; %h in it stands for the short host name.
	Path string
}

// MemberKind says what a member of a user, host or run-as list is.
type MemberKind uint8

// The kinds of list members.
const (
	MemberAll      MemberKind = iota + 1 // ALL
	MemberAlias                          // NAME, may be an undefined one
	MemberWord                           // name, #uid, host name or host glob
	MemberGroup                          // %group, %#gid, %:nonunix
	MemberNetgroup                       // +netgroup
	MemberAddress                        // address or network, in host lists
)

// Member is one element of a user, host or run-as list.
type Member struct {
	Kind    MemberKind
	Negated bool
	// Name is the text with quotes and escapes removed. It keeps the leading
	// '%' of a group, '+' of a netgroup and '#' of an id; "ALL" for MemberAll.
	Name string
	Pos  Pos
	// Span covers the member with its '!'.
	Span Span
}

// Scope says to whom a Defaults line applies.
type Scope uint8

// The five bindings of Defaults, in the order in which sudo applies them.
const (
	ScopeGlobal  Scope = iota // Defaults
	ScopeHost                 // Defaults@hosts
	ScopeUser                 // Defaults:users
	ScopeRunAs                // Defaults>users
	ScopeCommand              // Defaults!commands
)

// Defaults is one Defaults line.
type Defaults struct {
	Place
	Scope Scope
	// Members is the binding of host, user and run-as scope.
	Members []Member
	// Commands is the binding of command scope.
	Commands []CommandMember
	Settings []Setting
}

// Operator is what a setting does with its value.
type Operator uint8

// The operators of a Defaults setting.
const (
	OpTrue   Operator = iota // name
	OpFalse                  // !name
	OpAssign                 // name=value
	OpAdd                    // name+=value
	OpRemove                 // name-=value
)

// Setting is one option of a Defaults line.
type Setting struct {
	Name     string
	Operator Operator
	// Value has quotes and escapes removed.
	Value string
	Pos   Pos
}

// AliasKind is one of the four name spaces of aliases.
type AliasKind uint8

// The four kinds of aliases.
const (
	UserAlias AliasKind = iota
	HostAlias
	RunasAlias
	CmndAlias
)

// AliasDef is one alias line; it may define several aliases of one kind.
type AliasDef struct {
	Place
	Kind    AliasKind
	Aliases []Alias
}

// Alias is one definition.
type Alias struct {
	Name string
	// Members is the body of a user, host or run-as alias.
	Members []Member
	// Commands is the body of a command alias.
	Commands []CommandMember
	Pos      Pos
}

// UserSpec is one rule line: who may run what, where and as whom.
type UserSpec struct {
	Place
	Users      []Member
	Privileges []Privilege
}

// Privilege is one "hosts = commands" part of a rule line.
type Privilege struct {
	Hosts    []Member
	Commands []CommandSpec
}

// CommandSpec is one command with what is written before it. Anything absent is
// taken over from the command before it in the same privilege; see Effective.
type CommandSpec struct {
	// RunAs is nil if no parentheses are written.
	RunAs   *RunAs
	Options []Option
	Tags    []Tag
	CommandMember
}

// RunAs is a "(users : groups)" list. No users at all means that the invoking
// user runs the command as himself: "()" and "(:groups)".
type RunAs struct {
	Users  []Member
	Groups []Member
}

// CommandMember is a command as it stands in a list, with digests and negation.
type CommandMember struct {
	Digests []Digest
	Negated bool
	Command Command
	Pos     Pos
	Span    Span
}

// Digest is a checksum that the file must have.
type Digest struct {
	// Algorithm is sha224, sha256, sha384 or sha512.
	Algorithm string
	// Value is hexadecimal or base64, as written.
	Value string
}

// CommandKind says what a command is.
type CommandKind uint8

// The kinds of commands.
const (
	CommandAll    CommandKind = iota + 1 // ALL
	CommandAlias                         // NAME
	CommandPath                          // path, directory or glob
	CommandRegex                         // ^path$
	CommandPseudo                        // sudoedit or list
)

// Command is one command pattern.
type Command struct {
	Kind CommandKind
	// HasArgs tells a pattern for the arguments, even an empty one, from none.
	HasArgs bool
	// Name is the path or the regular expression as sudo compares it: the
	// escapes before , : = # and spaces are removed. "ALL" for CommandAll.
	Name string
	// Args is the pattern for the arguments joined by single spaces, "" with
	// HasArgs false for any arguments. `""` means no arguments.
	Args string
}

// Tag is a word with a colon before a command.
type Tag uint8

// The tags of sudoers(5), in its order.
const (
	TagExec Tag = iota + 1
	TagNoExec
	TagFollow
	TagNoFollow
	TagIntercept
	TagNoIntercept
	TagLogInput
	TagNoLogInput
	TagLogOutput
	TagNoLogOutput
	TagMail
	TagNoMail
	TagPasswd
	TagNoPasswd
	TagSetenv
	TagNoSetenv
)

var tagNames = [...]string{
	TagExec: "EXEC", TagNoExec: "NOEXEC",
	TagFollow: "FOLLOW", TagNoFollow: "NOFOLLOW",
	TagIntercept: "INTERCEPT", TagNoIntercept: "NOINTERCEPT",
	TagLogInput: "LOG_INPUT", TagNoLogInput: "NOLOG_INPUT",
	TagLogOutput: "LOG_OUTPUT", TagNoLogOutput: "NOLOG_OUTPUT",
	TagMail: "MAIL", TagNoMail: "NOMAIL",
	TagPasswd: "PASSWD", TagNoPasswd: "NOPASSWD",
	TagSetenv: "SETENV", TagNoSetenv: "NOSETENV",
}

// String gives the tag without its colon.
func (t Tag) String() string {
	if int(t) < len(tagNames) {
		return tagNames[t]
	}
	return ""
}

// OptionKind is the name of a KEY=value option before a command.
type OptionKind string

// The options of sudoers(5).
const (
	OptionRole            OptionKind = "ROLE"
	OptionType            OptionKind = "TYPE"
	OptionAppArmorProfile OptionKind = "APPARMOR_PROFILE"
	OptionPrivs           OptionKind = "PRIVS"
	OptionLimitPrivs      OptionKind = "LIMITPRIVS"
	OptionNotBefore       OptionKind = "NOTBEFORE"
	OptionNotAfter        OptionKind = "NOTAFTER"
	OptionTimeout         OptionKind = "TIMEOUT"
	OptionCwd             OptionKind = "CWD"
	OptionChroot          OptionKind = "CHROOT"
)

// Option is one KEY=value before a command.
type Option struct {
	Kind  OptionKind
	Value string
	Pos   Pos
}

// String gives the keyword that introduces aliases of this kind.
func (k AliasKind) String() string {
	switch k {
	case UserAlias:
		return "User_Alias"
	case HostAlias:
		return "Host_Alias"
	case RunasAlias:
		return "Runas_Alias"
	default:
		return "Cmnd_Alias"
	}
}
