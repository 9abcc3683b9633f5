package regular

import (
	"errors"
	"fmt"
	"strings"
)

// ERE is a POSIX extended regular expression as sudo compiles it (lib/util/regex.c, sudo_regex_compile) with glibc's
// regcomp(3) in the C locale: REG_EXTENDED, and REG_ICASE behind a leading (?i) or ^(?i). glibc's own \w \W \s \S \b \B \< \>
// \` and \' are understood.
//
// The language is that of the texts in which the expression matches somewhere, as regexec(3) searches; anchors make it more
// narrow, and bind closer than alternation: ^a|b$ is what starts with a or ends with b.
type ERE struct {
	Pattern string
	// Whole asks for the texts which match as a whole instead.
	Whole bool
}

const (
	// maxPattern is the longest expression that sudo compiles.
	maxPattern = 1024
	// maxBound is the largest repetition count that every sudo compiles, maxDup the largest of regcomp (RE_DUP_MAX).
	maxBound = 255
	maxDup   = 0x7fff
)

var (
	errTooLong = errors.New("longer than 1024 bytes")
	errRepeat  = errors.New("invalid use of a repetition operator")
	errBrace   = errors.New("invalid content of {}")
	errNUL     = fmt.Errorf("%w: a NUL byte, which ends a string of C", ErrUnsupported)
)

func (e ERE) compile() (*automaton, error) {
	t, err := e.tree()
	if err != nil {
		return nil, err
	}
	if !e.Whole {
		t = cat(skipped(), t, skipped())
	}
	return compile(t)
}

func (e ERE) tree() (*tree, error) {
	switch {
	case len(e.Pattern) > maxPattern:
		return nil, syntaxError(errTooLong)
	case strings.IndexByte(e.Pattern, 0) >= 0:
		return nil, errNUL
	}
	r := ereReader{pattern: e.Pattern}
	if rest, ok := strings.CutPrefix(e.Pattern, "^(?i)"); ok {
		r.pattern, r.fold = "^"+rest, true
	} else if rest, ok := strings.CutPrefix(e.Pattern, "(?i)"); ok {
		r.pattern, r.fold = rest, true
	}
	if err := checkRepetition(r.pattern); err != nil {
		return nil, err
	}
	return r.alternatives(0)
}

// syntaxError marks what sudo refuses to compile.
func syntaxError(err error) error { return fmt.Errorf("%w: %w", ErrSyntax, err) }

// ereReader is a parser by recursive descent.
type ereReader struct {
	pattern string
	pos     int
	fold    bool
}

func (r *ereReader) more() bool { return r.pos < len(r.pattern) }

// alternatives reads up to the end, or to the parenthesis that closes the group.
func (r *ereReader) alternatives(depth int) (*tree, error) {
	whole := alt()
	for {
		branch, err := r.branch(depth)
		if err != nil {
			return nil, err
		}
		whole.subs = append(whole.subs, branch)
		if !r.more() || r.pattern[r.pos] != '|' {
			return whole, nil
		}
		r.pos++
	}
}

func (r *ereReader) branch(depth int) (*tree, error) {
	whole := cat()
	for r.more() {
		c := r.pattern[r.pos]
		if c == '|' || c == ')' && depth > 0 {
			break
		}
		expr, anchor, err := r.expression(depth)
		if err != nil {
			return nil, err
		}
		// A repetition behind an anchor stands at the start of an expression, where there is nothing to repeat.
		for !anchor && r.more() && strings.IndexByte("*+?{", r.pattern[r.pos]) >= 0 {
			simple := strings.IndexByte("*?", r.pattern[r.pos]) >= 0
			from, to, err := r.repetition()
			switch {
			case err != nil:
				return nil, err
			case expr.anchored() && (!simple || expr.repeatsAnchor()):
				// glibc loses some anchors of what it copies: x(^a){,2} matches in xa.
				return nil, fmt.Errorf("%w: an anchor inside a counted or nested repetition", ErrUnsupported)
			}
			expr = repeat(expr, from, to)
		}
		whole.subs = append(whole.subs, expr)
	}
	return whole, nil
}

// expression reads what a repetition may follow, or an anchor.
func (r *ereReader) expression(depth int) (expr *tree, anchor bool, err error) {
	c := r.pattern[r.pos]
	r.pos++
	switch c {
	case '(':
		if expr, err = r.alternatives(depth + 1); err != nil {
			return nil, false, err
		}
		if !r.more() {
			return nil, false, syntaxError(errors.New("a parenthesis is not closed"))
		}
		r.pos++
		return expr, false, nil
	case '*', '+', '?', '{':
		return nil, false, syntaxError(errRepeat)
	case '^':
		return assert(atLineStart), true, nil
	case '$':
		return assert(atLineEnd), true, nil
	case '.':
		return set(anyByte), false, nil
	case '[':
		s, err := r.bracket()
		return set(s), false, err
	case '\\':
		return r.escape()
	}
	return r.literal(c), false, nil
}

// literal is a byte of the pattern. To ignore case, regcomp makes upper case letters of the pattern's, and regexec of the
// text's.
func (r *ereReader) literal(c byte) *tree {
	s := byteSetOf(c)
	if r.fold {
		s = s.foldCase()
	}
	return set(s)
}

// escape reads what follows a backslash.
func (r *ereReader) escape() (expr *tree, anchor bool, err error) {
	if !r.more() {
		return nil, false, syntaxError(errors.New("trailing backslash"))
	}
	c := r.pattern[r.pos]
	r.pos++
	if a, ok := escapedAnchors[c]; ok {
		return assert(a), true, nil
	}
	switch space := characterClasses["space"]; c {
	case 'w':
		return set(wordBytes), false, nil
	case 'W':
		return set(wordBytes.complement()), false, nil
	case 's':
		return set(space), false, nil
	case 'S':
		return set(space.complement()), false, nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return nil, false, fmt.Errorf(`%w: the back-reference \%c`, ErrUnsupported, c)
	}
	if r.fold && c >= 'a' && c <= 'z' {
		return set(byteSet{}), false, nil // regcomp leaves it as it is, and no upper case letter is equal to it
	}
	return r.literal(c), false, nil
}

var escapedAnchors = map[byte]assertion{
	'`': atStart, '\'': atEnd, 'b': atWordEdge, 'B': notAtWordEdge, '<': atWordStart, '>': atWordEnd,
}
