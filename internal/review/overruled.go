package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// weighed are the conditions that a person would miss, by the option of Defaults that sets them: sudo asks for
// something that the policy does not ask for, or takes away what it gives. The others are told only where the policy
// itself sets them.
var weighed = map[string]string{
	"nopasswd": "authenticate", "setenv": "setenv", "noexec": "noexec", "intercept": "intercept", "follow": "sudoedit_follow", "timeout": "command_timeout",
	"not_before": "", "not_after": "", "cwd": "runcwd", "chroot": "runchroot", "role": "role", "type": "type", "apparmor_profile": "apparmor_profile",
	"requiretty": "requiretty", "rootpw": "rootpw", "targetpw": "targetpw", "runaspw": "runaspw", "runas_default": "runas_default",
	"path_as_typed": "",
}

// OverruledOn lists what of a policy is not so on a node, since another file says otherwise: commands that it denies,
// and those that it allows on other conditions. Each cause is told once, with the file and the line that decide and one
// of the commands.
func OverruledOn(p hardening.SudoersPolicy, own *Policy, around hardening.Surroundings) []string {
	if own == nil {
		return nil
	}
	tree := around.With(p)
	questions := around.Questions(tree)
	key, ok := keyOf(questions, []*sudoers.Tree{own.tree, tree}, p.Name)
	return slices.Clone(rememberedOverruled.of(key, ok, func() []string {
		var found causes
		for _, question := range questions {
			if mayOverrule(tree, p.Path(), question.Subject) {
				found.compare(own, tree, p.Path(), question)
			}
		}
		return found.lines()
	}))
}

// compare adds what is not so for one subject.
func (c *causes) compare(own *Policy, tree *sudoers.Tree, path string, question policy.Question) {
	difference := policy.Compare(own.tree, tree, question)
	for _, d := range difference.NoLongerAllowed {
		c.add("denied", decidedBy(tree, d), onHost(d))
	}
	set := settingsOf(own.tree)
	for _, change := range difference.Changed {
		option, known := weighed[change.Condition]
		option = cmp.Or(option, change.Condition)
		if !known && !set[option] || change.To == "off" && change.From == "" {
			continue
		}
		by := place(change.Rule)
		if change.Rule.Pos.File == path {
			request := change.Request
			request.Command = change.Line.Command
			if pos, is := policy.SetBy(tree, request, option); is {
				by = fmt.Sprintf("%s:%d", pos.File, pos.Line)
			}
		}
		c.add(conditionText(change), by, onHost(change.Difference))
	}
	for _, gap := range difference.Gaps {
		if gap.Grant == nil || gap.Grant.Pos.File != path {
			c.add("unknown: "+gap.Reason, place(gap.Grant), "")
		}
	}
}

// mayOverrule tells whether other files of a tree have a rule for the subject, or an option that a policy can be
// overruled by. The stock configuration has neither, and then there is nothing to compare.
func mayOverrule(tree *sudoers.Tree, own string, subject policy.Subject) bool {
	set := map[string]bool{}
	for option := range settingsIn(tree, func(file string) bool { return file == own }) {
		set[option] = true
	}
	for _, option := range weighed {
		set[option] = true
	}
	for option := range settingsIn(tree, func(file string) bool { return file != own }) {
		if set[option] {
			return true
		}
	}
	return slices.ContainsFunc(policy.Grants(tree, subject), func(g policy.Grant) bool { return g.Pos.File != own })
}

// settingsOf are the options that a tree sets.
func settingsOf(tree *sudoers.Tree) map[string]bool {
	return settingsIn(tree, func(string) bool { return true })
}

func settingsIn(tree *sudoers.Tree, file func(string) bool) map[string]bool {
	set := map[string]bool{}
	for _, entry := range tree.Entries {
		if d, is := entry.(*sudoers.Defaults); is {
			for _, s := range d.Settings {
				if file(s.Pos.File) {
					set[s.Name] = true
				}
			}
		}
	}
	return set
}

// decidedBy is the place of the rule that decides about a command line.
func decidedBy(tree *sudoers.Tree, d policy.Difference) string {
	request := d.Request
	request.Command = d.Line.Command
	if d.Line.HasArgs {
		request.Args = strings.Split(d.Line.Args, " ")
	}
	return place(policy.Decide(tree, request).Rule)
}

// place is where a grant is, and what it says.
func place(g *policy.Grant) string {
	if g == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d: %s", g.Pos.File, g.Pos.Line, g.Text)
}

// conditionText says what another condition does.
func conditionText(c policy.ConditionChange) string {
	switch c.Condition + " " + c.To {
	case "nopasswd off":
		return "asks for a password"
	case "nopasswd on":
		return "asks for no password"
	case "requiretty on":
		return "needs a terminal"
	case "rootpw on":
		return "asks for the password of root"
	case "targetpw on", "runaspw on":
		return "asks for the password of the target user"
	case "noexec on":
		return "runs no other programs (noexec)"
	}
	return fmt.Sprintf("%s is %q instead of %q", c.Condition, c.To, c.From)
}

// cause is one reason why something of a policy is not so, with one command and the number of others.
type cause struct {
	what, by, example string
	others            int
}

type causes []cause

func (c *causes) add(what, by, example string) {
	for i := range *c {
		known := &(*c)[i]
		if known.what == what && known.by == by {
			if known.example != example {
				known.others++
			}
			return
		}
	}
	*c = append(*c, cause{what: what, by: by, example: example})
}

func (c causes) lines() []string {
	var lines []string
	for _, one := range c {
		line := one.what
		if one.example != "" {
			line = one.example
			if one.others > 0 {
				line += fmt.Sprintf(" and %d more", one.others)
			}
			line += ": " + one.what
		}
		if one.by != "" {
			line += ", by " + one.by
		}
		lines = append(lines, line)
	}
	return lines
}
