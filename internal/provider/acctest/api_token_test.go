package acctest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

const tokenAddress = "pvesec_api_token.ci"

// tokenAPI is an API with the user that tokenConfig names.
func tokenAPI(t *testing.T, version string) *pvesim.Server {
	t.Helper()
	server := api(t, version)
	harness.Tamper(t, server.AddPool("build"), server.AddUser("deploy@pve", nil), server.GrantACL("/", "deploy@pve", "PVEVMUser", true))
	return server
}

func tokenConfig(server *pvesim.Server, attributes string) string {
	return apiConfig(server, server.RootToken()) + "resource \"pvesec_api_token\" \"ci\" {\n  user_id  = \"deploy@pve\"\n  token_id = \"ci\"\n" + attributes + "\n}\n"
}

// attribute reads one attribute of a resource into a variable.
func attribute(address, name string, into *string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		found, ok := s.RootModule().Resources[address]
		if !ok {
			return fmt.Errorf("state has no %s", address)
		}
		*into = found.Primary.Attributes[name]
		return nil
	}
}

// works checks that a token works, or that it does not.
func works(t *testing.T, server *pvesim.Server, token *string, want bool) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if got := server.Authenticates(*token); got != want {
			return fmt.Errorf("token %s works: %t, want %t", strings.SplitN(*token, "=", 2)[0], got, want)
		}
		return nil
	}
}

// TestAPITokenLifeCycle creates, changes, imports and destroys, with every drift that gives a token power or time.
func TestAPITokenLifeCycle(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, version)
			before := server.UserCfg()
			first := tokenConfig(server, "expires_in = \"90d\"\ncomment = \"pipeline\"\ngrant {\n  path = \"/pool/build\"\n  role = \"PVEVMUser\"\n}")
			changed := tokenConfig(server, "expires_at = \"2040-01-01T00:00:00Z\"\ncomment = \"other\"\ngrant {\n  path      = \"/vms/100\"\n  role      = \"PVEAuditor\"\n  propagate = false\n}")
			harness.Run(t,
				resource.TestStep{
					Config:           first,
					ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(tokenAddress, tfjsonpath.New("full_token_id"), knownvalue.StringExact("deploy@pve!ci")),
						statecheck.ExpectKnownValue(tokenAddress, tfjsonpath.New("secret"), knownvalue.Null()),
						statecheck.ExpectKnownValue(tokenAddress, tfjsonpath.New("encrypted_secret"), knownvalue.Null()),
						statecheck.ExpectKnownValue(tokenAddress, tfjsonpath.New("effective_permissions").AtMapKey("/pool/build").AtMapKey("privileges"),
							knownvalue.SetPartial([]knownvalue.Check{knownvalue.StringExact("VM.PowerMgmt")})),
						statecheck.ExpectKnownValue(tokenAddress, tfjsonpath.New("findings"), knownvalue.ListSizeExact(0)),
					},
					Check: func(*terraform.State) error { return tokenExpires(server, "deploy@pve!ci", 90*24*time.Hour) },
				},
				resource.TestStep{Config: first, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
				resource.TestStep{ // drift
					PreConfig: func() {
						harness.Tamper(t, server.ChangeToken("deploy@pve", "ci", url.Values{"privsep": {"0"}, "expire": {"0"}}), server.GrantACL("/", "deploy@pve!ci", "PVEAdmin", true))
					},
					Config: first,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(tokenAddress, plancheck.ResourceActionUpdate),
						harness.ExpectDrift(tokenAddress, `"PVEAdmin"`, `"privilege_separation":false`, `"expires_at":null`),
					}},
					Check: func(*terraform.State) error { return tokenExpires(server, "deploy@pve!ci", 90*24*time.Hour) },
				},
				resource.TestStep{
					Config:           changed,
					ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionUpdate),
					Check:            holds(server, "token:deploy@pve!ci:2208988800:1:other:", "acl:0:/vms/100:deploy@pve!ci:PVEAuditor:"),
				},
				resource.TestStep{
					ResourceName: tokenAddress, ImportState: true, ImportStateId: "deploy@pve!ci", ImportStateVerify: true,
					ImportStateVerifyIdentifierAttribute: "full_token_id",
				},
				resource.TestStep{
					PreConfig:        func() { harness.Tamper(t, server.DeleteToken("deploy@pve", "ci")) },
					Config:           changed,
					ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionCreate),
				},
			)
			if after := server.UserCfg(); after != before {
				t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
			}
		})
	}
}

