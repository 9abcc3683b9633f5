package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	demandRow  = regexp.MustCompile(`(?m)^\| (\d+) \|.*\|$`)
	namedTest  = regexp.MustCompile("`make test-one RUN=(Test[A-Za-z0-9]+)`")
	testInText = regexp.MustCompile(`\bTest[A-Z][A-Za-z0-9]+\b`)
	testInGo   = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(t \*testing\.T\)`)
	makeTarget = regexp.MustCompile("`make ([a-z-]+)")
)

// TestPromisesAreProven: the guide "promises" has a row for each of the sixteen demands, each row names a test, and
// each test and each target that it names exists.
func TestPromisesAreProven(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "templates", "guides", "promises.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testsBelow(t, filepath.Join(root, "internal"))
	rows := demandRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) != 16 {
		t.Errorf("%d demands, want 16", len(rows))
	}
	for _, row := range rows {
		if namedTest.FindString(row[0]) == "" {
			t.Errorf("demand %s names no test", row[1])
		}
	}
	for _, name := range testInText.FindAllString(string(page), -1) {
		if !tests[name] {
			t.Errorf("there is no test %s", name)
		}
	}
	makefile, err := os.ReadFile(filepath.Join(root, "GNUmakefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if strings.Contains(row[0], "TestOperatorsDay") && strings.Contains(row[0], "attempt") && !strings.Contains(row[0], "`make attack`") {
			t.Errorf("demand %s stands on attempts of which TestOperatorsDay makes a sample, and does not name `make attack`, which makes all", row[1])
		}
	}
	// What a target runs is there too.
	for _, target := range makeTarget.FindAllStringSubmatch(string(page), -1) {
		_, recipe, found := strings.Cut(string(makefile), "\n"+target[1]+":")
		recipe, _, _ = strings.Cut(recipe, "\n\n")
		if !found {
			t.Errorf("there is no make target %s", target[1])
		}
		if target[1] == "test-one" {
			continue // its user names the test
		}
		for _, name := range testInText.FindAllString(recipe, -1) {
			if !tests[name] {
				t.Errorf("make %s runs %s, which does not exist", target[1], name)
			}
		}
	}
}

// testsBelow are the names of all tests below a directory.
func testsBelow(t *testing.T, directory string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := os.ReadFile(name)
		for _, match := range testInGo.FindAllStringSubmatch(string(source), -1) {
			found[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
