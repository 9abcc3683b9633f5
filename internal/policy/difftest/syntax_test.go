package difftest

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// reading is what the tools of one version of sudo say of a policy.
type reading struct {
	accepted bool
	errors   []string // line:column
	messages string
	json     string
}

func (s *station) read(t *testing.T, policies []string) []reading {
	t.Helper()
	named := make([]namedPolicy, len(policies))
	for i, p := range policies {
		named[i] = namedPolicy{fmt.Sprintf("p%06d", i), p}
	}
	list := make([]reading, len(policies))
	var accepted []namedPolicy
	var places []int
	for i, a := range s.serve(t, visudo, named) {
		list[i].accepted = a.status == "0"
		list[i].messages = a.stderr + a.stdout
		for _, m := range visudoPlace.FindAllStringSubmatch(list[i].messages, -1) {
			if !strings.Contains(m[2], "referenced but not defined") && !strings.HasPrefix(m[2], "unused ") && !strings.HasPrefix(m[2], "cycle in ") {
				list[i].errors = append(list[i].errors, m[1])
			}
		}
		if list[i].accepted {
			accepted, places = append(accepted, named[i]), append(places, i)
		}
	}
	for i, a := range s.serve(t, cvtsudoers, accepted) {
		list[places[i]].json = a.stdout
	}
	return list
}

func writeString(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

var visudoPlace = regexp.MustCompile(`(?m)^p[0-9]{6}:([0-9]+:[0-9]+): (.*)$`)

// otherColumns begins what is said of an error that is found in the same line at another place.
const otherColumns = "errors are at other columns"

// mostElsewhere bounds them: one policy in so many. What is accepted, the lines of errors and the trees must agree in
// every one; of a line that is malformed in several ways at once, the scanner of visudo and this one may name different
// ways.
const mostElsewhere = 1000

// TestSyntax compares what is accepted, where errors are, and the trees.
func TestSyntax(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "syntax", s.world.version)
		var done, accepted, compared, wrong, elsewhere int
		seen := map[string]bool{}
		for batch := uint64(1 << 32); compared < *trees; batch++ {
			const many = 500
			policies := make([]string, many)
			for i := range policies {
				policies[i] = generateText(batch*many + uint64(i))
			}
			for i, r := range s.read(t, policies) {
				done++
				if r.accepted {
					accepted++
				}
				what, sameTree := difference(policies[i], &r, s.world.version)
				if sameTree {
					compared++
				}
				if what == "" || known.match(policies[i], "") {
					continue
				}
				if strings.HasPrefix(what, otherColumns) {
					elsewhere++
					t.Logf("%s", s.shrinkText(t, policies[i], first(what)))
					continue
				}
				wrong++
				if len(seen) < 12 && !seen[first(what)] {
					seen[first(what)] = true
					t.Errorf("%s", s.shrinkText(t, policies[i], first(what)))
				}
			}
			if wrong > 20 {
				break
			}
		}
		if wrong > 0 {
			t.Errorf("%d disagreements", wrong)
		}
		if elsewhere*mostElsewhere > done {
			t.Errorf("%d of %d policies have an error at another place of the line", elsewhere, done)
		}
		t.Logf("%d policies, %d accepted, %d trees compared; %s", done, accepted, compared, known)
		known.finish(t, done*20)
	})
}

// generateText makes a policy for the syntax tests: correct, wild, or spoilt.
func generateText(n uint64) string {
	g := newGenerator(theSeed(), n)
	g.wild = g.chance(3)
	text := g.policy()
	if g.chance(4) {
		text = g.mutate(text)
	}
	if g.chance(20) {
		text = strings.TrimSuffix(text, "\n")
	}
	// Files that are read are the subject of other tests.
	return strings.NewReplacer("@include", "@inclide", "#include", "#inclide").Replace(text)
}

