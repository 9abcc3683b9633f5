package program

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// compiled is a synopsis as languages, in the form of regular.Arguments.
type compiled struct {
	all regular.Expr
	// by has, for each set of effects that an operand can bring, the texts in which some operand brings it. The key is made by effectKey.
	by map[string]regular.Expr
}

// effectKey is a set of effects as a text: their names in order, joined by "+".
func effectKey(of []Effect) string {
	names := make([]string, len(of))
	for i, e := range of {
		names[i] = string(e)
	}
	slices.Sort(names)
	return strings.Join(names, "+")
}

func effectsOf(key string) []Effect {
	if key == "" {
		return nil
	}
	var list []Effect
	for name := range strings.SplitSeq(key, "+") {
		list = append(list, Effect(name))
	}
	return list
}

var blank = mustCompile(regular.Literal(" "))

func mustCompile(s regular.Source) regular.Expr {
	e, err := regular.Compile(s)
	if err != nil {
		panic(err) // a pattern written here
	}
	return e
}

// compiler turns synopses into languages. Without marks it leaves out which texts bring effects, and is cheap.
type compiler struct {
	operands *operands
	marks    bool
}

func (c *compiler) compile(s synopsis, lead bool) (compiled, error) {
	switch s := s.(type) {
	case literal:
		return c.word(regular.Literal(s), lead)
	case cluster:
		return c.word(regular.ERE{Pattern: "-[" + string(s) + "]+", Whole: true}, lead)
	case operand:
		of, err := c.operands.language(s.kind, s.mode, c.marks)
		if err != nil {
			return compiled{}, err
		}
		return led(of, lead)
	case optional:
		of, err := c.compile(s.of, lead)
		if err != nil {
			return compiled{}, err
		}
		of.all, err = regular.Optional(of.all)
		return of, err
	case repeated:
		return c.repeated(s, lead)
	case choice:
		return c.choice(s, lead)
	case sequence:
		return c.sequence(s, lead)
	default:
		return compiled{}, errors.New("<command> and <shell> stand at the end of a synopsis, or before a fixed word")
	}
}

func (c *compiler) word(s regular.Source, lead bool) (compiled, error) {
	e, err := regular.Compile(s)
	if err != nil {
		return compiled{}, err
	}
	return led(compiled{all: e}, lead)
}

// led puts a blank in front.
func led(of compiled, lead bool) (compiled, error) {
	if !lead {
		return of, nil
	}
	return concat([]compiled{{all: blank}, of})
}

func (c *compiler) choice(s choice, lead bool) (compiled, error) {
	all := make([]regular.Expr, len(s))
	by := map[string][]regular.Expr{}
	for i, alternative := range s {
		of, err := c.compile(alternative, lead)
		if err != nil {
			return compiled{}, err
		}
		all[i] = of.all
		for key, e := range of.by {
			by[key] = append(by[key], e)
		}
	}
	result := compiled{by: map[string]regular.Expr{}}
	var err error
	if result.all, err = regular.Alternate(all...); err != nil {
		return compiled{}, err
	}
	for key, list := range by {
		if result.by[key], err = regular.Alternate(list...); err != nil {
			return compiled{}, err
		}
	}
	return result, nil
}

func (c *compiler) repeated(s repeated, lead bool) (compiled, error) {
	first, err := c.compile(s.of, lead)
	if err != nil {
		return compiled{}, err
	}
	next, err := c.compile(s.of, true)
	if err != nil {
		return compiled{}, err
	}
	star, err := regular.Star(next.all)
	if err != nil {
		return compiled{}, err
	}
	result := compiled{by: map[string]regular.Expr{}}
	if result.all, err = regular.Concat(first.all, star); err != nil {
		return compiled{}, err
	}
	for key := range next.by {
		if lead {
			if result.by[key], err = regular.Concat(star, next.by[key], star); err != nil {
				return compiled{}, err
			}
			continue
		}
		// The first brings the effect, or one that comes later.
		early, err := regular.Concat(first.by[key], star)
		if err != nil {
			return compiled{}, err
		}
		late, err := regular.Concat(first.all, star, next.by[key], star)
		if err != nil {
			return compiled{}, err
		}
		if result.by[key], err = regular.Alternate(early, late); err != nil {
			return compiled{}, err
		}
	}
	return result, nil
}

