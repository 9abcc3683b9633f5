package acctest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEveryNestedObjectIsABlock walks every schema. Terraform drops unknown keys of a nested attribute without an
// error, and refuses unknown arguments of a block: whatever a person writes into an object must be a block.
func TestEveryNestedObjectIsABlock(t *testing.T) {
	t.Parallel()
	all, err := provider.Server("test").GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*tfprotov6.Schema{"provider": all.Provider, "provider_meta": all.ProviderMeta}
	add := func(kind string, byName map[string]*tfprotov6.Schema) {
		for name, schema := range byName {
			schemas[kind+" "+name] = schema
		}
	}
	add("resource", all.ResourceSchemas)
	add("data source", all.DataSourceSchemas)
	add("ephemeral resource", all.EphemeralResourceSchemas)
	add("list resource", all.ListResourceSchemas)
	for name, action := range all.ActionSchemas {
		schemas["action "+name] = action.Schema
	}
	walked := 0
	for name, schema := range schemas {
		if schema == nil {
			continue
		}
		walked++
		for _, at := range configurableObjects(schema.Block, "") {
			t.Errorf("%s: %s is a nested attribute that can be configured; make it a block", name, at)
		}
	}
	if walked < 10 {
		t.Errorf("%d schemas were walked", walked)
	}
}

// configurableObjects are the attributes of a block, and of the blocks in it, in which somebody writes an object.
func configurableObjects(block *tfprotov6.SchemaBlock, within string) []string {
	var found []string
	for _, a := range block.Attributes {
		if (a.Optional || a.Required) && (a.NestedType != nil || strings.Contains(a.Type.String(), "Object[")) {
			found = append(found, within+a.Name)
		}
	}
	for _, nested := range block.BlockTypes {
		found = append(found, configurableObjects(nested.Block, within+nested.TypeName+".")...)
	}
	return found
}

// TestMisspeltKeysAreRefused writes each block with a key that is nearly right. terraform validate names each of them,
// and what was meant unless the block has that too.
func TestMisspeltKeysAreRefused(t *testing.T) {
	t.Parallel()
	policy := func(rule string) string {
		return "resource \"pvesec_sudoers_policy\" \"KEY\" {\n  name = \"it\"\n  subject = \"it\"\n  rule {\n    commands = [\"/usr/bin/id\"]\n    " + rule + "\n  }\n}\n"
	}
	user := func(block string) string {
		return "resource \"pvesec_restricted_user\" \"KEY\" {\n  user_id = \"it@pve\"\n  " + block + "\n}\n"
	}
	logging := func(block string) string {
		return "resource \"pvesec_audit_logging\" \"KEY\" {\n  " + block + "\n}\n"
	}
	said := func(block string) string { // Terraform looks at a provider that something uses
		return "provider \"pvesec\" {\n  alias = \"KEY\"\n  " + block + "\n}\nresource \"pvesec_audit_logging\" \"KEY\" {\n  provider = pvesec.KEY\n}\n"
	}
	cases := map[string]struct{ config, instead string }{
		"not_afer":     {policy(`not_afer = "20270101000000Z"`), "not_after"},
		"not_befor":    {policy(`not_befor = "20270101000000Z"`), "not_before"},
		"nopassword":   {policy("nopassword = true"), ""},
		"nopaswd":      {policy("nopaswd = true"), "nopasswd"},
		"comand":       {policy(`comand = ["/usr/bin/id"]`), ""},
		"expire_in":    {user("token {\n    name = \"ci\"\n    expire_in = \"90d\"\n  }"), "expires_in"},
		"propagte":     {user("grant {\n    path = \"/vms\"\n    role = \"PVEAuditor\"\n    propagte = false\n  }"), "propagate"},
		"propagat":     {user("token {\n    name = \"ci\"\n    never_expires = true\n    grant {\n      path = \"/vms\"\n      role = \"PVEAuditor\"\n      propagat = false\n    }\n  }"), "propagate"},
		"privilege":    {user("role {\n    privileges = [\"VM.Audit\"]\n    privilege = [\"VM.Console\"]\n  }"), ""},
		"creat":        {user("timeouts {\n    creat = \"3m\"\n  }"), ""},
		"inputs":       {logging("io_logs {\n    inputs = true\n  }"), "input"},
		"modee":        {logging("sudo_log {\n    modee = \"0600\"\n  }"), "mode"},
		"pth":          {logging("security_log {\n    pth = \"/var/log/x\"\n  }"), "path"},
		"keeps":        {logging("rotation {\n    keeps = 3\n  }"), "keep"},
		"force_comand": {"resource \"pvesec_sshd_policy\" \"KEY\" {\n  match {\n    users = [\"it\"]\n    force_comand = \"/usr/bin/id\"\n  }\n}\n", "force_command"},
		"adresss":      {"resource \"pvesec_sshd_policy\" \"KEY\" {\n  login {\n    name = \"it\"\n    user = \"it\"\n    address = \"192.0.2.1\"\n    adresss = \"192.0.2.1\"\n  }\n}\n", ""},
		"usr":          {said("ssh {\n    usr = \"root\"\n  }"), "user"},
		"adress":       {said("node {\n    name = \"pve1\"\n    address = \"192.0.2.1\"\n    adress = \"192.0.2.2\"\n  }"), ""},       //nolint:misspell // the mistake of a person
		"addres":       {said("ssh {\n    jump_host {\n      address = \"192.0.2.1\"\n      addres = \"192.0.2.2\"\n    }\n  }"), ""}, //nolint:misspell // the mistake of a person
		"insecur":      {said("tls {\n    insecur = true\n  }"), "insecure"},
		"rolle":        {"resource \"pvesec_api_token\" \"KEY\" {\n  user_id = \"it@pve\"\n  token_id = \"it\"\n  never_expires = true\n  grant {\n    path = \"/vms\"\n    role = \"PVEAuditor\"\n    rolle = \"x\"\n  }\n}\n", ""},
		"propagation":  {"ephemeral \"pvesec_api_token\" \"KEY\" {\n  user_id = \"it@pve\"\n  grant {\n    path = \"/vms\"\n    role = \"PVEAuditor\"\n    propagation = false\n  }\n}\n", ""},
		"paramters":    {"data \"pvesec_sudoers_document\" \"KEY\" {\n  preset {\n    name = \"monitoring\"\n    paramters = {}\n  }\n}\n", "parameters"}, //nolint:misspell // the mistake of a person
		"nopasswd_":    {"data \"pvesec_sudoers_document\" \"KEY\" {\n  rule {\n    commands = [\"/usr/bin/id\"]\n    nopasswd_ = true\n  }\n}\n", "nopasswd"},
		"restict":      {"resource \"pvesec_node_account\" \"KEY\" {\n  name = \"it\"\n  authorized_key {\n    key = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k\"\n    restict = true\n  }\n}\n", "restrict"},
	}
	config := "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"
	for _, key := range slices.Sorted(maps.Keys(cases)) {
		config += strings.ReplaceAll(cases[key].config, "KEY", key)
	}
	w := harness.NewWorkspace(t).Quietly()
	w.Write("main.tf", config)
	output, err := w.Try("validate", "-no-color")
	if err == nil {
		t.Fatalf("validate takes all of it:\n%s", output)
	}
	for key, c := range cases {
		want := `An argument named "` + key + `" is not expected here.`
		if c.instead != "" {
			want += ` Did you mean "` + c.instead + `"?`
		}
		if !harness.Matches(want).MatchString(output) {
			t.Errorf("%s: not said: %s", key, want)
		}
	}
	if t.Failed() {
		t.Log(output)
	}
}