// difference says how the readings of one policy differ, "" for not at all, and
// whether the trees were compared.
func difference(text string, r *reading, v sudoers.Version) (string, bool) {
	file, errs := sudoers.Parse("p", text, v)
	own := places(file, errs, v)
	switch {
	case r.accepted && len(own) > 0:
		return fmt.Sprintf("visudo accepts, sudoers says\n%v", errs), false
	case !r.accepted && len(own) == 0:
		return "sudoers accepts, visudo says\n" + r.messages, false
	case !r.accepted:
		if !slices.Equal(logicalLines(text, own), logicalLines(text, r.errors)) {
			return fmt.Sprintf("errors are at other lines\nsudoers says\n%v\nvisudo says\n%s", errs, r.messages), false
		}
		if what := columns(text, errs, own, r.errors); what != "" {
			return fmt.Sprintf(otherColumns+"\n%s\nsudoers says\n%v\nvisudo says\n%s", what, errs, r.messages), false
		}
		return "", false
	}
	n, err := readJSON(r.json)
	if err != nil {
		return fmt.Sprintf("tree cannot be read\n%v in %q", err, r.json), false
	}
	want, got := linesOfJSON(&n), linesOfTree(file, v)
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			return fmt.Sprintf("trees differ\nsudoers %q\nsudo    %q", got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))]), false
		}
	}
	return "", true
}

// places are those of the errors that visudo reports: it looks at the values of
// Defaults only where nothing else is wrong.
func places(f *sudoers.File, errs sudoers.Errors, v sudoers.Version) []string {
	values := map[sudoers.Pos]bool{}
	for _, e := range f.Entries {
		if d, ok := e.(*sudoers.Defaults); ok {
			for _, s := range d.Settings {
				if msg, _ := s.Check(v); msg != "" {
					values[s.Pos] = true
				}
			}
		}
	}
	var syntax, all []string
	for _, e := range errs {
		at := fmt.Sprintf("%d:%d", e.Pos.Line, e.Pos.Col)
		all = append(all, at)
		if !values[e.Pos] {
			syntax = append(syntax, at)
		}
	}
	if len(syntax) > 0 {
		return syntax
	}
	return all
}

// logicalLines gives the first lines of those that the places are in. A line that
// goes on from one that ends in a backslash belongs to it: sudo gives the place at
// which it noticed an error, sudoers the place of what is wrong.
func logicalLines(text string, places []string) []int {
	begins := []int{0}
	for i, line := range strings.Split(text, "\n") {
		if i == 0 {
			begins = append(begins, 1)
		}
		line, _, _ = strings.Cut(line, "\x00") // sudo reads no further
		next := i + 2
		if strings.HasSuffix(strings.TrimRight(line, " \t\r"), "\\") {
			next = begins[i+1]
		}
		begins = append(begins, next)
	}
	var out []int
	for _, p := range places {
		number, _, _ := strings.Cut(p, ":")
		n, err := strconv.Atoi(number)
		if err == nil && n < len(begins) {
			n = begins[n]
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// first is the sort of a difference.
func first(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// shrinkText makes a policy as small as possible as long as the sort of difference stays.
func (s *station) shrinkText(t *testing.T, text, sort string) string {
	t.Helper()
	report := ""
	for size := len(text); size > 0; {
		var candidates []string
		for at := 0; at+size <= len(text); at += max(1, size/2) {
			candidates = append(candidates, text[:at]+text[at+size:])
		}
		if size == len(text) {
			candidates = []string{text}
		}
		smaller := false
		for i, r := range s.read(t, candidates) {
			if what, _ := difference(candidates[i], &r, s.world.version); first(what) == sort {
				smaller = size < len(text)
				text, report = candidates[i], fmt.Sprintf("%q: %s", candidates[i], what)
				break
			}
		}
		if !smaller {
			size = size * 2 / 3
		}
		size = min(size, max(1, len(text)-1))
		if len(text) == 0 {
			break
		}
	}
	return report
}
