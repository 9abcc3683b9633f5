package onnodes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// updatePlans, set to anything, has the plans of examples/review written anew.
const updatePlans = "PVESEC_TEST_UPDATE_PLANS"

// reviewed is one change that a policy engine judges. Terraform plans all of them at once, and each is recorded as if
// it were alone.
type reviewed struct {
	name string
	// applied is what is applied before, or nothing.
	applied string
	// happens is done on the node between the apply and the plan.
	happens string
	// planned is what is planned then.
	planned string
	// addresses are those of its resources, or of the modules that have them.
	addresses []string
}

// ending is a rule that ends.
func ending(commands string) string {
	return fmt.Sprintf("rule {\n  commands  = [%s]\n  nopasswd  = true\n  not_after = \"20400101000000Z\"\n}\n", commands)
}

// policyOf is a policy of a subject that has its name.
func policyOf(name, body string) string {
	return fmt.Sprintf("resource \"pvesec_sudoers_policy\" %[1]q {\n  name    = %[1]q\n  subject = %[1]q\n%s}\n", name, body)
}

const (
	idOnly  = `"/usr/bin/id ^$"`
	idAndUp = `"/usr/bin/id ^$", "/usr/bin/uptime ^$"`
	less    = `"/usr/bin/less /var/log/syslog"`
	warns   = "enforcement = \"warn\"\n"

	// afterLogging has a policy applied after the settings that log its subject: what it records of them is the same in
	// every run then.
	afterLogging = "depends_on = [pvesec_audit_logging.one]\n"
)

