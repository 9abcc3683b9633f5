package sudoers

import "testing"

// TestSlab reads lists of many lengths, with elements taken back, and looks at all of them at the end: none may have
// been moved or written over.
func TestSlab(t *testing.T) {
	t.Parallel()
	var s slab[int]
	var lists [][]int
	next := 1
	for length := range 3 * lastPiece / 2 {
		if length > 40 && length%97 != 0 {
			continue
		}
		for i := range length {
			if i%5 == 3 {
				*s.grow() = -1
				s.drop()
			}
			v := s.grow()
			if *v != 0 {
				t.Fatalf("an element begins as %d", *v)
			}
			*v = next
			next++
		}
		lists = append(lists, s.take())
	}
	want := 1
	for _, list := range lists {
		if cap(list) != len(list) {
			t.Fatalf("length %d, capacity %d: appending would write over the next list", len(list), cap(list))
		}
		for _, v := range list {
			if v != want {
				t.Fatalf("%d instead of %d", v, want)
			}
			want++
		}
	}
	if want != next {
		t.Errorf("%d elements of %d", want-1, next-1)
	}
}
