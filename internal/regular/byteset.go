package regular

import "math/bits"

// byteSet is a set of bytes.
type byteSet [4]uint64

// anyByte holds every byte that can be part of a command line: all but NUL, which ends a string of C.
var anyByte = byteSet{^uint64(1), ^uint64(0), ^uint64(0), ^uint64(0)}

func byteSetOf(bytes ...byte) byteSet {
	var s byteSet
	for _, b := range bytes {
		s.add(b)
	}
	return s
}

func (s *byteSet) add(b byte) { s[b>>6] |= 1 << (b & 63) }

func (s *byteSet) addRange(from, to byte) {
	for b := int(from); b <= int(to); b++ {
		s.add(byte(b))
	}
}

func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

func (s byteSet) union(t byteSet) byteSet {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}

func (s byteSet) intersect(t byteSet) byteSet {
	for i := range s {
		s[i] &= t[i]
	}
	return s
}

// minus is without the bytes of t.
func (s *byteSet) meets(t *byteSet) bool {
	return s[0]&t[0]|s[1]&t[1]|s[2]&t[2]|s[3]&t[3] != 0
}

func (s byteSet) minus(t byteSet) byteSet {
	for i := range s {
		s[i] &^= t[i]
	}
	return s
}

// complement is within anyByte.
func (s byteSet) complement() byteSet { return anyByte.minus(s) }

func (s byteSet) isEmpty() bool { return s == byteSet{} }

// within tells whether t has every byte of s.
func (s byteSet) within(t byteSet) bool { return s.minus(t).isEmpty() }

func (s byteSet) len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// foldCase adds the other case of each ASCII letter.
func (s byteSet) foldCase() byteSet {
	const letters = 0x07fffffe // A to Z and a to z, in the second word
	upper, lower := s[1]&letters, s[1]>>32&letters
	s[1] |= upper<<32 | lower
	return s
}

// witnessOrder lists the bytes as a witness likes to have them: what a person types first, what cannot be printed last.
var witnessOrder = func() []byte {
	var order []byte
	var seen byteSet
	list := func(from, to byte) {
		for b := int(from); b <= int(to); b++ {
			if !seen.has(byte(b)) {
				seen.add(byte(b))
				order = append(order, byte(b))
			}
		}
	}
	list('a', 'z')
	list('0', '9')
	list('A', 'Z')
	list('-', '/')
	list('!', '~')
	list(' ', ' ')
	list(0x01, 0xff)
	return order
}()

// favourite is the byte of a set that a witness shows; the set must not be empty.
func (s *byteSet) favourite() byte {
	for _, b := range witnessOrder {
		if s.has(b) {
			return b
		}
	}
	return 0
}

// printable tells whether a byte prints in the C locale (isprint(3)).
func printable(b byte) bool { return b >= ' ' && b < 0x7f }
