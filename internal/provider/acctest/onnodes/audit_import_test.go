package onnodes

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestAuditLoggingIsImportedAsItIs: where the state was lost, an import and the same configuration change nothing,
// whether the configuration says much or leaves all to the defaults.
func TestAuditLoggingIsImportedAsItIs(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	forgotten := config(c) + "removed {\n  from = " + auditAddress + "\n  lifecycle {\n    destroy = false\n  }\n}\n"
	var steps []resource.TestStep
	for _, settings := range []string{
		"",
		"require_logging = false\n  sudo_log {\n    mode = \"0640\"\n  }\n  io_logs {\n    input = true\n    max_age_days = 30\n  }\n  rotation {\n    keep = 7\n  }\n  security_log {\n    enabled = false\n  }",
	} {
		applied := config(c) + harness.AuditConfig(settings)
		steps = append(steps,
			resource.TestStep{Config: applied},
			resource.TestStep{Config: forgotten},
			resource.TestStep{Config: applied, ResourceName: auditAddress, ImportState: true, ImportStateId: "ops", ImportStatePersist: true},
			resource.TestStep{Config: applied, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		)
	}
	harness.Run(t, steps...)
}
