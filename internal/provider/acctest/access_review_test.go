package acctest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// userWith is a restricted user with these attributes.
func userWith(server *pvesim.Server, token, attributes string) string {
	return apiConfig(server, token) + "resource \"pvesec_restricted_user\" \"agent\" {\n  user_id = \"agent@pve\"\n" + attributes + "\n}\n"
}

// TestEffectivePermissions sees what a user can do by path, what of it the configuration does not explain, and that all
// of it is known in the plan.
func TestEffectivePermissions(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := userAPI(t, version)
			harness.Tamper(t, server.GrantACL("/storage/iso", "@operators", "PVEDatastoreUser", false), server.GrantACL("/vms/666", "@operators", "NoAccess", true))
			config := userWith(server, server.RootToken(), "groups = [\"operators\"]\nrole { privileges = [\"VM.Audit\"] }\ngrant { path = \"/vms\" }")
			text := knownvalue.StringExact
			effective := tfjsonpath.New("effective_permissions")
			at := func(path string, privileges, here, extra []knownvalue.Check) statecheck.StateCheck {
				return statecheck.ExpectKnownValue(userAddress, effective.AtMapKey(path), knownvalue.ObjectExact(map[string]knownvalue.Check{
					"privileges": knownvalue.SetExact(privileges), "this_path_only": knownvalue.SetExact(here), "extra": knownvalue.ListExact(extra)}))
			}
			none := []knownvalue.Check{}
			store := []knownvalue.Check{text("Datastore.AllocateSpace"), text("Datastore.Audit")}
			harness.Run(t,
				resource.TestStep{
					Config: config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectKnownValue(userAddress, effective.AtMapKey("/vms").AtMapKey("privileges"), knownvalue.SetExact([]knownvalue.Check{text("VM.Audit")})),
						plancheck.ExpectKnownValue(userAddress, tfjsonpath.New("findings"), knownvalue.ListSizeExact(0)),
					}},
					ConfigStateChecks: []statecheck.StateCheck{
						at("/vms", []knownvalue.Check{text("VM.Audit")}, none, none),
						at("/vms/666", none, none, none),
						at("/storage/iso", store, store, []knownvalue.Check{text("Datastore.AllocateSpace, Datastore.Audit: role PVEDatastoreUser on /storage/iso through group operators")}),
					},
				},
				resource.TestStep{ // another admin gives the group more: no change of the user, and shown
					PreConfig:        func() { harness.Tamper(t, server.GrantACL("/nodes", "@operators", "PVEAuditor", true)) },
					Config:           config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(userAddress, effective.AtMapKey("/nodes").AtMapKey("extra"), knownvalue.ListSizeExact(1)),
					},
				},
			)
		})
	}
}

