package acctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	tfconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

const examples = "../../../examples"

// settingsBlock is a terraform or provider block of an example: the test has its own.
var settingsBlock = regexp.MustCompile(`(?ms)^(terraform|provider "pvesec") \{(\}|.*?^\})$`)

// variableBlock is an input of an example, without a default.
var variableBlock = regexp.MustCompile(`(?m)^variable "([^"]+)" \{`)

// TestExamples applies every example to a cluster, and sees to it that a second plan is empty.
func TestExamples(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"/resources/*/*.tf", "/data-sources/*/*.tf", "/functions/*/*.tf"} {
		found, err := filepath.Glob(examples + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no examples in %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	c := cluster(t, 2)
	tamper(t, c.API.AddGroup("operators"), c.API.AddGroup("helpdesk"), c.API.AddUser("deploy@pve", nil)) // what examples take for given
	steps := []resource.TestStep{}
	for _, file := range append(files, examples+"/restricted-operator/main.tf") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(strings.TrimPrefix(file, examples))
		variables := tfconfig.Variables{}
		for _, declared := range variableBlock.FindAllStringSubmatch(string(text), -1) {
			keepSecret(t, "variable "+declared[1], "a value for "+declared[1]) // all that examples declare are secrets
			variables[declared[1]] = tfconfig.StringVariable("a value for " + declared[1])
		}
		steps = append(steps,
			resource.TestStep{Config: config(c) + settingsBlock.ReplaceAllString(string(text), ""), ConfigVariables: variables},
			resource.TestStep{Config: config(c)}, // the next example starts from nothing
		)
	}
	run(t, steps...)
}

// TestProviderExample plans with the provider block that the documentation begins with. A block is checked only where something uses it.
func TestProviderExample(t *testing.T) {
	t.Parallel()
	server := api(t, "9.1")
	text, err := os.ReadFile(examples + "/provider/provider.tf")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?ms)^provider "pvesec" \{.*^\}$`).FindString(string(text))
	credentials := "\n  api_token = \"" + server.RootToken() + "\"\n  tls = { fingerprint_sha256 = \"" + server.Fingerprint() + "\" }\n}"
	block = strings.Replace(block, "https://pve1.example.com:8006", server.URL(), 1)
	block = strings.TrimSuffix(block, "}") + credentials
	run(t, resource.TestStep{
		Config:             block + "\n" + "resource \"pvesec_restricted_user\" \"agent\" {\n  user_id = \"agent@pve\"\n}\n",
		PlanOnly:           true,
		ExpectNonEmptyPlan: true,
	})
}

// TestPolicyTestsExample runs terraform test as its reader would, with no node and no credentials. What it expects to fail does fail, and a run that expects
// nothing fails where the check does.
func TestPolicyTestsExample(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	for _, name := range []string{"main.tf", "tests/operator.tftest.hcl"} {
		text, err := os.ReadFile(filepath.Join(examples, "policy-tests", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(w.dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		w.write(name, string(text))
	}
	if printed := w.terraform("test"); !strings.Contains(printed, "4 passed, 0 failed") {
		t.Errorf("terraform test printed\n%s", printed)
	}
	w.write("tests/operator.tftest.hcl", "run \"careless\" {\n  command = plan\n  variables {\n    extra_commands = [\"/usr/sbin/qm set *\"]\n  }\n}\n")
	if printed := w.refused("test"); !strings.Contains(printed, "The operator can become root: sudo /usr/sbin/qm set 100 --args") {
		t.Errorf("a careless command passes, or fails for another reason\n%s", printed)
	}
}
