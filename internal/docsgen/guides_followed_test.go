package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// doIt is the beginning of a code block that a reader takes for something to do.
var doIt = regexp.MustCompile("(?m)^ *```(terraform|hcl|shell|sh|console)$")

// TestGuidesAreFollowed: a test reads each guide that has commands or configurations, and does what it says.
func TestGuidesAreFollowed(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	tests := ""
	for _, below := range []string{"internal/provider/acctest", "examples/review/opatest", "internal/docsgen"} {
		err := filepath.WalkDir(filepath.Join(root, filepath.FromSlash(below)), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			tests += string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// The findings of PVE have a line for accepted_risks; TestPrivilegesGuide holds that page.
	guides, err := filepath.Glob(filepath.Join(root, pages, "guides", "*.md"))
	if err != nil || len(guides) < 16 {
		t.Fatalf("%d guides: %v", len(guides), err)
	}
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(guide)
		if followed := regexp.MustCompile(`[/"]` + regexp.QuoteMeta(name) + `"`); name != "pve-findings.md" && doIt.Match(text) && !followed.MatchString(tests) {
			t.Errorf("%s says what to do, and no test does it", name)
		}
	}
}

// TestFirstLookInREADME: the configuration that README shows first is the example, without its comments.
func TestFirstLookInREADME(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(root, "examples", "first-look", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```hcl\n")
	shown, _, _ = strings.Cut(shown, "```")
	if want := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(example), ""); shown != want {
		t.Errorf("README shows\n%s\nand the example is\n%s", shown, want)
	}
}

// TestVersionsAreTested: the provider's page names the versions that make test and make compat run with, and README the
// oldest of each.
func TestVersionsAreTested(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	texts := map[string]string{}
	for _, name := range []string{"GNUmakefile", "README.md", "docs/index.md", "docs/guides/first-look.md", ".github/workflows/test.yml"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	version := func(variable string) string {
		found := regexp.MustCompile(`(?m)^` + variable + ` *\??:?= v?([0-9.]+)$`).FindStringSubmatch(texts["GNUmakefile"])
		if found == nil {
			t.Fatalf("GNUmakefile does not set %s", variable)
		}
		return found[1]
	}
	oldest, tofu := version("TERRAFORM_MINIMUM"), version("COMPAT_OPENTOFU")
	series := func(version string) string { return version[:strings.LastIndex(version, ".")] }
	needs := "Terraform " + series(oldest) + " or later, or OpenTofu " + series(tofu) + " or later"
	for name, want := range map[string]string{
		"docs/index.md":              "\n| Terraform | " + series(oldest),
		"README.md":                  needs,
		"docs/guides/first-look.md":  needs,
		".github/workflows/test.yml": `["` + oldest + `"`,
	} {
		if !strings.Contains(texts[name], want) {
			t.Errorf("%s does not have %q", name, want)
		}
	}
	if want := "\n| OpenTofu | " + tofu + " |"; !strings.Contains(texts["docs/index.md"], want) {
		t.Errorf("docs/index.md does not have %q", want)
	}
}
