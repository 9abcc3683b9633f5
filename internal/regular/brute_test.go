package regular

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// brute decides emptiness the plain way: the product of the subset constructions of all patterns, byte by byte, without
// any simplification. It gives a shortest text as well, and whether a printable one is as short.
func brute(l Language, bytes []byte, limit int) (witness string, empty, printableToo, ok bool) {
	var automata []*automaton
	index := map[*automaton]int{}
	l.exprs(func(e Expr) {
		if _, known := index[e.automaton()]; !known {
			index[e.automaton()] = len(automata)
			automata = append(automata, e.automaton())
		}
	})
	type product struct {
		sets  [][]int32
		text  string
		clean bool
	}
	accepts := func(p product) bool {
		return evaluate(l, func(a *automaton) bool {
			for _, q := range p.sets[index[a]] {
				if a.states[q].accept {
					return true
				}
			}
			return false
		})
	}
	first := product{clean: true}
	for range automata {
		first.sets = append(first.sets, []int32{0})
	}
	known := map[string]bool{}
	for layer := []product{first}; len(layer) > 0; {
		found, clean := "", false
		for _, p := range layer {
			if accepts(p) && (!clean || p.clean) {
				if found, clean = p.text, p.clean; clean {
					break
				}
				ok = true
			}
		}
		if clean || ok {
			return found, false, clean, true
		}
		var next []product
		position := map[string]int{}
		for _, p := range layer {
			for _, b := range bytes {
				n := product{text: p.text + string([]byte{b}), clean: p.clean && printable(b)}
				for i, a := range automata {
					n.sets = append(n.sets, a.step(p.sets[i], b, make([]bool, len(a.states))))
				}
				key := sortedKey(n.sets)
				if i, again := position[key]; again && n.clean && !next[i].clean {
					next[i] = n
				}
				if known[key] {
					continue
				}
				known[key] = true
				position[key] = len(next)
				next = append(next, n)
			}
		}
		if len(known) > limit {
			return "", false, false, false
		}
		layer = next
	}
	return "", true, false, true
}

func sortedKey(sets [][]int32) string {
	var b strings.Builder
	for _, set := range sets {
		in := map[int32]bool{}
		most := int32(0)
		for _, q := range set {
			in[q] = true
			most = max(most, q)
		}
		for q := int32(0); q <= most; q++ {
			if in[q] {
				fmt.Fprintf(&b, "%d,", q)
			}
		}
		b.WriteByte(';')
	}
	return b.String()
}

// evaluate is what a language says about a text of which it is known which patterns match.
func evaluate(l Language, matches func(*automaton) bool) bool {
	switch l := l.(type) {
	case Expr:
		return matches(l.automaton())
	case union:
		for _, part := range l {
			if evaluate(part, matches) {
				return true
			}
		}
		return false
	case intersection:
		for _, part := range l {
			if !evaluate(part, matches) {
				return false
			}
		}
		return true
	case complement:
		return !evaluate(l.of, matches)
	case prioritised:
		verdict := false
		for _, r := range l {
			if evaluate(r.Match, matches) {
				verdict = r.Allow
			}
		}
		return verdict
	}
	panic("a language of another kind")
}

var smallGlobs = []string{"a", "b", "*", "?", "[!a]", "ab", "*", "\x01", "[\x01b]", "?", "**"}

var smallEREs = []string{"a", "b", "\x01", ".", "[^a]", "a*", "b+", "(a|b)", "(ab)*", "(a|b$)", "(^|b)", "a?", "a{2}", "(b|\x01){1,2}", `\<`, "|"}

// randomLanguage is of patterns over a, b, 0x01 and the rest.
func randomLanguage(r *rand.Rand, depth int) Language {
	if depth == 0 || r.IntN(6) == 0 {
		for {
			var source Source
			switch r.IntN(5) {
			case 0:
				source = ERE{Pattern: joinPieces(r, smallEREs, 4)}
			case 1:
				source = ERE{Pattern: "^" + joinPieces(r, smallEREs, 4) + "$"}
			case 2:
				source = Literal(joinPieces(r, smallGlobs[:2], 4))
			default:
				source = Glob{Pattern: joinPieces(r, smallGlobs, 5)}
			}
			if e, err := Compile(source); err == nil {
				return e
			}
		}
	}
	parts := make([]Language, r.IntN(3)+1)
	for i := range parts {
		parts[i] = randomLanguage(r, depth-1)
	}
	switch r.IntN(6) {
	case 0:
		return Union(parts...)
	case 1:
		return Intersect(parts...)
	case 2:
		return Complement(parts[0])
	}
	var list []Rule
	for range r.IntN(6) {
		list = append(list, Rule{Allow: r.IntN(2) == 0, Match: randomLanguage(r, depth-1)})
	}
	return Prioritised(list)
}

func joinPieces(r *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range r.IntN(most) + 1 {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// TestAgainstBruteForce compares verdicts, lengths of witnesses and whether they print with the plain subset
// construction.
func TestAgainstBruteForce(t *testing.T) {
	t.Parallel()

	r := rand.New(rand.NewPCG(1, 2))
	counts := map[Verdict]int{}
	for range 4000 {
		l := randomLanguage(r, 2)
		if r.IntN(3) == 0 {
			l = Difference(l, randomLanguage(r, 2))
		}
		witness, empty, clean, ok := brute(l, []byte{'a', 'b', 'c', '~', '\n', 1}, 5000)
		if !ok {
			continue
		}
		got := IsEmpty(l, Budget{})
		counts[got.Verdict]++
		switch {
		case got.Verdict == Unknown:
			t.Errorf("unknown after %d states", got.States)
		case (got.Verdict == Yes) != empty:
			t.Errorf("%v with %q, by brute force empty is %v with %q", got.Verdict, got.Witness, empty, witness)
		case got.Verdict == No && !l.Contains(got.Witness):
			t.Errorf("the witness %q is not in the language", got.Witness)
		case len(got.Witness) != len(witness):
			t.Errorf("the witness %q is not as long as %q", got.Witness, witness)
		case got.Verdict == No && isPrintable(got.Witness) != clean:
			t.Errorf("the witness %q and %q do not both print", got.Witness, witness)
		}
	}
	if counts[Yes] < 300 || counts[No] < 300 {
		t.Errorf("%v says too little", counts)
	}
}

func isPrintable(text string) bool {
	for i := range len(text) {
		if !printable(text[i]) {
			return false
		}
	}
	return true
}
