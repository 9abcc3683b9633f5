package program

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Outcome is one effect that admitted command lines have.
type Outcome struct {
	Effect Effect
	// Operation is what has it; nil for what is undescribed.
	Operation *Operation
	// Args show it, in the form of regular.Arguments.
	Args string
	// Example tells that Args are an example of the data, and not made up by the search.
	Example bool
	// Undecided tells that the budget did not suffice: the effect may be there.
	Undecided bool
}

// Inside is a command line inside of another one, which is judged by itself.
type Inside struct {
	Operation *Operation
	// Args are the arguments of the wrapper that lead to it.
	Args string
	// Shell tells that Line is a text for a shell.
	Shell bool
	// Line is the command line inside, words joined by spaces. It is fixed if Rest is nil; else it is the fixed start
	// of one.
	Line string
	// Rest is what may follow Line, nil for nothing.
	Rest *regular.Expr
	// After is the fixed text behind the command line inside.
	After string
}

// Question is what is asked about the arguments of a program.
type Question struct {
	// Allowed are the arguments that are admitted, in the form of regular.Arguments. Shape has them all, and perhaps
	// some more: it is the pattern of the grant.
	Allowed regular.Language
	Shape   regular.Expr
	Budget  regular.Budget
}

// Judge says which effects the admitted arguments have, each effect once for each operation, and which command lines
// are inside.
func (p *Program) Judge(q Question) ([]Outcome, []Inside) {
	j := &judgement{Question: q, program: p}
	if text, fixed := q.Shape.Text(); fixed {
		if q.Allowed.Contains(text) {
			j.fixed(text)
		}
		return j.outcomes, j.insides
	}
	j.open()
	return j.outcomes, j.insides
}

// JudgeFixed is Judge for one line of arguments.
func (p *Program) JudgeFixed(args string) ([]Outcome, []Inside) {
	j := &judgement{program: p}
	j.fixed(args)
	return j.outcomes, j.insides
}

type judgement struct {
	Question
	program  *Program
	outcomes []Outcome
	insides  []Inside
}

func (j *judgement) add(o Outcome) {
	if !slices.ContainsFunc(j.outcomes, func(x Outcome) bool { return x.Effect == o.Effect && x.Operation == o.Operation }) {
		j.outcomes = append(j.outcomes, o)
	}
}

// fixed judges one line of arguments.
func (j *judgement) fixed(args string) {
	covered := false
	for _, o := range j.program.Operations {
		if !o.starting(args) {
			continue
		}
		if o.wraps() {
			w := o.must()
			for _, line := range w.splits(args) {
				covered = true
				j.insides = append(j.insides, Inside{Operation: o, Args: args, Shell: w.kind == shellInside, Line: line, After: w.after})
				j.own(o, args)
			}
			continue
		}
		if !o.arguments().Contains(args) {
			continue
		}
		covered = true
		j.own(o, args)
		c := o.languages()
		for _, key := range slices.Sorted(maps.Keys(c.by)) {
			if c.by[key].Contains(args) {
				for _, e := range effectsWhen(key, true) {
					j.add(Outcome{Effect: e, Operation: o, Args: args, Example: true})
				}
			}
		}
	}
	if !covered {
		j.uncovered(args, true)
	}
}

// own adds the effects that an operation has whatever its operands.
func (j *judgement) own(o *Operation, args string) {
	for _, e := range o.Effects {
		j.add(Outcome{Effect: e, Operation: o, Args: args, Example: true})
	}
}

// uncovered adds the effects of what no operation covers.
func (j *judgement) uncovered(args string, convincing bool) {
	o := j.program.Otherwise
	if o == nil {
		j.add(Outcome{Effect: Undescribed, Args: args})
		return
	}
	if !convincing {
		args, convincing = j.convincing(o, args)
	}
	for _, e := range o.Effects {
		j.add(Outcome{Effect: e, Operation: o, Args: args, Example: convincing})
	}
}

