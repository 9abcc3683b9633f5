package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	t.Parallel()

	rendered := fstest.MapFS{
		"index.md":             {Data: []byte("# pvesec\n")},
		"resources/new.md":     {Data: []byte("new\n")},
		"resources/changed.md": {Data: []byte("one\ntwo\nthree\n")},
		"resources/longer.md":  {Data: []byte("one\ntwo")},
	}
	committed := fstest.MapFS{
		"index.md":             {Data: []byte("# pvesec\n")},
		"resources/old.md":     {Data: []byte("old\n")},
		"resources/changed.md": {Data: []byte("one\nzwei\nthree\n")},
		"resources/longer.md":  {Data: []byte("one")},
	}
	want := []string{
		"resources/changed.md:2: differs from here on",
		"resources/longer.md:2: differs from here on",
		"resources/new.md: missing",
		"resources/old.md: no longer generated",
	}
	got, err := compare(rendered, committed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if got, err := compare(rendered, rendered); err != nil || len(got) != 0 {
		t.Errorf("a tree differs from itself: %v, %v", got, err)
	}
}

// TestCompareNothingCommitted is the first run: there is no docs/ yet.
func TestCompareNothingCommitted(t *testing.T) {
	t.Parallel()

	nothing := os.DirFS(filepath.Join(t.TempDir(), "docs"))
	got, err := compare(fstest.MapFS{"index.md": {Data: []byte("# pvesec\n")}}, nothing)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"index.md: missing"}, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
