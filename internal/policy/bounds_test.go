package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// many joins n texts with a number in them.
func many(n int, format, separator string) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(texts, separator)
}

// perQuestion is what any question about a policy may cost. What others allocate would count, so these tests do not run
// beside others.
var perQuestion = budget.Question{Memory: 600 << 20}

// withinWork asks a question about policies, and holds it to the budget that it has: half as much again for what is
// easy, and a last step of each of its questions. The work is counted, so that no answer depends on the machine.
func withinWork(t *testing.T, q Question, ask func(Question), trees ...*sudoers.Tree) {
	t.Helper()
	q = q.WithSharedBudget(trees...)
	states := q.Budget.Shared.Left()
	ask(q)
	madeStates, madeParts := q.Budget.Shared.Work()
	t.Logf("%d of %d states, %d of %d parts", madeStates, states, madeParts, states*partsOfAState)
	if most := partsOfAState*(states+states/2) + 1<<17; madeStates+madeParts > most { // a spent budget keeps a half of itself for easy questions (regular.SharedBudget), and both end with a step
		t.Errorf("%d states and %d parts, where %d parts are the most", madeStates, madeParts, most)
	}
}

// partsOfAState is how many parts a shared budget has for each of its states.
const partsOfAState = 256

// TestBoundsOfCompare: a comparison ends within its budget, in an answer that holds or in unknown, whatever the numbers
// of targets, hosts and rules.
func TestBoundsOfCompare(t *testing.T) { //nolint:paralleltest // see perQuestion
	users, groups := many(200, "u%d", ","), many(200, "g%d", ",")
	counts := func(command string) string { return many(60, "op ALL=(root) "+command, "\n") + "\n" }
	several := func(n int) string { return many(n, "op ALL=(u%d:g%[1]d) /bin/a x%[1]d*", "\n") }
	for name, test := range map[string]struct {
		before, after string
		want          []Change
	}{
		"users and groups":       {"op ALL=(" + users + ":" + groups + ") /bin/a", "op ALL=(" + users + ":" + groups + ") NOPASSWD: /bin/a, /bin/b *", []Change{Wider}},
		"one user less":          {"op ALL=(" + users + ":" + groups + ") /bin/a", "op ALL=(" + strings.Replace(users, ",u77,", ",", 1) + ":" + groups + ") /bin/a", []Change{Narrower}},
		"users in another order": {"op ALL=(" + users + ",!u7) /bin/a", "op ALL=(!u7," + users + ") /bin/a", []Change{Wider}},
		"rules of a user each":   {several(200), several(200) + "\nop ALL=(u7:g9) /bin/b", []Change{Wider, UnknownChange}},
		"too many users":         {"op ALL=(" + many(20_000, "u%d", ",") + ":" + groups + ") /bin/a", "op ALL=(" + many(20_000, "u%d", ",") + ":" + groups + ") /bin/b", []Change{UnknownChange}},
		"options of three scopes": {
			many(60, "Defaults>u%d !syslog\nDefaults@h%[1]d noexec\nDefaults!/usr/bin/c%[1]d umask=%04[1]o", "\n") + "\nop ALL=(ALL) /usr/bin/c*", "op ALL=(ALL:ALL) /usr/bin/uptime", []Change{UnknownChange},
		},
		"hosts of one rule":        {"op " + many(100_000, "h%d", ",") + "=(root) /bin/a", "op " + many(100_000, "h%d", ",") + "=(root) /bin/a, /bin/b", []Change{Wider, UnknownChange}},
		"hosts, one less":          {"op " + many(5000, "h%d", ",") + "=(root) /bin/a", "op " + many(4999, "h%d", ",") + "=(root) /bin/a", []Change{Narrower}},
		"hosts, one denied":        {"op " + many(500, "h%d", ",") + ",!h7=(root) /bin/a", "op " + many(500, "h%d", ",") + "=(root) /bin/a", []Change{Wider, UnknownChange}},
		"hosts by alias":           {"Host_Alias H=" + many(5000, "h%d", ",") + "\nop H=(root) /bin/a", "Host_Alias H=" + many(5001, "h%d", ",") + "\nop H=(root) /bin/a", []Change{Wider}},
		"hosts and globs":          {"op " + many(5000, "h%d", ",") + "=(root) /bin/a\nop h*9=(root) /bin/b", "op " + many(5000, "h%d", ",") + "=(root) /bin/a\nop h*99=(root) /bin/b", []Change{Narrower}},
		"long hosts":               {"op " + many(5000, "h%d.example.com", ",") + "=(root) /bin/a", "op " + many(4999, "h%d.example.com", ",") + "=(root) /bin/a", []Change{Narrower}},
		"globs of hosts, denied":   {"op ALL," + many(80, "!*a%dx*", ",") + "=(root) /bin/a", "op ALL," + many(80, "!*a%dx*", ",") + "=(root) /bin/a, /bin/b", []Change{Wider, UnknownChange}},
		"the same line over again": {strings.Repeat("op ALL=(ALL:ALL) ALL\n", 400), strings.Repeat("op ALL=(ALL:ALL) ALL\n", 400) + "op ALL=(root) !/bin/a", []Change{Narrower, UnknownChange}},
		"counts in paths":          {counts("^/usr/bin/k%d(.{1\\,255}a){2}.{255}b.{255}$"), counts("^/usr/bin/k%d(.{1\\,255}a){2}.{255}b.{255}$") + "op ALL=(root) !/usr/bin/k7*", []Change{UnknownChange}},
		"counts in arguments":      {counts("/bin/a ^k%d(.{1\\,255}a){2}.{255}b.{255}$"), counts("/bin/a ^k%d(.{1\\,255}a){2}.{255}b.{255}$") + "op ALL=(root) !/bin/a *c", []Change{Narrower, UnknownChange}},
		"many commands":            {"op ALL=(root) " + many(60_000, "/bin/a%d x*", ","), "op ALL=(root) " + many(60_000, "/bin/a%d x*", ",") + ",/bin/b", []Change{Wider}},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := treeOf(t, test.before), treeOf(t, test.after)
			budget.Within(t, perQuestion, func() {
				withinWork(t, op, func(q Question) {
					if c := Compare(before, after, q); !slices.Contains(test.want, c.Verdict) {
						t.Errorf("%s, want %v", c.Verdict, test.want)
					}
				}, before, after)
			})
		})
	}
}

