package regular

import "strings"

// bracketItem is one start or end point in a bracket expression.
type bracketItem struct {
	char  byte
	class byteSet // of [:name:] and [=c=], which cannot bound a range
	isSet bool
}

// bracket reads a bracket expression behind its '['. A backslash in it is an ordinary character.
func (r *ereReader) bracket() (byteSet, error) {
	var s byteSet
	open := r.pos - 1
	negated := strings.HasPrefix(r.pattern[r.pos:], "^")
	if negated {
		r.pos++
	}
	for first := true; ; first = false {
		if !r.more() {
			return s, r.malformed(open, openBracket)
		}
		if r.pattern[r.pos] == ']' && !first {
			r.pos++
			break
		}
		if rest := r.pattern[r.pos:]; !first && rest[0] == '-' && !strings.HasPrefix(rest, "-]") {
			return s, r.malformed(r.pos, badRange)
		}
		at := r.pos
		from, err := r.bracketItem()
		if err != nil {
			return s, err
		}
		to, isRange, err := r.rangeTo()
		switch {
		case err != nil:
			return s, err
		case isRange && (from.isSet || to.isSet || from.char > to.char):
			return s, r.malformed(at, badRange)
		case isRange:
			s.addRange(from.char, to.char)
		case from.isSet:
			s = s.union(from.class)
		default:
			s.add(from.char)
		}
	}
	if r.fold {
		s = foldPattern(s)
	}
	if negated {
		s = s.complement()
	}
	return s.intersect(anyByte), nil
}

// rangeTo reads the rest of a range, if there is one.
func (r *ereReader) rangeTo() (to bracketItem, isRange bool, err error) {
	rest := r.pattern[r.pos:]
	if !strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "-]") {
		return to, false, nil
	}
	if rest == "-" {
		return to, false, r.malformed(r.pos, openBracket)
	}
	r.pos++
	to, err = r.bracketItem()
	return to, true, err
}

// bracketItem reads a character, [.c.], [=c=] or [:name:].
func (r *ereReader) bracketItem() (bracketItem, error) {
	rest := r.pattern[r.pos:]
	if len(rest) >= 2 && rest[0] == '[' && strings.IndexByte(".=:", rest[1]) >= 0 {
		return r.bracketSymbol(rest)
	}
	r.pos++
	return bracketItem{char: r.upper(rest[0])}, nil
}

// bracketSymbol reads [.c.], [=c=] or [:name:], of which the C locale has characters as collating elements and
// equivalence classes of one.
func (r *ereReader) bracketSymbol(rest string) (bracketItem, error) {
	kind := rest[1]
	length := strings.Index(rest[2:], string([]byte{kind, ']'}))
	if length < 0 {
		return bracketItem{}, r.malformed(r.pos, openBracket)
	}
	name := rest[2 : 2+length]
	at := r.pos
	r.pos += length + 4
	if kind == ':' {
		if r.fold && (name == "upper" || name == "lower") {
			name = "alpha"
		}
		class, ok := characterClasses[name]
		if !ok {
			return bracketItem{}, r.malformed(at, badClass)
		}
		return bracketItem{class: class, isSet: true}, nil
	}
	if length != 1 {
		return bracketItem{}, r.malformed(at, badCollate)
	}
	char := r.upper(name[0])
	if kind == '=' {
		return bracketItem{class: byteSetOf(char), isSet: true}, nil
	}
	return bracketItem{char: char}, nil
}

// upper is how regcomp reads a byte of a pattern that ignores case: a range is between upper case letters.
func (r *ereReader) upper(c byte) byte {
	if r.fold && c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// foldPattern is the set of bytes whose upper case letter is in a set.
func foldPattern(s byteSet) byteSet {
	upper := s.intersect(characterClasses["upper"])
	return s.minus(characterClasses["lower"]).union(upper.foldCase())
}