// reviewedPlans are the plans of examples/review/plans that one run of Terraform makes.
func reviewedPlans() []reviewed {
	id, both := ending(idOnly), ending(idAndUp)
	foreign := func(name string) string {
		return "umask 337; echo '" + name + " ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-" + name
	}
	// of is a change of one policy, named after its subject.
	of := func(name, subject, applied, happens, planned string) reviewed {
		one := reviewed{name: name, happens: happens, planned: policyOf(subject, planned), addresses: []string{"pvesec_sudoers_policy." + subject}}
		if applied != "" {
			one.applied = policyOf(subject, applied)
		}
		return one
	}
	replaced := of("replaced", "replaced", id, "", id)
	replaced.planned = strings.Replace(replaced.planned, `name    = "replaced"`, `name    = "replacing"`, 1)
	forgotten := of("removed-from-code", "forgotten", ending(less)+warns, "", "")
	forgotten.planned = "removed {\n  from = pvesec_sudoers_policy.forgotten\n  lifecycle {\n    destroy = false\n  }\n}\n"
	imported := of("imported", "imported", "", "umask 337; echo 'imported ALL=(root) NOPASSWD: /usr/bin/less /var/log/syslog' >/etc/sudoers.d/imported",
		"rule {\n  commands = ["+less+"]\n  nopasswd = true\n}\n")
	imported.planned += "import {\n  to = pvesec_sudoers_policy.imported\n  id = \"imported\"\n}\n"
	someone := of("unknown-subject", "someone", "", "", id)
	someone.planned = "resource \"terraform_data\" \"who\" {\n  input = \"someone\"\n}\n" + strings.Replace(someone.planned, `subject = "someone"`, "subject = terraform_data.who.output", 1)
	someone.addresses = append(someone.addresses, "terraform_data.who")
	return []reviewed{
		of("new", "new", "", "", id),
		of("root-warned", "rootwarned", "", "", ending(less)+warns),
		of("root-accepted", "rootaccepted", "", "", ending(less)+"accepted_risks = { \"/usr/bin/less\" = \"reads one log\" }\n"),
		of("root-narrowed", "rootnarrowed", ending(less+", "+idOnly)+warns, "", ending(less)+warns),
		of("widened", "widened", id+afterLogging, "", both+afterLogging),
		of("narrowed", "narrowed", both, "", id),
		of("foreign-root", "foreignroot", id, foreign("foreignroot"), id),
		of("foreign-root-warned", "foreignwarned", id+warns, foreign("foreignwarned"), id+warns),
		of("own-file-changed", "tampered", id, "echo 'tampered ALL=(ALL) NOPASSWD: ALL' >>/etc/sudoers.d/tampered", id),
		of("new-unlogged", "newunlogged", "", "umask 337; echo 'Defaults:newunlogged !syslog' >/etc/sudoers.d/zz-newunlogged", id),
		of("unlogged", "unlogged", id, "umask 337; echo 'Defaults:unlogged !syslog' >/etc/sudoers.d/zz-unlogged", both),
		of("unending", "unending", id+afterLogging, "", "rule {\n  commands = ["+idOnly+"]\n  nopasswd = true\n}\n"+afterLogging),
		replaced, forgotten, imported, someone,
		{
			name:      "modules",
			planned:   "module \"operators\" {\n  source   = \"./operator\"\n  for_each = toset([\"moda\", \"modb\"])\n  name     = each.key\n}\n",
			addresses: []string{"module.operators"},
		},
		{
			name: "logging", addresses: []string{"pvesec_audit_logging.one"},
			applied: reviewedLogging(`"unending", "widened"`, true), planned: reviewedLogging(`"unending"`, false),
		},
		{
			name: "account", addresses: []string{"pvesec_node_account.owl"},
			planned: "resource \"pvesec_node_account\" \"owl\" {\n  name = \"owl\"\n  uid  = 2345\n  authorized_key {\n    key      = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k owl@example\"\n" +
				"    restrict = true\n  }\n}\n",
		},
		{
			name: "exclusive", addresses: []string{"pvesec_sudoers_exclusive.nodes"},
			planned: "resource \"pvesec_sudoers_exclusive\" \"nodes\" {\n  files = [\"imported\"]\n}\n",
		},
		{
			name: "emergency", addresses: []string{"pvesec_break_glass.all", "pvesec_break_glass.one"},
			planned: "resource \"pvesec_break_glass\" \"all\" {\n  name = \"all\"\n  subject = \"someone\"\n  reason = \"the database does not start\"\n  duration = \"2h\"\n  all_commands = true\n}\n" +
				"resource \"pvesec_break_glass\" \"one\" {\n  name = \"one\"\n  subject = \"someone\"\n  reason = \"nobody can log in\"\n  duration = \"30m\"\n  commands = [\"/usr/bin/id\"]\n}\n",
		},
		{
			name: "ways-in", addresses: []string{"pvesec_sshd_policy.ways"},
			planned: "resource \"pvesec_sshd_policy\" \"ways\" {\n  name                    = \"ways\"\n  password_authentication = false\n  match {\n    users         = [\"agent\"]\n    force_command = \"/usr/bin/id\"\n  }\n" +
				"  login {\n    name    = \"agent from CI\"\n    user    = \"agent\"\n    address = \"192.0.2.10\"\n  }\n}\n",
		},
		{
			name: "tokens", addresses: []string{"pvesec_restricted_user.ends", "pvesec_restricted_user.stays", "pvesec_api_token.ends", "pvesec_api_token.stays"},
			planned: `
resource "pvesec_restricted_user" "ends" {
  user_id    = "ends@pve"
  expires_at = "2040-01-01T00:00:00Z"
  role { privileges = ["VM.Audit"] }
  grant { path = "/vms" }
  token {
    name          = "inherits"
    never_expires = true
  }
}
resource "pvesec_restricted_user" "stays" {
  user_id = "stays@pve"
  role { privileges = ["VM.Audit"] }
  grant { path = "/vms" }
  token {
    name          = "ci"
    never_expires = true
  }
}
resource "pvesec_api_token" "stays" {
  user_id       = "owner@pve"
  token_id      = "stays"
  never_expires = true
}
resource "pvesec_api_token" "ends" {
  user_id    = "owner@pve"
  token_id   = "ends"
  expires_at = "2040-01-01T00:00:00Z"
}
`,
		},
		userPlan("user-wider", "wider", `"VM.Audit", "VM.PowerMgmt"`, ""),
		userPlan("user-root-accepted", "root", `"VM.Audit", "Permissions.Modify"`, "accepted_risks = { \"PVESEC-P0005\" = \"the pipeline gives access\" }\n"),
		userPlan("user-disabled", "disabled", `"VM.Audit"`, "enabled = false\n"),
	}
}

