package architecture

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	required = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`) // a line of go.mod that ends with "// indirect" is not matched
	inTable  = regexp.MustCompile("`([^` ]+)`")
)

// TestDependenciesHaveReasons: each module that go.mod names directly stands in DESIGN.md with its reason, and no other
// one does.
func TestDependenciesHaveReasons(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	design, err := os.ReadFile("../../DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(design), "\n## Dependencies\n")
	if !found {
		t.Fatal("DESIGN.md has no section Dependencies")
	}
	var patterns []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, match := range inTable.FindAllStringSubmatch(cells[1], -1) {
				patterns = append(patterns, match[1])
			}
		}
	}
	used := map[string]bool{}
	for _, match := range required.FindAllStringSubmatch(string(mod), -1) {
		module := strings.TrimSuffix(strings.TrimPrefix(match[1], "github.com/"), "/v5")
		known := false
		for _, pattern := range patterns {
			if ok, err := path.Match(pattern, module); err == nil && ok {
				known, used[pattern] = true, true
			}
		}
		if !known {
			t.Errorf("DESIGN.md gives no reason for %s", match[1])
		}
	}
	for _, pattern := range patterns {
		if !used[pattern] {
			t.Errorf("DESIGN.md names %s, which go.mod does not require", pattern)
		}
	}
}
