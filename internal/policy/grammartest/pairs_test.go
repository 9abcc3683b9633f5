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

// partsOfState is how many parts of states a budget has for each state (regular.NewSharedBudget).
const partsOfState = 256

// mostCost is what a comparison may cost, in parts: the budget, the half that a spent budget keeps for easy questions,
// and the steps with which both end. A state costs a part there, beside its own parts (regular.SharedBudget), so that
// easy questions may make more states than the budget has.
func mostCost(budget int) int { return partsOfState*(budget+budget/2) + 1<<17 }

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

// TestPairs compares pairs of policies: each difference that is not bound to a condition is one for sudo, and where no
// command line is newly allowed, or none is lost, sudo finds none.
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
			var all tally
			for first := 0; first < *pairs && all.wrong < 20; first += pairsTogether {
				n.comparePairs(t, g, files, from, first, min(first+pairsTogether, *pairs), &all)
			}
			t.Logf("%d pairs, %d not decided in part, %d differences shown, %d of classes that the node cannot show, %d command lines held to what did not change; one took %d %% of its budget, none more",
				*pairs, all.gaps, all.shown, all.left, all.held, all.most)
			if all.gaps > *pairs*9/10 || all.held < *pairs/4 || all.shown < *pairs/10 {
				t.Error("the pairs say too little")
			}
		})
	}
}

// pairsTogether is how many pairs are put to sudo at once: starting its program costs more than a question.
const pairsTogether = 20

// tally counts what pairs have said.
type tally struct{ shown, left, held, gaps, wrong, most int }

// comparePairs compares some pairs and puts what is said of them to sudo.
func (n *node) comparePairs(t *testing.T, g grammar, files included, from uint64, first, end int, all *tally) {
	t.Helper()
	env := *n.env
	env.Exists = nil // what a difference names is made
	about := policy.Question{Subject: n.account("ann"), Env: &env}
	var shown []expectation
	var held []heldPair
	for i := first; i < end; i++ {
		p, change := g.pairOf(from, uint64(i)+1<<41)
		was, is := n.tree(files, p.before), n.tree(files, p.after)
		q := about.WithSharedBudget(was, is)
		budget := q.Budget.Shared.Left()
		p.said = policy.Compare(was, is, q)
		states, parts := q.Budget.Shared.Work()
		all.most = max(all.most, 100*(states+parts)/(partsOfState*budget))
		if states+parts > mostCost(budget) {
			t.Errorf("%s: %d states and %d parts, where %d states are the budget\n%s\n%s", change, states, parts, budget, p.before, p.after)
		}
		if len(p.said.Gaps) > 0 {
			all.gaps++
		}
		shown = append(shown, n.shows(&p, change, all)...)
		if says := len(p.said.NewlyAllowed) == 0 || len(p.said.NoLongerAllowed) == 0; says && len(p.said.Gaps) == 0 {
			q := n.about(p.after, "ann", p.examples, source(from, uint64(i)+1<<42))
			held = append(held, heldPair{p, q, change})
		}
	}
	n.confirm(t, shown, all)
	n.confirmHeld(t, held, all)
}

func (n *node) tree(files included, text string) *sudoers.Tree {
	files[mainPolicy] = text
	tree, _ := sudoers.ParseTree(mainPolicy, files, "box", n.env.Version) // sudo skips lines that it cannot parse
	return tree
}
