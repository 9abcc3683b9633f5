package sudoers

import (
	"fmt"
	"sort"
	"strings"
)

// Pos is a place in a policy file. Line and Col start at 1, Col counts bytes.
type Pos struct {
	File string
	Line int
	Col  int
}

// String gives "file:line:col".
func (p Pos) String() string {
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// IsValid tells whether the position was set.
func (p Pos) IsValid() bool { return p.Line > 0 }

// Span is a range of byte offsets in the text of a file: Start is the first
// byte, End the one after the last.
type Span struct {
	Start int
	End   int
}

// Error is one reason why visudo would reject the policy. Msg says what is
// wrong, Hint what to write instead.
type Error struct {
	Pos  Pos
	Msg  string
	Hint string
}

// Error gives "file:line:col: message", as visudo prints it.
func (e *Error) Error() string {
	return e.Pos.String() + ": " + e.Msg
}

// Excerpt shows the line of text that the error points into, with a caret under
// the place. It gives the empty string if text has no such line.
func (e *Error) Excerpt(text string) string {
	line, ok := lineAt(text, e.Pos.Line)
	if !ok || e.Pos.Col < 1 {
		return ""
	}
	col := min(e.Pos.Col-1, len(line))
	// A tab before the place is kept so that the caret stands under it.
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:col])
	return line + "\n" + pad + "^"
}

func lineAt(text string, n int) (string, bool) {
	for i := 1; ; i++ {
		line, rest, more := strings.Cut(text, "\n")
		if i == n {
			return strings.TrimSuffix(line, "\r"), true
		}
		if !more {
			return "", false
		}
		text = rest
	}
}

// Errors are all errors of a file or a tree, in the order of reading.
type Errors []*Error

// Error joins all messages, one a line.
func (es Errors) Error() string {
	msgs := make([]string, len(es))
	for i, e := range es {
		msgs[i] = e.Error()
	}
	return strings.Join(msgs, "\n")
}

// Err gives the errors as an error, nil if there are none.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// sortByPos orders the errors of one file by their position.
func (es Errors) sortByPos() {
	sort.SliceStable(es, func(i, j int) bool {
		a, b := es[i].Pos, es[j].Pos
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
}
