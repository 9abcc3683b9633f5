package regular

import "sync"

// pair is a state of one pattern with a state of another one.
type pair struct{ x, y int32 }

// pairSet is a set of pairs. It is a bit for each pair that there can be, unless these are too many.
type pairSet struct {
	width int
	bits  []uint64
	many  map[pair]struct{}
}

// pairBits are the bits of sets that are not needed any more: hundreds of patterns are met with hundreds of others.
var pairBits = sync.Pool{New: func() any { return new([]uint64) }}

// newPairSet makes a set for the states of two automata; done gives it back.
func newPairSet(x, y *automaton) (set *pairSet, done func()) {
	size := len(x.states) * len(y.states)
	if size > mostPairs {
		return &pairSet{many: map[pair]struct{}{}}, func() {}
	}
	bits, _ := pairBits.Get().(*[]uint64)
	words := (size + 63) / 64
	if cap(*bits) < words {
		*bits = make([]uint64, words)
	}
	*bits = (*bits)[:words]
	clear(*bits)
	return &pairSet{width: len(y.states), bits: *bits}, func() { pairBits.Put(bits) }
}

// add adds a pair. It is false if the pair was in the set.
func (s *pairSet) add(p pair) bool {
	if s.many != nil {
		if _, known := s.many[p]; known {
			return false
		}
		s.many[p] = struct{}{}
		return true
	}
	at := int(p.x)*s.width + int(p.y)
	if s.bits[at>>6]&(1<<(at&63)) != 0 {
		return false
	}
	s.bits[at>>6] |= 1 << (at & 63)
	return true
}
