package acctest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestHostileInput plans what would hurt PVE, or another user than the one named. All of it is refused at plan with the
// reason, and nothing is sent.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	p := newProtocol(t, server)
	user := func(id string) map[string]any { return map[string]any{"user_id": id} }
	with := func(name string, value any) map[string]any {
		return map[string]any{"user_id": "agent@pve", name: value}
	}
	grant := func(path, role string) map[string]any {
		return with("grant", []any{map[string]any{"path": path, "role": role}})
	}
	tests := []struct {
		config map[string]any
		reason string
	}{
		{user("alice@pve#x@pve"), "'#'"}, {user("a?b@pve"), "'?'"}, {user("a%41@pve"), "'%'"}, {user("a/b@pve"), "'/'"}, {user("a,b@pve"), "','"},
		{user("a;b@pve"), "';'"}, {user("a!b@pve"), "'!'"}, {user("a:b@pve"), "':'"}, {user("a b@pve"), "space"}, {user("a\nb@pve"), "line break"},
		{user("a\tb@pve"), "space"}, {user("a\x00b@pve"), "control character"}, {user("größe@pve"), "non-ASCII"}, {user("a\u202eb@pve"), "non-ASCII"},
		{user(strings.Repeat("a", 61) + "@pve"), "65 characters"}, {user("a@p"), "realm"}, {user("@pve"), "no name"}, {user("agent"), "no realm"}, {user(""), "empty"},
		{user("root@pam"), "superuser"}, {user("ROOT@pam"), "superuser"}, {user("Root@PAM"), "superuser"},
		{with("groups", []any{"0"}), "counts as empty"}, {with("groups", []any{"a,b"}), "characters A-Z"}, {with("groups", []any{"a\n"}), "line break"},
		{with("groups", []any{".."}), "directory"}, {with("groups", []any{"a/b"}), "characters A-Z"},
		{with("role", map[string]any{"name": "PVEAgent", "privileges": []any{"VM.Audit"}}), "begin with \"PVE\""},
		{with("role", map[string]any{"name": "pvesec-agent", "privileges": []any{"VM.Audit"}}), "begin with \"PVE\""},
		{with("role", map[string]any{"name": "Administrator", "privileges": []any{"VM.Audit"}}), "built into PVE"},
		{with("role", map[string]any{"name": "a b", "privileges": []any{"VM.Audit"}}), "space"},
		{with("role", map[string]any{"privileges": []any{"VM.Audit,Permissions.Modify"}}), "not the name of a privilege"},
		{grant("/vms/1", "PVEVMUser"), "from 100 upwards"}, {grant("vms/100", "PVEVMUser"), "stored by PVE as"}, {grant("/vms/100/", "PVEVMUser"), "stored by PVE as"},
		{grant("//", "PVEVMUser"), "stored by PVE as"}, {grant("", "PVEVMUser"), "empty"}, {grant("/vms/100", "a,Administrator"), "characters A-Z"},
		{grant("/vms/100", "x\nacl:1:/:agent@pve:Administrator"), "line break"},
		{with("token", []any{map[string]any{"name": "a/../../root@pam"}}), "Token id"}, {with("token", []any{map[string]any{"name": "a#b"}}), "Token id"},
		{with("comment", "0"), "read it back as empty"}, {with("comment", " x"), "space"}, {with("email", "a b"), "not an e-mail address"},
		{with("external_tokens", []any{"a b"}), "space"},
		{with("expires_at", "1969-01-01T00:00:00Z"), "1970"},
	}
	before := server.UserCfg()
	for _, test := range tests {
		config := build(p.typeOf("pvesec_restricted_user"), test.config)
		_, _, err := p.plan(t.Context(), p.absent("pvesec_restricted_user"), config)
		if validated, callErr := p.validate(t.Context(), "pvesec_restricted_user", config); callErr != nil {
			t.Fatal(callErr)
		} else if validated != nil {
			err = validated
		}
		if err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%q: %v, want a reason with %q", test.config, err, test.reason)
		}
	}
	if after := server.UserCfg(); after != before {
		t.Errorf("PVE was changed:\n%s", after)
	}
	for _, r := range server.RequestLog() {
		if r.Method != "GET" {
			t.Errorf("sent %s %s", r.Method, r.Path)
		}
	}
}

// TestImportRefusesRoot sees that root@pam, however it is written, cannot be imported, as a user or by a token.
func TestImportRefusesRoot(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	p := newProtocol(t, server)
	for typeName, ids := range map[string][]string{
		"pvesec_restricted_user": {"root@pam", "ROOT@pam", "Root@PAM", "root@pam!ci", " root@pam", "root@pam\n", "a/../root@pam", "root%40pam"},
		"pvesec_api_token":       {"root@pam!ci", "ROOT@PAM!ci", "root@pam", "agent@pve!../../root@pam/token/ci"},
	} {
		for _, id := range ids {
			answer, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
			if err != nil {
				t.Fatal(err)
			}
			if err := diagnosed(answer.Diagnostics); err == nil {
				t.Errorf("%s %q was imported", typeName, id)
			}
		}
	}
	for _, r := range server.RequestLog() {
		if r.Method != "GET" || strings.Contains(r.Path, "root") {
			t.Errorf("sent %s %s", r.Method, r.Path)
		}
	}
}

