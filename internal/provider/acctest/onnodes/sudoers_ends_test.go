package onnodes

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEndOfAccount: a policy ends with its subject's account where that comes first, as sudo has it, also where the
// same run makes the account or gives it another end. An account that has ended is said, and an option that has sudo
// not ask counts.
func TestEndOfAccount(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 1, endOfAccount)
}

func endOfAccount(t *testing.T, c *lab.Cluster) {
	t.Helper()
	pve1 := c.Nodes[0]
	shell(t, pve1, "chage -E 2035-01-01 agent")
	w := harness.NewWorkspace(t).Quietly().Within()
	text := requirePvesec + config(c) + harness.PolicyConfig(`"/usr/bin/id ^$"`, `rule {
    commands  = ["/usr/bin/uptime ^$"]
    not_after = "20400101000000Z"
  }`) + `
resource "pvesec_node_account" "bob" {
  name    = "bob"
  expires = "2036-01-01"
}
resource "pvesec_sudoers_policy" "bob" {
  name    = "bob"
  subject = pvesec_node_account.bob.name
  rule {
    commands = ["/usr/bin/id ^$"]
  }
}
`
	w.Write("main.tf", text)
	const agent, bob = harness.PolicyAddress, "pvesec_sudoers_policy.bob"
	expires := func() map[string]string {
		t.Helper()
		var state struct {
			Values struct {
				Root struct {
					Resources []struct {
						Address string
						Values  struct{ Expires any }
					}
				} `json:"root_module"`
			}
		}
		if err := json.Unmarshal([]byte(w.Terraform("show", "-json")), &state); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, r := range state.Values.Root.Resources {
			ends, _ := r.Values.Expires.(map[string]any) // of an account it is a day
			for _, name := range []string{"earliest", "latest"} {
				at, _ := ends[name].(string)
				day, _, _ := strings.Cut(at, "T")
				found[r.Address] += "[" + day + "]"
			}
		}
		return found
	}
	sudo := func() string { return shell(t, pve1, "runuser -u agent -- sudo -n /usr/bin/id 2>&1 || true") }

	open := regexp.MustCompile(`expires +=.*known after apply`)
	if shown := w.Terraform("plan", "-out", "plan", "-no-color"); len(open.FindAllString(shown, -1)) != 1 || strings.Count(shown, `= "2035-01-01T00:00:00Z"`) != 2 {
		t.Errorf("the account of agent is there, and bob comes with the run:\n%s", shown)
	}
	w.Terraform("apply", "-no-color", "plan")
	if got := expires(); got[agent] != "[2035-01-01][2035-01-01]" || got[bob] != "[2036-01-01][2036-01-01]" {
		t.Errorf("after the apply: %v", got)
	}
	if shown := w.Terraform("plan", "-detailed-exitcode", "-no-color"); strings.Contains(shown, "has ended") {
		t.Errorf("nothing has ended:\n%s", shown)
	}

	shell(t, pve1, "chage -E -1 agent")
	w.Terraform("apply", "-refresh-only", "-auto-approve", "-no-color")
	if got := expires(); got[agent] != "[2040-01-01][]" {
		t.Errorf("an account that does not end: %v", got)
	}

	if said := sudo(); !strings.Contains(said, "uid=0") {
		t.Errorf("the account does not end, and sudo says %q", said)
	}
	shell(t, pve1, "chage -E 2020-01-01 agent")
	if said := sudo(); !strings.Contains(said, "account validation failure") {
		t.Errorf("the account has ended, and sudo says %q", said)
	}
	if shown := w.Terraform("plan", "-no-color"); !strings.Contains(shown, "The account of agent has ended on pve1") || !strings.Contains(shown, "It ended on 2020-01-01") {
		t.Errorf("the account has ended:\n%s", shown)
	}

	shell(t, pve1, "umask 337; echo 'Defaults:agent !pam_acct_mgmt' >/etc/sudoers.d/aa")
	if said := sudo(); !strings.Contains(said, "uid=0") {
		t.Errorf("sudo does not ask about the account, and says %q", said)
	}
	if shown := w.Terraform("apply", "-refresh-only", "-auto-approve", "-no-color"); strings.Contains(shown, "has ended") {
		t.Errorf("sudo does not ask about the account:\n%s", shown)
	}
	if got := expires(); got[agent] != "[2040-01-01][]" {
		t.Errorf("sudo does not ask about the account: %v", got)
	}

	shell(t, pve1, "rm /etc/sudoers.d/aa; chage -E -1 agent")
	w.Write("main.tf", strings.Replace(text, "2036-01-01", "2037-01-01", 1)+`
resource "pvesec_sudoers_policy" "bob_too" {
  name        = "bob-too"
  subject     = pvesec_node_account.bob.name
  shared_with = ["bob"]
  rule {
    commands = ["/usr/bin/uptime ^$"]
  }
}
`)
	if shown := w.Terraform("plan", "-out", "plan", "-no-color"); len(open.FindAllString(shown, -1)) != 1 {
		t.Errorf("the run changes bob:\n%s", shown)
	}
	w.Terraform("apply", "-no-color", "plan")
	if got := expires(); got[bob+"_too"] != "[2037-01-01][2037-01-01]" {
		t.Errorf("an account that got another end in the same run: %v", got)
	}
}
