package program

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

func TestStartsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"start <vmid>":            {" start"},
		"guest exec <vmid>":       {" guest exec"},
		"(stop | start) now":      {" start", " stop"},
		"[-v] start":              {""},
		"<vmid> start":            {""},
		"--lines=<number>":        {" --lines="},
		"-{ab} x":                 {" -"},
		"list...":                 {" list"},
		"a [b] | (c | d e) | <x>": {"", " a", " c", " d e"},
	} {
		parsed, err := parseSynopsis(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := startsOf(parsed); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestStartsOfData: all that an operation covers begins with one of its starts.
func TestStartsOfData(t *testing.T) {
	t.Parallel()
	beginning := map[string]regular.Expr{}
	for _, p := range Programs() {
		for _, o := range p.Operations {
			var all regular.Expr
			if o.wraps() {
				all = o.must().all
			} else {
				all = o.arguments()
			}
			var starting []regular.Language
			for _, start := range o.starts() {
				e, known := beginning[start]
				if !known {
					literal, err := regular.Compile(regular.Literal(start))
					if err == nil {
						e, err = regular.Concat(regular.Budget{}, literal, regular.Any())
					}
					if err != nil {
						t.Fatal(err)
					}
					beginning[start] = e
				}
				starting = append(starting, e)
			}
			if answer := regular.Subset(all, regular.Union(starting...), regular.Budget{}); answer.Verdict != regular.Yes {
				t.Errorf("%s: %q begins otherwise than with %q: %q", p.Paths[0], o.Args, o.starts(), answer.Witness)
			}
		}
	}
}
