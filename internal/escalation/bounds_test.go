package escalation

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestBoundsOfAnalysis: the same line over and over again costs what its text does, since only the last can decide.
func TestBoundsOfAnalysis(t *testing.T) { //nolint:paralleltest // what others allocate would count
	file, problems := sudoers.Parse("policy", strings.Repeat("op ALL=(ALL:ALL) ALL\n", 400), sudoers.PVE9)
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	budget.Within(t, budget.Question{Memory: 300 << 20}, func() {
		analysis := Analyse(sudoers.TreeOf(file), Question{Question: policy.Question{Subject: policy.Subject{Name: "op"}}})
		if !analysis.Root() {
			t.Error("ALL is no way to root")
		}
	})
}

// TestBoundsOfUndecidable: a policy of rules that no budget answers ends in what pvesec cannot tell, on both releases,
// within so much memory and work. As in the other tests, the knowledge of programs is compiled before.
func TestBoundsOfUndecidable(t *testing.T) { //nolint:paralleltest // what others allocate would count
	tree := undecidable(t, 50)
	AnalyseReleases(undecidable(t, 1), Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}, sudoers.PVE8, sudoers.PVE9)
	q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}.WithSharedBudget(tree)}
	states := q.Budget.Shared.Left()
	budget.Within(t, budget.Question{Memory: 200 << 20}, func() {
		analysis := AnalyseReleases(tree, q, sudoers.PVE8, sudoers.PVE9)
		if !slices.ContainsFunc(analysis.Findings, func(f CommandFinding) bool { return f.ID == undecided.ID }) {
			t.Error("everything was decided")
		}
	})
	made, parts := q.Budget.Shared.Work()
	if most := 256*(states+states/2) + 1<<17; made+parts > most { // a state has 256 parts, a spent budget keeps a half of itself for easy questions (regular.SharedBudget), and both end with a step
		t.Errorf("%d states and %d parts, where %d parts are the most", made, parts, most)
	}
}
