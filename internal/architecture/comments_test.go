package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// commentWidth is how many columns a line of a comment may take, with four for a tab: an editor shows two files of
// that width side by side.
const commentWidth = 120

// TestComments: lines of comments that stand alone have one width. What is set off by more than a blank, as a table or
// a list is, is as wide as it must be.
func TestComments(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		lines := strings.Split(string(text), "\n")
		for _, group := range file.Comments {
			checkWidth(t, set, group, lines)
		}
		return nil
	})
	if err != nil || files < 500 {
		t.Fatal(files, err)
	}
}

func checkWidth(t *testing.T, set *token.FileSet, group *ast.CommentGroup, lines []string) {
	t.Helper()
	for _, comment := range group.List {
		at := set.Position(comment.Slash)
		line := lines[at.Line-1]
		alone := strings.HasPrefix(strings.TrimLeft(line, "\t"), "// ") && !strings.HasPrefix(comment.Text, "//  ") && !strings.HasPrefix(comment.Text, "// -")
		width := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    "))
		if alone && width > commentWidth && strings.Contains(strings.TrimPrefix(comment.Text, "// "), " ") {
			t.Errorf("%s:%d: the comment takes %d columns: break it at %d", at.Filename, at.Line, width, commentWidth)
		}
	}
}
