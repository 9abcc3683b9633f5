package escalation

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestAttacksAndHarmlessLines grants one command line at a time, out of a collection that was made before the data:
// every attack leads to root, what takes more than the command line is found, and what is harmless has no finding (it
// may be disruptive: that is what an operator is there for). What is undescribed comes near an attack and is none, but
// nobody would grant it, so that no operation covers it: it is found. Grants with a wildcard are what the attacks came
// in through.
func TestAttacksAndHarmlessLines(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string]struct{ Root, Found, Harmless, Undescribed, Grants []string }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, command := range slices.Sorted(maps.Keys(vectors)) {
		of := vectors[command]
		about := func(line string) Analysis {
			lines++
			args := `""`
			if line != "" {
				args = escapedWords(line)
			}
			return analyse(t, "op ALL=(root) "+command+" "+args+"\n")
		}
		for _, line := range of.Root {
			if a := about(line); !a.Root() {
				t.Errorf("missed: %s %s", command, line)
			}
		}
		for _, line := range slices.Concat(of.Found, of.Undescribed) {
			if a := about(line); len(a.Findings)+len(a.Disruptive) == 0 {
				t.Errorf("nothing is found: %s %s", command, line)
			}
		}
		for _, line := range of.Harmless {
			if a := about(line); len(a.Findings) > 0 {
				t.Errorf("false alarm: %s %s: %+v", command, line, a.Findings)
			}
		}
		for _, grant := range of.Grants {
			lines++
			if a := analyse(t, "op ALL=(root) "+command+" "+grant+"\n"); !a.Root() {
				t.Errorf("missed: %s %s", command, grant)
			}
		}
	}
	if t.Logf("%d command lines of %d commands", lines, len(vectors)); lines < 1500 || len(vectors) < 470 {
		t.Error("the collection has shrunk")
	}
}
