package check

import (
	"regexp"
	"slices"
	"testing"
)

// TestCatalogue: every check says what somebody at night needs, and no id is there twice.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	list := Catalogue()
	if len(list) < 120 {
		t.Errorf("%d checks", len(list))
	}
	seen := map[string]bool{}
	for i := range list {
		c := &list[i]
		if !regexp.MustCompile(`^PVESEC-C\d{4}$`).MatchString(c.ID) || seen[c.ID] {
			t.Errorf("the id %q is malformed, or there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Why == "" || c.Expected == "" || c.Remedy == "" || len(c.References) == 0 {
			t.Errorf("%s says too little: %+v", c.ID, c)
		}
		if !slices.Contains(Families(), c.Family) || !slices.Contains(Severities(), c.Severity) || c.Level != Level1 && c.Level != Level2 {
			t.Errorf("%s: family %q, severity %q, level %d", c.ID, c.Family, c.Severity, c.Level)
		}
		if (c.node == nil) == (c.cluster == nil) {
			t.Errorf("%s is about a node and the cluster, or about neither", c.ID)
		}
		for _, r := range c.References {
			if r.Source == "" {
				t.Errorf("%s has a reference without a source", c.ID)
			}
		}
	}
	t.Logf("%d checks", len(list))
}
