package grammartest

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/policy.grammar
var grammarFile embed.FS

// alternative is one right side, in pieces: a nonterminal with what follows it, or text.
type alternative struct {
	pieces   []piece
	examples []string // of arguments, for expressions
	taken    int
}

type piece struct {
	text        string
	nonterminal bool
	repeated    bool
}

type grammar map[string][]*alternative

var pieceShape = regexp.MustCompile(`<[a-z0-9]+>\*?|[^<]+|<`)

// parseGrammar reads the notation that the head of the file explains.
func parseGrammar(t *testing.T) grammar {
	t.Helper()
	text, err := grammarFile.ReadFile("testdata/policy.grammar")
	if err != nil {
		t.Fatal(err)
	}
	g := grammar{}
	for line := range strings.Lines(string(text)) {
		name, right, rule := strings.Cut(strings.TrimSuffix(line, "\n"), " ->")
		if strings.HasPrefix(line, "#") || !rule {
			continue
		}
		for _, side := range sides(right) {
			side, examples, _ := strings.Cut(side, "~~")
			a := &alternative{}
			for _, example := range strings.Split(examples, ";") {
				if examples != "" {
					a.examples = append(a.examples, unescape(strings.TrimSpace(example)))
				}
			}
			for _, p := range pieceShape.FindAllString(strings.TrimSpace(side), -1) {
				inner, isName := strings.CutPrefix(p, "<")
				inner, repeated := strings.CutSuffix(inner, "*")
				inner, closed := strings.CutSuffix(inner, ">")
				if isName && closed {
					a.pieces = append(a.pieces, piece{inner, true, repeated})
				} else {
					a.pieces = append(a.pieces, piece{text: p})
				}
			}
			g[name] = append(g[name], a)
		}
	}
	for name, list := range g {
		for _, a := range list {
			for _, p := range a.pieces {
				if p.nonterminal && g[p.text] == nil && p.text != "n" && p.text != "s" {
					t.Fatalf("%s: <%s> is not defined", name, p.text)
				}
			}
		}
	}
	return g
}

// sides are the alternatives between signs that no backslash escapes.
func sides(right string) []string {
	list := []string{""}
	for i := 0; i < len(right); i++ {
		last := &list[len(list)-1]
		switch {
		case right[i] == '\\' && i+1 < len(right) && right[i+1] == '|':
			*last += "|"
			i++
		case right[i] == '|':
			list = append(list, "")
		default:
			*last += right[i : i+1]
		}
	}
	return list
}

var byteEscape = regexp.MustCompile(`\\x([0-9a-f]{2})`)

func unescape(s string) string {
	return byteEscape.ReplaceAllStringFunc(s, func(m string) string {
		b, err := strconv.ParseUint(m[2:], 16, 8)
		if err != nil {
			panic(err) // the expression admits nothing else
		}
		return string([]byte{byte(b)})
	})
}

// derivation is one walk through the grammar.
type derivation struct {
	*rand.Rand
	grammar grammar
	text    strings.Builder
	// arguments are examples that go with what was derived.
	arguments []string
}

// expand derives a nonterminal. Of its alternatives one of those that were taken least is taken, so that rare ones come
// as often as common ones.
func (d *derivation) expand(name string) {
	switch name {
	case "n":
		d.text.WriteByte('\n')
		return
	case "s":
		d.text.WriteByte(' ')
		return
	}
	list := d.grammar[name]
	best := list[d.IntN(len(list))]
	if other := list[d.IntN(len(list))]; other.taken < best.taken {
		best = other
	}
	best.taken++
	d.arguments = append(d.arguments, best.examples...)
	for _, p := range best.pieces {
		switch {
		case p.repeated:
			for range d.IntN(4) {
				d.expand(p.text)
			}
		case p.nonterminal:
			d.expand(p.text)
		default:
			d.text.WriteString(p.text)
		}
	}
}

// derive gives the text of a nonterminal and examples of arguments.
func (g grammar) derive(seed, n uint64, name string) (text string, arguments []string, random *rand.Rand) {
	d := derivation{Rand: source(seed, n), grammar: g}
	d.expand(name)
	return d.text.String(), d.arguments, d.Rand
}

// TestGrammarIsCovered: some hundred policies take every alternative.
func TestGrammarIsCovered(t *testing.T) {
	t.Parallel()
	g := parseGrammar(t)
	for n := range uint64(800) {
		g.derive(1, n, "policy")
	}
	for name, list := range g {
		for i, a := range list {
			if a.taken == 0 {
				t.Errorf("alternative %d of %s is never taken: %s", i, name, fmt.Sprint(a.pieces))
			}
		}
	}
}
