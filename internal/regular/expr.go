package regular

import (
	"strings"
	"sync"
)

// Source is a pattern to compile: a Glob, an ERE or a Literal.
type Source interface {
	compile() (*automaton, error)
}

// Literal is a text that matches itself only.
type Literal string

// literalExpr is the expression of a literal, whose automaton is made where one is needed: most texts are compared
// only.
type literalExpr struct {
	text string
	once sync.Once
	a    *automaton
}

func (l *literalExpr) automaton() *automaton {
	l.once.Do(func() { l.a = chain(l.text) })
	return l.a
}

func (l Literal) compile() (*automaton, error) {
	if len(l) >= maxStates {
		return nil, ErrTooLarge
	}
	if strings.IndexByte(string(l), 0) >= 0 {
		return nil, errNUL
	}
	return chain(string(l)), nil
}

// chain is the automaton of one text, which is finished as it is.
func chain(l string) *automaton {
	n := len(l)
	a := &automaton{states: make([]state, n+1), components: make([][]int32, n+1)}
	edges, numbers := make([]edge, n), make([]int32, n+1)
	a.states[n].accept = true
	for i := range n + 1 {
		numbers[i] = int32(n - i)
		a.components[i] = numbers[i : i+1 : i+1]
		if i < n {
			edges[i] = edge{on: byteSetOf(l[i]), to: int32(i + 1)}
			a.states[i].edges = edges[i : i+1 : i+1]
		}
	}
	return a
}

// Expr is a compiled pattern: a Language that can also be put together with others to a longer pattern. It does not
// change, so goroutines may share it. The zero Expr is Empty.
type Expr struct {
	a       *automaton
	literal *literalExpr
}

// Compile makes an Expr of a pattern. The errors are ErrSyntax, ErrUnsupported and ErrTooLarge; only the first says
// what the pattern means, namely nothing.
func Compile(s Source) (Expr, error) {
	if l, ok := s.(Literal); ok && len(l) < maxStates && strings.IndexByte(string(l), 0) < 0 {
		return Expr{literal: &literalExpr{text: string(l)}}, nil
	}
	a, err := s.compile()
	if err != nil {
		return Expr{}, err
	}
	return Expr{a: a}, nil
}

var (
	emptyAutomaton   = finish(make([]state, 1))
	anyAutomaton     = finish([]state{{accept: true, edges: []edge{{on: anyByte, to: 0}}}})
	epsilonAutomaton = finish([]state{{accept: true}})
)

// Empty has no text.
func Empty() Expr { return Expr{a: emptyAutomaton} }

// Any has every text.
func Any() Expr { return Expr{a: anyAutomaton} }

// Epsilon has the empty text only.
func Epsilon() Expr { return Expr{a: epsilonAutomaton} }

// Contains tells whether a text is in the language.
func (e Expr) Contains(text string) bool {
	if e.literal != nil {
		return text == e.literal.text
	}
	return e.automaton().contains(text)
}

// Text gives the only text of a language that has one.
func (e Expr) Text() (text string, ok bool) {
	if e.literal != nil {
		return e.literal.text, true
	}
	return e.automaton().literal()
}

// MatchesNothing tells whether there is no text in the language.
func (e Expr) MatchesNothing() bool {
	first := &e.automaton().states[0]
	return !first.accept && len(first.edges) == 0 // every edge leads to a state that reaches an accepting one
}

// States is how many states the automaton of a pattern has, for statistics.
func (e Expr) States() int { return len(e.automaton().states) }

func (e Expr) automaton() *automaton {
	if e.literal != nil {
		return e.literal.automaton()
	}
	if e.a == nil {
		return emptyAutomaton
	}
	return e.a
}
