package regular

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPartition(t *testing.T) {
	t.Parallel()

	literal := func(text string) Expr { return mustCompile(t, Literal(text)) }
	tests := map[string]struct {
		of   []Expr
		want []Class
	}{
		"nothing":  {nil, nil},
		"literals": {[]Expr{literal("/b"), literal("/a"), literal("/b")}, []Class{{[]int{0, 2}, "/b", true}, {[]int{1}, "/a", true}}},
		"a pattern and a literal in it": {
			[]Expr{glob(t, "/bin/*"), literal("/bin/a")},
			[]Class{{[]int{0, 1}, "/bin/a", true}, {[]int{0}, "/bin/", false}},
		},
		"a pattern without more than literals": {
			[]Expr{literal("a"), glob(t, "[ab]"), literal("b")},
			[]Class{{[]int{0, 1}, "a", true}, {[]int{1, 2}, "b", true}},
		},
		"the shortest texts are literals": {
			[]Expr{literal(""), glob(t, "[ab]*"), literal("a"), literal("b"), Any()},
			[]Class{{[]int{0, 4}, "", true}, {[]int{1, 2, 4}, "a", true}, {[]int{1, 3, 4}, "b", true}, {[]int{4}, "c", false}, {[]int{1, 4}, "aa", false}},
		},
		"overlapping patterns": {
			[]Expr{glob(t, "a*"), glob(t, "*b"), Empty()},
			[]Class{{[]int{0}, "a", false}, {[]int{1}, "b", false}, {[]int{0, 1}, "ab", false}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, complete := Partition(test.of, Budget{})
			if !complete {
				t.Error("not complete")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPartitionOverBudget(t *testing.T) {
	t.Parallel()

	if _, complete := Partition([]Expr{glob(t, "*a??????????????"), glob(t, "*b?????????????")}, Budget{States: 100}); complete {
		t.Error("complete with 100 states")
	}
}

// TestPartitionCovers compares with all short texts: each is in a class with exactly the patterns that match it, and
// each class has its shortest text.
func TestPartitionCovers(t *testing.T) {
	t.Parallel()

	r := rand.New(rand.NewPCG(7, 8))
	var texts []string
	layer := []string{""}
	for range 5 {
		texts = append(texts, layer...)
		var next []string
		for _, text := range layer {
			for _, b := range []string{"a", "b", "~"} {
				next = append(next, text+b)
			}
		}
		layer = next
	}
	for range 300 {
		var of []Expr
		for range r.IntN(6) + 1 {
			if r.IntN(2) == 0 {
				of = append(of, mustCompile(t, Literal(joinPieces(r, []string{"a", "b"}, 3))))
			} else {
				of = append(of, glob(t, joinPieces(r, []string{"a", "b", "*", "?", "[ab]"}, 3)))
			}
		}
		classes, complete := Partition(of, Budget{})
		if !complete {
			t.Fatal("not complete")
		}
		for _, text := range texts {
			var members []int
			single := false
			for i, e := range of {
				if e.Contains(text) {
					members = append(members, i)
					only, ok := e.Text()
					single = single || ok && only == text
				}
			}
			if len(members) == 0 {
				continue
			}
			i := slices.IndexFunc(classes, func(c Class) bool {
				return slices.Equal(c.Members, members) && c.Single == single && (!single || c.Witness == text)
			})
			if i < 0 {
				t.Fatalf("%q with members %v is in no class of %v", text, members, classes)
			}
			if len(classes[i].Witness) > len(text) {
				t.Errorf("the witness %q is longer than %q", classes[i].Witness, text)
			}
		}
		for _, c := range classes {
			for i, e := range of {
				if e.Contains(c.Witness) != slices.Contains(c.Members, i) {
					t.Errorf("%q is the witness of %v", c.Witness, c.Members)
				}
			}
		}
	}
}
