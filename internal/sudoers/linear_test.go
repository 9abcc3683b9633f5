package sudoers

import (
	"math/rand/v2"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
)

// TestParsingIsLinear puts texts to the parser at whose every character something was measured to its end once.
func TestParsingIsLinear(t *testing.T) { //nolint:paralleltest // it counts memory
	for _, c := range []struct{ start, repeated string }{
		{"a ALL=sha256:", "$^"}, {"a ALL=sha256:", ".1"}, {"a ALL=sha256:", "^$"}, {"a ALL=sha256:", "g"}, {"a ALL=sha256:", "\\1"},
		{"a ALL=/x ", "^"}, {"a ALL=/x ", "=^"}, {"a ALL=", "^a\\$"}, {"a ALL=", "/a\\"}, {"", "\"\x05"}, {"Defaults ", "::1"}, {"a ALL=CWD=", "^$"},
	} {
		text := c.start + budget.Long(c.repeated, longText)
		budget.Linear(t, len(text), parseBudget, func() { _, _ = Parse("f", text, Version{}) })
		p := newParser("f", text, Version{}, aliasTable{})
		p.parse(nil)
		if p.lex.measured > 4*len(text) {
			t.Errorf("%d bytes of %q and so on: %d were measured", len(text), text[:20], p.lex.measured)
		}
	}
}

// TestWordWithinAWord: a word that begins within the one measured before is as long as if it were measured alone,
// wherever the lexer comes to.
func TestWordWithinAWord(t *testing.T) {
	t.Parallel()
	const letters = `a1\"\ ,=:^$/#` + "\t\n"
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		text := make([]byte, 1+random.IntN(12))
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		l := lexer{text: string(text)}
		for ; l.pos < len(text); l.pos += 1 + random.IntN(3) {
			if got, want := l.word(l.rest()), word(l.rest()); got != want {
				t.Fatalf("the word at %d of %q has %d bytes, want %d", l.pos, text, got, want)
			}
		}
	}
}
