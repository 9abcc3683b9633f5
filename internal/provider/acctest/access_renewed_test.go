package acctest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// renew gives a token another secret, as somebody else would.
func renew(t *testing.T, server *pvesim.Server, userid, tokenid string, into *string) {
	t.Helper()
	data, err := server.Do("PUT", "/access/users/"+userid+"/token/"+tokenid, url.Values{"regenerate": {"1"}})
	harness.Tamper(t, err)
	fields, _ := data.(map[string]any)
	secret, _ := fields["value"].(string)
	*into = userid + "!" + tokenid + "=" + secret
}

// TestTokenRenewedElsewhere: a secret that somebody else changed is found by trying the one in state, and the secret of
// that somebody dies.
func TestTokenRenewedElsewhere(t *testing.T) {
	t.Parallel()
	for _, rotation := range []string{"overlap", "in_place"} {
		t.Run(rotation, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, pvesim.Version92)
			config := tokenConfig(server, fmt.Sprintf("never_expires = true\nrotation = %q\nsecret_in_state = true\ngrant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}", rotation))
			var theirs string
			harness.Run(t,
				resource.TestStep{Config: config},
				resource.TestStep{
					PreConfig:        func() { renew(t, server, "deploy@pve", "ci", &theirs) },
					Config:           config,
					ConfigPlanChecks: harness.Planned(tokenAddress, plancheck.ResourceActionUpdate),
					Check: func(s *terraform.State) error {
						var id, secret string
						for name, into := range map[string]*string{"full_token_id": &id, "secret": &secret} {
							if err := attribute(tokenAddress, name, into)(s); err != nil {
								return err
							}
						}
						switch {
						case !server.Authenticates(id + "=" + secret):
							return fmt.Errorf("the new secret of %s does not work", id)
						case server.Authenticates(theirs):
							return fmt.Errorf("the secret of somebody else still works")
						}
						return nil
					},
				},
				resource.TestStep{Config: config, PlanOnly: true},
			)
		})
	}
}

// TestUserTokenRenewedElsewhere is the same for the tokens of a user.
func TestUserTokenRenewedElsewhere(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	config := userWith(server, server.RootToken(), "secret_in_state = true\n  token {\n    name       = \"ci\"\n    expires_in = \"90d\"\n  }\n  token {\n    name       = \"other\"\n    expires_in = \"90d\"\n  }")
	var theirs, before string
	harness.Run(t,
		resource.TestStep{Config: config, Check: attribute(userAddress, "token_secrets.other", &before)},
		resource.TestStep{
			PreConfig:        func() { renew(t, server, "agent@pve", "ci", &theirs) },
			Config:           config,
			ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionUpdate),
			Check: func(s *terraform.State) error {
				var secret, other string
				for name, into := range map[string]*string{"token_secrets.ci": &secret, "token_secrets.other": &other} {
					if err := attribute(userAddress, name, into)(s); err != nil {
						return err
					}
				}
				if !server.Authenticates("agent@pve!ci="+secret) || server.Authenticates(theirs) || other != before {
					return fmt.Errorf("ours works: %t, theirs works: %t, the other token is as it was: %t", server.Authenticates("agent@pve!ci="+secret), server.Authenticates(theirs), other == before)
				}
				return nil
			},
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}

// TestExpiredOverlapGoes: the token before the last rotation goes with the next change once its time is over, and not
// before.
func TestExpiredOverlapGoes(t *testing.T) {
	t.Parallel()
	config := func(server *pvesim.Server, rotation, id, comment string) string {
		return tokenConfig(server, fmt.Sprintf("expires_in = \"90d\"\nrotation = %q\nrotation_id = %q\ncomment = %q\noverlap = \"1h\"\ngrant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}", rotation, id, comment))
	}
	has := func(server *pvesim.Server, want bool) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if has := strings.Contains(server.UserCfg(), "token:deploy@pve!ci:"); has != want {
				return fmt.Errorf("PVE has the old token: %t, want %t", has, want)
			}
			return nil
		}
	}
	for name, change := range map[string][2]string{"comment": {"2", "changed"}, "rotation in place": {"3", "one"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, pvesim.Version92)
			expire := func(in time.Duration) func() {
				return func() {
					harness.Tamper(t, server.ChangeToken("deploy@pve", "ci", url.Values{"expire": {fmt.Sprint(time.Now().Add(in).Unix())}}))
				}
			}
			harness.Run(t,
				resource.TestStep{Config: config(server, "overlap", "1", "one")},
				resource.TestStep{Config: config(server, "overlap", "2", "one"), Check: has(server, true)},
				resource.TestStep{Config: config(server, "in_place", "2", "still"), Check: has(server, true)},
				resource.TestStep{Config: config(server, "in_place", "2", "one"), Check: has(server, true)},
				resource.TestStep{
					PreConfig: expire(-time.Minute),
					Config:    config(server, "in_place", change[0], change[1]),
					Check:     has(server, false),
				},
				resource.TestStep{Config: config(server, "in_place", change[0], change[1]), PlanOnly: true},
			)
		})
	}
}
