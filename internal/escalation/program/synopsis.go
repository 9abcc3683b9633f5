package program

import (
	"errors"
	"fmt"
	"strings"
)

// A synopsis describes a language of arguments much as manual pages do:
//
//	a b       one word after the other
//	[x]       optional
//	(x | y)   one of several
//	x...      once or more; [x]... any number of times
//	$name     a set of the program, which is a synopsis itself
//	<type>    an operand, <type:mode> one that is judged by its class
//	-{abc}    a cluster of short flags: a dash and one or more of the letters
//	<command> the rest of the line is another command line; <script> likewise, of a script by its absolute path; <shell> a text for a shell
//
// Pieces without a space between them are one word: --lines=<number>. A backslash takes the meaning from a special
// character.

// synopsis is a node of a parsed synopsis.
type synopsis interface{ isSynopsis() }

type (
	// literal is a text without spaces.
	literal string
	// cluster is a dash and some of the letters.
	cluster string
	// operand is a value of a type, used in a mode.
	operand struct{ kind, mode string }
	// sequence has its items one after the other, with a space before each but those that are glued.
	sequence []item
	choice   []synopsis
	optional struct{ of synopsis }
	repeated struct{ of synopsis }
	// inner is the rest of the line: see the kinds of command lines inside.
	inner struct{ kind string }
)

type item struct {
	of    synopsis
	glued bool
}

func (literal) isSynopsis()  {}
func (cluster) isSynopsis()  {}
func (operand) isSynopsis()  {}
func (sequence) isSynopsis() {}
func (choice) isSynopsis()   {}
func (optional) isSynopsis() {}
func (repeated) isSynopsis() {}
func (inner) isSynopsis()    {}

// parseSynopsis reads a synopsis. Sets gives the text of a set by its name.
func parseSynopsis(text string, sets map[string]string) (synopsis, error) {
	p := &synopsisParser{text: text, sets: sets}
	s, err := p.alternatives()
	if err == nil && p.pos < len(p.text) {
		err = fmt.Errorf("%q is not expected", p.text[p.pos:])
	}
	if err != nil {
		return nil, fmt.Errorf("synopsis %q: %w", text, err)
	}
	return s, nil
}

type synopsisParser struct {
	text  string
	pos   int
	sets  map[string]string
	depth int
}

// specials end a literal.
const specials = "[]()|<>$. \\"

func (p *synopsisParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *synopsisParser) spaces() (some bool) {
	for p.peek() == ' ' {
		p.pos++
		some = true
	}
	return some
}

func (p *synopsisParser) alternatives() (synopsis, error) {
	var all choice
	for {
		s, err := p.sequence()
		if err != nil {
			return nil, err
		}
		all = append(all, s)
		if p.peek() != '|' {
			break
		}
		p.pos++
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *synopsisParser) sequence() (synopsis, error) {
	var s sequence
	p.spaces()
	glued := false
	for {
		switch p.peek() {
		case 0, '|', ']', ')':
			return s, nil
		}
		of, err := p.piece()
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(p.text[p.pos:], "...") {
			p.pos += 3
			of = repeated{of}
		}
		s = append(s, item{of, glued})
		glued = !p.spaces()
	}
}

func (p *synopsisParser) piece() (synopsis, error) {
	switch c := p.peek(); c {
	case '[', '(':
		p.pos++
		of, err := p.alternatives()
		if err != nil {
			return nil, err
		}
		if closing := map[byte]byte{'[': ']', '(': ')'}[c]; p.peek() != closing {
			return nil, fmt.Errorf("%q is not closed", c)
		}
		p.pos++
		if c == '[' {
			return optional{of}, nil
		}
		return of, nil
	case '<':
		return p.operand()
	case '$':
		return p.set()
	case '>':
		return nil, errors.New("a > without <")
	}
	if rest := p.text[p.pos:]; strings.HasPrefix(rest, "-{") {
		letters, _, closed := strings.Cut(rest[2:], "}")
		if !closed || letters == "" {
			return nil, errors.New("-{ without letters and }")
		}
		p.pos += len(letters) + 3
		return cluster(letters), nil
	}
	return p.literal()
}

func (p *synopsisParser) operand() (synopsis, error) {
	name, _, closed := strings.Cut(p.text[p.pos+1:], ">")
	if !closed {
		return nil, errors.New("< without >")
	}
	p.pos += len(name) + 2
	if name == commandInside || name == shellInside || name == scriptInside {
		return inner{name}, nil
	}
	kind, mode, _ := strings.Cut(name, ":")
	return operand{kind, mode}, nil
}

func (p *synopsisParser) set() (synopsis, error) {
	end := p.pos + 1
	for end < len(p.text) && (p.text[end] == '_' || p.text[end] >= 'a' && p.text[end] <= 'z' || p.text[end] >= '0' && p.text[end] <= '9') {
		end++
	}
	name := p.text[p.pos+1 : end]
	text, known := p.sets[name]
	if !known {
		return nil, fmt.Errorf("there is no set %q", name)
	}
	if p.depth > 8 {
		return nil, fmt.Errorf("set %q leads to itself", name)
	}
	p.pos = end
	of := &synopsisParser{text: text, sets: p.sets, depth: p.depth + 1}
	s, err := of.alternatives()
	if err == nil && of.pos < len(of.text) {
		err = fmt.Errorf("set %q: %q is not expected", name, of.text[of.pos:])
	}
	return s, err
}

func (p *synopsisParser) literal() (synopsis, error) {
	var b strings.Builder
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case c == '\\':
			p.pos++
			if p.pos == len(p.text) {
				return nil, errors.New("a backslash at the end")
			}
			c = p.text[p.pos]
		case c == '.' && !strings.HasPrefix(p.text[p.pos:], "..."):
		case strings.IndexByte(specials, c) >= 0:
			if b.Len() == 0 {
				return nil, fmt.Errorf("%q is not expected", p.text[p.pos:])
			}
			return literal(b.String()), nil
		}
		b.WriteByte(c)
		p.pos++
		if strings.HasPrefix(p.text[p.pos:], "-{") {
			break
		}
	}
	return literal(b.String()), nil
}
