package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// beyondReader finds what nodes allow beyond a policy. Nodes of a cluster are mostly alike, so each answer is kept.
type beyondReader struct {
	policy hardening.SudoersPolicy
	text   *review.Policy
	known  map[string]review.Beyond
}

func newBeyondReader(policy hardening.SudoersPolicy, text *review.Policy) *beyondReader {
	return &beyondReader{policy, text, map[string]review.Beyond{}}
}

// on is what a node allows that holds a text in the policy's file, and other files around it.
func (b *beyondReader) on(held string, around hardening.Surroundings) review.Beyond {
	if b.text == nil {
		return review.Beyond{Allowed: []string{"unknown: the policy is not known"}, Root: true}
	}
	holds := b.policy
	holds.Content = held
	key := around.Key(holds)
	found, known := b.known[key]
	if !known {
		found = review.BeyondOn(b.policy, b.text, held, around)
		b.known[key] = found
	}
	return found
}

// today is what a node holds now, before an apply. Where it is the policy and nothing else, there is nothing beyond it.
func (b *beyondReader) today(found *hardening.SudoersState) review.Beyond {
	differs := b.differs(found)
	if len(found.Foreign) == 0 && !differs {
		return b.byOptions(found.Around)
	}
	held := found.Content
	if !differs && b.text != nil {
		held = b.text.Text
	}
	return b.on(held, found.Around)
}

// byOptions is what a node allows that has nothing of the subject but the policy: options of other files may make it
// root. They are no grants, so only that is said.
func (b *beyondReader) byOptions(around hardening.Surroundings) review.Beyond {
	if b.text == nil || !review.OptionsAround(around) {
		return review.Beyond{}
	}
	if beyond := b.on(b.text.Text, around); beyond.Root {
		return beyond
	}
	return review.Beyond{}
}

// differs tells that the policy's file on a node means something else than the policy.
func (b *beyondReader) differs(found *hardening.SudoersState) bool {
	return b.text != nil && found.File.Present && !hardening.SameForm(b.text.Text, found.Content)
}

// warnOfToday warns of what the nodes allow today beyond the policy, and of lines that sudo cannot parse: once for all
// nodes of which the same is said. Applied is set where the policy's file on them is the one that was applied: it gives
// what else is to be said of a node with such grants, and of one where the subject is root. Coming tells whether the
// same run makes the account of a subject on a node. It gives the nodes of which it said that the subject is root.
func warnOfToday(
	p hardening.SudoersPolicy, reader *beyondReader, seen map[string]*hardening.SudoersState, applied func(node string, root bool) string, coming func(subject, node string) bool, diags *diag.Diagnostics,
) (root []string) {
	more := applied
	if more == nil {
		more = func(string, bool) string { return "" }
	}
	var said warnings
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		found := seen[name]
		var detail string
		others := slices.DeleteFunc(slices.Clone(found.Foreign), func(g hardening.ForeignGrant) bool { return g.Shared })
		beyond, foreign := review.Beyond{}, len(found.Foreign) > 0
		own := applied != nil && reader.differs(found)
		if foreign || own {
			beyond = reader.today(found)
		}
		var added []string
		if own {
			added = slices.DeleteFunc(hardening.LineChanges(reader.text.Text, found.Content), func(line string) bool { return !strings.HasPrefix(line, "+") })
		}
		if own = own && len(beyond.Allowed) > 0 && len(added) > 0; own {
			detail = fmt.Sprintf("The policy's own file %s has lines that nobody applied:\n\n  %s\n\nThe next apply removes them. Find out who wrote them.", p.Path(), strings.Join(added, "\n  "))
		}
		if beyond.Root {
			others = found.Foreign
		}
		if len(others) > 0 {
			detail = strings.TrimSpace(detail + "\n\n" + foreignDetail(others, p.Exclusive))
		}
		switch at := path.Root("deployed"); {
		case detail == "":
		case beyond.Root:
			root = append(root, name)
			said.add(name, at, "%s is root on %s today", detail+examples(beyond)+more(name, true))
		case own:
			said.add(name, at, "%s may do more on %s than the policy allows", detail+examples(beyond)+more(name, false))
		default:
			said.add(name, at, "%s has other sudo grants on %s", detail+more(name, false))
		}
		for _, missed := range found.Unreached {
			if coming(missed.Subject, name) {
				continue
			}
			detail := "The policy reaches nobody there: sudo grants nothing to a user or a group that the node does not know or that nobody is in. Create the account (pvesec_node_account) or add the members, or mend subject."
			if len(p.Subjects) > 1 {
				detail = "sudo grants nothing to a user or a group that the node does not know or that nobody is in. Create the account (pvesec_node_account) or add the members, or mend the rule."
			}
			said.add(name, path.Root("deployed"), strings.ReplaceAll(missed.Subject, "%", "%%")+" "+missed.Why+" on %[2]s", detail)
		}
		ended := review.AccountEnds(p, found.Around)
		for _, subject := range slices.Sorted(maps.Keys(ended)) {
			if found.Clock > 0 && found.Clock >= ended[subject].Unix() {
				said.add(name, path.Root("deployed"), "The account of "+strings.ReplaceAll(subject, "%", "%%")+" has ended on %[2]s",
					fmt.Sprintf("It ended on %s (chage -E). sudo refuses whatever it asks for. Give the account a later end, or take the policy away.", ended[subject].Format(time.DateOnly)))
			}
		}
		if len(found.Problems) > 0 {
			said.add(name, path.Root("deployed"), "sudoers files on %[2]s have lines that sudo cannot parse",
				"sudo skips these lines and uses the others, so the files do not mean what they seem to. Mend or remove the lines:\n\n  "+strings.Join(found.Problems, "\n  "))
		}
	}
	said.report(p.Subjects, diags)
	return root
}

