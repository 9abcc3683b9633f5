package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Verdict is the answer of a policy to one command line.
type Verdict string

// The answers. What does not match is not allowed. Unknown is what the node allows or not, by what the model cannot
// see.
const (
	Allowed   Verdict = "allowed"
	Denied    Verdict = "denied"
	Unmatched Verdict = "unmatched"
	Unknown   Verdict = "unknown"
)

// Request is one command line: who wants to run what, where and as whom.
type Request struct {
	Subject Subject
	// Host is the short name of the node, LongHost the name with domain (Host if
	// empty). Without Host only ALL and a pattern that matches anything do.
	Host      string
	LongHost  string
	Addresses []netip.Addr
	// Interfaces are addresses with the length of their network. sudo takes the
	// address of a network for a name of every node in it.
	Interfaces []netip.Prefix
	// RunAsUser is the target of -u, empty for runas_default, or for the subject
	// himself if RunAsGroup is given.
	RunAsUser *Subject
	// RunAsGroup is the target of -g, RunAsGroupID its id if known.
	RunAsGroup   string
	RunAsGroupID *int
	// Command is an absolute path, or "sudoedit" or "list".
	Command string
	Args    []string
	// Time is compared with NOTBEFORE and NOTAFTER; zero leaves them out of the
	// decision. Times of a policy without zone are read in its location.
	Time time.Time
	// Env is the node's file system, nil for Debian's.
	Env *Environment
	// Candidates asks for the rules that matched the command and did not decide.
	Candidates bool

	assumed string // what is taken for given about the target, see classesOf
}

// Decision is the answer with its reasons.
type Decision struct {
	Verdict Verdict
	// Rule is the grant that decided, nil if nothing matched.
	Rule *Grant
	// NoPasswd tells whether no password is asked for.
	NoPasswd bool
	// Tags in force, from the rule and the Defaults.
	Tags sudoers.TagSet
	// Settings are the Defaults in force.
	Settings Settings
	// Candidates are the rules that lost, if the request asked for them.
	Candidates []Candidate
	// Assumptions say what the answer takes for given.
	Assumptions []string
	// If says on what an Unknown verdict depends.
	If []string
}

// Decide answers as the node's sudo would (lookup.c, sudoers_lookup_check): the
// last command in the policy that matches decides, if its line names the user and
// the host, its time has come, and its run-as list admits the target.
func Decide(tree *sudoers.Tree, r Request) Decision {
	m := newMatcher(tree, r.Env)
	m.prepare(&r)
	d := Decision{Verdict: Unmatched, Settings: m.settings(tree, &r)}
	d.Assumptions = m.assumptions(tree, &r)
	v, g := m.walk(tree, &r, &d)
	var decided sudoers.Pos
	if g != nil {
		d.decide(v, g)
		d.NoPasswd = d.NoPasswd || m.isExempt(d.Settings, &g.Effective)
		decided = g.Pos
	}
	if tree.Unread {
		d.Verdict, d.If = Unknown, appendNew(d.If, "the files that were not read say the same")
	}
	if m.boundIf != "" {
		d.Verdict, d.If = Unknown, appendNew(d.If, m.boundIf)
	}
	if d.Verdict != Unknown {
		d.If = nil // all rules that may decide say the same
	}
	if r.Candidates {
		d.Candidates = m.candidates(tree, &r, decided)
	}
	return d
}

// walk looks for the last rule that matches, and on behind those that only may. It gives what all of them say, and the
// first.
func (m *matcher) walk(tree *sudoers.Tree, r *Request, d *Decision) (said verdict, first *Grant) {
	for i := len(tree.Entries) - 1; i >= 0; i-- {
		spec, ok := tree.Entries[i].(*sudoers.UserSpec)
		if !ok {
			continue
		}
		if v, _ := m.users(spec.Users, sudoers.UserAlias, r.Subject); v != allow {
			continue
		}
		v, g := m.privileges(spec, r, d)
		said |= v &^ unsure
		if first == nil {
			first = g
		}
		if g != nil && v&unsure == 0 {
			return said, first
		}
	}
	return said | unsure, first
}

// prepare sets what lists are compared with.
func (m *matcher) prepare(r *Request) {
	m.subject, m.known = r.Subject, nil
	m.host = hostName{short: r.Host, long: r.LongHost, addresses: r.Addresses, interfaces: r.Interfaces}
	if m.host.long == "" {
		m.host.long = r.Host
	}
	m.line = commandLine{path: r.Command, args: strings.Join(r.Args, " "), hasArgs: len(r.Args) > 0}
	m.runAs.group, m.runAs.groupID, m.runAs.groupGiven = r.RunAsGroup, r.RunAsGroupID, r.RunAsGroup != ""
	switch {
	case r.RunAsUser != nil:
		m.runAs.user, m.runAs.userGiven = *r.RunAsUser, true
	case m.runAs.groupGiven:
		m.runAs.user = r.Subject
	default:
		m.runAs.user = m.env.account("root")
	}
}

// settings gives the Defaults in force and takes over those that matter for
// matching. The target user follows runas_default.
func (m *matcher) settings(tree *sudoers.Tree, r *Request) Settings {
	s := Settings{}
	m.collect(tree, s, func(d *sudoers.Defaults) bool {
		switch d.Scope {
		case sudoers.ScopeGlobal:
			return true
		case sudoers.ScopeHost:
			return m.hosts(d.Members)&allow != 0
		case sudoers.ScopeUser:
			v, _ := m.users(d.Members, sudoers.UserAlias, r.Subject)
			return v == allow
		case sudoers.ScopeRunAs:
			return m.runAsMatches(&sudoers.RunAs{Users: d.Members}) == allow
		}
		return false
	})
	m.boundIf = ""
	m.collect(tree, s, func(d *sudoers.Defaults) bool {
		if d.Scope != sudoers.ScopeCommand {
			return false
		}
		v := m.commands(d.Commands, &m.line, "")
		if v&allow != 0 {
			m.doubtBinding(d, v)
		}
		return v&allow != 0
	})
	return s
}

