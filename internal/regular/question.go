package regular

// IsEmpty asks whether a language has no text. The witness is one that it has. Past the budget it tries some texts of
// the patterns before it says Unknown.
func IsEmpty(l Language, b Budget) Answer {
	if none, ok := l.(union); ok && len(none) == 0 {
		return Answer{Verdict: Yes}
	}
	m := b.meter()
	answer := Answer{Verdict: Unknown}
	if s, ok := newSpace(m, l); ok {
		answer = s.isEmpty(l.node(s))
	}
	if answer.Verdict == Unknown {
		if text, ok := sample(l, b); ok {
			answer.Verdict, answer.Witness, answer.Sampled = No, text, true
		}
	}
	return answer
}

// samples is how many patterns are sampled, if the budget that questions share has something left for it.
const samples = 1000

// sample tries a shortest text of each pattern, of which one or the other is in the language more often than not.
func sample(l Language, b Budget) (text string, ok bool) {
	patterns := 0
	l.exprs(func(Expr) { patterns++ })
	m := Budget{Shared: b.Shared}.meter() // what the question itself has spent does not count
	tried := 0
	l.exprs(func(e Expr) {
		if tried++; ok || tried > samples || m.full() {
			return
		}
		if shortest, some := e.automaton().shortest(); some && m.work(patterns*(1+len(shortest))) && l.Contains(shortest) {
			text, ok = shortest, true
		}
	})
	return text, ok
}

// Subset asks whether b has every text of a. The witness is in a and not in b.
func Subset(a, b Language, budget Budget) Answer { return IsEmpty(Difference(a, b), budget) }

// Disjoint asks whether no text is in both. The witness is in both.
func Disjoint(a, b Language, budget Budget) Answer { return IsEmpty(Intersect(a, b), budget) }

// Equivalent asks whether two languages have the same texts. The witness is in one of them only.
func Equivalent(a, b Language, budget Budget) Answer {
	return IsEmpty(Union(Difference(a, b), Difference(b, a)), budget)
}
