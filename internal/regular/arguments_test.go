package regular

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArguments(t *testing.T) {
	t.Parallel()

	arguments := func(e Expr) Expr {
		a, err := Arguments(e)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	tests := map[string]struct {
		of        Expr
		none      bool // whether a command without arguments is matched
		one       bool // whether one with an empty argument is
		list, two bool // whether one with "list" is, and one with "list" and "a"
	}{
		"any":                    {AnyArguments(), true, true, true, true},
		"none":                   {NoArguments(), true, false, false, false},
		"a star matches none":    {arguments(glob(t, "*")), true, true, true, true},
		"the empty pattern":      {arguments(glob(t, "")), true, true, false, false},
		"a word":                 {arguments(glob(t, "list")), false, false, true, false},
		"a word and a star":      {arguments(glob(t, "list *")), false, false, false, true},
		"an ERE":                 {arguments(ere(t, "^list")), false, false, true, true},
		"an ERE that ends there": {arguments(ere(t, "^(list)?$")), true, true, true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := []bool{
				test.of.Contains(ArgumentsText(nil)), test.of.Contains(ArgumentsText([]string{""})),
				test.of.Contains(ArgumentsText([]string{"list"})), test.of.Contains(ArgumentsText([]string{"list", "a"})),
			}
			if diff := cmp.Diff([]bool{test.none, test.one, test.list, test.two}, got); diff != "" {
				t.Errorf("none, one empty, list, list a (-want +got):\n%s", diff)
			}
			if test.of.Contains("list") {
				t.Error("a text that no arguments have")
			}
		})
	}
}

func TestSplitArguments(t *testing.T) {
	t.Parallel()

	for _, arguments := range [][]string{nil, {""}, {"a"}, {"a", "b"}, {"", ""}, {"a", "", "b"}} {
		if diff := cmp.Diff(arguments, SplitArguments(ArgumentsText(arguments))); diff != "" {
			t.Errorf("there and back (-want +got):\n%s", diff)
		}
	}
}
