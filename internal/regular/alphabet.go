package regular

// alphabet is the bytes compressed to classes: bytes that no edge of a search tells apart are one letter.
type alphabet struct {
	class   [256]uint8 // the letter of each byte but NUL
	letters []letter
}

type letter struct {
	bytes     byteSet
	shown     byte // what a witness shows for it
	printable bool // whether shown is
}

// newAlphabet refines the bytes by sets until each set is a union of letters.
func newAlphabet(sets map[byteSet]struct{}) *alphabet {
	a := &alphabet{letters: []letter{{bytes: anyByte}}}
	for set := range sets {
		for i, n := 0, len(a.letters); i < n; i++ {
			in, out := a.letters[i].bytes.intersect(set), a.letters[i].bytes.minus(set)
			if !in.isEmpty() && !out.isEmpty() {
				a.letters[i].bytes = in
				a.letters = append(a.letters, letter{bytes: out})
			}
		}
	}
	// In the order of what a witness shows, whatever the order of the sets.
	byShown := make(map[byte]byteSet, len(a.letters))
	for i := range a.letters {
		byShown[a.letters[i].bytes.favourite()] = a.letters[i].bytes
	}
	a.letters = a.letters[:0]
	for _, b := range witnessOrder {
		if bytes, ok := byShown[b]; ok {
			a.letters = append(a.letters, letter{bytes: bytes, shown: b, printable: printable(b)})
		}
	}
	for b := 1; b < 256; b++ {
		for i := range a.letters {
			if a.letters[i].bytes.has(byte(b)) {
				a.class[b] = uint8(i)
				break
			}
		}
	}
	return a
}
