package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// stumbling are phrases at which readers stumble, with better words. A space stands for any white space and for the
// beginning of a comment's next line.
var stumbling = map[string]string{
	"as good as":                    `leads to root; root-equivalent`,
	"that of":                       `repeat the noun: "the version of sudo", "the node's root"`,
	"besides":                       `also; in addition; an additional condition`,
	"shall":                         `must, or the present tense`,
	"for ever":                      `permanently; has no expiry`,
	"in silence":                    `without an error; unnoticed`,
	"of it all":                     `of everything`,
	"what is so":                    `name the thing`,
	"reckon(s|ed|ing)?":             `compute`,
	"whoever":                       `a user who; everyone who`,
	"everybody":                     `everyone`,
	"says? the [a-z]+ by name":      `names the …; warns about the …`,
	"go(es|ing)? on (with|without)": `continues with`,
	"of nobody":                     `of no one`,
}

// prose are the files that people read, by the ends of their names.
var prose = []string{".go", ".md", ".tmpl", ".json", ".sh", ".c", ".tf", ".hcl", "GNUmakefile"}

// TestPlainWords holds all texts, comments and names to plain words.
func TestPlainWords(t *testing.T) {
	t.Parallel()

	found := 0
	for name, text := range sources(t, func(name string) bool {
		return name != "internal/architecture/words_test.go" && slices.ContainsFunc(prose, func(end string) bool { return strings.HasSuffix(name, end) })
	}) {
		found++
		for _, place := range stumbles(text) {
			t.Errorf("%s:%d: %q: write %s", name, place.line, place.words, place.better)
		}
	}
	if found < 500 {
		t.Errorf("only %d files were read", found)
	}
}

// TestStumbles checks that phrases are found in any case, across lines of comments, and not within other words.
func TestStumbles(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]int{
		"a policy that is as good as root":      1,
		"// version is that\n\t// of the sudo":  1,
		"It Shall.":                             1,
		"# kept for\n# ever":                    1,
		"marshall, the forever, that offer":     0,
		"two: besides this, whoever\nreckons":   3,
		"the node goes on without the others":   1,
		"says the node by name":                 1,
		"sorted by name, and what of it is all": 0,
	} {
		if got := stumbles(text); len(got) != want {
			t.Errorf("%q: %v, want %d", text, got, want)
		}
	}
}

type stumble struct {
	line          int
	words, better string
}

// patterns are the phrases of stumbling as expressions.
var patterns = func() map[*regexp.Regexp]string {
	compiled := map[*regexp.Regexp]string{}
	for phrase, better := range stumbling {
		compiled[regexp.MustCompile(strings.ReplaceAll(phrase, " ", `\s+(?:(?://|#)\s*)?`)+`\b`)] = better // without (?i) and \b at its start, which are slow
	}
	return compiled
}()

var wordEnd = regexp.MustCompile(`^\w$`)

func stumbles(text string) []stumble {
	var all []stumble
	text = strings.ToLower(text)
	for pattern, better := range patterns {
		for _, at := range pattern.FindAllStringIndex(text, -1) {
			if at[0] > 0 && wordEnd.MatchString(text[at[0]-1:at[0]]) {
				continue
			}
			all = append(all, stumble{1 + strings.Count(text[:at[0]], "\n"), text[at[0]:at[1]], better})
		}
	}
	return all
}