// TestEveryBlockRefusesUnknownKeys walks every schema that a configuration can have and writes a key that is none into
// each block, at any depth. terraform validate names each of them.
func TestEveryBlockRefusesUnknownKeys(t *testing.T) {
	t.Parallel()
	all, err := provider.Server("test").GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	config := "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"
	places := map[string]string{} // of keys
	put := func(place, before, after string) {
		key := fmt.Sprintf("unknown_%d", len(places))
		places[key] = place
		config += strings.ReplaceAll(before, "KEY", key) + key + " = 1\n" + strings.ReplaceAll(after, "KEY", key)
	}
	var walk func(place, before, after string, block *tfprotov6.SchemaBlock)
	walk = func(place, before, after string, block *tfprotov6.SchemaBlock) {
		put(place, before, after)
		for _, nested := range block.BlockTypes {
			walk(place+" "+nested.TypeName, before+nested.TypeName+" {\n", "}\n"+after, nested.Block)
		}
	}
	for kind, byName := range map[string]map[string]*tfprotov6.Schema{"resource": all.ResourceSchemas, "data": all.DataSourceSchemas, "ephemeral": all.EphemeralResourceSchemas} {
		for name, schema := range byName {
			walk(kind+" "+name, fmt.Sprintf("%s %q \"KEY\" {\n", kind, name), "}\n", schema.Block)
		}
	}
	walk("provider", "provider \"pvesec\" {\nalias = \"KEY\"\n", "}\nresource \"pvesec_audit_logging\" \"KEY\" {\nprovider = pvesec.KEY\nname = \"it\"\n}\n", all.Provider.Block)
	w := harness.NewWorkspace(t).Quietly()
	w.Write("main.tf", config)
	output, err := w.Try("validate", "-no-color")
	if err == nil || len(places) < 40 {
		t.Fatalf("%d keys, and validate takes all of it:\n%s", len(places), output)
	}
	for key, place := range places {
		if !strings.Contains(output, `An argument named "`+key+`" is not expected here.`) {
			t.Errorf("%s takes an unknown key", place)
		}
	}
}

// TestBlocksFromLists writes blocks as modules do, from a list that is not known before the apply, from one that is,
// and from an empty one.
func TestBlocksFromLists(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	config := func(grants, tokens string) string {
		return apiConfig(server, server.RootToken()) + `
resource "terraform_data" "later" {
  input = ["/vms/7000"]
}
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  dynamic "grant" {
    for_each = ` + grants + `
    content {
      path = grant.value
      role = "PVEAuditor"
    }
  }
  dynamic "token" {
    for_each = ` + tokens + `
    content {
      name           = token.key
      expires_in     = token.value
      inherit_grants = false
      dynamic "grant" {
        for_each = [for path in ` + grants + ` : path if path != "/vms/100"]
        content {
          path = grant.value
          role = "PVEAuditor"
        }
      }
    }
  }
}
output "ends" {
  value = { for name, token in pvesec_restricted_user.agent.tokens : name => token.full_token_id }
}
`
	}
	empty := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	harness.Run(t,
		resource.TestStep{
			Config: config("terraform_data.later.output", `{ ci = "90d" }`), ConfigPlanChecks: empty,
			Check: holds(server, "acl:1:/vms/7000:agent@pve,agent@pve!ci:PVEAuditor:"),
		},
		resource.TestStep{
			Config: config(`["/vms/100"]`, `{ ci = "90d", other = "30d" }`), ConfigPlanChecks: empty,
			Check: holds(server, "acl:1:/vms/100:agent@pve:PVEAuditor:"),
		},
		resource.TestStep{Config: config("[]", "{}"), ConfigPlanChecks: empty, Check: holds(server, "user:agent@pve:1:0:")},
	)
}