// open judges a pattern of arguments.
func (j *judgement) open() {
	var covers []regular.Expr
	for _, o := range j.program.Operations {
		if !o.mayStart(j.Shape) {
			continue
		}
		if o.wraps() {
			if all, met := j.wrapped(o); met {
				covers = append(covers, all)
			}
			continue
		}
		all := o.arguments()
		if !regular.MayMeet(j.Shape, all, j.Budget) {
			continue
		}
		covers = append(covers, all)
		if len(o.Effects) > 0 {
			if args, example, met := j.meets(all, o); met {
				for _, e := range o.Effects {
					j.add(Outcome{Effect: e, Operation: o, Args: args, Example: example, Undecided: args == undecided})
				}
			}
		}
		c := o.languages()
		for _, key := range slices.Sorted(maps.Keys(c.by)) {
			if !regular.MayMeet(j.Shape, c.by[key], j.Budget) {
				continue
			}
			if args, example, met := j.meets(c.by[key], o); met && !(strings.HasSuffix(key, onlyChosen) && j.onlyTo(args, c.by[key])) {
				for _, e := range effectsWhen(key, false) {
					j.add(Outcome{Effect: e, Operation: o, Args: args, Example: example, Undecided: args == undecided})
				}
			}
		}
	}
	if regular.Within(j.Shape, covers...) {
		return
	}
	all := unionOf(covers)
	for _, args := range j.likely() {
		if j.Allowed.Contains(args) && !all.Contains(args) {
			j.uncovered(args, false)
			return
		}
	}
	switch answer := regular.Subset(j.Allowed, all, j.Budget); answer.Verdict {
	case regular.No:
		j.uncovered(j.readable(answer.Witness, all), false)
	case regular.Unknown:
		j.add(Outcome{Effect: Undescribed, Undecided: true})
	}
}

func unionOf(patterns []regular.Expr) regular.Language {
	languages := make([]regular.Language, len(patterns))
	for i, e := range patterns {
		languages[i] = e
	}
	return regular.Union(languages...)
}

// printable are arguments that a person can type and read.
var printable = sync.OnceValue(func() regular.Expr { return mustCompile(regular.ERE{Pattern: "^[ -~]*$"}) })

// readable gives admitted arguments that no operation covers and that a person can read, where there are some.
func (j *judgement) readable(args string, covered regular.Language) string {
	if printable().Contains(args) {
		return args
	}
	if answer := regular.Subset(regular.Intersect(j.Allowed, printable()), covered, j.Budget); answer.Verdict == regular.No {
		return answer.Witness
	}
	return args
}

// likely are arguments that a wide grant admits and no operation covers.
func (j *judgement) likely() []string {
	start := regular.FixedStart(j.Shape)
	list := []string{start + " --other-option", start + "/../x --other-option", start + " x --other-option"}
	if o := j.program.Otherwise; o != nil {
		list = append([]string{asArguments(o.Example)}, list...)
	}
	return list
}

// undecided stands for arguments where the budget was spent. No arguments have a NUL byte.
const undecided = "\x00"

// meets tells whether admitted arguments are in a language, and shows some: an example of the operation if there is
// one.
func (j *judgement) meets(of regular.Expr, o *Operation) (args string, example, met bool) {
	for _, line := range o.Examples {
		if args := asArguments(line); of.Contains(args) && j.Allowed.Contains(args) {
			return args, true, true
		}
	}
	text, some, known := regular.Meeting(j.Shape, of, j.Budget)
	if known && (!some || j.Allowed.Contains(text)) {
		return text, false, some
	}
	// What the pattern has is taken away by another rule, at least in part.
	switch answer := regular.Disjoint(j.Allowed, of, j.Budget); answer.Verdict {
	case regular.Yes:
		return "", false, false
	case regular.Unknown:
		return undecided, false, true
	default:
		return answer.Witness, false, true
	}
}

// arguments are all that an operation covers that is no wrapper.
func (o *Operation) arguments() regular.Expr {
	all, err := o.all()
	if err != nil {
		panic("operation " + o.Args + " of " + o.program.Paths[0] + ": " + err.Error())
	}
	return all
}

// languages are those of an operation that is no wrapper. Tests compile all of them, so that an error is one of the
// program.
func (o *Operation) languages() compiled {
	c, err := o.compiled()
	if err != nil {
		panic("operation " + o.Args + " of " + o.program.Paths[0] + ": " + err.Error())
	}
	return c
}

func (o *Operation) must() wrapper {
	w, err := o.inner()
	if err != nil {
		panic("operation " + o.Args + " of " + o.program.Paths[0] + ": " + err.Error())
	}
	return w
}
