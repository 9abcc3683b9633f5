package policy

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// aliasKey is a name in one of the four name spaces.
type aliasKey struct {
	kind sudoers.AliasKind
	name string
}

// aliasBody is an alias while it is looked through. An alias that refers to
// itself is taken for undefined where it does (alias.c, alias_get).
type aliasBody struct {
	def  *sudoers.Alias
	busy bool
}

// matcher holds what the lists of a policy are compared with.
type matcher struct {
	env     *Environment
	aliases map[aliasKey]*aliasBody

	subject Subject
	runAs   runAsTarget
	host    hostName
	line    commandLine

	foldUser, foldGroup bool
	groupByID           bool
	fastGlob            bool
	netgroups           bool
	runasDefault        string
	locale              string // of expressions and patterns, "" for C
	runchroot           string
	plugin              groupPlugin
	outside             bool // only what a directory or a plug-in answers is in doubt
	anyOptions          bool // what is in doubt is asked with all values of the options that say how names are compared
	strayed             bool // a rule behind this one has a root of its own, see straying

	known    map[aliasQuestion]verdict
	patterns map[*sudoers.Command]*commandPattern
	circles  int // how often an alias was met that was in use

	boundIf string // on what it depends that Defaults bound to the command say what they seem to, "" if on nothing

	budget regular.Budget // of what languages of paths cost
	all    *regular.Expr  // see everything, nil until it is asked for
}

// hostName is the node as the policy sees it.
type hostName struct {
	short, long string
	addresses   []netip.Addr
	interfaces  []netip.Prefix
}

// runAsTarget is whom and which group the command is to run as.
type runAsTarget struct {
	user       Subject
	userGiven  bool
	group      string
	groupID    *int
	groupGiven bool
}

func newMatcher(tree *sudoers.Tree, env *Environment) *matcher {
	if env == nil {
		env = Debian(sudoers.Version{})
	}
	m := &matcher{env: env, aliases: map[aliasKey]*aliasBody{}, patterns: map[*sudoers.Command]*commandPattern{}, foldUser: true, foldGroup: true, netgroups: true, runasDefault: "root"}
	for _, e := range tree.Entries {
		def, ok := e.(*sudoers.AliasDef)
		if !ok {
			continue
		}
		for i := range def.Aliases {
			m.aliases[aliasKey{def.Kind, def.Aliases[i].Name}] = &aliasBody{def: &def.Aliases[i]}
		}
	}
	return m
}

// aliasQuestion is an alias and what is asked about it.
type aliasQuestion struct {
	key     aliasKey
	subject string
}

// inAlias looks through an alias. Found is false if it is undefined or in use. The
// answer is kept for the same subject until a setting changes, so that aliases which
// name others again and again are looked through once; not, where it depends on
// which aliases are in use.
func (m *matcher) inAlias(kind sudoers.AliasKind, name, subject string, look func(*sudoers.Alias) verdict) (v verdict, found bool) {
	body := m.aliases[aliasKey{kind, name}]
	if body == nil {
		return unspecified, false
	}
	if body.busy {
		m.circles++
		return unspecified, false
	}
	q := aliasQuestion{aliasKey{kind, name}, subject}
	if v, known := m.known[q]; known {
		return v, true
	}
	circles := m.circles
	body.busy = true
	v = look(body.def)
	body.busy = false
	if m.circles == circles {
		if m.known == nil {
			m.known = map[aliasQuestion]verdict{}
		}
		m.known[q] = v
	}
	return v, true
}

// list gives what the last matching member says, and what those say before it that only may match.
func list(members []sudoers.Member, one func(*sudoers.Member) verdict) (said verdict, first *sudoers.Member) {
	for i := len(members) - 1; i >= 0; i-- {
		v := one(&members[i])
		if v == unspecified {
			continue
		}
		said |= v &^ unsure
		if first == nil {
			first = &members[i]
		}
		if v&unsure == 0 {
			return said, first
		}
	}
	if first != nil {
		said |= unsure
	}
	return said, first
}

func flip(v verdict, negated bool) verdict {
	if negated {
		return v.negated()
	}
	return v
}