// expiryOf is when user.cfg says that a token expires, in Unix seconds, -1 where there is no such token.
func expiryOf(config, full string) int64 {
	m := regexp.MustCompile(`(?m)^token:` + regexp.QuoteMeta(full) + `:(\d+):`).FindStringSubmatch(config)
	if m == nil {
		return -1
	}
	unix, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return -1
	}
	return unix
}

// tokenExpires checks that a token expires so long from now, within a quarter of an hour.
func tokenExpires(server *pvesim.Server, full string, in time.Duration) error {
	unix := expiryOf(server.UserCfg(), full)
	if unix < 0 {
		return fmt.Errorf("there is no token %s", full)
	}
	if off := time.Until(time.Unix(unix, 0)) - in; off > time.Minute || off < -15*time.Minute {
		return fmt.Errorf("token %s expires %s, which is off by %s", full, time.Unix(unix, 0), off)
	}
	return nil
}

// TestAPITokenRotation rotates by hand and because the expiry is near: the new token works before the old one ends, and
// what is destroyed is all.
func TestAPITokenRotation(t *testing.T) {
	t.Parallel()
	server := tokenAPI(t, pvesim.Version91)
	before := server.UserCfg()
	config := func(id string) string {
		return tokenConfig(server, fmt.Sprintf("expires_in = \"90d\"\nrotate_before = \"14d\"\nrotation_id = %q\noverlap = \"2h\"\nsecret_in_state = true\n"+
			"grant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}", id))
	}
	var first, second, third string
	full := func(name string, secret *string) resource.TestCheckFunc {
		return func(s *terraform.State) error {
			if err := attribute(tokenAddress, "secret", secret)(s); err != nil {
				return err
			}
			*secret = "deploy@pve!" + name + "=" + *secret
			return nil
		}
	}
	harness.Run(t,
		resource.TestStep{Config: config("1"), Check: resource.ComposeTestCheckFunc(full("ci", &first), works(t, server, &first, true))},
		resource.TestStep{
			Config: config("2"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(tokenAddress, plancheck.ResourceActionUpdate),
				plancheck.ExpectKnownValue(tokenAddress, tfjsonpath.New("current_token_id"), knownvalue.StringExact("ci-2")),
				plancheck.ExpectUnknownValue(tokenAddress, tfjsonpath.New("secret")),
			}},
			Check: resource.ComposeTestCheckFunc(full("ci-2", &second), works(t, server, &second, true), works(t, server, &first, true),
				func(*terraform.State) error { return tokenExpires(server, "deploy@pve!ci", 2*time.Hour) },
				func(*terraform.State) error { return tokenExpires(server, "deploy@pve!ci-2", 90*24*time.Hour) }),
		},
		resource.TestStep{ // somebody lets the old one live on
			PreConfig:        func() { harness.Tamper(t, server.ChangeToken("deploy@pve", "ci", url.Values{"expire": {"0"}})) },
			Config:           config("2"),
			ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionUpdate),
			Check:            func(*terraform.State) error { return tokenExpires(server, "deploy@pve!ci", 2*time.Hour) },
		},
		resource.TestStep{ // the end comes near: rotated without a change of the configuration
			PreConfig: func() {
				harness.Tamper(t, server.ChangeToken("deploy@pve", "ci-2", url.Values{"expire": {fmt.Sprint(time.Now().Add(3 * 24 * time.Hour).Unix())}}))
			},
			Config:           config("2"),
			ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(full("ci-3", &third), works(t, server, &third, true), works(t, server, &second, true), works(t, server, &first, false),
				func(*terraform.State) error { return tokenExpires(server, "deploy@pve!ci-2", 2*time.Hour) }),
		},
		resource.TestStep{ // the current token is removed by hand: the one before it is taken up and rotated
			PreConfig:        func() { harness.Tamper(t, server.DeleteToken("deploy@pve", "ci-3")) },
			Config:           config("2"),
			ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionUpdate),
			Check:            resource.ComposeTestCheckFunc(full("ci-3", &third), works(t, server, &third, true)),
		},
	)
	if after := server.UserCfg(); after != before {
		t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
	}
}

