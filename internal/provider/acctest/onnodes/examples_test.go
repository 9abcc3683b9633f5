package onnodes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	tfconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// settingsBlock is a terraform or provider block of an example: the test has its own.
var settingsBlock = regexp.MustCompile(`(?ms)^(terraform|provider "pvesec") \{(\}|.*?^\})$`)

// variableBlock is an input of an example, without a default.
var variableBlock = regexp.MustCompile(`(?m)^variable "([^"]+)" \{`)

// givesSudo is a resource by which somebody may run something with sudo.
var givesSudo = regexp.MustCompile(`(?m)^resource "pvesec_(sudoers_policy|break_glass)"`)

// TestExamples applies every example of a resource, a data source or a function to a cluster, without a warning, sees
// to it that a second plan is empty, and runs what the example promises as the subject on each node.
func TestExamples(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"/resources/*/*.tf", "/data-sources/*/*.tf", "/functions/*/*.tf"} {
		found, err := filepath.Glob(harness.Examples + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no examples in %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	c := cluster(t, 2)
	harness.Tamper(t, c.API.AddPool("build"), c.API.AddGroup("operators"), c.API.AddGroup("helpdesk"), c.API.AddUser("deploy@pve", nil)) // what examples take for given
	collector := examplesCollector(t, c)
	steps := []resource.TestStep{}
	kept, offline := 0, ""
	for _, file := range append(files, filepath.Join(harness.Root, "README.md")) {
		text := example(t, file)
		name := strings.TrimPrefix(strings.TrimPrefix(file, harness.Examples), harness.Root+"/")
		t.Log(name)
		if !strings.Contains(text, "\nresource \"") && !strings.HasPrefix(text, "resource \"") {
			offline += settingsBlock.ReplaceAllString(text, "") // what needs no node is tried at once
			continue
		}
		variables := tfconfig.Variables{}
		for _, declared := range variableBlock.FindAllStringSubmatch(text, -1) {
			if text, is := collector[declared[1]]; is {
				variables[declared[1]] = tfconfig.StringVariable(text)
				continue
			}
			harness.KeepSecret(t, "variable "+declared[1], "a value for "+declared[1]) // all others that examples declare are secrets
			variables[declared[1]] = tfconfig.StringVariable("a value for " + declared[1])
		}
		applied := resource.TestStep{Config: config(c) + settingsBlock.ReplaceAllString(text, ""), ConfigVariables: variables}
		if givesSudo.MatchString(text) {
			p, promised := promises[name]
			if !promised {
				t.Fatalf("%s has a policy or an emergency access: say in promises which command lines a reader takes it to allow", name)
			}
			applied.Check = p.keep(c)
			kept++
		}
		steps = append(steps,
			applied,
			resource.TestStep{Config: config(c)}, // the next example starts from nothing
		)
	}
	if kept != len(promises) {
		t.Errorf("%d examples have a policy or an emergency access, and %d promise something", kept, len(promises))
	}
	harness.Run(t, append(steps, resource.TestStep{Config: config(c) + offline})...)
}

// example reads the configuration of an example, in a Markdown file its first.
func example(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if filepath.Ext(file) == ".md" {
		_, text, _ = strings.Cut(text, "```terraform\n")
		text, _, _ = strings.Cut(text, "```")
	}
	return text
}
