package harness

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// AuditConfig is audit logging with further attributes.
func AuditConfig(more string) string {
	return fmt.Sprintf("resource \"pvesec_audit_logging\" \"ops\" {\n  name     = \"ops\"\n  subjects = [\"agent\", \"%%operators\"]\n  %s\n}\n", more)
}

// Root is the directory of the module.
var Root = moduleRoot()

// Examples is the directory of the examples.
var Examples = filepath.Join(Root, "examples")

// moduleRoot is the directory of go.mod, above the test's directory. A test program that stands for the provider runs
// elsewhere and reads no examples.
func moduleRoot() string {
	if os.Getenv(measuredVariable) != "" {
		return "" // the test program stands in for the provider, in a workspace
	}
	directory, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(directory, "go.mod")); missing == nil {
			return directory
		}
		if directory == filepath.Dir(directory) {
			return directory
		}
		directory = filepath.Dir(directory)
	}
	panic(err) // a test runs in the directory of its package
}

// PolicyAddress is the policy of [PolicyConfig].
const PolicyAddress = "pvesec_sudoers_policy.agent"

// PolicyConfig is a policy for agent with these commands and further attributes.
func PolicyConfig(commands, more string) string {
	return fmt.Sprintf(`
resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"
  rule {
    commands = [%s]
    nopasswd = true
  }
  %s
}
`, commands, more)
}

// Planned checks what the plan does with a resource.
func Planned(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// ExpectDrift checks that what the plan takes away mentions each text.
func ExpectDrift(address string, wanted ...string) plancheck.PlanCheck {
	return driftCheck{address, wanted}
}
