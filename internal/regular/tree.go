package regular

import "slices"

// tree is the syntax tree that globs and EREs are read into.
type tree struct {
	op       op
	set      byteSet   // opSet
	outside  bool      // opSet: whether a search skips the byte, so that it is not part of the match
	subs     []*tree   // opCat, opAlt: any number; opRepeat: one
	min, max int       // opRepeat; max is unbounded for no limit
	assert   assertion // opAssert
}

type op uint8

const (
	// opSet is one byte of a set, nothing at all if the set is empty.
	opSet op = iota
	// opCat is one after the other, the empty text if there are none.
	opCat
	// opAlt is any one of several.
	opAlt
	// opRepeat is min to max times.
	opRepeat
	// opAssert is the empty text at a place where an assertion holds.
	opAssert
)

const unbounded = -1

// assertion is a condition on the place between two bytes.
type assertion uint8

const (
	// atStart and atEnd are \` and \'.
	atStart assertion = iota
	atEnd
	// atLineStart and atLineEnd are ^ and $. Neither sudo nor regexec(3) mean them to look at lines, but glibc lets
	// them match beside a newline if that is part of the match (posix/regexec.c, build_trtable).
	atLineStart
	atLineEnd
	atWordEdge
	notAtWordEdge
	atWordStart
	atWordEnd
)

func set(s byteSet) *tree { return &tree{op: opSet, set: s} }

func cat(subs ...*tree) *tree { return &tree{op: opCat, subs: subs} }

func alt(subs ...*tree) *tree { return &tree{op: opAlt, subs: subs} }

func repeat(sub *tree, from, to int) *tree {
	return &tree{op: opRepeat, subs: []*tree{sub}, min: from, max: to}
}

// skipped is what a search passes over in front of a match, and behind it.
func skipped() *tree {
	return repeat(&tree{op: opSet, set: anyByte, outside: true}, 0, unbounded)
}

func assert(a assertion) *tree { return &tree{op: opAssert, assert: a} }

// anchored tells whether there is an assertion in a tree.
func (t *tree) anchored() bool {
	return t.op == opAssert || slices.ContainsFunc(t.subs, (*tree).anchored)
}

// repeatsAnchor tells whether there is an assertion below a repetition.
func (t *tree) repeatsAnchor() bool {
	return t.op == opRepeat && t.anchored() || slices.ContainsFunc(t.subs, (*tree).repeatsAnchor)
}

// size estimates the states that a tree becomes, up to a little more than limit.
func (t *tree) size(limit int) int {
	n := 1
	switch t.op {
	case opCat, opAlt:
		for _, sub := range t.subs {
			if n += sub.size(limit); n > limit {
				return n
			}
		}
	case opRepeat:
		times := max(t.max, t.min, 1)
		sub := t.subs[0].size(limit)
		if sub > limit/times {
			return limit + 1
		}
		n += sub * times
	}
	return n
}
