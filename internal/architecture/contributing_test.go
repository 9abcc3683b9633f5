package architecture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContributing: each file, each test and each make target that CONTRIBUTING.md and README.md name is there.
func TestContributing(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	tests := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, found := range declaration.FindAllStringSubmatch(string(text), -1) {
			tests[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "GNUmakefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"CONTRIBUTING.md", "README.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, named := range regexp.MustCompile("`((?:internal|examples|templates|docs)/[a-z_/.-]+)`").FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(named[1]))); err != nil {
				t.Errorf("%s names %s: %v", page, named[1], err)
			}
		}
		for _, named := range regexp.MustCompile(`(?:\x60|RUN=)(Test[A-Z][A-Za-z0-9]+)`).FindAllStringSubmatch(string(text), -1) {
			if !tests[named[1]] && named[1] != "TestName" {
				t.Errorf("%s names the test %s, which is not there", page, named[1])
			}
		}
		for _, named := range regexp.MustCompile(`(?m)(?:\x60|^\$ |^|PATH" )make ([a-z][a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(makefile), "\n"+named[1]+":") {
				t.Errorf("%s names make %s, which is no target", page, named[1])
			}
		}
	}
}
