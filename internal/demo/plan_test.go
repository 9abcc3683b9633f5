package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlanOnly: `make demo-plan` goes as it tells.
func TestPlanOnly(t *testing.T) {
	t.Chdir(filepath.Join("..", "..")) // as make has it
	name := filepath.Join(t.TempDir(), "said")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	failed := demonstratePlan(t.Context(), newNarrator(out))
	said, err := os.ReadFile(name)
	if failed != nil || err != nil || !strings.Contains(string(said), "That is all of it that needs no node.") {
		t.Errorf("%v, %v:\n%s", failed, err, said)
	}
}
