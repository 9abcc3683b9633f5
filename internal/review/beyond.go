package review

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Beyond is what a node allows the subjects of a policy and the policy does not.
type Beyond struct {
	// Allowed are a command line for each path and rule, and what cannot be compared, with the reason.
	Allowed []string
	// Root tells that it leads to root.
	Root bool
}

// stockPath is the secure_path of Debian's /etc/sudoers.
const stockPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// OptionsAround tells whether other files set options beside those of a stock /etc/sudoers: they hold for the policy
// too, and may make a harmless grant of it dangerous.
func OptionsAround(around hardening.Surroundings) bool {
	for name, text := range around.Files {
		file, _ := sudoers.Parse(name, text, PlanVersion) // sudo skips lines that it cannot parse
		for _, entry := range file.Entries {
			if d, is := entry.(*sudoers.Defaults); is && slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return !stock(d, s) }) {
				return true
			}
		}
	}
	return false
}

func stock(d *sudoers.Defaults, s sudoers.Setting) bool {
	switch s.Name {
	case "env_reset", "mail_badpass", "use_pty":
		return s.Operator == sudoers.OpTrue
	case "secure_path":
		return s.Value == stockPath && d.Scope == sudoers.ScopeGlobal
	}
	return false
}

// BeyondOn compares a node that holds a text in the file of a policy, and other files around it, with the policy alone.
// An exclusive policy is judged as if it had cut its subject out of them.
func BeyondOn(p hardening.SudoersPolicy, own *Policy, held string, around hardening.Surroundings) Beyond {
	p.Content = held
	tree := around.With(p)
	questions := around.Questions(tree)
	key, ok := keyOf(questions, []*sudoers.Tree{own.tree, tree}, p.Name, own.Subjects, own.vouched())
	beyond := rememberedBeyond.of(key, ok, func() Beyond { return beyondOn(p, own, tree, questions, around) })
	beyond.Allowed = slices.Clone(beyond.Allowed)
	return beyond
}

func beyondOn(p hardening.SudoersPolicy, own *Policy, tree *sudoers.Tree, questions []policy.Question, around hardening.Surroundings) Beyond {
	change := CompareAll(own.tree, tree, questions)
	beyond := Beyond{Allowed: change.NewlyAllowed}
	for _, text := range change.Unknown {
		beyond.Allowed = append(beyond.Allowed, "unknown: "+text)
	}
	known := func(f escalation.CommandFinding) bool { // at another line too, since lines were added
		return slices.ContainsFunc(own.Analysis().Findings, func(k escalation.CommandFinding) bool {
			return k.ID == f.ID && k.Command == f.Command && k.Grant == f.Grant && k.Root()
		})
	}
	for _, f := range ForeignFindings(p, own, map[string]hardening.Surroundings{"": around}) {
		beyond.Root = beyond.Root || f.Root() && !known(f.CommandFinding)
	}
	return beyond
}
