package libctest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// grammarPieces are the patterns of the grammar by which package grammartest derives policies, as sudo has them after
// it took their escapes away: another source of pieces than the ones here, with the classes by which people got past a
// policy.
var grammarPieces = sync.OnceValues(func() (pieces map[byte][]string, err error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "policy", "grammartest", "testdata", "policy.grammar"))
	if err != nil {
		return nil, err
	}
	pieces = map[byte][]string{}
	kinds := map[string]byte{"glob": 'g', "pattern": 'g', "expression": 'e', "argexpression": 'e'}
	for line := range strings.Lines(string(text)) {
		name, right, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " -> ")
		if kind := kinds[name]; kind != 0 {
			for _, alternative := range strings.Split(right, " | ") {
				alternative, _, _ = strings.Cut(alternative, " ~~ ")
				pieces[kind] = append(pieces[kind], strings.ReplaceAll(strings.TrimSpace(alternative), `\|`, "|"))
			}
		}
	}
	return pieces, nil
})

// derived is a pattern of the grammar: as it is, a part of it, or parts of two.
func derived(r *rand.Rand, kind byte) string {
	pieces, err := grammarPieces()
	if err != nil {
		panic(err) // the file is beside this one
	}
	list := pieces[kind]
	one, other := list[r.IntN(len(list))], list[r.IntN(len(list))]
	if kind == 'e' && r.IntN(2) == 0 {
		one, other = strings.Trim(one, "^$"), strings.Trim(other, "^$")
	}
	switch r.IntN(3) {
	case 0:
		return one
	case 1:
		return one[:r.IntN(len(one)+1)] + other[r.IntN(len(other)+1):]
	}
	return one + other
}

// TestGrammarIsRead: the pieces are those of the grammar, with the classes that matter.
func TestGrammarIsRead(t *testing.T) {
	t.Parallel()
	pieces, err := grammarPieces()
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[byte][]string{'g': {"[a-c-e]", "/opt/*/one"}, 'e': {"^[a-z-0-9]+$", "^[{256}]$", "^(a|b)*c$", "^(a)\\1$"}} {
		for _, pattern := range want {
			found := false
			for _, piece := range pieces[kind] {
				found = found || piece == pattern
			}
			if !found {
				t.Errorf("%q is not among %q", pattern, pieces[kind])
			}
		}
	}
}
