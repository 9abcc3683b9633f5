package acctest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestInputThatIsNone: null within lists is left out; a fraction where a whole number belongs, and audit logging twice
// for one subject, are refused with attribute and reason.
func TestInputThatIsNone(t *testing.T) {
	t.Parallel()
	server := api(t, "9.1")
	provider := apiConfig(server, server.RootToken())
	harness.Run(t,
		resource.TestStep{Config: provider + harness.AuditConfig("rotation { keep = 1.5 }"), ExpectError: harness.Matches("1.5 is not a whole number")},
		resource.TestStep{Config: provider + harness.AuditConfig("io_logs { max_sessions = 0.1 }"), ExpectError: harness.Matches("not a whole number")},
		resource.TestStep{
			Config: provider + `
variable "extra" {
  type    = string
  default = null
}
data "pvesec_sudoers_analysis" "x" {
  subject  = "agent"
  policy   = "agent ALL=(root) /usr/bin/id\n"
  never    = [var.extra]
}
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  groups  = [var.extra]
  role { privileges = ["VM.Audit", var.extra] }
  grant { path = "/vms" }
}
`,
			PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			Config: provider + harness.AuditConfig("") + `resource "pvesec_audit_logging" "other" {
  name     = "other"
  subjects = ["agent", null]
}
`,
			PlanOnly: true, ExpectError: harness.Matches("Invalid subject: another resource logs it"),
		},
		resource.TestStep{Config: provider},
	)
}
