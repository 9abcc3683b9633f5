package regular

import "iter"

// Language is a set of texts: an Expr, or languages combined. Texts are of any length and of all bytes but NUL, which
// no argument of a command can hold. Languages do not change, so goroutines may share them.
type Language interface {
	// Contains tells whether a text is in the language, by matching the text and not by the search that decides on
	// languages: what one says can be checked with the other.
	Contains(text string) bool
	// node gives the language's node in a space, to which its patterns have been added.
	node(s *space) ref
	// exprs calls visit for each pattern.
	exprs(visit func(Expr))
}

// Patterns are the patterns that a language is made of, in their order.
func Patterns(l Language) iter.Seq[Expr] {
	return func(yield func(Expr) bool) {
		more := true
		l.exprs(func(e Expr) { more = more && yield(e) })
	}
}

// Rule is a verdict on a language.
type Rule struct {
	Allow bool
	Match Language
}

type (
	union        []Language
	intersection []Language
	complement   struct{ of Language }
	prioritised  []Rule
)

// Union has the texts of any of several languages; of none it is empty.
func Union(of ...Language) Language { return union(of) }

// Intersect has the texts of all of several languages; of none it is Any.
func Intersect(of ...Language) Language { return intersection(of) }

// Complement has all other texts.
func Complement(of Language) Language { return complement{of} }

// Difference has the texts of a that b does not have.
func Difference(a, b Language) Language { return Intersect(a, Complement(b)) }

// Prioritised has the texts that rules allow when the last rule that matches decides, and nothing is allowed that no
// rule matches: the meaning of a list of commands in sudoers(5).
func Prioritised(rules []Rule) Language { return prioritised(rules) }

func (u union) Contains(text string) bool {
	for _, l := range u {
		if l.Contains(text) {
			return true
		}
	}
	return false
}

func (i intersection) Contains(text string) bool {
	for _, l := range i {
		if !l.Contains(text) {
			return false
		}
	}
	return true
}

func (c complement) Contains(text string) bool { return !c.of.Contains(text) }

func (p prioritised) Contains(text string) bool {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Match.Contains(text) {
			return p[i].Allow
		}
	}
	return false
}

func (e Expr) exprs(visit func(Expr)) { visit(e) }

func (u union) exprs(visit func(Expr)) {
	for _, l := range u {
		l.exprs(visit)
	}
}

func (i intersection) exprs(visit func(Expr)) { union(i).exprs(visit) }

func (c complement) exprs(visit func(Expr)) { c.of.exprs(visit) }

func (p prioritised) exprs(visit func(Expr)) {
	for _, r := range p {
		r.Match.exprs(visit)
	}
}

func (e Expr) node(s *space) ref { return s.some([]int32{s.start[e.automaton()]}) }

func (u union) node(s *space) ref {
	parts := make([]ref, len(u))
	for i, l := range u {
		parts[i] = l.node(s).not()
	}
	return s.all(parts).not()
}

func (i intersection) node(s *space) ref {
	parts := make([]ref, len(i))
	for j, l := range i {
		parts[j] = l.node(s)
	}
	return s.all(parts)
}

func (c complement) node(s *space) ref { return c.of.node(s).not() }

func (p prioritised) node(s *space) ref {
	runs := make([]run, 0, len(p))
	for i := len(p) - 1; i >= 0; i-- {
		runs = append(runs, run{allow: p[i].Allow, on: p[i].Match.node(s)})
	}
	return s.decide(runs, false)
}
