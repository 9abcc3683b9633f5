package program

import (
	"maps"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// wrapped looks for command lines inside of a pattern of arguments: the pattern must fix everything up to the program
// inside.
func (j *judgement) wrapped(o *Operation) (all regular.Expr, met bool) {
	w := o.must()
	all = w.all
	if !regular.MayMeet(j.Shape, all, j.Budget) {
		return all, false
	}
	args, _, some := j.meets(all, o)
	if !some {
		return all, false
	}
	start := regular.FixedStart(j.Shape)
	found := false
	for _, line := range w.splits(start + w.after) {
		if !strings.Contains(line, " ") && w.kind != shellInside {
			continue // the name of the program may go on
		}
		tail := regular.After(j.Shape, start)
		j.insides = append(j.insides, Inside{Operation: o, Args: args, Shell: w.kind == shellInside, Line: line, Rest: &tail, After: w.after})
		found = true
	}
	if !found && !j.few(o, w) && !j.programs(o, w) {
		j.add(Outcome{Effect: RunsCode, Operation: o, Args: args, Undecided: args == undecided})
	}
	j.own(o, args)
	return all, true
}

// mostInside is how many command lines inside of a pattern are judged one by one.
const mostInside = 256

// few judges the command lines inside one by one, where there are a few whatever stands in front of them: pct ^exec
// 2[0-9]{2} -- uptime$.
func (j *judgement) few(o *Operation, w wrapper) bool {
	texts, ok := regular.Texts(j.Shape, mostInside, true)
	if !ok {
		return false
	}
	found := map[string]string{} // arguments of the wrapper by the line inside
	var covers []regular.Language
	for _, text := range texts {
		for _, line := range w.splits(text) {
			if found[line] != "" {
				continue
			}
			behind, err := regular.Compile(regular.Literal(" " + line + w.after))
			if err != nil {
				return false
			}
			cover, err := regular.Concat(j.Budget, w.before, behind)
			if err != nil {
				return false
			}
			found[line] = text
			covers = append(covers, cover)
		}
	}
	// Texts takes numbers for one another: nothing but these lines may be inside.
	if len(found) == 0 || regular.Subset(regular.Intersect(j.Allowed, w.all), regular.Union(covers...), j.Budget).Verdict != regular.Yes {
		return false
	}
	for _, line := range slices.Sorted(maps.Keys(found)) {
		j.insides = append(j.insides, Inside{Operation: o, Args: found[line], Shell: w.kind == shellInside, Line: line, After: w.after})
	}
	return true
}

// mostPrograms is how many programs a wrapper may start to be judged one by one.
const mostPrograms = 16

// words behind the name of a program
var furtherWords = mustCompile(regular.ERE{Pattern: "( (.|[^.])*)?", Whole: true})

// programs judges the programs inside one by one, with all that may follow them, where there are a few whatever stands
// in front of them: timeout ^[0-9]+ /usr/sbin/smartctl -H /dev/sd[a-z]$.
func (j *judgement) programs(o *Operation, w wrapper) bool {
	if w.kind == shellInside || w.after != "" {
		return false
	}
	behind, err := regular.Behind(j.Shape, w.before, j.Budget)
	if err == nil {
		behind, err = regular.Both(behind, startOfInner[w.kind], j.Budget)
	}
	if err != nil {
		return false
	}
	var found []Inside
	var known []regular.Language
	for {
		answer := regular.IsEmpty(regular.Difference(behind, regular.Union(known...)), j.Budget)
		if answer.Verdict == regular.Yes {
			j.insides = append(j.insides, found...)
			return len(found) > 0
		}
		if answer.Verdict == regular.Unknown || len(found) == mostPrograms {
			return false
		}
		program, _, _ := strings.Cut(strings.TrimPrefix(answer.Witness, " "), " ")
		named, err := regular.Compile(regular.Literal(" " + program))
		if err == nil {
			named, err = regular.Concat(j.Budget, named, furtherWords)
		}
		if err != nil {
			return false
		}
		rest, err := regular.Both(regular.After(behind, " "+program), furtherWords, j.Budget)
		if err != nil {
			return false
		}
		started, err := regular.Concat(j.Budget, w.before, named)
		if err != nil {
			return false
		}
		known = append(known, named)
		if args, _, some := j.meets(started, o); some && args != undecided {
			found = append(found, Inside{Operation: o, Args: args, Line: program, Rest: &rest})
		}
	}
}