// operatorModule is the module of the plan modules.
const operatorModule = requirePvesec + `variable "name" {
  type = string
}
resource "pvesec_sudoers_policy" "this" {
  for_each    = toset([var.name])
  name        = each.key
  subject     = each.key
  enforcement = "warn"
  rule {
    commands  = ["/usr/bin/less /var/log/syslog"]
    not_after = "20400101000000Z"
  }
}
`

func reviewedLogging(subjects string, log bool) string {
	return fmt.Sprintf("resource \"pvesec_audit_logging\" \"one\" {\n  name     = \"one\"\n  subjects = [%s]\n  security_log { enabled = false }\n  sudo_log { enabled = %t }\n}\n", subjects, log)
}

// userPlan is a change of a user who may see virtual machines.
func userPlan(name, user, privileges, more string) reviewed {
	of := func(privileges, more string) string {
		return fmt.Sprintf("resource \"pvesec_restricted_user\" %[1]q {\n  user_id = \"%[1]s@pve\"\n  role { privileges = [%[2]s] }\n  grant { path = \"/nodes\" }\n%[3]s}\n", user, privileges, more)
	}
	return reviewed{name: name, applied: of(`"VM.Audit"`, ""), planned: of(privileges, more), addresses: []string{"pvesec_restricted_user." + user}}
}

