package acctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestProviderExample plans with the provider block that the documentation begins with. A block is checked only where
// something uses it.
func TestProviderExample(t *testing.T) {
	t.Parallel()
	server := api(t, "9.1")
	text, err := os.ReadFile(harness.Examples + "/provider/provider.tf")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?ms)^provider "pvesec" \{.*^\}$`).FindString(string(text))
	credentials := "\n  api_token = \"" + server.RootToken() + "\"\n  tls { fingerprint_sha256 = \"" + server.Fingerprint() + "\" }\n}"
	block = strings.Replace(block, "https://pve1.example.com:8006", server.URL(), 1)
	block = strings.TrimSuffix(block, "}") + credentials
	harness.Run(t, resource.TestStep{
		Config:             block + "\n" + "resource \"pvesec_restricted_user\" \"agent\" {\n  user_id = \"agent@pve\"\n}\n",
		PlanOnly:           true,
		ExpectNonEmptyPlan: true,
	})
}

// TestPolicyTestsExample runs terraform test as its reader would, with no node and no credentials. What it expects to
// fail does fail, and a run that expects nothing fails where the check does.
func TestPolicyTestsExample(t *testing.T) {
	t.Parallel()
	w := harness.NewWorkspace(t)
	for _, name := range []string{"main.tf", "tests/operator.tftest.hcl"} {
		text, err := os.ReadFile(filepath.Join(harness.Examples, "policy-tests", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(w.Dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		w.Write(name, string(text))
	}
	if printed := w.Terraform("test"); !strings.Contains(printed, "4 passed, 0 failed") {
		t.Errorf("terraform test printed\n%s", printed)
	}
	w.Write("tests/operator.tftest.hcl", "run \"careless\" {\n  command = plan\n  variables {\n    extra_commands = [\"/usr/sbin/qm set *\"]\n  }\n}\n")
	if printed := w.Refused("test"); !strings.Contains(printed, "The operator can become root: sudo /usr/sbin/qm set 100 --scsi1 /dev/sda") {
		t.Errorf("a careless command passes, or fails for another reason\n%s", printed)
	}
}

// TestFunctionInATest asserts a value of a function by an output, the way that works in OpenTofu too: OpenTofu 1.12.6
// crashes where an assertion itself calls a provider's function.
func TestFunctionInATest(t *testing.T) {
	t.Parallel()
	w := harness.NewWorkspace(t).Quietly()
	w.Write("main.tf", `terraform {
  required_providers {
    pvesec = { source = "pvesec/pvesec" }
  }
}
output "may_start" {
  value = provider::pvesec::sudoers_allows("agent ALL=(root) NOPASSWD: /usr/sbin/qm ^start 2[0-9]{3}$\n", "agent", "/usr/sbin/qm start 2001")
}
`)
	w.Write("main.tftest.hcl", "run \"start\" {\n  command = plan\n  assert {\n    condition     = output.may_start\n    error_message = \"no\"\n  }\n}\n")
	if printed := w.Terraform("test", "-no-color"); !strings.Contains(printed, "1 passed, 0 failed") {
		t.Errorf("the test printed\n%s", printed)
	}
}

// TestModuleTests runs the tests of the complete modules as their reader would, with no node and no credentials. Each
// fails where the module is made careless, or takes away what it promises.
func TestModuleTests(t *testing.T) {
	t.Parallel()
	for module, broken := range map[string][2]string{
		"restricted-operator": {`"/usr/sbin/qm list"`, `"/usr/sbin/qm set *"`},
		"hardened-node":       {"^(start|shutdown|status) ", "^(start|status) "},
	} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			w := harness.NewWorkspace(t).Quietly()
			if err := os.CopyFS(w.Dir, os.DirFS(filepath.Join(harness.Examples, module))); err != nil {
				t.Fatal(err)
			}
			if printed := w.Terraform("test", "-no-color"); !strings.Contains(printed, "1 passed, 0 failed") {
				t.Errorf("terraform test printed\n%s", printed)
			}
			text, err := os.ReadFile(filepath.Join(w.Dir, "main.tf"))
			if err != nil {
				t.Fatal(err)
			}
			w.Write("main.tf", strings.Replace(string(text), broken[0], broken[1], 1))
			if printed := w.Refused("test"); !strings.Contains(printed, "0 passed, 1 failed") {
				t.Errorf("a module that is broken passes, or fails for another reason\n%s", printed)
			}
		})
	}
}
