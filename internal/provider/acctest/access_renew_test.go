package acctest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// openedToken is an ephemeral token between opening and closing, as Terraform holds it.
type openedToken struct {
	*protocol
	full, secret string
	private      []byte
}

// open opens a token of deploy@pve that lives for a day.
func (p *protocol) open(t *testing.T) openedToken {
	t.Helper()
	typ := p.schemas.EphemeralResourceSchemas["pvesec_api_token"].ValueType()
	config := build(typ, map[string]any{"user_id": "deploy@pve", "expires_in": "24h", "grant": []any{map[string]any{"path": "/pool/build", "role": "PVEVMUser"}}})
	answer, err := p.server.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: "pvesec_api_token", Config: dynamic(config)})
	if err == nil {
		err = diagnosed(answer.Diagnostics)
	}
	if err != nil {
		t.Fatal(err)
	}
	opened := openedToken{protocol: p, private: answer.Private}
	value, err := answer.Result.Unmarshal(typ)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]tftypes.Value
	if err := errors.Join(value.As(&fields), fields["full_token_id"].As(&opened.full), fields["secret"].As(&opened.secret)); err != nil {
		t.Fatal(err)
	}
	if opened.secret == "" || strings.Contains(string(opened.private), opened.secret) {
		t.Fatalf("a secret of %d characters, perhaps in what Terraform may store", len(opened.secret))
	}
	opened.renewsSoon(t, answer.RenewAt)
	return opened
}

// renewsSoon sees that the next renewal comes before PVE ends the token.
func (openedToken) renewsSoon(t *testing.T, at time.Time) {
	t.Helper()
	if now := time.Now(); !at.After(now) || at.After(now.Add(23*time.Hour)) {
		t.Errorf("it is to be renewed at %s, now is %s", at, now)
	}
}

func (o *openedToken) renew(ctx context.Context, t *testing.T) error {
	t.Helper()
	answer, err := o.server.RenewEphemeralResource(ctx, &tfprotov6.RenewEphemeralResourceRequest{TypeName: "pvesec_api_token", Private: o.private})
	if err != nil {
		t.Fatal(err)
	}
	if err := diagnosed(answer.Diagnostics); err != nil {
		return err
	}
	o.renewsSoon(t, answer.RenewAt)
	o.private = answer.Private
	return nil
}

func (o openedToken) close(t *testing.T) {
	t.Helper()
	answer, err := o.server.CloseEphemeralResource(t.Context(), &tfprotov6.CloseEphemeralResourceRequest{TypeName: "pvesec_api_token", Private: o.private})
	if err == nil {
		err = diagnosed(answer.Diagnostics)
	}
	if err != nil {
		t.Error(err)
	}
}

// id is the part of the token's name that belongs to it alone.
func (o openedToken) id() string { return strings.TrimPrefix(o.full, "deploy@pve!") }

