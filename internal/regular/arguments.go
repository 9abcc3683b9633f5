package regular

import "strings"

// Arguments of a command as a text: each has a space in front of it. So no argument at all is "", and one that is empty
// is " ", which are the same to a pattern, but not to a rule that forbids arguments. The functions below go between
// this form and the one that patterns are matched with, arguments joined by single spaces.

// Arguments has the arguments that a pattern matches when they are joined. Where it matches the empty text, that is
// none as well as one that is empty.
func Arguments(joined Expr) (Expr, error) {
	some, err := Concat(Budget{}, Expr{a: spaceAutomaton}, joined)
	if err != nil || !joined.Contains("") {
		return some, err
	}
	return Optional(some)
}

var spaceAutomaton = finish([]state{{edges: []edge{{on: byteSetOf(' '), to: 1}}}, {accept: true}})

// AnyArguments has all arguments, and none.
func AnyArguments() Expr { return Expr{a: anyArguments} }

var anyArguments = finish([]state{
	{accept: true, edges: []edge{{on: byteSetOf(' '), to: 1}}},
	{accept: true, edges: []edge{{on: anyByte, to: 1}}},
})

// NoArguments is the lack of any.
func NoArguments() Expr { return Epsilon() }

// ArgumentsText gives the text of arguments.
func ArgumentsText(arguments []string) string {
	var b strings.Builder
	for _, a := range arguments {
		b.WriteByte(' ')
		b.WriteString(a)
	}
	return b.String()
}

// SplitArguments gives arguments that have a text. Others have it too if one of them has a space in it: the pattern
// cannot tell, and so it is the simplest.
func SplitArguments(text string) []string {
	rest, ok := strings.CutPrefix(text, " ")
	if !ok {
		return nil
	}
	return strings.Split(rest, " ")
}
