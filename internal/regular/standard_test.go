package regular

import (
	"math/rand/v2"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestAgainstRegexp compares with package regexp, of which the part used here means the same as in POSIX EREs.
func TestAgainstRegexp(t *testing.T) {
	t.Parallel()

	pieces := []string{"a", "b", "c", ".", "[ab]", "[^a]", "[[:alpha:]]", "(a|b)", "(ab|c)*", "(a*b)+", "a?", "b*", "c{2}", "(a|bc){1,3}", "(a|b)?", `\.`, "|a"}
	r := rand.New(rand.NewPCG(3, 4))
	matched := 0
	for range 3000 {
		pattern := "^(" + joinPieces(r, pieces, 6) + ")$"
		if r.IntN(3) == 0 {
			pattern = joinPieces(r, pieces, 4)
		}
		want, err := regexp.Compile("(?s)" + pattern)
		if err != nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		e := ere(t, pattern)
		for range 20 {
			text := randomText(r, "aabbccd.\n", 8)
			if want.MatchString(text) {
				matched++
			}
			if got := e.Contains(text); got != want.MatchString(text) {
				t.Errorf("%q matches %q: %v", pattern, text, got)
			}
		}
	}
	if matched < 10_000 {
		t.Errorf("%d matches say too little", matched)
	}
}

// TestAgainstPath compares with path.Match, which means the same as fnmatch with FNM_PATHNAME as long as
// brackets do not meet slashes.
func TestAgainstPath(t *testing.T) {
	t.Parallel()

	pieces := []string{"a", "b", "/", "*", "*", "?", "[ab]", "[^a/]", "[a-c]", `\*`, `\b`, ".", "/"}
	r := rand.New(rand.NewPCG(5, 6))
	matched := 0
	for range 10_000 {
		pattern := joinPieces(r, pieces, 6)
		if strings.Contains(pattern, `*\`) {
			continue
		}
		e := mustCompile(t, Glob{Pattern: pattern, Pathname: true})
		for range 20 {
			text := randomText(r, "aabb/./*", 6)
			want, err := path.Match(pattern, text)
			if err != nil {
				t.Fatalf("%q: %v", pattern, err)
			}
			if want {
				matched++
			}
			if got := e.Contains(text); got != want {
				t.Errorf("%q matches %q: %v", pattern, text, got)
			}
		}
	}
	if matched < 5000 {
		t.Errorf("%d matches say too little", matched)
	}
}

func randomText(r *rand.Rand, bytes string, most int) string {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = bytes[r.IntN(len(bytes))]
	}
	return string(b)
}