// TestEphemeralTokenRenews prolongs the token of a run that lasts, whatever happened to it meanwhile, and never brings
// one back.
func TestEphemeralTokenRenews(t *testing.T) {
	t.Parallel()
	soon := func() url.Values { return url.Values{"expire": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}} }
	// gone sees that renewing tells of the removal and that nothing was made again.
	gone := func(t *testing.T, server *pvesim.Server, opened openedToken) {
		t.Helper()
		if err := opened.renew(t.Context(), t); err == nil || !strings.Contains(err.Error(), opened.full) || !strings.Contains(err.Error(), "omebody removed it") {
			t.Errorf("renewing what is gone: %v", err)
		}
		if expiryOf(server.UserCfg(), opened.full) >= 0 {
			t.Errorf("it is back:\n%s", server.UserCfg())
		}
	}
	for name, test := range map[string]func(t *testing.T, server *pvesim.Server, opened openedToken){
		"again and again": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			asOpened := server.UserCfg()
			for range 3 {
				harness.Tamper(t, server.ChangeToken("deploy@pve", opened.id(), soon()))
				harness.Tamper(t, opened.renew(t.Context(), t), tokenExpires(server, opened.full, 24*time.Hour))
			}
			expiry := func(config string) string {
				return strings.ReplaceAll(config, fmt.Sprint(expiryOf(config, opened.full)), "EXPIRY")
			}
			if after := server.UserCfg(); expiry(after) != expiry(asOpened) {
				t.Errorf("renewing changed more than the expiry:\nbefore\n%s\nafter\n%s", asOpened, after)
			}
		},
		"separation switched off": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			harness.Tamper(t, server.ChangeToken("deploy@pve", opened.id(), url.Values{"privsep": {"0"}, "expire": {"0"}}), opened.renew(t.Context(), t), tokenExpires(server, opened.full, 24*time.Hour))
			if !strings.Contains(server.UserCfg(), fmt.Sprintf("token:%s:%d:1:", opened.full, expiryOf(server.UserCfg(), opened.full))) {
				t.Errorf("the token is not separated again:\n%s", server.UserCfg())
			}
		},
		"removed": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			// The lists of this run know the token.
			if _, _, err := opened.plan(t.Context(), opened.absent("pvesec_restricted_user"), build(opened.typeOf("pvesec_restricted_user"), map[string]any{"user_id": "agent@pve"})); err != nil {
				t.Fatal(err)
			}
			harness.Tamper(t, server.DeleteToken("deploy@pve", opened.id()))
			gone(t, server, opened)
		},
		"removed between reading and writing": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			server.SetHook(func(r pvesim.Request) pvesim.Fault {
				if r.Method == "PUT" {
					harness.Tamper(t, server.DeleteToken("deploy@pve", opened.id()))
				}
				return pvesim.Fault{}
			})
			gone(t, server, opened)
			server.SetHook(nil)
		},
		"user removed": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			harness.Tamper(t, server.DeleteUser("deploy@pve"))
			gone(t, server, opened)
			harness.Tamper(t, server.AddUser("deploy@pve", nil), server.GrantACL("/", "deploy@pve", "PVEVMUser", true))
		},
		"API down": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			harness.Tamper(t, server.ChangeToken("deploy@pve", opened.id(), soon()))
			server.SetHook(func(pvesim.Request) pvesim.Fault { return pvesim.Fault{DropBefore: true} })
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err := opened.renew(ctx, t)
			server.SetHook(nil)
			if err == nil || !strings.Contains(err.Error(), "Unable to prolong token "+opened.full) || strings.Contains(err.Error(), opened.secret) {
				t.Errorf("renewing without an API: %v", err)
			}
			harness.Tamper(t, tokenExpires(server, opened.full, time.Hour), opened.renew(t.Context(), t), tokenExpires(server, opened.full, 24*time.Hour))
		},
		"answer lost": func(t *testing.T, server *pvesim.Server, opened openedToken) {
			t.Helper()
			harness.Tamper(t, server.ChangeToken("deploy@pve", opened.id(), soon()))
			server.SetHook(pvesim.OnCall(1, func(r pvesim.Request) bool { return r.Method == "PUT" }, pvesim.Fault{DropAfter: true}))
			harness.Tamper(t, opened.renew(t.Context(), t), tokenExpires(server, opened.full, 24*time.Hour))
			server.SetHook(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, pvesim.Version91)
			before := server.UserCfg()
			opened := newProtocol(t, server).open(t)
			test(t, server, opened)
			if expiryOf(server.UserCfg(), opened.full) >= 0 && !server.Authenticates(opened.full+"="+opened.secret) {
				t.Error("the secret does not work any more")
			}
			opened.close(t)
			// PVE forgets the ACL entries of a token that somebody removed by the next write.
			harness.Tamper(t, server.AddGroup("any"), server.DeleteGroup("any"))
			if after := server.UserCfg(); after != before {
				t.Errorf("something was left behind:\nbefore\n%s\nafter\n%s", before, after)
			}
		})
	}
}
