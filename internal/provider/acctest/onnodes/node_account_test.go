package onnodes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

const (
	accountAddress = "pvesec_node_account.nightowl"
	ownKey         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k nightowl@example"
	otherKey       = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUPmVC4d3jW8Yr7yH5gn9mZ0yH1yGfWqOq2d0fWqg1s other@example"
)

func accountConfig(more string) string {
	return "resource \"pvesec_node_account\" \"nightowl\" {\n  name = \"nightowl\"\n" + more + "\n}\n"
}

// accountsOf is everything of a node that an account is in.
func accountsOf(t *testing.T, node *lab.Node) string {
	t.Helper()
	return shell(t, node, "cat /etc/passwd; cut -d: -f1,2,4- /etc/shadow; sort /etc/group /etc/gshadow /etc/subuid /etc/subgid; ls -A /home /etc/pvesec 2>/dev/null || true")
}

// TestNodeAccountLifeCycle makes, changes, mends, imports and removes an account on both releases at once.
func TestNodeAccountLifeCycle(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	pve1, pve2 := c.Nodes[0], c.Nodes[1]
	harness.KeepSecret(t, "hash", ownHash)
	before := []string{accountsOf(t, pve1), accountsOf(t, pve2)}
	first := config(c) + accountConfig(fmt.Sprintf(`  comment = "Night shift"
  groups  = ["operators"]

  end_sessions = true
  authorized_key {
    key      = %q
    restrict = true
    pty      = true
    from     = ["192.0.2.0/24"]

    expiry_time = "20991231Z"
  }`, ownKey))
	second := config(c) + accountConfig(fmt.Sprintf(`  uid              = 2345
  comment          = ""
  home             = "/home/owl"
  shell            = "/bin/sh"
  groups           = ["games"]
  group_membership = "additive"
  key_membership   = "additive"
  expires          = "2099-01-31"
  password_hash    = %q
  password_version = 1
  remove_home      = true
  end_sessions     = true
  authorized_key {
    key     = %q
    command = "/usr/bin/id \"-u\""
  }`, ownHash, otherKey))
	harness.Run(t,
		resource.TestStep{
			Config:           first,
			ConfigPlanChecks: harness.Planned(accountAddress, plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(accountAddress, deployedAt("pve1", "password"), knownvalue.StringExact("locked")),
				statecheck.ExpectKnownValue(accountAddress, deployedAt("pve2", "groups"), knownvalue.SetExact([]knownvalue.Check{knownvalue.StringExact("operators")})),
				statecheck.ExpectKnownValue(accountAddress, deployedAt("pve1", "keys"), knownvalue.SetSizeExact(1)),
				statecheck.ExpectKnownValue(accountAddress, deployedAt("pve2", "problems"), knownvalue.ListSizeExact(0)),
			},
			Check: func(*terraform.State) error {
				for _, n := range c.Nodes {
					got := shell(t, n, "cat /home/nightowl/.ssh/authorized_keys; id -nG nightowl; stat -c '%a %U' /home/nightowl")
					if want := `restrict,pty,from="192.0.2.0/24",expiry-time="20991231Z" ` + ownKey + "\nnightowl operators\n700 nightowl"; got != want {
						return fmt.Errorf("%s: got\n%s\nwant\n%s", n.Name, got, want)
					}
				}
				return nil
			},
		},
		resource.TestStep{ // drift of every part on one node, out-of-band removal on the other
			PreConfig: func() {
				shell(t, pve1, "usermod -u 4321 -c changed -s /bin/sh -g users -G operators,adm -e 2090-01-01 nightowl; echo 'nightowl:"+ownHash+"' | chpasswd -e; echo '"+otherKey+"' >>/home/nightowl/.ssh/authorized_keys2; chown nightowl /home/nightowl/.ssh/authorized_keys2; chmod 0770 /home/nightowl")
				shell(t, pve2, "userdel -r nightowl")
			},
			Config: first,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(accountAddress, plancheck.ResourceActionUpdate),
				harness.ExpectDrift(accountAddress, `"uid":4321`, `"primary_group":"users"`, `"comment":"changed"`, `"shell":"/bin/sh"`, `"adm"`, `"expires":"2090-01-01"`, `"password":"set"`, "other@example (authorized_keys2)", `"present":false`, "PVESEC-A0201"),
			}},
			Check: func(*terraform.State) error {
				for _, n := range c.Nodes {
					got := shell(t, n, "getent passwd nightowl | cut -d: -f 5-; id -nG nightowl; cut -d: -f 1,8 /etc/shadow | grep nightowl; passwd -S nightowl | cut -d' ' -f 2; ls -A /home/nightowl/.ssh")
					if want := "Night shift:/home/nightowl:/bin/bash\nnightowl operators\nnightowl:\nL\nauthorized_keys"; got != want {
						return fmt.Errorf("%s: got\n%s\nwant\n%s", n.Name, got, want)
					}
				}
				shell(t, pve1, "chmod 0700 /home/nightowl")
				return nil
			},
		},
		resource.TestStep{
			ResourceName:                         accountAddress,
			Config:                               first,
			ImportState:                          true,
			ImportStateId:                        "nightowl",
			ImportStateVerify:                    true,
			ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore:              []string{"deployed.pve1.problems", "end_sessions"}, // the home was mended after the apply
		},
		resource.TestStep{
			Config:           second,
			ConfigPlanChecks: harness.Planned(accountAddress, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(accountAddress, deployedAt("pve1", "uid"), knownvalue.Int64Exact(2345)),
			},
			Check: func(*terraform.State) error {
				for _, n := range c.Nodes {
					got := shell(t, n, "getent passwd nightowl | cut -d: -f 3,5-; id -nG nightowl; cut -d: -f 1,2,8 /etc/shadow | grep nightowl; cat /home/owl/.ssh/authorized_keys")
					if want := "2345::/home/owl:/bin/sh\nnightowl games\nnightowl:" + ownHash + ":47147\n" + `command="/usr/bin/id \"-u\"" ` + otherKey; got != want {
						return fmt.Errorf("%s: got\n%s\nwant\n%s", n.Name, got, want)
					}
				}
				return nil
			},
		},
	)
	for i, n := range c.Nodes {
		shell(t, n, "rm -r /home/nightowl")
		if after := accountsOf(t, n); after != before[i] {
			t.Errorf("%s: destroy left something behind:\n%s\nbefore\n%s", n.Name, after, before[i])
		}
	}
}

