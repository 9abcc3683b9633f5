package sudoers

// slab hands out slices of exact length from bigger pieces of memory, so that a policy
// costs few allocations and no memory is left over from growing. What comes from
// one piece is kept alive together, as the parts of one policy are.
//
// A list is read where it will stay: it begins behind the last one that was taken.
// So there is one list of a type at a time; lists of one type are never within
// one another in a policy.
type slab[T any] struct {
	piece []T // as long as what was handed out or is being read
	begun int // where the list that is being read begins
}

// Pieces grow, so that a small policy stays small.
const (
	firstPiece = 16
	lastPiece  = 1024
)

// grow adds an empty element to the list and gives it. It stays where it is until
// the next one; drop takes it back.
func (s *slab[T]) grow() *T {
	n := len(s.piece)
	if n == cap(s.piece) {
		s.enlarge()
		n = len(s.piece)
	}
	s.piece = s.piece[:n+1]
	return &s.piece[n]
}

// enlarge moves the list that is being read to a new piece.
func (s *slab[T]) enlarge() {
	list := s.piece[s.begun:]
	size := min(max(firstPiece, 2*cap(s.piece)), lastPiece)
	s.piece = make([]T, len(list), max(size, 2*len(list)))
	copy(s.piece, list)
	s.begun = 0
}

func (s *slab[T]) drop() {
	last := len(s.piece) - 1
	clear(s.piece[last:])
	s.piece = s.piece[:last]
}

// take ends the list and gives it; appending to it copies it.
func (s *slab[T]) take() []T {
	n := len(s.piece)
	if n == s.begun {
		return nil
	}
	list := s.piece[s.begun:n:n]
	s.begun = n
	return list
}

// one gives a single element.
func (s *slab[T]) one() *T {
	v := s.grow()
	s.begun = len(s.piece)
	return v
}
