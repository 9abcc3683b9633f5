package policy

import (
	"slices"
	"sort"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Remove takes the subject's own grants out of a file. Lines that name nobody else are cut, out of a longer user list
// the name is dropped; all other bytes stay as they are. Removed are the grants so taken away. Kept are those that the
// subject has still through a group, an alias or ALL, and any that could not be cut out without breaking the file. A
// line that does nothing but deny the subject something stays: removing grants gives none.
//
// Aliases of other files are not known here: look at the whole tree with Grants.
func Remove(file *sudoers.File, text string, s Subject) (newText string, removed, kept []Grant) {
	v := sudoers.Version{}
	old, oldErrs := sudoers.Parse(file.Name, text, v)
	if old.Text != text {
		// Lines with NUL bytes are read cut short; no offset would fit.
		return text, nil, Grants(sudoers.TreeOf(old), s)
	}
	m := newMatcher(sudoers.TreeOf(old), nil)
	m.applySettings(sudoers.TreeOf(old), s)
	var cuts []sudoers.Span
	var stays []sudoers.Entry
	for _, e := range old.Entries {
		spec, ok := e.(*sudoers.UserSpec)
		if !ok {
			stays = append(stays, e)
			continue
		}
		spans := m.ownSpans(spec, s)
		own := direct(m.grants(spec, s))
		if len(spans) == 0 || len(own) > 0 && !slices.ContainsFunc(own, func(g Grant) bool { return !g.Negated }) {
			stays = append(stays, e)
			continue
		}
		cuts = append(cuts, spans...)
		removed = append(removed, own...)
		if others := m.others(spec, s); len(others.Users) > 0 {
			stays = append(stays, others)
		}
	}
	newText = cut(text, cuts)
	now, errs := sudoers.Parse(file.Name, newText, v)
	if len(errs) > len(oldErrs) || !sudoers.SameEntries(stays, now.Entries) {
		return text, nil, Grants(sudoers.TreeOf(old), s)
	}
	return newText, removed, Grants(sudoers.TreeOf(now), s)
}

// direct are the grants that came by the name itself.
func direct(list []Grant) []Grant {
	var own []Grant
	for _, g := range list {
		if g.Users == MatchDirect {
			own = append(own, g)
		}
	}
	return own
}

// ownSpans is what to cut so that a line no longer names the subject: the line, or
// the member with the comma beside it.
func (m *matcher) ownSpans(spec *sudoers.UserSpec, s Subject) []sudoers.Span {
	own := make([]bool, len(spec.Users))
	n := 0
	for i := range spec.Users {
		if m.names(&spec.Users[i], s) {
			own[i] = true
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(own):
		return []sudoers.Span{spec.Span()}
	}
	var spans []sudoers.Span
	lastKept := -1
	for i := range own {
		if !own[i] {
			lastKept = i
		}
	}
	for i := range own {
		switch {
		case !own[i]:
		case i < lastKept:
			spans = append(spans, sudoers.Span{Start: spec.Users[i].Span.Start, End: spec.Users[i+1].Span.Start})
		default:
			// Nobody else follows: cut from behind the last who stays.
			end := spec.Users[len(own)-1].Span.End
			return append(spans, sudoers.Span{Start: spec.Users[lastKept].Span.End, End: end})
		}
	}
	return spans
}

// others is a line without the subject.
func (m *matcher) others(spec *sudoers.UserSpec, s Subject) *sudoers.UserSpec {
	left := *spec
	left.Users = slices.DeleteFunc(slices.Clone(spec.Users), func(u sudoers.Member) bool { return m.names(&u, s) })
	return &left
}

// names tells whether a member is the subject, literally and not negated.
func (m *matcher) names(u *sudoers.Member, s Subject) bool {
	if u.Negated {
		return false
	}
	switch u.Kind {
	case sudoers.MemberWord:
		return s.isName(u.Name, m.foldUser)
	case sudoers.MemberAlias:
		// An undefined alias is a name.
		return m.aliases[aliasKey{sudoers.UserAlias, u.Name}] == nil && s.isName(u.Name, m.foldUser)
	case sudoers.MemberGroup:
		return s.IsGroup() && sameName(u.Name, s.Name, m.foldGroup)
	}
	return false
}

// cut removes ranges from a text.
func cut(text string, spans []sudoers.Span) string {
	sort.Slice(spans, func(i, j int) bool { return spans[i].Start < spans[j].Start })
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(text[at:s.Start])
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String()
}
