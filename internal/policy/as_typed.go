package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// runsAsTyped tells whether sudo executes the path that the caller typed. Since 1.9.14 it compares an expression, and
// with fast_glob a pattern, with the resolved path too, but it does not put that path in the place of the typed one, as
// it does for a literal path, a directory and a pattern of glob(3) (match_command.c, command_matches_regex and
// command_matches_fnmatch). The caller types a path through a link of his, and turns the link between the two. A file
// that is checked by its digest is executed by what was opened (fdexec), unless the policy says never.
func (b *accessBuilder) runsAsTyped(p *pattern) bool {
	if v := b.m.env.Version; v != (sudoers.Version{}) && !b.m.resolves() {
		return false
	}
	typed := p.command.Kind == sudoers.CommandRegex || p.command.Kind == sudoers.CommandPath && b.m.fastGlob && sudoers.HasMeta(p.command.Name)
	return typed && (len(p.digests) == 0 || executesByPath(b.tree))
}

// asTypedReason is why no proof about a program holds where a rule lets the caller's path run.
const asTypedReason = "sudo runs the path as the caller typed it, through a link that he can turn meanwhile: so it runs any program of his. Name each command by its path"

// asTyped notes the rules that allow so, each once for all classes. What a later rule takes back whatever it is called
// allows nothing.
func asTyped(q Question, paths []PathAccess, counts func(*Grant) bool, told map[sudoers.Pos]bool) (gaps []Gap) {
	for i := range paths {
		for j := range paths[i].Rules {
			rule := &paths[i].Rules[j]
			if !rule.AsTyped || !counts(rule.Grant) || told[rule.Grant.Pos] || regular.IsEmpty(paths[i].AllowedBy(j, q.Budget), q.Budget).Verdict == regular.Yes {
				continue
			}
			told[rule.Grant.Pos] = true
			gaps = append(gaps, Gap{Grant: rule.Grant, Reason: asTypedReason})
		}
	}
	return gaps
}

// executesByPath tells whether an option of the policy, bound to whatever, has sudo execute a file by its path though
// it has looked at the file itself.
func executesByPath(tree *sudoers.Tree) bool {
	return slices.ContainsFunc(tree.Entries, func(e sudoers.Entry) bool {
		d, is := e.(*sudoers.Defaults)
		return is && slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool {
			return s.Name == "fdexec" && (s.Operator == sudoers.OpFalse || s.Value == "never")
		})
	})
}
