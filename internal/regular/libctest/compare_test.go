package libctest

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// The patterns are random, from pieces that matter to the two languages and with a seed, so that a run can be repeated.
const (
	seed          = 20240229
	globs         = 22_000
	eres          = 22_000
	textsPerQuery = 32
)

var globPieces = []string{
	"a", "b", "c", "a", "b", "/", ".", "-", "*", "*", "**", "?", "[ab]", "[!a]", "[^b/]", "[a-c]", "[]a]", "[!]]", "[[:alpha:]]", "[![:digit:]_]", "[[:upper:]", "[", "]", "[a", "[a-", "[b-",
	`\*`, `\a`, `\[`, `\`, `[\]]`, `[a\-c]`, "[[.a.]]", "[[.-.]-c]", "[[=b=]]", "[[=bb=]]", "[a-[.c.]]", "[[:nope:]a]", "[a[:nope:]]", "[z-a]", "[--/]", "/.", "*/", "/*", "[.]", "[/]", "[!/]", " ", "\xe9", "[\xe0-\xff]", "[.a", "[:", ":]", "=]", ".]", "1", "A",
}

var erePieces = []string{
	"a", "b", "c", "a", "b", "_", "1", " ", ".", "-", "A", "B", "^", "$", "(", ")", "(", ")", "|", "*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}", "{0}", "{,}", "{", "}", "{3,1}", "{x}", "[ab]", "[^a]", "[a-c]", "[]a]", "[^]]", "[[:alpha:]]",
	"[^[:digit:]_]", "[[:upper:]]", "[[:nope:]]", "[[.a.]]", "[[=b=]]", "[[.-.]-c]", "[[=a=]-c]", "[a-]", "[a-b-c]", "[c-a]", "[", "]", "[a", `\.`, `\a`, `\A`, `\(`, `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `\<`, `\>`, "\\`", `\'`, `\`, "[A-C]", "[Z-a]", "[+-B]",
	"\xe9", "[\xe0-\xff]", "(a|b)", "(^a|b$)", "()", "(|a)", "[\\]", "(ab)*", "(a*)+",
}

// textBytes are what texts are made of, the likely ones more often.
const textBytes = "aaaabbbbccAB1_ .-/*[]\\:=\xe9\n"

func join(r *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range r.IntN(most) + 1 {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// texts are random ones, and variations of the pattern and of its first matches.
func texts(r *rand.Rand, pattern string, near []string) []string {
	result := []string{"", pattern}
	for len(result) < textsPerQuery {
		if len(near) > 0 && r.IntN(3) > 0 {
			result = append(result, vary(r, near[r.IntN(len(near))]))
			continue
		}
		b := make([]byte, r.IntN(7))
		for i := range b {
			b[i] = textBytes[r.IntN(len(textBytes))]
		}
		result = append(result, string(b))
	}
	return result
}

// vary changes a text by one byte, at most.
func vary(r *rand.Rand, text string) string {
	i, b := r.IntN(len(text)+1), string(textBytes[r.IntN(len(textBytes))])
	switch r.IntN(4) {
	case 0:
		return text[:i] + b + text[i:]
	case 1:
		return text[:i] + b + text[min(i+1, len(text)):]
	case 2:
		return text[:i] + text[min(i+1, len(text)):]
	default:
		return text
	}
}

// witnesses gives shortest texts in a language and outside of it, which random texts would hardly hit.
func witnesses(e regular.Expr) []string {
	var found []string
	for _, l := range []regular.Language{
		e, regular.Complement(e),
		regular.Difference(e, regular.Epsilon()),
		regular.Intersect(e, must(regular.Compile(regular.Glob{Pattern: "??*"}))),
		regular.Intersect(e, must(regular.Compile(regular.Glob{Pattern: "*[^a]*b*"}))),
		regular.Difference(must(regular.Compile(regular.Glob{Pattern: "*b?*"})), e),
	} {
		if answer := regular.IsEmpty(l, regular.Budget{States: 2000}); answer.Verdict == regular.No {
			found = append(found, answer.Witness)
		}
	}
	return found
}

func must(e regular.Expr, err error) regular.Expr {
	if err != nil {
		panic(err)
	}
	return e
}

// TestGlob compares with fnmatch(3).
func TestGlob(t *testing.T) {
	t.Parallel()

	c := startLibc(t)
	r := rand.New(rand.NewPCG(seed, 1))
	compared, matched := 0, 0
	for range globs {
		q := question{kind: 'g', pattern: join(r, globPieces, 8), pathname: r.IntN(2) == 0, period: r.IntN(4) == 0}
		e, err := regular.Compile(regular.Glob{Pattern: q.pattern, Pathname: q.pathname, Period: q.period})
		if err != nil {
			t.Fatalf("%q: %v", q.pattern, err)
		}
		q.texts = texts(r, q.pattern, witnesses(e))
		want, _ := c.ask(t, q)
		for i, text := range q.texts {
			compared++
			if want[i] {
				matched++
			}
			if got := e.Contains(text); got != want[i] {
				t.Errorf("glob %q (pathname %v, period %v) matches %q: %v, fnmatch says %v", q.pattern, q.pathname, q.period, text, got, want[i])
			}
		}
		if t.Failed() && compared > 1000 {
			t.FailNow()
		}
	}
	enough(t, compared, matched)
}

// TestERE compares with regcomp(3) and regexec(3).
func TestERE(t *testing.T) {
	t.Parallel()

	c := startLibc(t)
	r := rand.New(rand.NewPCG(seed, 2))
	compared, matched, refused := 0, 0, 0
	for tried := 0; tried < eres; {
		q := question{kind: 'e', pattern: join(r, erePieces, 8)}
		source := q.pattern
		if r.IntN(4) == 0 {
			q.kind, source = 'i', "(?i)"+source
		}
		e, err := regular.Compile(regular.ERE{Pattern: source})
		switch {
		case errors.Is(err, regular.ErrUnsupported), repeatedRepetition.MatchString(withoutEscapes(q.pattern)):
			continue // sudo refuses it before the C library is asked, or regular says that it does not know
		case err != nil:
			q.texts = []string{""}
			if _, accepted := c.ask(t, q); accepted {
				t.Errorf("ERE %q: %v, regcomp takes it", source, err)
			}
			refused++
			continue
		}
		tried++
		q.texts = texts(r, q.pattern, witnesses(e))
		want, accepted := c.ask(t, q)
		if !accepted {
			t.Errorf("ERE %q compiles, regcomp refuses it", source)
			continue
		}
		for i, text := range q.texts {
			compared++
			if want[i] {
				matched++
			}
			if got := e.Contains(text); got != want[i] {
				t.Errorf("ERE %q matches %q: %v, regexec says %v", source, text, got, want[i])
			}
		}
		if t.Failed() && compared > 1000 {
			t.FailNow()
		}
	}
	t.Logf("%d expressions refused by both", refused)
	enough(t, compared, matched)
}

// enough makes sure that the comparison was one: by the hundred thousand, with matches and without.
func enough(t *testing.T, compared, matched int) {
	t.Helper()

	t.Logf("%d comparisons, %d matches", compared, matched)
	if compared < 500_000 || matched < compared/10 || matched > compared*9/10 {
		t.Errorf("%d comparisons with %d matches say too little", compared, matched)
	}
}

// repeatedRepetition finds what sudo refuses and glibc takes.
var repeatedRepetition = regexp.MustCompile(`([*+?]|\{[0-9][0-9,]*\})([*+?]|\{[0-9][0-9,]*\})`)

func withoutEscapes(pattern string) string {
	return regexp.MustCompile(`(?s)\\.`).ReplaceAllString(pattern, "x")
}
