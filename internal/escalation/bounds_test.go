package escalation

import (
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
