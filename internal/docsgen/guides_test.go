package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// subcategory is the group under which the Terraform Registry lists a page.
var subcategory = regexp.MustCompile(`(?m)^subcategory: "(.*)"$`)

// TestSubcategories checks that every page but the first one has a group in the registry's menu.
func TestSubcategories(t *testing.T) {
	t.Parallel()

	groups := []string{"Access", "Nodes", "Start", "sudoers"}
	pages := os.DirFS(filepath.Join("..", "..", pages))
	count := 0
	err := fs.WalkDir(pages, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "index.md" || filepath.Ext(name) != ".md" {
			return err
		}
		text, err := fs.ReadFile(pages, name)
		if err != nil {
			return err
		}
		count++
		if found := subcategory.FindSubmatch(text); found == nil || !slices.Contains(groups, string(found[1])) {
			t.Errorf("%s has none of the subcategories %q: give it a template in templates/ with one of them", name, groups)
		}
		return nil
	})
	if err != nil || count == 0 {
		t.Errorf("%d pages: %v", count, err)
	}
}

// TestPrivilegesGuide checks that the page explains every finding about privileges.
func TestPrivilegesGuide(t *testing.T) {
	t.Parallel()

	text := privilegesGuide()
	for _, rule := range escalation.Privileges() {
		_, section, found := strings.Cut(text, "\n## "+rule.ID+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !found {
			t.Errorf("no section for %s", rule.ID)
		}
		for _, part := range []string{angled(rule.Why), rule.Witness, angled(rule.Fix), string(rule.Severity), rule.Needs[0].Privilege} {
			if !strings.Contains(section, part) {
				t.Errorf("the section of %s does not contain %q", rule.ID, part)
			}
		}
	}
}
