package acctest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// idlePlans checks the warnings of plans, beside the one of Terraform about the development override.
type idlePlans struct {
	t *testing.T
	w *harness.Workspace
}

// says checks that a plan warns of just these, each once, and that with none of them it is "No changes".
func (p idlePlans) says(what string, unchanged bool, warnings ...string) {
	p.t.Helper()
	output := p.w.Terraform("plan", "-no-color")
	said := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
	if count := strings.Count(said, "Warning: ") - 1; count != len(warnings) {
		p.t.Errorf("%s: %d warnings, want %d", what, count, len(warnings))
	}
	for _, warning := range warnings {
		if strings.Count(said, "Warning: "+warning) != 1 {
			p.t.Errorf("%s: the plan does not warn once of %q", what, warning)
		}
	}
	if unchanged != strings.Contains(said, "No changes.") {
		p.t.Errorf("%s: the plan is unchanged or not, want %v", what, unchanged)
	}
	if p.t.Failed() {
		p.t.Log(output)
	}
}

// TestPlanTellsWhatDoesNothing: a plan warns of grants on pools and storages that PVE does not have, of ends that are
// over and of acceptances that nothing needs, of what is new, of what changes and of what stays as it is, each once.
func TestPlanTellsWhatDoesNothing(t *testing.T) {
	t.Parallel()
	server := api(t, pvesim.Version91)
	harness.Tamper(t, server.AddPool("build"), server.AddUser("owner@pve", nil))
	w := harness.NewWorkspace(t).Quietly().Within()
	p := idlePlans{t, w}
	write := func(pool, storage, end, more string) {
		w.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+apiConfig(server, server.RootToken())+fmt.Sprintf(`
resource "pvesec_restricted_user" "agent" {
  user_id    = "agent@pve"
  expires_at = %[3]q
  role { privileges = ["VM.Audit"] }
  grant { path = "/pool/%[1]s" }
  token {
    name       = "ci"
    expires_at = %[3]q
    grant { path = "/pool/%[1]s" }
  }
  %[4]s
}

resource "pvesec_api_token" "ci" {
  user_id    = "owner@pve"
  token_id   = "ci"
  expires_at = %[3]q
  grant {
    path = "/storage/%[2]s"
    role = "PVEDatastoreUser"
  }
  %[4]s
}
`, pool, storage, end, more))
	}
	const idle = `accepted_risks = { "PVESEC-P0009" = "nobody needs it" }`
	write("biuld", "lcoal", "2020-01-01T00:00:00Z", idle)
	ends := []string{"The user ended on 2020-01-01T00:00:00Z", `Token "ci" ended on 2020-01-01T00:00:00Z`, "The token ended on 2020-01-01T00:00:00Z"}
	missing := []string{"Missing pool biuld", "Missing storage lcoal"}
	p.says("new", false, append(append([]string{"An accepted risk matches no finding"}, missing...), ends...)...) // the token is judged once its user is as it will be
	w.Terraform("apply", "-auto-approve", "-no-color")
	write("biuld", "lcoal", "2100-01-01T00:00:00Z", "")
	w.Terraform("apply", "-auto-approve", "-no-color")
	p.says("unchanged", true, missing...)
	harness.Tamper(t, server.AddPool("biuld"))
	p.says("the pool is there", true, missing[1])
	write("build", "local", "2100-01-01T00:00:00Z", "")
	p.says("mended", false, missing[1]) // the token has it still
	w.Terraform("apply", "-auto-approve", "-no-color")
	p.says("nothing", true)
	write("none", "local", "2100-01-01T00:00:00Z", "")
	p.says("changed", false, "Missing pool none")
	write("build", "local", "2100-01-01T00:00:00Z", strings.Replace(idle, "P0009", "P0001", 1))
	const idleRisk, another = "Warning: An accepted risk matches no finding", "(and one more similar warning elsewhere)" // Terraform puts the two into one
	output := w.Terraform("plan", "-no-color")
	if strings.Count(output, idleRisk) != 1 || !strings.Contains(output, another) {
		t.Errorf("the plan does not warn of the acceptances of both:\n%s", output)
	}
	w.Terraform("apply", "-auto-approve", "-no-color")
	output = w.Terraform("plan", "-no-color")
	if strings.Count(output, idleRisk) != 1 || !strings.Contains(output, another) || !strings.Contains(output, "No changes.") {
		t.Errorf("the plan does not warn of what stays as it is:\n%s", output)
	}
}
