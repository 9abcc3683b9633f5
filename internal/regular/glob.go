package regular

import "strings"

// Glob is a shell pattern as glibc's fnmatch(3) takes it in the C locale (posix/fnmatch_loop.c): sudo matches joined
// arguments with it without flags, paths with FNM_PATHNAME, and its glob(3) of paths adds FNM_PERIOD.
//
// The language contains the texts that match as a whole. A pattern that never matches in fnmatch, because of a
// trailing backslash or a character class that does not exist, is no error: its language is empty.
type Glob struct {
	Pattern string
	// Pathname keeps wildcards from matching a slash (FNM_PATHNAME).
	Pathname bool
	// Period keeps wildcards from matching a dot at the start of the text, with Pathname of any name in it
	// (FNM_PERIOD).
	Period bool
	// Fold ignores the case of ASCII letters (FNM_CASEFOLD).
	Fold bool
}

// globPlace is a state of the automaton of a glob.
type globPlace struct {
	pos  int  // how much of the pattern is behind
	star bool // whether a star may still take more, right before pos
	need int  // how many question marks beside that star have yet to be matched
	dot  dotRule
}

// dotRule says who must not match a dot that comes next. It is dotFree without Period, and inside of names.
type dotRule uint8

const (
	dotFree dotRule = iota
	// dotHidden is for wildcards.
	dotHidden
	// dotRefused is for all, behind a star that starts a name.
	dotRefused
)

// globReader makes states of places. fnmatch reads a pattern while it matches, so a malformed bracket expression can
// end at another place for another byte: every byte is asked.
type globReader struct {
	Glob
	wild   byteSet // what wildcards match
	number map[globPlace]int32
	places []globPlace
	states []state
	work   int // bytes of bracket expressions read so far
}

// maxBracketWork bounds the bytes of bracket expressions that are read for one pattern. Brackets that are not closed
// are read again and again; those that people write stay far below it.
const maxBracketWork = 1 << 24

func (g Glob) compile() (*automaton, error) {
	if strings.IndexByte(g.Pattern, 0) >= 0 {
		return nil, errNUL
	}
	if len(g.Pattern) >= maxStates {
		return nil, ErrTooLarge
	}
	r := &globReader{Glob: g, wild: anyByte, number: map[globPlace]int32{}}
	if g.Pathname {
		r.wild = r.wild.minus(byteSetOf('/'))
	}
	r.state(globPlace{dot: r.start(true)})
	for i := 0; i < len(r.places); i++ {
		r.read(int32(i), r.places[i])
		if r.work > maxBracketWork {
			return nil, ErrTooLarge
		}
	}
	for i := range r.states {
		sortEdges(r.states[i].edges)
	}
	return finish(r.states), nil
}

// start is the rule for dots at a place, if a name starts there.
func (r *globReader) start(name bool) dotRule {
	if name && r.Period {
		return dotHidden
	}
	return dotFree
}

// state numbers a place. A star and what stars and question marks follow are taken together, as fnmatch does.
func (r *globReader) state(p globPlace) int32 {
	if !p.star && strings.HasPrefix(r.Pattern[p.pos:], "*") {
		p.star = true
		for ; p.pos < len(r.Pattern) && (r.Pattern[p.pos] == '*' || r.Pattern[p.pos] == '?'); p.pos++ {
			if r.Pattern[p.pos] == '?' {
				p.need++
			}
		}
		if p.dot == dotHidden {
			p.dot = dotRefused
		}
	}
	n, ok := r.number[p]
	if !ok {
		n = int32(len(r.places))
		r.number[p] = n
		r.places = append(r.places, p)
		r.states = append(r.states, state{})
	}
	return n
}

func (r *globReader) connect(from int32, on byteSet, to globPlace) {
	if on.isEmpty() {
		return
	}
	n := r.state(to)
	edges := &r.states[from].edges
	for i := range *edges {
		if (*edges)[i].to == n {
			(*edges)[i].on = (*edges)[i].on.union(on)
			return
		}
	}
	*edges = append(*edges, edge{on: on, to: n})
}

// read finds the edges of a place.
func (r *globReader) read(from int32, p globPlace) {
	wild, plain := r.wild, anyByte
	if p.dot != dotFree {
		wild = wild.minus(byteSetOf('.'))
	}
	if p.dot == dotRefused {
		plain = plain.minus(byteSetOf('.'))
	}
	if p.star {
		after := globPlace{pos: p.pos, star: true, need: max(p.need-1, 0)}
		if p.need > 0 && p.dot != dotFree {
			after.dot = dotHidden // so fnmatch has it, although the name has begun
		}
		r.connect(from, r.wild.intersect(plain), after)
		if p.need > 0 {
			return
		}
		if r.Pathname && strings.HasPrefix(r.Pattern[p.pos:], `\/`) {
			return // fnmatch looks for an escaped slash behind a star in front of the next slash only
		}
	}
	if p.pos == len(r.Pattern) {
		r.states[from].accept = true
		return
	}
	switch c := r.Pattern[p.pos]; c {
	case '?':
		r.connect(from, wild, globPlace{pos: p.pos + 1})
	case '[':
		r.bracket(from, p.pos+1, wild)
	case '\\':
		if p.pos+1 < len(r.Pattern) {
			r.connect(from, r.literal(r.Pattern[p.pos+1]).intersect(plain), globPlace{pos: p.pos + 2})
		}
	default:
		name := r.Pathname && c == '/'
		r.connect(from, r.literal(c).intersect(plain), globPlace{pos: p.pos + 1, dot: r.start(name)})
	}
}

// literal is what a byte of the pattern outside of brackets stands for.
func (r *globReader) literal(c byte) byteSet {
	if r.Fold {
		return byteSetOf(c).foldCase()
	}
	return byteSetOf(c)
}

// bracket finds the edges of a bracket expression, behind its '['.
func (r *globReader) bracket(from int32, pos int, wild byteSet) {
	for b := 1; b < 256; b++ {
		end, matches := globBracket{r.Pattern, byte(b), r.Fold}.match(pos)
		if end < 0 {
			r.work += len(r.Pattern) - pos
		} else {
			r.work += end - pos
		}
		switch {
		case matches && wild.has(byte(b)):
			r.connect(from, byteSetOf(byte(b)), globPlace{pos: end})
		case end == bracketOpen && b == '[':
			r.connect(from, byteSetOf('['), globPlace{pos: pos})
		}
	}
}