// doubtBinding notes that it is not known what rules match, because of Defaults that are, or may be, bound to the
// command. A root directory makes sudo look the command up anew, also one that is taken away (sudoers.c, cb_runchroot):
// it then compares rules with what it has of the command from before, or nothing.
func (m *matcher) doubtBinding(d *sudoers.Defaults, v verdict) {
	switch {
	case slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return s.Name == "runchroot" }):
		m.boundIf = fmt.Sprintf("sudo still knows the command after the Defaults in line %d, which are bound to it, have changed runchroot", d.At.Line)
	case v&unsure != 0 && changesMatching(d) && m.boundIf == "":
		m.boundIf = fmt.Sprintf("the Defaults in line %d are bound to the command", d.At.Line)
	}
}

// privileges walks one line from its end.
func (m *matcher) privileges(spec *sudoers.UserSpec, r *Request, d *Decision) (said verdict, first *Grant) {
	for i := len(spec.Privileges) - 1; i >= 0; i-- {
		p := &spec.Privileges[i]
		here := m.hosts(p.Hosts)
		if here&allow == 0 {
			continue
		}
		list := p.Effective()
		for j := len(list) - 1; j >= 0; j-- {
			e := &list[j]
			if !m.inTime(e, r.Time) || m.runAsMatches(e.RunAs) != allow {
				continue
			}
			root := m.rootOf(e)
			v := m.command(&e.CommandMember, &m.line, root)
			strayed := m.strayed
			m.strayed = m.strayed || e.Chroot != ""
			if v == unspecified {
				continue
			}
			if here != allow {
				v |= unsure
			}
			said |= v &^ unsure
			if first == nil {
				first = &m.grants(spec, r.Subject)[grantIndex(spec, i, j)]
			}
			if v != allow && v != deny { // an alias may allow or deny for sure, and which is not known
				after := m.strayed
				m.strayed = strayed
				d.If = appendNew(d.If, m.condition(root, &e.Command))
				m.strayed = after
			}
			if v&unsure == 0 {
				return said, first
			}
		}
	}
	return said | unsure, first
}

func grantIndex(spec *sudoers.UserSpec, privilege, command int) int {
	n := command
	for i := range privilege {
		n += len(spec.Privileges[i].Commands)
	}
	return n
}

// inTime compares the time with NOTBEFORE and NOTAFTER, both inclusive. Versions
// 1.9.15 to 1.9.17 forget NOTBEFORE if NOTAFTER is given too.
func (m *matcher) inTime(e *sudoers.Effective, now time.Time) bool {
	if now.IsZero() {
		return true
	}
	now = now.Truncate(time.Second)
	in := true
	if e.NotBefore != "" {
		t, err := sudoers.ParseTime(e.NotBefore, now.Location())
		in = err == nil && !now.Before(t)
	}
	if e.NotAfter != "" {
		t, err := sudoers.ParseTime(e.NotAfter, now.Location())
		before := err == nil && !now.After(t)
		if m.env.forgetsNotBefore() {
			return before
		}
		return in && before
	}
	return in
}

// answer is what the rules that may decide say together.
func (v verdict) answer() Verdict {
	switch {
	case v&allow != 0 && v != allow:
		return Unknown
	case v&allow != 0:
		return Allowed
	case v&deny != 0:
		return Denied
	}
	return Unmatched
}

// decide fills in the answer.
func (d *Decision) decide(v verdict, g *Grant) {
	d.Verdict = v.answer()
	d.Rule = g
	d.Tags = g.Tags
	for _, t := range []struct {
		tag  *sudoers.Tri
		name string
	}{
		{&d.Tags.NoExec, "noexec"}, {&d.Tags.Setenv, "setenv"},
		{&d.Tags.LogInput, "log_input"}, {&d.Tags.LogOutput, "log_output"},
		{&d.Tags.Intercept, "intercept"}, {&d.Tags.Mail, "mail_all_cmnds"}, {&d.Tags.Follow, "sudoedit_follow"},
	} {
		if *t.tag == sudoers.Unset && d.Settings[t.name] != "" {
			*t.tag = tri(d.Settings[t.name] == on)
		}
	}
	d.NoPasswd = g.Tags.NoPasswd == sudoers.Yes ||
		g.Tags.NoPasswd == sudoers.Unset && !d.Settings.flag("authenticate", true)
}

// isExempt reports whether sudo asks for no password regardless of the tags: for a member of exempt_group, for root,
// and for a user who runs a command as himself (check.c, check_user).
func (m *matcher) isExempt(s Settings, e *sudoers.Effective) bool {
	if group := s["exempt_group"]; group != "" && group != off && m.subject.inGroup("%"+group, m.foldGroup) {
		return true
	}
	if !m.subject.is("root", 0) && (m.subject.IsGroup() || m.subject.Name != m.runAs.user.Name || m.runAs.groupGiven && !m.subject.inGroup("%"+m.runAs.group, m.foldGroup)) {
		return false
	}
	confined := func(option, value string) bool { return value != "" || s[option] != "" && s[option] != off }
	return !confined("role", e.Role) && !confined("type", e.Type) && !confined("apparmor_profile", e.AppArmorProfile) && !confined("privs", e.Privs) &&
		!confined("limitprivs", e.LimitPrivs)
}

func tri(b bool) sudoers.Tri {
	if b {
		return sudoers.Yes
	}
	return sudoers.No
}
