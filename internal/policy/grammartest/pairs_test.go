package grammartest

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var pairs = flag.Int("pairs", 150, "how many pairs of policies to compare with each version of sudo")

// partsOfState is how many parts of states a budget has for each state (regular.NewSharedBudget). A spent budget still has half of it for easy questions.
const partsOfState = 256

// pair are two derived policies that differ in a line, with what their comparison says.
type pair struct {
	before, after string
	said          policy.Comparison
	examples      []string
}

// pairOf derives a policy, and takes a line out of it, puts one in, or another one in its place.
func (g grammar) pairOf(seed, n uint64) (p pair, change string) {
	text, examples, random := g.derive(seed, n, "policy")
	line, more, _ := g.derive(seed, n+1<<50, pick(random, "grant", "grant", "line"))
	p.examples = append(examples, more...)
	lines := strings.SplitAfter(text, "\n")
	const aliases = 5 // which stay
	at := aliases + random.IntN(max(1, len(lines)-aliases))
	change = pick(random, "insert", "delete", "replace")
	changed := slices.Clone(lines)
	if change != "insert" && at < len(lines) {
		changed = slices.Delete(changed, at, at+1)
	}
	if change != "delete" {
		changed = slices.Insert(changed, min(at, len(changed)), line)
	}
	p.before, p.after = text+quiet, strings.Join(changed, "")+quiet
	return p, change
}

// expectation is a command line that sudo must allow, or refuse, by a policy.
type expectation struct {
	question
	want byte
	why  string
}

// TestPairs compares pairs of policies: each difference that is not bound to a condition is one for sudo, and where no command line is newly allowed, or none is lost, sudo finds none.
func TestPairs(t *testing.T) {
	t.Parallel()
	from := *seed
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", from)
	for suite, version := range map[lab.Suite]sudoers.Version{lab.Bookworm: sudoers.PVE8, lab.Trixie: sudoers.PVE9} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			g, n := parseGrammar(t), newNode(t, suite, version)
			files := n.include(t, g, from)
			env := *n.env
			env.Exists = nil // what a difference names is made
			about := policy.Question{Subject: n.account("ann"), Env: &env}
			shown, left, held, gaps, wrong, most := 0, 0, 0, 0, 0, 0
			for i := 0; i < *pairs && wrong < 20; i++ {
				p, change := g.pairOf(from, uint64(i)+1<<41)
				was, is := n.tree(files, p.before), n.tree(files, p.after)
				q := about.WithSharedBudget(was, is)
				budget := q.Budget.Shared.Left()
				p.said = policy.Compare(was, is, q)
				if states, parts := q.Budget.Shared.Work(); states > 2*budget || parts > 2*partsOfState*budget {
					t.Errorf("%s: %d states and %d parts, where %d states are the budget\n%s\n%s", change, states, parts, budget, p.before, p.after)
				} else {
					most = max(most, 100*states/budget, 100*parts/(partsOfState*budget))
				}
				if len(p.said.Gaps) > 0 {
					gaps++
				}
				list, unreal := n.shows(&p)
				left += unreal
				shown += len(list) / 2
				wrong += n.confirm(t, list, change)
				asked, differ := n.holds(t, &p, from, uint64(i), change)
				held, wrong = held+asked, wrong+differ
			}
			t.Logf("%d pairs, %d not decided in part, %d differences shown, %d of classes that the node cannot show, %d command lines held to what did not change; one took %d %% of its budget, none more",
				*pairs, gaps, shown, left, held, most)
			if gaps > *pairs*9/10 || held < *pairs/4 || shown < *pairs/10 {
				t.Error("the pairs say too little")
			}
		})
	}
}

func (n *node) tree(files included, text string) *sudoers.Tree {
	files[mainPolicy] = text
	tree, _ := sudoers.ParseTree(mainPolicy, files, "box", n.env.Version) // sudo skips lines that it cannot parse
	return tree
}

