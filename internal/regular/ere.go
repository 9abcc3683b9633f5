package regular

import (
	"errors"
	"fmt"
	"strings"
)

// ERE is a POSIX extended regular expression as sudo compiles it (lib/util/regex.c, sudo_regex_compile) with glibc's
// regcomp(3) in the C locale: REG_EXTENDED, and REG_ICASE behind a leading (?i) or ^(?i). glibc's own \w \W \s \S \b \B
// \< \> \` and \' are understood.
//
// The language contains the texts in which the expression matches somewhere, as regexec(3) searches. Anchors make it
// more narrow, and bind closer than alternation: ^a|b$ is what starts with a or ends with b.
type ERE struct {
	Pattern string
	// Whole asks for the texts which match as a whole instead.
	Whole bool
	// Coarse asks for an expression that costs no more than its length: a count above one stands for any number. See
	// coarse.
	Coarse bool
}

const (
	// maxPattern is the longest expression that sudo compiles (lib/util/regex.c).
	maxPattern = 1024
	// maxDup is the largest repetition count of regcomp (RE_DUP_MAX).
	maxDup = 0x7fff
)

var errNUL = fmt.Errorf("%w: a NUL byte, which ends a string of C", ErrUnsupported)

func (e ERE) compile() (*automaton, error) {
	t, err := e.tree()
	if err != nil {
		return nil, err
	}
	if e.Coarse {
		t = t.coarse()
	}
	if !e.Whole {
		t = cat(skipped(), t, skipped())
	}
	return compile(t)
}

// CheckERE says why sudo takes an expression for malformed, so that it matches nothing: a *SyntaxError, nil if it does
// not.
func CheckERE(pattern string) error {
	if _, err := (ERE{Pattern: pattern}).tree(); errors.Is(err, ErrSyntax) {
		return err
	}
	return nil
}

// tree reads the expression. That it is malformed is found in the whole of it, also behind what is not supported: the
// one is known to match nothing.
func (e ERE) tree() (*tree, error) {
	switch {
	case strings.IndexByte(e.Pattern, 0) >= 0:
		return nil, errNUL
	case len(e.Pattern) > maxPattern:
		return nil, newSyntaxError(maxPattern, tooLong)
	}
	r := ereReader{pattern: e.Pattern}
	const fold = "(?i)"
	if rest, ok := strings.CutPrefix(e.Pattern, "^"+fold); ok {
		r.pattern, r.fold, r.cut = "^"+rest, true, len(fold)
	} else if rest, ok := strings.CutPrefix(e.Pattern, fold); ok {
		r.pattern, r.fold, r.cut = rest, true, len(fold)
	}
	if at, reason := checkRepetition(r.pattern); reason != "" {
		return nil, r.malformed(at, reason)
	}
	t, err := r.alternatives(0)
	if err == nil {
		err = r.unknown
	}
	return t, err
}

// ereReader is a parser by recursive descent.
type ereReader struct {
	pattern string
	pos     int
	fold    bool
	cut     int // how many bytes were cut out in front of where pos points
	groups  int
	closed  [maxBackReference + 1]bool // the groups that a back-reference may name
	unknown error                      // the first construct that is not supported
}

const maxBackReference = 9

// malformed is what sudo refuses to compile, because of what stands at a place.
func (r *ereReader) malformed(at int, reason string) error {
	if at > 0 || r.pattern == "" || r.pattern[0] != '^' {
		at += r.cut
	}
	return newSyntaxError(at, reason)
}

// unsupported notes a construct whose meaning is not known.
func (r *ereReader) unsupported(reason string) {
	if r.unknown == nil {
		r.unknown = fmt.Errorf("%w: %s", ErrUnsupported, reason)
	}
}

func (r *ereReader) more() bool { return r.pos < len(r.pattern) }

// alternatives reads up to the end, or to the parenthesis that closes the group.
func (r *ereReader) alternatives(depth int) (*tree, error) {
	whole := alt()
	before, either := r.closed, r.closed
	for {
		r.closed = before // a back-reference does not see the groups of other alternatives
		branch, err := r.branch(depth)
		if err != nil {
			return nil, err
		}
		whole.subs = append(whole.subs, branch)
		for i, closed := range r.closed {
			either[i] = either[i] || closed
		}
		if !r.more() || r.pattern[r.pos] != '|' {
			r.closed = either
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
			if err != nil {
				return nil, err
			}
			if expr.anchored() && (!simple || expr.repeatsAnchor()) {
				// glibc loses some anchors of what it copies: x(^a){,2} matches in xa.
				r.unsupported("an anchor inside a counted or nested repetition")
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
		expr, err = r.group(depth)
		return expr, false, err
	case '*', '+', '?', '{':
		return nil, false, r.malformed(r.pos-1, badRepeat)
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

// group reads what is behind an open parenthesis, up to the one that closes it.
func (r *ereReader) group(depth int) (*tree, error) {
	at := r.pos - 1
	r.groups++
	number := r.groups
	expr, err := r.alternatives(depth + 1)
	if err != nil {
		return nil, err
	}
	if !r.more() {
		return nil, r.malformed(at, openGroup)
	}
	r.pos++
	if number <= maxBackReference {
		r.closed[number] = true
	}
	return expr, nil
}

// literal is a byte of the pattern. To ignore case, regcomp makes upper case letters of the pattern's, and regexec of
// the text's.
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
		return nil, false, r.malformed(r.pos-1, badEscape)
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
		if !r.closed[c-'0'] {
			return nil, false, r.malformed(r.pos-2, fmt.Sprintf(`\%c refers to a group that is not closed before it`, c))
		}
		r.unsupported(fmt.Sprintf(`the back-reference \%c`, c))
		return cat(), false, nil
	}
	if r.fold && c >= 'a' && c <= 'z' {
		return set(byteSet{}), false, nil // regcomp leaves it as it is, and no upper case letter is equal to it
	}
	return r.literal(c), false, nil
}

var escapedAnchors = map[byte]assertion{
	'`': atStart, '\'': atEnd, 'b': atWordEdge, 'B': notAtWordEdge, '<': atWordStart, '>': atWordEnd,
}
