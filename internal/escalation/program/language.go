package program

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// compiled is a synopsis as languages, in the form of regular.Arguments.
type compiled struct {
	all regular.Expr
	// by has, for each set of effects that an operand can bring, the texts in which some operand brings it. The key is
	// made by effectKey.
	by map[string]regular.Expr
}

// assemble makes the languages.
func assemble(p regular.Part) (c compiled, err error) {
	if c.all, err = regular.Assemble(p); err != nil {
		return compiled{}, err
	}
	c.by = map[string]regular.Expr{}
	for _, key := range p.Marks() {
		if c.by[key], err = regular.AssembleMarked(p, key); err != nil {
			return compiled{}, err
		}
	}
	return c, nil
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

// onlyChosen ends the key of effects that come only where the caller chooses the host of the operand: what is sent goes
// where he likes.
const onlyChosen = "/@"

// effectsWhen are the effects of a key "A/B": A where the caller has a choice, B where the command line is fixed; of
// other keys in any case.
func effectsWhen(key string, fixed bool) []Effect {
	open, pinned, differ := strings.Cut(key, "/")
	if differ && fixed {
		if strings.HasSuffix(key, onlyChosen) {
			return nil
		}
		return effectsOf(pinned)
	}
	return effectsOf(open)
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

var blank = regular.Leaf(mustCompile(regular.Literal(" ")))

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

// compile makes the languages of a synopsis whose first word has a space in front.
func (c *compiler) compile(s synopsis) (compiled, error) {
	p, err := c.part(s, true)
	if err != nil {
		return compiled{}, err
	}
	return assemble(p)
}

// part puts a synopsis together; lead tells whether its first word has a space in front. Effects of operands are marks.
func (c *compiler) part(s synopsis, lead bool) (regular.Part, error) {
	switch s := s.(type) {
	case literal:
		return leaf(regular.Literal(s), lead)
	case cluster:
		return leaf(regular.ERE{Pattern: "-[" + string(s) + "]+", Whole: true}, lead)
	case operand:
		of, err := c.operands.language(s.kind, s.mode, c.marks)
		return led(regular.MarkedLeaf(of.all, of.by), lead), err
	case optional:
		of, err := c.part(s.of, lead)
		return regular.Maybe(of), err
	case repeated:
		first, err := c.part(s.of, lead)
		if err != nil || lead {
			return regular.OnceOrMore(first), err
		}
		more, err := c.part(s.of, true)
		return regular.Sequence(first, regular.Repeat(more)), err
	case choice:
		return c.choice(s, lead)
	case sequence:
		return c.sequence(s, lead)
	default:
		return regular.Part{}, errors.New("<command> and <shell> stand at the end of a synopsis, or before a fixed word")
	}
}

func leaf(s regular.Source, lead bool) (regular.Part, error) {
	e, err := regular.Compile(s)
	return led(regular.Leaf(e), lead), err
}

// led puts a space in front.
func led(of regular.Part, lead bool) regular.Part {
	if !lead {
		return of
	}
	return regular.Sequence(blank, of)
}

// choice has its alternatives. Where each of them begins with a word that must be there, one space serves them all.
func (c *compiler) choice(s choice, lead bool) (regular.Part, error) {
	common := lead && beginsWithWord(s)
	alternatives, err := c.alternatives(s, lead && !common)
	return led(regular.Choice(alternatives...), common), err
}

// beginsWithWord tells whether a synopsis begins with a piece that must be there.
func beginsWithWord(s synopsis) bool {
	switch s := s.(type) {
	case literal, cluster, operand:
		return true
	case repeated:
		return beginsWithWord(s.of)
	case choice:
		return !slices.ContainsFunc(s, func(alternative synopsis) bool { return !beginsWithWord(alternative) })
	case sequence:
		for i := range s { // the pieces of the first word
			if i > 0 && !s[i].glued {
				break
			}
			if beginsWithWord(s[i].of) {
				return true
			}
		}
	}
	return false
}

func (c *compiler) alternatives(s choice, lead bool) ([]regular.Part, error) {
	list := make([]regular.Part, len(s))
	for i, alternative := range s {
		var err error
		if list[i], err = c.part(alternative, lead); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c *compiler) sequence(s sequence, lead bool) (regular.Part, error) {
	var line []regular.Part
	for i := 0; i < len(s); {
		end := i + 1
		for end < len(s) && s[end].glued {
			end++
		}
		first := lead || i > 0
		if end > i+1 && first { // one word of several pieces
			line = append(line, blank)
			first = false
		}
		for ; i < end; i++ {
			if _, repeats := s[i].of.(repeated); repeats && s[i].glued {
				return regular.Part{}, errors.New("a repeated piece must be a word of its own")
			}
			p, err := c.part(s[i].of, first)
			if err != nil {
				return regular.Part{}, err
			}
			line = append(line, p)
		}
	}
	return regular.Sequence(line...), nil
}

// wrapper is a synopsis that ends in another command line.
type wrapper struct {
	kind   string
	before regular.Expr // the arguments in front of it
	after  string       // a fixed text behind it, with the space
	all    regular.Expr // all of it, whatever the command line inside
}

// The kinds of command lines inside of another one.
const (
	// commandInside is a program with its arguments. It is no option, and no assignment of a variable, which env would
	// take it for.
	commandInside = "command"
	// scriptInside is a script by its absolute path, with its arguments.
	scriptInside = "script"
	// shellInside is a text for a shell.
	shellInside = "shell"
)

// startOfInner has, for each kind, what a command line inside starts with, behind a space.
var startOfInner = map[string]regular.Expr{
	commandInside: mustCompile(regular.ERE{Pattern: "^ [^- =][^ =]*( |$)"}),
	scriptInside:  mustCompile(regular.ERE{Pattern: "^ /[^ ]+( |$)"}),
	shellInside:   mustCompile(regular.ERE{Pattern: "^ [^- ]"}),
}

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
	if of, is := line[at].of.(inner); is {
		w.kind = of.kind
	}
	if line[at].glued {
		return w, true, errors.New("the command line inside must be words of its own")
	}
	before, err := c.sequence(line[:at], true)
	if err != nil {
		return w, true, err
	}
	if len(before.Marks()) > 0 {
		return w, true, errors.New("operands with effects cannot stand before a command line inside")
	}
	if w.before, err = regular.Assemble(before); err != nil {
		return w, true, err
	}
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
	w.all, err = regular.Concat(regular.Budget{}, w.before, startOfInner[w.kind], behind)
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
			return fmt.Errorf("%q has a space", string(s))
		}
	}
	return nil
}