// sources reads the files of the module whose names are wanted: without what is generated or recorded.
func sources(t *testing.T, wanted func(name string) bool) map[string]string {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	texts := map[string]string{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (ignored(entry.Name()) || name == "docs" || name == "bin" || name == "dist"):
			return fs.SkipDir
		case entry.IsDir() || !wanted(name):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		texts[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// summaryArgument is the place of the summary among the arguments of the functions that make diagnostics.
var summaryArgument = map[string]int{
	"AddError": 0, "AddWarning": 0, "NewErrorDiagnostic": 0, "NewWarningDiagnostic": 0,
	"AddAttributeError": 1, "AddAttributeWarning": 1, "NewAttributeErrorDiagnostic": 1, "NewAttributeWarningDiagnostic": 1,
}

// statedFindings are the summaries that state what was found instead of an operation that failed. "…" stands for what
// is filled in.
var statedFindings = []string{
	"The policy no longer defines …, which lines of other sudoers files use",
	"…", // decided elsewhere
	"… is not as safe as its settings on …",
	"… is not removed on …",
	"… ended on …",
	"Another resource has this name",
	"The logs of … stay",
	"Records of … do not arrive on …",
	"The logs of … stay",
	"The probe of … did not try everything on …",
	"The change of … left something to look at on …",
	"The waiver of … has ended",
	"The waiver of … waives nothing",
	"… (…)",
	"Line …, column …: …",
	"Lines that do not belong to the sudoers files of … stay",
	"The imported file of … does not come back",
	"The imported file of … does not come back on …",
	"A token of an earlier run is left",
	"Audit rules wait for a reboot on …",
	"Emergency access of … has ended",
	"Emergency access of … is open",
	"Emergency access of … was open already",
	"Grants have no effect",
	"Interrupted; nothing was changed",
	"No node has a policy …",
	"Other files overrule … on …",
	"The access is closed on …, and its end is not marked there",
	"The clock of … is off",
	"The clock of … was set",
	"The removal of lines makes something easier on …",
	"The nodes of the emergency access are not there any more",
	"The token has no privileges",
	"The token already exists",
	"The user already exists",
	"The file already exists",
	"Someone renewed the secret of …",
	"Someone renewed secrets of …: …",
	"Role … …",
	"… without -replace",
	"… can become root today",
	"… has other permissions than planned",
	"Nothing is logged",
	"Nothing of pvesec logs … on … any more",
	"The policy grants nothing",
	"The plan did not check PVE or the nodes",
	"An earlier change of … was interrupted",
	"An interrupted run left files on …",
	"An accepted risk matches no finding",
	"An accepted risk accepts any option",
	"The policy as it was applied makes … root-equivalent",
	"Rules of the policy have ended",
	"Removing … locks out …",
	"Another name for … locks out …",
	"No administrator can log in to node … yet",
}

// TestSummaries holds the summaries of diagnostics to one form: "Unable to", "Invalid" or "Missing", or a finding that
// is stated.
func TestSummaries(t *testing.T) {
	t.Parallel()

	found, stated := 0, map[string]bool{}
	for name, text := range sources(t, func(name string) bool {
		return path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && strings.HasPrefix(name, "internal/provider/")
	}) {
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			argument, ok := summaryArgument[selector.Sel.Name]
			if x, is := selector.X.(*ast.Ident); is && x.Name == "values" {
				argument++ // values.AddError takes the diagnostics first
			}
			if !ok || len(call.Args) < argument+2 {
				return true
			}
			found++
			summary := shown(call.Args[argument])
			stated[summary] = true
			if !summaryForm.MatchString(summary) && !slices.Contains(statedFindings, summary) {
				t.Errorf("%s: summary %q: begin it with \"Unable to\", \"Invalid\" or \"Missing\", or state the finding and name it in statedFindings",
					files.Position(call.Pos()), summary)
			}
			return true
		})
	}
	if found < 80 {
		t.Errorf("only %d diagnostics were found", found)
	}
	for _, summary := range statedFindings {
		if !stated[summary] {
			t.Errorf("no diagnostic has the summary %q any more: remove it from statedFindings", summary)
		}
	}
}

var summaryForm = regexp.MustCompile(`^(Unable to|Invalid|Missing) `)

var verb = regexp.MustCompile(`%(\[[0-9]+\])?[a-z]`)

// shown is the text of an expression, with "…" for each part that is no literal.
func shown(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return shown(e.X) + shown(e.Y)
	case *ast.ParenExpr:
		return shown(e.X)
	case *ast.CallExpr:
		if selector, ok := e.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "Sprintf" {
			return verb.ReplaceAllString(shown(e.Args[0]), "…")
		}
	}
	return "…"
}