// TestAPITokenRotationInPlace keeps the name and ends the old secret, where PVE can.
func TestAPITokenRotationInPlace(t *testing.T) {
	t.Parallel()
	config := func(server *pvesim.Server, id string) string {
		return tokenConfig(server, fmt.Sprintf("expires_in = \"90d\"\nrotation = \"in_place\"\nrotation_id = %q\nsecret_in_state = true\ngrant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}", id))
	}
	var first, second string
	secret := func(into *string) resource.TestCheckFunc {
		return func(s *terraform.State) error {
			err := attribute(tokenAddress, "secret", into)(s)
			*into = "deploy@pve!ci=" + *into
			return err
		}
	}
	t.Run("9.2", func(t *testing.T) {
		t.Parallel()
		server := tokenAPI(t, pvesim.Version92)
		harness.Run(t,
			resource.TestStep{Config: config(server, "1"), Check: secret(&first)},
			resource.TestStep{
				Config: config(server, "2"),
				Check:  resource.ComposeTestCheckFunc(secret(&second), works(t, server, &second, true), works(t, server, &first, false)),
			},
		)
	})
	t.Run("9.1", func(t *testing.T) {
		t.Parallel()
		server := tokenAPI(t, pvesim.Version91)
		harness.Run(t,
			resource.TestStep{Config: config(server, "1")},
			resource.TestStep{Config: config(server, "2"), ExpectError: harness.Matches("came with PVE 9.2; the server runs 9.1.2")},
			resource.TestStep{Config: config(server, "1")},
		)
	})
}

// TestAPITokenEncryptedSecret decrypts what state holds with the keys of an operator.
func TestAPITokenEncryptedSecret(t *testing.T) {
	t.Parallel()
	server := tokenAPI(t, pvesim.Version91)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	sshIdentity, err := agessh.NewEd25519Identity(private)
	if err != nil {
		t.Fatal(err)
	}
	harness.KeepSecret(t, "age identity", identity.String())
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	harness.KeepSecret(t, "SSH identity", base64.StdEncoding.EncodeToString(block.Bytes)[100:160])
	sshKey := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshPublic)))
	config := func(more, rotation string) string {
		return tokenConfig(server, fmt.Sprintf("expires_in = \"90d\"\nrecipients = [%q%s]\nrotation_id = %q\ngrant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}",
			identity.Recipient(), more, rotation))
	}
	var text, kept string
	decrypts := func(name string, id age.Identity) resource.TestCheckFunc {
		return func(*terraform.State) error {
			reader, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), id)
			if err != nil {
				return err
			}
			secret, err := io.ReadAll(reader)
			if err != nil {
				return err
			}
			token := "deploy@pve!" + name + "=" + string(bytes.TrimSpace(secret))
			return works(t, server, &token, true)(nil)
		}
	}
	harness.Run(t,
		resource.TestStep{
			Config: config("", "1"),
			Check:  resource.ComposeTestCheckFunc(attribute(tokenAddress, "encrypted_secret", &text), attribute(tokenAddress, "encrypted_secret", &kept), decrypts("ci", identity)),
		},
		resource.TestStep{Config: config(fmt.Sprintf(", %q", sshKey), "1"), ExpectError: harness.Matches("PVE tells a secret only once")},
		resource.TestStep{
			Config: config(fmt.Sprintf(", %q", sshKey), "2"),
			Check:  resource.ComposeTestCheckFunc(attribute(tokenAddress, "encrypted_secret", &text), decrypts("ci-2", identity), decrypts("ci-2", sshIdentity)),
		},
	)
	if text == kept {
		t.Error("the rotated token has the old encrypted secret")
	}
}