// TestFindingsFailThePlan sees that nothing leads to root@pam without a reason.
func TestFindingsFailThePlan(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	harness.Tamper(t,
		server.AddGroup("admins"), server.GrantACL("/", "@admins", "Administrator", true),
		server.AddGroup("trusted"), server.AddUser("boss@pve", url.Values{"groups": {"trusted"}}), server.GrantACL("/", "boss@pve", "Administrator", true),
	)
	before := server.UserCfg()
	with := func(attributes string) string { return userWith(server, server.RootToken(), attributes) }
	accepted := "grant {\n  path = \"/access\"\n  role = \"PVEUserAdmin\"\n}\naccepted_risks = { \"PVESEC-P0001\" = \"runs the user portal\", \"PVESEC-P0016\" = \"pam is empty\" }"
	var steps []resource.TestStep
	for _, bad := range []struct{ attributes, message string }{
		{"grant {\n  path = \"/\"\n  role = \"PVEUserAdmin\"\n}", "PVESEC-P0001 (critical): User.Modify on /access/groups: role PVEUserAdmin on /"},
		{"role { privileges = [\"User.Modify\"] }\ngrant { path = \"/access/groups\" }", "pvesh create /access/users/root@pam/token/steps"},
		{"grant {\n  path = \"/\"\n  role = \"Administrator\"\n}", "PVESEC-P0003"},
		{"groups = [\"admins\"]", "role Administrator on / through group admins"},
		{"role { privileges = [\"User.Modify\"] }\ngrant { path = \"/access/groups/trusted\" }", "pvesh create /access/users/boss@pve/token/steps"},
		{"role { privileges = [\"Sys.Modify\"] }\ngrant { path = \"/nodes/pve1\" }", "PVESEC-P0009"},
		{"grant {\n  path = \"/\"\n  role = \"PVEUserAdmin\"\n}\naccepted_risks = { \"PVESEC-P0003\" = \"another one\" }", "PVESEC-P0001"},
		{"accepted_risks = { \"PVESEC-P9999\" = \"why not\" }", "there is no finding"},
		{"accepted_risks = { \"PVESEC-P0001\" = \"\" }", "at least 3"},
	} {
		steps = append(steps, resource.TestStep{Config: with(bad.attributes), ExpectError: harness.Matches(bad.message)})
	}
	steps = append(steps, resource.TestStep{
		Config: with(accepted),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectKnownValue(userAddress, tfjsonpath.New("findings").AtSliceIndex(0).AtMapKey("accepted"), knownvalue.StringExact("runs the user portal")),
		}},
		ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("findings"), knownvalue.ListSizeExact(2))},
	}, resource.TestStep{Config: with(accepted), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}})
	harness.Run(t, steps...)
	if after := server.UserCfg(); after != before {
		t.Errorf("something was left behind:\n%s", after)
	}
}

// TestFindingThroughDrift sees that a group whose manager cannot reach root is none, and that drift which does is
// refused by the apply. The plan warns of it and is not empty.
func TestFindingThroughDrift(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	config := userWith(server, server.RootToken(), "groups = [\"operators\"]\nrole { privileges = [\"User.Modify\"] }\ngrant { path = \"/access/groups/operators\" }")
	harness.Run(t,
		resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("findings"), knownvalue.ListSizeExact(0))}},
		resource.TestStep{
			PreConfig:   func() { harness.Tamper(t, server.GrantACL("/", "@operators", "PVEAdmin", true)) },
			Config:      config,
			ExpectError: harness.Matches("through group operators"),
		},
		resource.TestStep{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{PreConfig: func() { harness.Tamper(t, server.RevokeACL("/", "@operators", "PVEAdmin")) }, Config: config},
	)
}

// TestPreflight names what the provider's own token lacks, and on which path, before anything is written.
func TestPreflight(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	harness.Tamper(t, server.AddUser("tf@pve", nil), server.AddUser("blind@pve", nil), server.GrantACL("/access", "tf@pve", "PVEUserAdmin", true), server.GrantACL("/access", "tf@pve", "PVEAuditor", true))
	weak, err := server.AddToken("tf@pve", "tf", false)
	harness.Tamper(t, err)
	blind, err := server.AddToken("blind@pve", "tf", false)
	harness.Tamper(t, err)
	before := server.UserCfg()
	attributes := "role { privileges = [\"VM.Audit\"] }\ngrant { path = \"/pool/build\" }"
	token := func(with string) string {
		return apiConfig(server, with) + "resource \"pvesec_api_token\" \"ci\" {\n  user_id = \"tf@pve\"\n  token_id = \"ci\"\n  expires_in = \"1d\"\n  grant {\n    path = \"/vms/100\"\n    role = \"PVEAuditor\"\n  }\n}\n"
	}
	harness.Run(t,
		resource.TestStep{Config: userWith(server, weak, attributes), ExpectError: harness.Matches("Permissions.Modify or Pool.Allocate on /pool/build")},
		resource.TestStep{Config: userWith(server, weak, attributes), ExpectError: harness.Matches("Sys.Modify on /access (to manage the role restricted-agent-pve)")},
		resource.TestStep{Config: token(weak), ExpectError: harness.Matches("Permissions.Modify or VM.Allocate on /vms/100")},
		resource.TestStep{Config: userWith(server, blind, attributes), ExpectError: harness.Matches("it lacks Sys.Audit on /access")},
		resource.TestStep{Config: apiConfig(server, weak)},
	)
	if after := server.UserCfg(); after != before {
		t.Errorf("a refused plan changed PVE:\n%s", after)
	}
}