// tellToday warns at a refresh of what the nodes allow beyond the policy, each cause once: with what another file's
// grant decides instead of the policy, and with how a way to root can be accepted. The plan does not say those again.
func (m *sudoersPolicyModel) tellToday(ctx context.Context, reading session.Reading[hardening.SudoersState], found []review.ForeignFinding, diags *diag.Diagnostics) {
	root := warnOfToday(m.policy(), m.beyond(false), reading.Seen, func(node string, isRoot bool) string {
		var more string
		lines := slices.DeleteFunc(m.overruledOn(ctx, node), func(line string) bool { return !byGrant(line, reading.Seen[node].Foreign) })
		if len(lines) > 0 {
			more = "\n\nIt decides instead of the policy:\n\n  " + strings.Join(lines, "\n  ")
		}
		if r := m.refusalAround(ctx, onNode(found, node), diags); isRoot && r.Any() {
			more += "\n\n" + r.Acceptance()
			if m.Enforcement.ValueString() != enforceWarn {
				more += "\n\nAn apply that writes is refused until then. Removing access and destroying the resource are not."
			}
		}
		return more
	}, reading.Shared.PlansAccount, diags)
	told := slices.DeleteFunc(slices.Clone(found), func(f review.ForeignFinding) bool {
		return slices.ContainsFunc(f.Nodes, func(name string) bool { return !slices.Contains(root, name) })
	})
	reading.Shared.Holdings().NoteTold(m.HeldAs(m.What()), m.refusalAround(ctx, told, diags).Lines())
}

// mostExamples is how many command lines a warning shows; deployed shows all.
const mostExamples = 3

func examples(beyond review.Beyond) string {
	if len(beyond.Allowed) == 0 {
		return ""
	}
	shown := beyond.Allowed[:min(len(beyond.Allowed), mostExamples)]
	return "\n\nFor example:\n\n    " + strings.Join(shown, "\n    ")
}

// warnings are what is said of nodes, each with all nodes of which it is said.
type warnings []struct {
	at              path.Path
	summary, detail string
	nodes           []string
}

func (w *warnings) add(node string, at path.Path, summary, detail string) {
	for i, known := range *w {
		if known.summary == summary && known.detail == detail {
			(*w)[i].nodes = append(known.nodes, node)
			return
		}
	}
	*w = append(*w, struct {
		at              path.Path
		summary, detail string
		nodes           []string
	}{at, summary, detail, []string{node}})
}

// report reports the warnings. Their summaries have places for the subjects and the nodes.
func (w *warnings) report(subjects []string, diags *diag.Diagnostics) {
	for _, one := range *w {
		at := one.at
		if len(one.nodes) == 1 {
			at = at.AtMapKey(one.nodes[0])
		}
		diags.AddAttributeWarning(at, fmt.Sprintf(one.summary, strings.Join(subjects, ", "), strings.Join(one.nodes, ", ")), one.detail)
	}
}