// TestReviewedPlans makes the plans by which examples/review is tested, with the real Terraform on a node, and compares
// them with the recorded ones: a change of what a policy engine reads is seen in review.
func TestReviewedPlans(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	pve1 := c.Nodes[0]
	harness.Tamper(t, c.API.AddUser("owner@pve", nil))
	shell(t, pve1, `for name in new newunlogged rootwarned rootaccepted rootnarrowed widened narrowed foreignroot foreignwarned tampered unlogged unending forgotten replaced imported someone moda modb skipped
do useradd -m $name; done`)
	w := harness.NewWorkspace(t).Quietly().Within()
	if err := os.Mkdir(filepath.Join(w.Dir, "operator"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.Write("operator/main.tf", operatorModule)
	write := func(provider string, parts ...string) {
		w.Write("main.tf", requirePvesec+provider+strings.Join(parts, ""))
	}
	shown := func() map[string]any {
		t.Helper()
		text := w.Terraform("show", "-json", "plan")
		var whole map[string]any
		if err := json.Unmarshal([]byte(text[max(0, strings.Index(text, `{"format_version"`)):]), &whole); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return whole
	}
	var before, after []string
	happens := "set -e\n"
	for _, one := range reviewedPlans() {
		before, after = append(before, one.applied), append(after, one.planned)
		happens += "( " + cmp.Or(one.happens, "true") + " )\n"
	}
	write(config(c), before...)
	w.Terraform("apply", "-auto-approve")
	shell(t, pve1, happens)
	write(config(c), after...)
	w.Terraform("get")
	w.Terraform("plan", "-out=plan")
	whole := shown()
	for _, one := range reviewedPlans() {
		compareReviewed(t, one.name, whole, one.addresses)
	}

	// Taking it away again.
	write(config(c), before...)
	w.Terraform("plan", "-destroy", "-out=plan")
	compareReviewed(t, "destroyed", shown(), []string{"pvesec_sudoers_policy.rootnarrowed", "pvesec_audit_logging.one", "pvesec_restricted_user.root"})

	// A plan with errors, which Terraform writes all the same.
	write(config(c), strings.Join(before, ""), policyOf("rootrefused", ending(less)))
	w.Refused("plan", "-out=plan")
	compareReviewed(t, "root-refused", shown(), []string{"pvesec_sudoers_policy.rootrefused"})

	// A node that does not answer.
	w = harness.NewWorkspace(t).Quietly().Within()
	nodes := configWith(c, connection{nodes: fmt.Sprintf("node {\n    name    = \"pve1\"\n    address = %[1]q\n    port    = %[2]d\n  }\n  node {\n    name    = \"pve2\"\n    address = %[1]q\n    port    = 1\n  }\n", pve1.Address, lab.SSHPort)})
	const skips = "on_unreachable = \"skip\"\n"
	write(nodes, policyOf("skipped", ending(idAndUp)+skips))
	w.Terraform("apply", "-auto-approve")
	write(nodes, policyOf("skipped", ending(idOnly)+skips))
	w.Terraform("plan", "-out=plan")
	compareReviewed(t, "node-skipped", shown(), []string{"pvesec_sudoers_policy.skipped"})
}

// variesInPlans is what is another in every plan.
var variesInPlans = regexp.MustCompile(`127\.0\.0\.[0-9]+:[0-9]+`)

// compareReviewed compares the part of a plan that is about some addresses with the recorded one, without what depends
// on the machine, the moment and the version of Terraform.
func compareReviewed(t *testing.T, name string, whole map[string]any, addresses []string) {
	t.Helper()
	kept := map[string]any{"format_version": "1.2", "terraform_version": "1.11.0", "timestamp": "2026-01-01T00:00:00Z"}
	for _, key := range []string{"complete", "applyable", "errored"} {
		if value, is := whole[key]; is {
			kept[key] = value
		}
	}
	for _, key := range []string{"resource_changes", "resource_drift", "planned_values"} {
		if value, is := whole[key]; is {
			kept[key] = sameEverywhere(onlyOf(value, addresses))
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(kept); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(harness.Examples, "review", "plans", name+".json")
	if os.Getenv(updatePlans) != "" {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text.Bytes(), 0o644)); err != nil {
			t.Error(err)
		}
		return
	}
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	if !bytes.Equal(recorded, text.Bytes()) {
		t.Errorf("the plan differs from %s. If it is meant so, run the test with %s=1. It is\n\n%s", file, updatePlans, text.String())
	}
}

// onlyOf is a part of a plan without the resources and modules at other addresses.
func onlyOf(value any, addresses []string) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range value {
			if _, is := inner.(map[string]any); is || key == "resources" || key == "child_modules" {
				inner = onlyOf(inner, addresses)
			}
			kept[key] = inner
		}
		return kept
	case []any:
		kept := []any{}
		for _, inner := range value {
			one, _ := inner.(map[string]any)
			at, _ := one["address"].(string)
			if slices.ContainsFunc(addresses, func(address string) bool {
				return at == address || strings.HasPrefix(at, address+".") || strings.HasPrefix(at, address+"[")
			}) {
				kept = append(kept, inner)
			}
		}
		return kept
	}
	return value
}

// withoutWords is a value in which texts for people, which may change in every release, are a word each.
func withoutWords(value any) any {
	switch value := value.(type) {
	case string:
		if value != "" {
			return "TEXT"
		}
	case []any:
		kept := make([]any, len(value))
		for i, inner := range value {
			kept[i] = withoutWords(inner)
		}
		return kept
	}
	return sameEverywhere(value)
}

// sameEverywhere is a part of a plan without identities, which older releases of Terraform lack, and without addresses
// of this machine.
func sameEverywhere(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range value {
			switch key {
			case "before_identity", "after_identity", "identity", "identity_schema_version":
			case "rule", "refused":
				kept[key] = withoutWords(inner)
			default:
				kept[key] = sameEverywhere(inner)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, inner := range value {
			kept[i] = sameEverywhere(inner)
		}
		return kept
	case string:
		return variesInPlans.ReplaceAllString(value, "ADDRESS")
	}
	return value
}
