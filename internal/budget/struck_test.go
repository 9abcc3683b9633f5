package budget

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStruck: what is counted stands in the file that make prints, after what other tests wrote there.
func TestStruck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "counts")
	t.Setenv(countsVariable, file)
	if err := os.WriteFile(file, []byte("TestOther: 1 struck (x 1)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var s Struck
	s.Count("shell killed", "old")
	s.Count("shell killed", "new")
	s.Count("disk full", "old")
	if total := s.Report(t); total != 3 {
		t.Errorf("%d in all", total)
	}
	got, err := os.ReadFile(file)
	if want := "TestOther: 1 struck (x 1)\nTestStruck: 3 struck (disk full 1, shell killed 2)\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	t.Setenv(countsVariable, filepath.Dir(file))
	if err := add(os.Getenv(countsVariable), "x"); err == nil {
		t.Error("a directory was written to")
	}
}

// TestPart: the parts of a run have each cell once.
func TestPart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]part{"1/1": {1, 1}, "2/8": {2, 8}, "8/8": {8, 8}} {
		var got part
		if err := got.Set(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "0/8", "9/8", "-1/8", "1/0", "1/2/3", "a/b", "01/2"} {
		got := part{1, 1}
		if err := got.Set(text); err == nil || !strings.Contains(err.Error(), "2/8") || got != (part{1, 1}) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if !Whole() || !InPart(0) || !InPart(7) {
		t.Error("without the flag not all is mine")
	}
	for cell := range 20 {
		has := 0
		for number := 1; number <= 3; number++ {
			if (part{number, 3}).has(cell) {
				has++
			}
		}
		if has != 1 {
			t.Errorf("cell %d is in %d parts", cell, has)
		}
	}
}
