package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest is a test in SECURITY.md: its package's directory, unless that is the module's, and its name.
var namedTest = regexp.MustCompile("`(?:(internal/[a-z/]+)\\.)?((?:Test|Fuzz)[A-Za-z0-9]+)`")

// TestPromisesAreHeld: SECURITY.md promises only what a test holds, and every test that it names is there.
func TestPromisesAreHeld(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(text), "## What counts")
	list, _, ended := strings.Cut(list, "What pvesec does not promise")
	if !found || !ended {
		t.Fatal("SECURITY.md has no list of promises")
	}
	promises := strings.Split(list, "\n- ")[1:]
	if len(promises) < 8 {
		t.Errorf("only %d promises", len(promises))
	}
	for _, promise := range promises {
		tests := namedTest.FindAllStringSubmatch(promise, -1)
		if len(tests) == 0 {
			t.Errorf("no test holds: %s", promise)
		}
		for _, test := range tests {
			if !declared(t, filepath.Join(root, filepath.FromSlash(test[1])), test[2]) {
				t.Errorf("%s has no %s", test[1], test[2])
			}
		}
	}
}

// declared tells whether a test of that name is in a directory.
func declared(t *testing.T, directory, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