// TestAdditiveGroups leaves memberships alone that others gave, and takes back those that it gave.
func TestAdditiveGroups(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	harness.Tamper(t, server.AddGroup("auditors"), server.AddGroup("others"))
	before := server.UserCfg()
	config := func(groups string) string {
		return userWith(server, server.RootToken(), "group_membership = \"additive\"\ngroups = ["+groups+"]")
	}
	foreign := func() {
		harness.Tamper(t, server.ChangeUser("agent@pve", map[string][]string{"groups": {"others"}, "append": {"1"}}))
	}
	harness.Run(t,
		resource.TestStep{Config: config(`"operators"`), Check: holds(server, "group:operators:agent@pve:")},
		resource.TestStep{PreConfig: foreign, Config: config(`"operators"`), PlanOnly: true},
		resource.TestStep{Config: config(`"auditors"`), Check: holds(server, "group:operators::", "group:auditors:agent@pve:", "group:others:agent@pve:")},
		resource.TestStep{
			PreConfig:        func() { harness.Tamper(t, server.ChangeUser("agent@pve", map[string][]string{"groups": {"others"}})) },
			Config:           config(`"auditors"`),
			ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionUpdate),
			Check:            holds(server, "group:auditors:agent@pve:", "group:others:agent@pve:"),
		},
		resource.TestStep{
			Config: userWith(server, server.RootToken(), "groups = [\"auditors\"]"),
			Check:  holds(server, "group:others::", "group:auditors:agent@pve:"),
		},
	)
	if after := server.UserCfg(); after != before {
		t.Errorf("something was left behind:\n%s", after)
	}
}

// TestPassword is given at creation, is nowhere, and cannot be changed, which the plan says.
func TestPassword(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	const password, another = "correct-horse-battery", "another-password"
	harness.KeepSecret(t, "password", password)
	harness.KeepSecret(t, "other password", another)
	config := func(user, password string, version int) string {
		return strings.Replace(userWith(server, server.RootToken(), fmt.Sprintf("password = %q\npassword_version = %d", password, version)), "agent@pve", user, 1)
	}
	logsIn := func() error {
		_, err := server.Do("POST", "/access/ticket", map[string][]string{"username": {"agent@pve"}, "password": {password}})
		return err
	}
	harness.Run(t,
		resource.TestStep{Config: config("agent@pve", "short", 1), ExpectError: harness.Matches("between 8 and 64")},
		resource.TestStep{Config: config("agent@pam", password, 1), ExpectError: harness.Matches("PVE would set the Unix password of the account agent")},
		resource.TestStep{Config: userWith(server, server.RootToken(), "password = \"correct-horse\""), ExpectError: harness.Matches("password_version")},
		resource.TestStep{
			Config:            config("agent@pve", password, 1),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("password"), knownvalue.Null())},
		},
		resource.TestStep{PreConfig: func() { harness.Tamper(t, logsIn()) }, Config: config("agent@pve", another, 1), PlanOnly: true},
		resource.TestStep{Config: config("agent@pve", another, 2), ExpectError: harness.Matches("PVE refuses PUT /access/password to every API token")},
		resource.TestStep{Config: config("agent@pve", password, 1)},
	)
}

// TestTokenLifetimes sees that expires_in of a user's token is computed once, and that a removed expiry is drift.
func TestTokenLifetimes(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version84)
	config := func(in string) string {
		return userWith(server, server.RootToken(), fmt.Sprintf("token {\n  name       = \"ci\"\n  expires_in = %q\n}", in))
	}
	day := 24 * time.Hour
	harness.Run(t,
		resource.TestStep{Config: config("90d"), Check: expiresIn(server, "agent@pve!ci", 90*day)},
		resource.TestStep{Config: config("90d"), PlanOnly: true},
		resource.TestStep{
			PreConfig:        func() { harness.Tamper(t, server.ChangeToken("agent@pve", "ci", map[string][]string{"expire": {"0"}})) },
			Config:           config("90d"),
			ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionUpdate),
			Check:            expiresIn(server, "agent@pve!ci", 90*day),
		},
		resource.TestStep{Config: config("2w"), Check: expiresIn(server, "agent@pve!ci", 14*day)},
		resource.TestStep{Config: userWith(server, server.RootToken(), "token {\n  name          = \"ci\"\n  never_expires = true\n}"), Check: holds(server, "token:agent@pve!ci:0:1::")},
	)
}
