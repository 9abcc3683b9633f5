package regular

// IsEmpty asks whether a language has no text. The witness is one that it has.
func IsEmpty(l Language, b Budget) Answer {
	s := newSpace(b.meter(), l)
	return s.isEmpty(l.node(s))
}

// Subset asks whether b has every text of a. The witness is in a and not in b.
func Subset(a, b Language, budget Budget) Answer { return IsEmpty(Difference(a, b), budget) }

// Disjoint asks whether no text is in both. The witness is in both.
func Disjoint(a, b Language, budget Budget) Answer { return IsEmpty(Intersect(a, b), budget) }

// Equivalent asks whether two languages have the same texts. The witness is in one of them only.
func Equivalent(a, b Language, budget Budget) Answer {
	return IsEmpty(Union(Difference(a, b), Difference(b, a)), budget)
}
