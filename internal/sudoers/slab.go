package sudoers

// slab hands out slices of exact length from bigger pieces of memory, so that a policy
// costs few allocations and no memory is left over from growing. What comes from
// one piece is kept alive together, as the parts of one policy are.
type slab[T any] struct {
	free []T
	size int
	// pending are the elements of lists that are being read, innermost last.
	pending []T
}

// Pieces grow, so that a small policy stays small.
const (
	firstPiece = 16
	lastPiece  = 1024
)

// mark gives the place from which take collects.
func (s *slab[T]) mark() int { return len(s.pending) }

func (s *slab[T]) push(v T) { s.pending = append(s.pending, v) }

// grow pushes an empty element and gives it, to be filled before anything else is
// pushed; drop takes it back.
func (s *slab[T]) grow() *T {
	var zero T
	s.pending = append(s.pending, zero)
	return &s.pending[len(s.pending)-1]
}

func (s *slab[T]) drop() {
	last := len(s.pending) - 1
	clear(s.pending[last:])
	s.pending = s.pending[:last]
}

// take gives what was pushed since the mark as a list of its own; appending to it
// copies it.
func (s *slab[T]) take(mark int) []T {
	n := len(s.pending) - mark
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		s.size = min(max(firstPiece, 2*s.size), lastPiece)
		s.free = make([]T, max(s.size, n))
	}
	list := s.free[:n:n]
	s.free = s.free[n:]
	copy(list, s.pending[mark:])
	clear(s.pending[mark:])
	s.pending = s.pending[:mark]
	return list
}