func (c *compiler) sequence(s sequence, lead bool) (compiled, error) {
	var parts []compiled
	for i := 0; i < len(s); {
		end := i + 1
		for end < len(s) && s[end].glued {
			end++
		}
		first := lead || i > 0
		if end > i+1 && first { // one word of several pieces
			parts = append(parts, compiled{all: blank})
			first = false
		}
		for ; i < end; i++ {
			if _, repeats := s[i].of.(repeated); repeats && s[i].glued {
				return compiled{}, errors.New("a repeated piece must be a word of its own")
			}
			part, err := c.compile(s[i].of, first)
			if err != nil {
				return compiled{}, err
			}
			parts = append(parts, part)
		}
	}
	return concat(parts)
}

// concat has parts one after the other. An effect is brought by any of them.
func concat(parts []compiled) (compiled, error) {
	all := make([]regular.Expr, len(parts))
	keys := map[string]bool{}
	for i, p := range parts {
		all[i] = p.all
		for key := range p.by {
			keys[key] = true
		}
	}
	result := compiled{by: map[string]regular.Expr{}}
	var err error
	if result.all, err = regular.Concat(all...); err != nil {
		return compiled{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		var ways []regular.Expr
		for i, p := range parts {
			marked, brings := p.by[key]
			if !brings {
				continue
			}
			line := slices.Clone(all)
			line[i] = marked
			way, err := regular.Concat(line...)
			if err != nil {
				return compiled{}, err
			}
			ways = append(ways, way)
		}
		if result.by[key], err = regular.Alternate(ways...); err != nil {
			return compiled{}, err
		}
	}
	return result, nil
}

// wrapper is a synopsis that ends in another command line.
type wrapper struct {
	kind   string       // command or shell
	before regular.Expr // the arguments in front of it
	after  string       // a fixed text behind it, with the blank
	all    regular.Expr // all of it, whatever the command line inside
}

// anyInner has every command line inside: its first word is no option.
var anyInner = mustCompile(regular.ERE{Pattern: "^ [^- ]"})

// splitInner cuts a synopsis at the command line inside of it; ok is false if there is none.
func (c *compiler) splitInner(s synopsis) (w wrapper, ok bool, err error) {
	line, isSequence := s.(sequence)
	at := -1
	if isSequence {
		at = slices.IndexFunc(line, func(i item) bool { _, is := i.of.(inner); return is })
	}
	if at < 0 {
		return wrapper{}, false, nil
	}
	w.kind = line[at].of.(inner).kind
	if line[at].glued {
		return w, true, errors.New("the command line inside must be words of its own")
	}
	before, err := c.sequence(line[:at], true)
	if err != nil {
		return w, true, err
	}
	if len(before.by) > 0 {
		return w, true, errors.New("operands with effects cannot stand before a command line inside")
	}
	w.before = before.all
	for _, rest := range line[at+1:] {
		word, fixed := rest.of.(literal)
		if !fixed || rest.glued {
			return w, true, errors.New("only fixed words can stand behind a command line inside")
		}
		w.after += " " + string(word)
	}
	behind, err := regular.Compile(regular.Literal(w.after))
	if err != nil {
		return w, true, err
	}
	w.all, err = regular.Concat(w.before, anyInner, behind)
	return w, true, err
}

// check tells whether a synopsis names types and modes that there are, without making languages.
func (c *compiler) check(s synopsis) error {
	switch s := s.(type) {
	case operand:
		return c.operands.known(s.kind, s.mode)
	case optional:
		return c.check(s.of)
	case repeated:
		return c.check(s.of)
	case choice:
		for _, alternative := range s {
			if err := c.check(alternative); err != nil {
				return err
			}
		}
	case sequence:
		for i := range s {
			if err := c.check(s[i].of); err != nil {
				return err
			}
		}
	case literal:
		if strings.ContainsAny(string(s), " \n\x00") {
			return fmt.Errorf("%q has a blank", string(s))
		}
	}
	return nil
}
