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

// TestExamples applies every example to a cluster, and sees to it that a second plan is empty.
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
	harness.Tamper(t, c.API.AddGroup("operators"), c.API.AddGroup("helpdesk"), c.API.AddUser("deploy@pve", nil)) // what examples take for given
	steps := []resource.TestStep{}
	for _, file := range append(files, harness.Examples+"/restricted-operator/main.tf") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(strings.TrimPrefix(file, harness.Examples))
		variables := tfconfig.Variables{}
		for _, declared := range variableBlock.FindAllStringSubmatch(string(text), -1) {
			harness.KeepSecret(t, "variable "+declared[1], "a value for "+declared[1]) // all that examples declare are secrets
			variables[declared[1]] = tfconfig.StringVariable("a value for " + declared[1])
		}
		steps = append(steps,
			resource.TestStep{Config: config(c) + settingsBlock.ReplaceAllString(string(text), ""), ConfigVariables: variables},
			resource.TestStep{Config: config(c)}, // the next example starts from nothing
		)
	}
	harness.Run(t, steps...)
}
