package regular

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"unique"
)

// futures says what each component of an automaton does, in a form in which those of several automata that do the same
// are one.
type futures struct {
	of   []unique.Handle[[sha256.Size]byte] // by component
	sets []byteSet                          // those on edges, each once
}

// future gives the futures of an automaton, which are found out once.
func (a *automaton) future() *futures {
	if found := a.futures.Load(); found != nil {
		return found
	}
	found := a.findFutures()
	a.futures.Store(found)
	return found
}

// findFutures goes from the end of the automaton to its beginning: what a component does is its own edges and what
// those behind it do.
func (a *automaton) findFutures() *futures {
	f := &futures{of: make([]unique.Handle[[sha256.Size]byte], len(a.components))}
	sets := map[byteSet]struct{}{}
	does := make([][]byte, len(a.states)) // by state, what the key says of an edge to it
	var key []byte
	var ends [][]byte
	for c, component := range a.components {
		for i, q := range component {
			does[q] = binary.LittleEndian.AppendUint32(nil, uint32(i)) // itself
		}
		key = key[:0]
		for _, q := range component {
			s := &a.states[q]
			key = append(key, 0)
			if s.accept {
				key[len(key)-1] = 1
			}
			key = binary.LittleEndian.AppendUint32(key, uint32(len(s.edges)))
			ends = ends[:0]
			for i := range s.edges {
				e := &s.edges[i]
				sets[e.on] = struct{}{}
				end := slices.Clone(does[e.to])
				for _, word := range e.on {
					end = binary.LittleEndian.AppendUint64(end, word)
				}
				ends = append(ends, end)
			}
			slices.SortFunc(ends, bytes.Compare)
			for _, end := range ends {
				key = binary.LittleEndian.AppendUint32(key, uint32(len(end)))
				key = append(key, end...)
			}
		}
		sum := sha256.Sum256(key)
		f.of[c] = unique.Make(sum)
		for i, q := range component {
			does[q] = binary.LittleEndian.AppendUint32(sum[:len(sum):len(sum)], uint32(i))
		}
	}
	f.sets = make([]byteSet, 0, len(sets))
	for set := range sets {
		f.sets = append(f.sets, set)
	}
	return f
}
