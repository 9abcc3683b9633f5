package review

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// AroundMatters tells whether the other files of a tree may give the rules in the policy's own file another meaning
// than these have alone: they define aliases, have a rule about one of the subjects, or set options that Debian does
// not and that change more than what is shown.
func AroundMatters(tree *sudoers.Tree, questions []policy.Question, own string) bool {
	return slices.ContainsFunc(tree.Entries, func(entry sudoers.Entry) bool {
		switch e := entry.(type) {
		case *sudoers.Defaults:
			return e.At.File != own && (e.Scope == sudoers.ScopeCommand || slices.ContainsFunc(e.Settings, func(s sudoers.Setting) bool { return !stock(e, s) && !policy.OnlyShows(s.Name) }))
		case *sudoers.AliasDef:
			return e.At.File != own
		}
		return false
	}) || slices.ContainsFunc(questions, func(q policy.Question) bool {
		return slices.ContainsFunc(policy.Grants(tree, q.Subject), func(g policy.Grant) bool { return g.Pos.File != own })
	})
}