// TestBoundsOfNever: so it is with proofs.
func TestBoundsOfNever(t *testing.T) { //nolint:paralleltest // see perQuestion
	statement, err := ParseStatement("/bin/b ^x", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"groups":                   "op ALL=(root:" + many(2000, "g%d", ",") + ") /bin/a",
		"hosts of one rule":        "op " + many(100_000, "h%d", ",") + "=(root) /bin/a",
		"globs of hosts, denied":   "op ALL," + many(80, "!*a%dx*", ",") + "=(root) /bin/a",
		"the same line over again": strings.Repeat("op ALL=(ALL:ALL) /bin/*, !/bin/b\n", 400),
		"many commands":            "op ALL=(root) " + many(60_000, "/bin/a%d x*", ","),
	} {
		t.Run(name, func(t *testing.T) {
			tree := treeOf(t, text)
			budget.Within(t, perQuestion, func() {
				withinWork(t, op, func(q Question) {
					if p := ProveNever(tree, q, statement); p.Verdict == regular.No {
						t.Errorf("%s, with %s", p.Verdict, p.Counterexample)
					}
				}, tree)
			})
		})
	}
}

// TestBoundsOfUndecidable: rules of which each must be remembered for every text, so that no budget answers, end in
// unknown within their budget, or are answered, whatever is asked.
func TestBoundsOfUndecidable(t *testing.T) { //nolint:paralleltest // see perQuestion
	statement, err := ParseStatement("/usr/sbin/qm ^destroy ", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range adversaries {
		t.Run(name, func(t *testing.T) {
			before, after := treeOf(t, adversary(rule, 50)), treeOf(t, adversary(rule, 50)+"op ALL=!/usr/sbin/qm * x=* y*\n")
			budget.Within(t, budget.Question{Memory: 100 << 20}, func() {
				withinWork(t, op, func(q Question) {
					if c := Compare(before, after, q); c.Verdict != Narrower && c.Verdict != UnknownChange {
						t.Errorf("compared: %s", c.Verdict)
					}
				}, before, after)
			})
			budget.Within(t, budget.Question{Memory: 100 << 20}, func() {
				withinWork(t, op, func(q Question) {
					if p := ProveNever(before, q, statement); p.Verdict == regular.No && Decide(before, p.Request).Verdict != Allowed {
						t.Errorf("%s is no counterexample", p.Counterexample)
					}
				}, before)
			})
		})
	}
}

// TestClassesTogether: hosts and targets that no rule tells apart are one class, and nothing else is. The answers are
// those of asking about each.
func TestClassesTogether(t *testing.T) {
	t.Parallel()
	together := op
	together.many = 1
	statement, err := ParseStatement("/bin/a", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	fewer := 0
	check := func(was, is string) {
		before, after := treeOf(t, was), treeOf(t, is)
		each, _ := Classes(op, before, after)
		some, _ := Classes(together, before, after)
		if len(some) < len(each) {
			fewer++
		}
		if want, got := Compare(before, after, op).Verdict, Compare(before, after, together).Verdict; got != want {
			t.Errorf("%s, asking about each %s\n%s----\n%s", got, want, was, is)
		}
		for _, tree := range []*sudoers.Tree{before, after} {
			if want, got := ProveNever(tree, op, statement).Verdict, ProveNever(tree, together, statement).Verdict; got != want {
				t.Errorf("never: %s, asking about each %s\n%s", got, want, was)
			}
		}
	}
	for seed := range uint64(120) {
		check(generatedPair(seed))
	}
	for _, names := range [][2]string{
		{"web, db", "web"}, {"web, db, !web", "web, db"}, {"!web, ALL", "ALL"}, {"w*, db", "web, db"}, {"web, db", "w*"}, {"ALL, !w*, web", "ALL, !web"},
		{"web.example.com, db", "db"}, {"web, db.example.com", "web, db"}, {"H", "web"}, {"!H, ALL", "ALL"},
	} {
		check("Host_Alias H=web, db\nop "+names[0]+"=(root) /bin/a\n", "Host_Alias H=web, db\nop "+names[1]+"=(root) /bin/a\n")
		check("op ALL=(bob, carol) /bin/a\nop "+names[0]+"=(ALL:adm) /bin/a\nHost_Alias H=web, db\n", "op ALL=(carol, bob) /bin/a\nop "+names[1]+"=(ALL, !bob:adm) /bin/a\nHost_Alias H=web\n")
	}
	if fewer < 50 {
		t.Errorf("only %d of the policies have classes that are the same", fewer)
	}
}