// users matches a user list against a subject (match.c, userlist_matches). The
// member is the one that decided.
func (m *matcher) users(members []sudoers.Member, kind sudoers.AliasKind, s Subject) (verdict, *sudoers.Member) {
	return list(members, func(u *sudoers.Member) verdict {
		switch u.Kind {
		case sudoers.MemberAll:
			return member(true, u.Negated)
		case sudoers.MemberGroup:
			// By id, the name must belong to a group of the node.
			return member(s.inGroup(u.Name, m.foldGroup && !m.groupByID), u.Negated)
		case sudoers.MemberNetgroup:
			return member(m.netgroups && s.inNetgroup(u.Name), u.Negated)
		case sudoers.MemberAlias:
			v, found := m.inAlias(kind, u.Name, s.Name, func(a *sudoers.Alias) verdict {
				v, _ := m.users(a.Members, kind, s)
				return v
			})
			if found {
				return flip(v, u.Negated)
			}
		}
		return member(s.isName(u.Name, m.foldUser), u.Negated)
	})
}

// hosts matches a host list (match.c, hostlist_matches).
func (m *matcher) hosts(members []sudoers.Member) verdict {
	v, _ := list(members, func(h *sudoers.Member) verdict {
		switch h.Kind {
		case sudoers.MemberAll:
			return member(true, h.Negated)
		case sudoers.MemberNetgroup:
			// Which netgroups a node is in is not known: none.
			return unspecified
		case sudoers.MemberAddress:
			return member(m.host.hasAddress(h.Name), h.Negated)
		case sudoers.MemberAlias:
			v, found := m.inAlias(sudoers.HostAlias, h.Name, "", func(a *sudoers.Alias) verdict {
				return m.hosts(a.Members)
			})
			if found {
				return flip(v, h.Negated)
			}
		}
		return commandVerdict(m.host.isName(h.Name), h.Negated)
	})
	return v
}

// isName compares a host name: with a dot in the pattern the long name, without
// the short one (match.c, hostname_matches).
func (h *hostName) isName(pattern string) match {
	name := h.short
	if strings.Contains(pattern, ".") {
		name = h.long
	}
	if sudoers.HasMeta(pattern) {
		glob := textPattern{source: regular.Glob{Pattern: pattern, Fold: true}}
		return glob.matches(name)
	}
	return matched(sameName(pattern, name, true))
}

// hasAddress compares an address or network with those of the node (match_addr.c, addr_matches). Addresses of one
// family are compared bit by bit, also by a mask with holes. A length of 0 is none that sudo takes, so that such a
// network has no address in it.
func (h *hostName) hasAddress(spec string) bool {
	text, length, masked := strings.Cut(spec, "/")
	want, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	var mask []byte
	if masked {
		if mask = netmask(length, want); mask == nil {
			return false
		}
	}
	for _, a := range h.addresses {
		if sameBits(a.Unmap(), want, mask) {
			return true
		}
	}
	for _, i := range h.interfaces {
		if sameBits(i.Addr().Unmap(), want, mask) || !masked && i.Masked().Addr() == want {
			return true
		}
	}
	return false
}

// netmask reads a mask or a length, nil if sudo takes it for none.
func netmask(text string, of netip.Addr) []byte {
	if m, err := netip.ParseAddr(text); err == nil && m.BitLen() == of.BitLen() {
		return m.AsSlice()
	}
	length, err := strconv.Atoi(text)
	if err != nil || length < 1 || length > of.BitLen() {
		return nil
	}
	mask := make([]byte, of.BitLen()/8)
	for i := range length {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	return mask
}

// sameBits compares two addresses where a mask has ones; everywhere without one.
func sameBits(a, b netip.Addr, mask []byte) bool {
	if mask == nil || a.BitLen() != b.BitLen() {
		return a == b
	}
	x, y := a.AsSlice(), b.AsSlice()
	for i := range mask {
		if (x[i]^y[i])&mask[i] != 0 {
			return false
		}
	}
	return true
}

// command matches a command or alias with its negation (match.c, cmnd_matches).
// An undefined alias matches nothing. root is the directory in which sudo looks for the files, "" for the node's root.
func (m *matcher) command(c *sudoers.CommandMember, line *commandLine, root string) verdict {
	if c.Command.Kind != sudoers.CommandAlias {
		return commandVerdict(m.commandMatches(&c.Command, m.patternsOf(&c.Command), line, root), c.Negated)
	}
	asked := root
	if m.strayed {
		asked += " strayed"
	}
	v, _ := m.inAlias(sudoers.CmndAlias, c.Command.Name, asked, func(a *sudoers.Alias) verdict {
		return m.commands(a.Commands, line, root)
	})
	return flip(v, c.Negated)
}

func (m *matcher) commands(list []sudoers.CommandMember, line *commandLine, root string) verdict {
	said := unspecified
	for i := len(list) - 1; i >= 0; i-- {
		v := m.command(&list[i], line, root)
		said |= v &^ unsure
		if v != unspecified && v&unsure == 0 {
			return said
		}
	}
	if said != unspecified {
		said |= unsure
	}
	return said
}
