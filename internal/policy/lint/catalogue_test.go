package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestEveryRuleIsListed: a rule in a file that the catalogue does not name would never run.
func TestEveryRuleIsListed(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, isName := field.Key.(*ast.Ident)
			if value, isText := field.Value.(*ast.BasicLit); isName && isText && key.Name == "ID" {
				written = append(written, strings.Trim(value.Value, `"`))
			}
			return true
		})
	}
	var listed []string
	for _, rule := range Catalogue() {
		listed = append(listed, rule.ID)
	}
	slices.Sort(written)
	slices.Sort(listed)
	if len(written) == 0 || !slices.Equal(written, listed) {
		t.Errorf("the files have the rules %v, the catalogue lists %v", written, listed)
	}
}
