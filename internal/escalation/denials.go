package escalation

import (
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Denials says what the denials of a policy do. sudo allows only what is granted, so a denial does something only where
// a grant is wider than it was meant to be; all others are there for the reader, and mislead him.
type Denials struct {
	// Count is how many commands are denied, aliases resolved.
	Count int
	// Effective are the command paths on which denials change the answer to some command line.
	Effective []EffectiveDenial
	// Unknown are the command paths on which it was too much work to decide.
	Unknown []string
}

// EffectiveDenial is a command path on which denials change the answer.
type EffectiveDenial struct {
	Command string
	Example string // a command line that is refused, and would be allowed without the denials
	Pos     sudoers.Pos
	Denial  string // the rule that refuses it
}

// String says it in one sentence.
func (d *Denials) String() string {
	if d.Count == 0 {
		return "The policy denies nothing by name."
	}
	commands := make([]string, len(d.Effective))
	for i, e := range d.Effective {
		commands[i] = e.Command
	}
	slices.Sort(commands)
	text := fmt.Sprintf("Of %d denials none changes any answer", d.Count)
	if len(commands) > 0 {
		text = fmt.Sprintf("All %d denials together change the answer on %d command path(s) only: %s", d.Count, len(commands), joined(commands))
	}
	if len(d.Unknown) > 0 {
		text += "; unknown on: " + joined(d.Unknown)
	}
	return text + "."
}

func joined(list []string) string {
	const most = 10
	text := ""
	for i, word := range list {
		switch {
		case i == most:
			return text + fmt.Sprintf(" and %d more", len(list)-most)
		case i > 0:
			text += ", "
		}
		text += word
	}
	return text
}

// denied looks at what denials take away on one class of paths, and whether what they leave still leads to root.
func (a *analyser) denied(request policy.Request, p *policy.PathAccess) {
	if !slices.ContainsFunc(p.Rules, func(r policy.AccessRule) bool { return r.Denied }) {
		return
	}
	report := &a.denials
	answer := regular.IsEmpty(p.Withheld(), a.question.Budget)
	switch answer.Verdict {
	case regular.Yes:
		return
	case regular.Unknown:
		if !slices.Contains(report.Unknown, p.Path) {
			report.Unknown = append(report.Unknown, p.Path)
		}
		return
	}
	denial := p.Deciding(answer.Witness).Grant
	if !slices.ContainsFunc(report.Effective, func(e EffectiveDenial) bool { return e.Command == p.Path }) {
		report.Effective = append(report.Effective, EffectiveDenial{
			Command: p.Path, Example: a.shell(request, p, answer.Witness), Pos: denial.Pos, Denial: denial.Text,
		})
	}
	if example := a.rootAt[p.Path]; example != "" {
		a.addGrant(idleDenial, denial, p.Path, example, "")
	}
}