// TestAPITokenBadInput refuses at plan, with the reason.
func TestAPITokenBadInput(t *testing.T) {
	t.Parallel()
	server := tokenAPI(t, pvesim.Version91)
	_, err := server.AddToken("deploy@pve", "taken", true)
	harness.Tamper(t, err)
	before := server.UserCfg()
	provider := apiConfig(server, server.RootToken())
	token := func(user, id, more string) string {
		return provider + fmt.Sprintf("resource \"pvesec_api_token\" \"ci\" {\n  user_id  = %q\n  token_id = %q\n%s\n}\n", user, id, more)
	}
	const lives = "never_expires = true"
	var steps []resource.TestStep
	for _, bad := range []struct{ config, message string }{
		{token("root@pam", "ci", lives), "never managed by pvesec"},
		{token("ROOT@PAM", "ci", lives), "never managed by pvesec"},
		{token("deploy@pve", "1", lives), "start with a letter"},
		{token("deploy@pve", "c#i", lives), "token id"},
		{token("deploy@pve", strings.Repeat("a", 59), lives), "58 leave room"},
		{token("deploy@pve", "ci", ""), "has no expiry"},
		{token("deploy@pve", "ci", "never_expires = false"), "has no expiry"},
		{token("deploy@pve", "ci", "never_expires = true\nexpires_in = \"1d\""), "Set only one of"},
		{token("deploy@pve", "ci", "expires_in = \"ninety days\""), "length of time"},
		{token("deploy@pve", "ci", "expires_in = \"9000w\""), "ten years"},
		{token("deploy@pve", "ci", "expires_in = \"7d\"\nrotate_before = \"7d\""), "would rotate at every apply"},
		{token("deploy@pve", "ci", "never_expires = true\nrotate_before = \"7d\""), "expires_in"},
		{token("deploy@pve", "ci", lives+"\nrecipients = [\"AGE-SECRET-KEY-1QQQ\"]"), "private key"},
		{token("deploy@pve", "ci", lives+"\nrecipients = [\"me\"]"), "neither an age recipient"},
		{token("deploy@pve", "ci", lives+"\nprivilege_separation = false\ngrant {\n  path = \"/\"\n  role = \"PVEAuditor\"\n}"), "ignores the token"},
		{token("deploy@pve", "ci", lives+"\ngrant {\n  path = \"/\"\n  role = \"PVEAuditr\"\n}"), "PVEAuditor"},
		{token("deploy@pve", "ci", lives+"\ngrant {\n  path = \"/vm/1\"\n  role = \"PVEAuditor\"\n}"), "/vm/1"},
		{token("deploy@pve", "taken", lives), "terraform import ADDRESS"},
		{token("ghost@pve", "ci", lives), `no user "ghost@pve"`},
	} {
		steps = append(steps, resource.TestStep{Config: bad.config, ExpectError: harness.Matches(bad.message)})
	}
	harness.Run(t, append(steps, resource.TestStep{Config: provider})...)
	if after := server.UserCfg(); after != before {
		t.Errorf("a refused configuration changed PVE:\n%s", after)
	}
}

// expiresIn is tokenExpires as a check of a step.
func expiresIn(server *pvesim.Server, full string, in time.Duration) resource.TestCheckFunc {
	return func(*terraform.State) error { return tokenExpires(server, full, in) }
}
