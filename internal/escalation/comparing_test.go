package escalation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestDenyListOfTheGuide: the deny-list that the guide shows leads to root.
func TestDenyListOfTheGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "comparing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "```text\n")
	list, _, _ = strings.Cut(list, "```")
	file, errs := sudoers.Parse("operator", list, sudoers.PVE9)
	if err := errs.Err(); err != nil || list == "" {
		t.Fatalf("%q: %v", list, err)
	}
	found := Analyse(sudoers.TreeOf(file), Question{Question: policy.Question{Subject: policy.Subject{Name: "operator"}}})
	if !found.Root() {
		t.Errorf("the deny-list does not lead to root: %+v", found.Findings)
	}
}