// ownHash is of no password.
const ownHash = "$y$j9T$Zd0rLjv1UkPqvW3TzqJ9a.$ukWnJ0qHq1bJ7hH7OVrZr0aYyZK1hJb2rNnE2yJdPQ3"

// TestNodeAccountRefused: what must not be made is refused before anything changes.
func TestNodeAccountRefused(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{}}})
	w := harness.NewWorkspace(t).Within().Quietly()
	for says, more := range map[string]string{
		"PVESEC-A0001":           `groups = ["sudo"]`,
		"exists on pve1 already": "",
		"there is no such group": `groups = ["nosuch"]`,
	} {
		name := "nightowl"
		if more == "" {
			name = "carol"
		}
		w.Write("main.tf", requirePvesec+config(c)+strings.Replace(accountConfig(more), `"nightowl"`+"\n", fmt.Sprintf("%q\n", name), 1))
		if got := w.Refused("apply", "-auto-approve"); !strings.Contains(got, says) {
			t.Errorf("%q is not said: %s", says, got)
		}
	}
	w.Write("main.tf", requirePvesec+config(c)+strings.Replace(accountConfig("adopt = true\n  groups = [\"operators\", \"adm\"]\n  accepted_risks = { PVESEC-A0010 = \"reads the logs\" }"), `"nightowl"`+"\n", "\"carol\"\n", 1))
	if got := w.Terraform("apply", "-auto-approve", "-no-color"); !strings.Contains(got, `id       = "PVESEC-A0010"`) {
		t.Errorf("the finding is not in the plan: %s", got)
	}
	if got := shell(t, c.Nodes[0], "id -nG carol"); got != "carol adm operators" {
		t.Errorf("carol is in %s", got)
	}
	for user, missing := range map[string]bool{"ghost@pam": true, "carol@pam": false} {
		w.Write("main.tf", requirePvesec+config(c)+fmt.Sprintf("resource \"pvesec_restricted_user\" \"user\" {\n  user_id = %q\n}\n", user))
		if got := w.Terraform("plan", "-no-color"); strings.Contains(got, "Missing Linux account of "+user+" on pve1") != missing {
			t.Errorf("%s is to be missing, %v: %s", user, missing, got)
		}
	}
}