// TestHiddenIsNotGone sees that a token that PVE shows nothing to does not make Terraform forget, or make again, what
// is there.
func TestHiddenIsNotGone(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	harness.Tamper(t, server.AddUser("blind@pve", nil))
	blind, err := server.AddToken("blind@pve", "tf", false)
	harness.Tamper(t, err)
	config := func(token string) string {
		return userWith(server, token, "") + "resource \"pvesec_api_token\" \"ci\" {\n  user_id = pvesec_restricted_user.agent.user_id\n  token_id = \"xx\"\n  never_expires = true\n  privilege_separation = false\n}\n"
	}
	external := strings.Replace(config(server.RootToken()), `"agent@pve"`, "\"agent@pve\"\n  external_tokens = [\"xx\"]", 1)
	harness.Run(t,
		resource.TestStep{Config: external},
		resource.TestStep{Config: strings.Replace(external, server.RootToken(), blind, 1), ExpectError: harness.Matches("nothing can be said about what is absent")},
		resource.TestStep{PreConfig: server.StopDaemon, Config: external, ExpectError: harness.Matches("595")},
		resource.TestStep{PreConfig: server.StartDaemon, Config: external, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	)
}

// TestOneRunChangesAll changes a user with its role, another user that has the role too, and a token, in one run: what
// one of them can do depends on the others, so that no plan may promise it.
func TestOneRunChangesAll(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	before := server.UserCfg()
	owner := func(privilege, more string) string {
		return apiConfig(server, server.RootToken()) + `
resource "pvesec_restricted_user" "agent" {
  user_id         = "agent@pve"
  role {
    name       = "shared-role"
    privileges = ["` + privilege + `"]
  }
  grant { path = "/vms" }
  external_tokens = ["ci"]
}
` + more
	}
	others := func(comment, path string) string {
		return `
resource "pvesec_restricted_user" "other" {
  user_id = "other@pve"
  comment = "` + comment + `"
  grant {
    path = "/vms"
    role = pvesec_restricted_user.agent.role.name
  }
}
resource "pvesec_api_token" "ci" {
  user_id       = pvesec_restricted_user.agent.user_id
  token_id      = "ci"
  never_expires = true
  comment       = "` + comment + `"
  grant {
    path = "` + path + `"
    role = pvesec_restricted_user.agent.role.name
  }
}
`
	}
	holdsNow := func(address, path, privilege string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New("effective_permissions").AtMapKey(path).AtMapKey("privileges"), knownvalue.SetExact([]knownvalue.Check{knownvalue.StringExact(privilege)}))
	}
	harness.Run(t,
		resource.TestStep{Config: owner("VM.Audit", "")},
		resource.TestStep{
			Config: owner("VM.Audit", others("one", "/vms")),
			ConfigStateChecks: []statecheck.StateCheck{
				holdsNow("pvesec_restricted_user.other", "/vms", "VM.Audit"), holdsNow("pvesec_api_token.ci", "/vms", "VM.Audit")},
		},
		resource.TestStep{
			Config: owner("VM.Console", others("two", "/vms/100")),
			ConfigStateChecks: []statecheck.StateCheck{
				holdsNow("pvesec_restricted_user.other", "/vms", "VM.Console"), holdsNow("pvesec_api_token.ci", "/vms/100", "VM.Console")},
		},
	)
	if after := server.UserCfg(); after != before {
		t.Errorf("something was left behind:\n%s", after)
	}
}
