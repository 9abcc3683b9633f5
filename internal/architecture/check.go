package architecture

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Violation is one place where the source breaks a rule of the house.
type Violation struct {
	// Position is the file, relative to the module, and the line.
	Position token.Position
	// Reason says which rule is broken and by what.
	Reason string
}

// String formats the violation as a compiler would: file:line: reason.
func (v Violation) String() string {
	return fmt.Sprintf("%s:%d: %s", v.Position.Filename, v.Position.Line, v.Reason)
}

// Check reads every Go file of the module rooted in tree and returns the violations of the rules in [House], sorted by
// position. The module's import path is module. Build constraints are ignored: a file for another platform is held to
// the same rules. An error means that a file cannot be read or parsed.
func Check(tree fs.FS, module string) ([]Violation, error) {
	checker := checker{module: module, files: token.NewFileSet()}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (ignored(entry.Name()) || anotherModule(tree, name)):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go" || ignored(entry.Name()):
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return fmt.Errorf("reading Go source: %w", err)
		}
		return checker.file(name, source)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(checker.found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Position.Filename, b.Position.Filename), cmp.Compare(a.Position.Offset, b.Position.Offset))
	})
	return checker.found, nil
}

// anotherModule reports whether a directory is the root of a module of its own.
func anotherModule(tree fs.FS, directory string) bool {
	_, err := fs.Stat(tree, path.Join(directory, "go.mod"))
	return err == nil
}

// ignored reports whether the go command ignores a file or directory of this name.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor"
}

// roomOf returns the directory of the room that directory stands in: the longest one in House that contains it.
func roomOf(directory string) (string, bool) {
	for ; directory != "."; directory = path.Dir(directory) {
		if _, ok := House[directory]; ok {
			return directory, true
		}
	}
	return "", false
}

type checker struct {
	module string
	files  *token.FileSet
	found  []Violation
}

func (c *checker) report(at token.Pos, format string, args ...any) {
	c.found = append(c.found, Violation{Position: c.files.Position(at), Reason: fmt.Sprintf(format, args...)})
}

// file checks one source file.
func (c *checker) file(name string, source []byte) error {
	parsed, err := parser.ParseFile(c.files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parsing Go source: %w", err)
	}
	directory, ok := path.Dir(name), true
	home := command
	if directory != "." {
		home, ok = roomOf(directory)
	}
	if !ok {
		c.report(parsed.Package, "package %s stands in no room: say in architecture.House what it may import", directory)
		return nil
	}
	test := strings.HasSuffix(name, "_test.go")
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: import path %s: %w", name, spec.Path.Value, err)
		}
		c.imported(spec, home, imported, test)
	}
	if House[home].Pure && !test {
		c.clock(parsed)
	}
	return nil
}

// imported checks one import of a file that stands in the room home.
func (c *checker) imported(spec *ast.ImportSpec, home, imported string, test bool) {
	rules := House[home]
	if directory, ours := strings.CutPrefix(imported, c.module+"/"); ours {
		room, ok := roomOf(directory)
		switch {
		case !ok:
			c.report(spec.Pos(), "%s stands in no room of architecture.House", imported)
		case room == home:
		case room == budget && test:
		case room == lab && (test || rules.Lab):
		case room == lab:
			c.report(spec.Pos(), "%s is linked into what is released: only tests, commands and the demo use the lab", home)
		case !slices.Contains(rules.Uses, room):
			c.report(spec.Pos(), "%s may not use %s: arrows run downwards only", home, room)
		}
		return
	}
	if test {
		return
	}
	if rules.Pure && !pureImports[imported] {
		c.report(spec.Pos(), "%s is pure and may not import %s", home, imported)
	}
	if !rules.Terraform && slices.ContainsFunc(terraformModules, func(prefix string) bool {
		return strings.HasPrefix(imported, prefix)
	}) {
		c.report(spec.Pos(), "%s may not import %s: Terraform's types stay in internal/provider", home, imported)
	}
}

// clock reports uses of the clock in a file of a pure room. Package time may be imported under any name but not with a
// dot, which would hide its functions.
func (c *checker) clock(file *ast.File) {
	name := ""
	for _, spec := range file.Imports {
		if spec.Path.Value != `"time"` {
			continue
		}
		name = "time"
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			c.report(spec.Pos(), "a pure package names package time when it uses it: no dot import")
		}
	}
	if name == "" {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == name && clockFunctions[selector.Sel.Name] {
			c.report(selector.Pos(), "a pure package does not read the clock (time.%s): take the time as a parameter", selector.Sel.Name)
		}
		return true
	})
}