// shows is what sudo must say of the differences, by both policies in turn. They are about a node without the addresses that a policy names: whether it has one is a gap.
func (n *node) shows(p *pair) (list []expectation, left int) {
	add := func(differences []policy.Difference, allowed, refused string) {
		for _, d := range differences {
			q := question{user: "ann", host: d.Request.HostName(), runAsGroup: d.Request.RunAsGroup, lines: [][]string{append([]string{d.Line.Command}, d.Request.Of(d.Line).Args...)}}
			if d.Request.RunAsUser != nil {
				q.runAsUser = d.Request.RunAsUser.Name
			}
			elsewhere := strings.Contains(p.before+p.after, "%h") && !strings.HasPrefix(q.host, "box") // what it includes is another file there
			if elsewhere || d.If != "" || !strings.HasPrefix(d.Line.Command, "/") || d.Request.RunAsUser != nil && !n.isReal(d.Request.RunAsUser) || !n.isGroup(q.runAsGroup) {
				left++
				continue
			}
			for text, want := range map[string]byte{allowed: '1', refused: '0'} {
				q.text = text
				list = append(list, expectation{q, want, d.String()})
			}
		}
	}
	add(p.said.NewlyAllowed, p.after, p.before)
	add(p.said.NoLongerAllowed, p.before, p.after)
	return list, left
}

// isReal tells whether an account is what a class says of its target.
func (n *node) isReal(target *policy.Subject) bool {
	account := n.account(target.Name)
	return account.UID != nil && slices.Equal(account.Groups, target.Groups) && slices.Equal(account.Netgroups, target.Netgroups)
}

// isGroup tells whether the node has a group, or none is asked for.
func (n *node) isGroup(name string) bool {
	return name == "" || name[0] == '#' || slices.ContainsFunc(n.env.Accounts, func(s policy.Subject) bool { return slices.Contains(s.Groups, name) })
}

// confirm asks sudo, after making the programs that differences name.
func (n *node) confirm(t *testing.T, list []expectation, change string) (wrong int) {
	t.Helper()
	if len(list) == 0 {
		return 0
	}
	var programs strings.Builder
	questions := make([]question, len(list))
	for i, e := range list {
		questions[i] = e.question
		programs.WriteString(e.lines[0][0] + "\n")
	}
	// What earlier ones were goes: a file can be in the way of a directory.
	const script = `touch /run/made; while IFS= read -r f; do rm -f "$f"; rmdir -p "${f%/*}" 2>/dev/null; done </run/made; : >/run/made
while IFS= read -r f; do test -f "$f" || { mkdir -p "${f%/*}/" && cp /bin/true "$f" && echo "$f" >>/run/made; } 2>/dev/null || echo "$f"; done`
	cannot, err := n.Exec(t.Context(), programs.String(), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	impossible := strings.Split(cannot, "\n")
	for i, answer := range n.ask(t, questions) {
		if e := &list[i]; answer[0] != e.want && !slices.Contains(impossible, e.lines[0][0]) {
			wrong++
			t.Errorf("%s: sudo says %s, expected %c: %s on %q as %q:%q\n%s", change, answer, e.want, e.why, e.host, e.runAsUser, e.runAsGroup, e.text)
		}
	}
	return wrong
}

// holds puts command lines to sudo by both policies, where the comparison says something of all of them.
func (n *node) holds(t *testing.T, p *pair, from, i uint64, change string) (asked, wrong int) {
	t.Helper()
	if len(p.said.Gaps) > 0 || len(p.said.NewlyAllowed) > 0 && len(p.said.NoLongerAllowed) > 0 {
		return 0, 0
	}
	q := n.about(p.after, "ann", p.examples, source(from, i+1<<42))
	before := q
	before.text = p.before
	answers := n.ask(t, []question{before, q})
	for k, line := range q.lines {
		if n.env.Version == sudoers.PVE8 && (q.runAsUser == "" || q.runAsUser == q.user) && slices.Contains(n.account(q.user).Groups, q.runAsGroup) {
			continue // as himself with a group of his own: comparisons leave it out
		}
		asked++
		was, is := answers[0][k], answers[1][k]
		if was == '0' && is == '1' && len(p.said.NewlyAllowed) == 0 || was == '1' && is == '0' && len(p.said.NoLongerAllowed) == 0 {
			wrong++
			t.Errorf("%s: a comparison names nothing of the kind, and sudo says %c before and %c after: %q as %q:%q\n%s\n%s", change, was, is, line, q.runAsUser, q.runAsGroup, p.before, p.after)
		}
	}
	return asked, wrong
}
