package review

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Change is how two policies differ for a subject.
type Change struct {
	Verdict         string
	NewlyAllowed    []string
	NoLongerAllowed []string
	Changed         []string
	Unknown         []string
	// Looser are those of Changed by which the subject gained, or may have.
	Looser []string
}

// NoChange is where nothing differs.
func NoChange() Change {
	return Change{Verdict: string(policy.Equal), NewlyAllowed: []string{}, NoLongerAllowed: []string{}, Changed: []string{}, Unknown: []string{}, Looser: []string{}}
}

// Nothing tells that a change is none.
func (m *Change) Nothing() bool {
	return m.Verdict == string(policy.Equal) && len(m.NewlyAllowed)+len(m.NoLongerAllowed)+len(m.Changed)+len(m.Unknown) == 0
}

// AskAbout is the question about a subject while planning.
func AskAbout(subject policy.Subject) policy.Question {
	return policy.Question{Subject: subject, Env: policy.Debian(PlanVersion)}
}

// CompareAll compares two policies for each of some subjects.
func CompareAll(before, after *sudoers.Tree, questions []policy.Question) Change {
	whole := NoChange()
	for _, q := range questions {
		where := ""
		if len(questions) > 1 {
			where = " (for " + q.Subject.Name + ")"
		}
		whole.Merge(Compare(before, after, q), where)
	}
	return whole
}

// Compare compares two policies.
func Compare(before, after *sudoers.Tree, q policy.Question) Change {
	c := policy.Compare(before, after, q)
	model := NoChange()
	model.Verdict = string(c.Verdict)
	for _, d := range c.NewlyAllowed {
		model.NewlyAllowed = append(model.NewlyAllowed, onHost(d))
	}
	for _, d := range c.NoLongerAllowed {
		model.NoLongerAllowed = append(model.NoLongerAllowed, onHost(d))
	}
	for _, d := range c.Changed {
		text := fmt.Sprintf("%s: %s %q -> %q", onHost(d.Difference), d.Condition, d.From, d.To)
		model.Changed = append(model.Changed, text)
		if d.Looser >= 0 {
			model.Looser = append(model.Looser, text)
		}
	}
	for _, gap := range c.Gaps {
		text := gap.Reason
		if gap.Grant != nil {
			text = gap.Grant.Text + ": " + text
		}
		model.Unknown = append(model.Unknown, text)
	}
	return model
}

// onHost is a command line, with the host if the policy names it, and with its condition.
func onHost(d policy.Difference) string {
	text := d.String()
	if host := d.Request.HostName(); host != "" {
		text += " (on host " + host + ")"
	}
	if d.If != "" {
		text += " (if " + d.If + ")"
	}
	return text
}

// Merge takes in how the policy differs on further nodes. Where says which, "" for all.
func (m *Change) Merge(other Change, where string) {
	for _, list := range []struct{ into, from *[]string }{
		{&m.NewlyAllowed, &other.NewlyAllowed}, {&m.NoLongerAllowed, &other.NoLongerAllowed}, {&m.Changed, &other.Changed}, {&m.Unknown, &other.Unknown},
		{&m.Looser, &other.Looser},
	} {
		for _, text := range *list.from {
			*list.into = append(*list.into, text+where)
		}
	}
	equal, unknown := string(policy.Equal), string(policy.UnknownChange)
	switch {
	case m.Verdict == other.Verdict, other.Verdict == equal, m.Verdict == unknown:
	case m.Verdict == equal, other.Verdict == unknown:
		m.Verdict = other.Verdict
	default:
		m.Verdict = string(policy.Incomparable)
	}
}
