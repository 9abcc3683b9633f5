package sudoers

import (
	"errors"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// PatternProblemKind says what is wrong with a pattern.
type PatternProblemKind uint8

const (
	// MalformedPattern is an expression that sudo refuses to compile (lib/util/regex.c), so that it matches nothing.
	MalformedPattern PatternProblemKind = iota + 1
	// RelativePattern is an expression for commands that no absolute path matches (match_command.c,
	// command_matches_regex).
	RelativePattern
	// LostPattern is another pattern that nothing matches.
	LostPattern
)

// PatternProblem is a pattern that sudo accepts without an error and that never matches: it allows nothing, or it
// denies nothing.
type PatternProblem struct {
	Error
	Kind PatternProblemKind
}

// CheckPatterns finds the patterns of commands and arguments in a file that never match, with their places.
func CheckPatterns(f *File) []PatternProblem {
	var problems []PatternProblem
	check := func(m *CommandMember) { problems = append(problems, checkPatterns(m, f.Text)...) }
	for _, e := range f.Entries {
		switch e := e.(type) {
		case *Defaults:
			for i := range e.Commands {
				check(&e.Commands[i])
			}
		case *AliasDef:
			for i := range e.Aliases {
				for j := range e.Aliases[i].Commands {
					check(&e.Aliases[i].Commands[j])
				}
			}
		case *UserSpec:
			for i := range e.Privileges {
				for j := range e.Privileges[i].Commands {
					check(&e.Privileges[i].Commands[j].CommandMember)
				}
			}
		}
	}
	return problems
}

// checkPatterns looks at one command, which stands in a text.
func checkPatterns(m *CommandMember, text string) []PatternProblem {
	var problems []PatternProblem
	c := &m.Command
	switch {
	case c.Kind == CommandRegex:
		problems = append(problems, m.checkExpression(text, c.Name, absolutePath)...)
	case c.Kind == CommandPath && HasMeta(c.Name):
		problems = append(problems, m.checkPathGlob(text)...)
	}
	switch {
	case !c.HasArgs || c.Args == `""`:
	case c.Args[0] == '^' && c.Args[len(c.Args)-1] == '$':
		problems = append(problems, m.checkExpression(text, c.Args, regular.Any())...)
	case matchesNothing(regular.Glob{Pattern: c.Args, Pathname: c.Name == "sudoedit"}):
		problems = append(problems, m.problem(LostPattern, text, c.Args, 0, "no arguments match "+c.Args, globHint))
	}
	return problems
}

const globHint = "write the pattern as in glob(7): a bracket needs a byte that it can match, and a class one of the names that exist"

// absolutePath has what begins with a slash.
var absolutePath = func() regular.Expr {
	e, err := regular.Compile(regular.ERE{Pattern: "^/"})
	if err != nil {
		panic(err) // a pattern written here
	}
	return e
}()

func matchesNothing(pattern regular.Source) bool {
	e, err := regular.Compile(pattern)
	return err == nil && e.MatchesNothing()
}

// checkExpression looks at a regular expression that is compared with texts of a kind.
func (m *CommandMember) checkExpression(text, pattern string, with regular.Expr) []PatternProblem {
	e, err := regular.Compile(regular.ERE{Pattern: pattern, Coarse: true})
	var malformed *regular.SyntaxError
	switch {
	case errors.As(err, &malformed):
		return []PatternProblem{m.problem(MalformedPattern, text, pattern, malformed.At,
			"sudo takes the regular expression "+pattern+" for malformed, so that it never matches: "+malformed.Reason, malformed.Hint)}
	case err != nil:
		return nil // what it matches is not known
	case e.MatchesNothing():
		return []PatternProblem{m.problem(LostPattern, text, pattern, 0, "nothing matches the regular expression "+pattern,
			"write '^' at its beginning only, and as \\^ where it stands for itself")}
	}
	if both, err := regular.Both(e, with, regular.Budget{}); err == nil && both.MatchesNothing() {
		return []PatternProblem{m.problem(RelativePattern, text, pattern, 0, "the regular expression "+pattern+" matches no absolute path", "begin it with ^/")}
	}
	return nil
}

// checkPathGlob looks at a pattern of paths, of which glob(3) compares each part between slashes with names.
func (m *CommandMember) checkPathGlob(text string) []PatternProblem {
	name := m.Command.Name
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if matchesNothing(regular.Glob{Pattern: part, Pathname: true, Period: true}) {
			return []PatternProblem{m.problem(LostPattern, text, name, 0, "no path matches "+name+": no name does "+part, globHint)}
		}
		closes := func(part string) bool { return strings.Contains(part, "]") }
		if at := (regular.Glob{Pattern: part}).OpenBracket(); at >= 0 && slices.ContainsFunc(parts[i+1:], closes) {
			return []PatternProblem{m.problem(LostPattern, text, name, len(strings.Join(parts[:i], "/"))+1+at, "the bracket in "+name+" ends at the slash, so that its '[' stands for itself",
				"write a bracket without a slash, and the slash outside of it")}
		}
	}
	return nil
}

// problem is one at a byte of a pattern, which stands in the text of the command as it is, unless lines are continued
// in it.
func (m *CommandMember) problem(kind PatternProblemKind, text, pattern string, at int, msg, hint string) PatternProblem {
	place := m.Pos
	start, end := m.Span.Start, min(m.Span.End, len(text))
	if start < end {
		if offset := strings.LastIndex(text[start:end], pattern); offset >= 0 {
			before := text[start : start+offset+at]
			if newline := strings.LastIndexByte(before, '\n'); newline >= 0 {
				place.Line += strings.Count(before, "\n")
				place.Col = len(before) - newline
			} else {
				place.Col += len(before)
			}
		}
	}
	return PatternProblem{Kind: kind, Error: Error{Pos: place, Msg: msg, Hint: hint}}
}
