package libctest

import (
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

var (
	patterns = flag.Int("patterns", 20_000, "how many globs, and how many expressions, to compare with each C library")
	seed     = flag.Uint64("seed", 20240229, "seed of the generator, 0 for one from the clock")
)

// perAsk is how many patterns are asked about at a time.
const perAsk = 2000

// random is a source of its own for each comparison.
func random(t *testing.T, stream uint64) *rand.Rand {
	t.Helper()

	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", *seed)
	return rand.New(rand.NewPCG(*seed, stream))
}

// TestGlob compares with fnmatch(3).
func TestGlob(t *testing.T) {
	t.Parallel()

	globs(t, local(t), random(t, 1), *patterns)
}

// TestERE compares with regcomp(3) and regexec(3), and where this machine has sudo with what that compiles.
func TestERE(t *testing.T) {
	t.Parallel()

	expressions(t, local(t), random(t, 2), *patterns)
}

// score is what a comparison saw.
type score struct{ texts, matched, refused, unknown int }

// enough makes sure that a comparison of so many patterns was one, with matches and without.
func (s score) enough(t *testing.T, j judge, patterns int) {
	t.Helper()

	t.Logf("%s: %d patterns, %d texts, %d matches, %d refused by both, %d not known", j.name, patterns, s.texts, s.matched, s.refused, s.unknown)
	if s.texts < 5*patterns || s.matched < s.texts/10 || s.matched > s.texts*9/10 || s.unknown > patterns/10 {
		t.Errorf("%+v says too little", s)
	}
}

// compare holds what an automaton says to the answer.
func (s *score) compare(t *testing.T, j judge, q question, e regular.Expr, a answer) {
	t.Helper()

	for i, text := range q.texts {
		s.texts++
		if a.matches[i] {
			s.matched++
		}
		if got := e.Contains(text); got != a.matches[i] {
			t.Errorf("%c %q (pathname %v, period %v, fold %v) matches %q: %v, %s says %v", q.kind, q.pattern, q.pathname, q.period, q.fold, text, got, j.name, a.matches[i])
			return
		}
	}
}

// globs compares random globs.
func globs(t *testing.T, j judge, r *rand.Rand, n int) {
	t.Helper()

	var s score
	for done := 0; done < n && !t.Failed(); done += perAsk {
		questions, exprs := make([]question, 0, perAsk), make([]regular.Expr, 0, perAsk)
		for range min(perAsk, n-done) {
			q := question{kind: 'g', pattern: randomGlob(r), pathname: r.IntN(2) == 0, period: r.IntN(4) == 0, fold: r.IntN(3) == 0}
			e, err := regular.Compile(regular.Glob{Pattern: q.pattern, Pathname: q.pathname, Period: q.period, Fold: q.fold})
			if err != nil {
				t.Fatalf("%q: %v", q.pattern, err)
			}
			q.texts = texts(r, q.pattern, witnesses(e))
			questions, exprs = append(questions, q), append(exprs, e)
		}
		for i, a := range j.ask(t, questions) {
			s.compare(t, j, questions[i], exprs[i], a)
		}
	}
	s.enough(t, j, n)
}

// expressions compares random EREs.
func expressions(t *testing.T, j judge, r *rand.Rand, n int) {
	t.Helper()

	var s score
	for done := 0; done < n && !t.Failed(); done += perAsk {
		var questions []question
		var exprs []regular.Expr
		var problems []error
		for range min(perAsk, n-done) {
			q := question{kind: 's', pattern: randomERE(r), texts: []string{""}}
			e, err := regular.Compile(regular.ERE{Pattern: q.pattern})
			if errors.Is(err, regular.ErrTooLarge) || errors.Is(err, regular.ErrSyntax) && !j.sudo {
				continue // what the C library would need for it is not put to the test, or what only sudo refuses
			}
			if !j.sudo {
				q.kind, q.pattern = withoutSudo(q.pattern)
			}
			if err == nil {
				q.texts = texts(r, q.pattern, witnesses(e))
			}
			questions, exprs, problems = append(questions, q), append(exprs, e), append(problems, err)
		}
		for i, a := range j.ask(t, questions) {
			q, err := questions[i], problems[i]
			switch {
			case a.refused != errors.Is(err, regular.ErrSyntax):
				t.Errorf("ERE %q: %v, but that it is refused by %s is %v", q.pattern, err, j.name, a.refused)
			case a.refused:
				s.refused++
			case err != nil:
				s.unknown++
			default:
				s.compare(t, j, q, exprs[i], a)
			}
		}
	}
	s.enough(t, j, n)
}

// withoutSudo takes the prefix away by which sudo, not the C library, ignores case.
func withoutSudo(pattern string) (kind byte, rest string) {
	if len(pattern) >= 5 && pattern[:5] == "^(?i)" {
		return 'i', "^" + pattern[5:]
	}
	if len(pattern) >= 4 && pattern[:4] == "(?i)" {
		return 'i', pattern[4:]
	}
	return 'e', pattern
}
