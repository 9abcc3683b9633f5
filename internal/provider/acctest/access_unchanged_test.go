package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
)

// unchangedConfigs are users as people configure them, each with something that the shorter way has to understand.
var unchangedConfigs = map[string]map[string]any{
	"plain":     {"grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}, "token": []any{map[string]any{"name": "ci", "expires_at": "2100-01-01T00:00:00Z"}}},
	"nothing":   {},
	"role":      {"role": map[string]any{"privileges": []any{"VM.Audit", "VM.Console"}}, "grant": []any{map[string]any{"path": "/pool/build"}, map[string]any{"path": "/vms/7000", "propagate": false}}},
	"role name": {"role": map[string]any{"name": "agents-own", "privileges": []any{"VM.Audit"}}, "grant": []any{map[string]any{"path": "/pool/build"}}},
	"texts":     {"comment": "größer, \"so\"", "email": "a@example.com", "first_name": "A", "last_name": "B", "enabled": false, "expires_at": "2040-01-01T02:00:00+02:00"},
	"groups":    {"groups": []any{"operators"}},
	"additive":  {"group_membership": "additive", "groups": []any{"operators"}},
	"lifetimes": {"token": []any{map[string]any{"name": "ci", "expires_in": "90d", "comment": "build"}}, "external_tokens": []any{"other"}},
	"tokens": {"secret_in_state": true, "grant": []any{map[string]any{"path": "/", "role": "PVEAuditor"}}, "token": []any{
		map[string]any{"name": "all", "privilege_separation": false, "never_expires": true}, map[string]any{"name": "few", "never_expires": true, "grant": []any{map[string]any{"path": "/vms", "role": "PVEAuditor", "propagate": true}}},
		map[string]any{"name": "none", "inherit_grants": false, "never_expires": true}, map[string]any{"name": "same", "privilege_separation": true, "never_expires": true}}},
	"risks":  {"accepted_risks": map[string]any{"PVESEC-P0001": "so it is", "PVESEC-P0016": "known"}, "grant": []any{map[string]any{"path": "/access", "role": "PVEUserAdmin"}}},
	"limits": {"timeouts": map[string]any{"create": "3m"}},
}

// meddled are changes behind Terraform's back, and none.
var meddled = map[string]func(*pvesim.Server) error{
	"nothing":  func(*pvesim.Server) error { return nil },
	"comment":  func(s *pvesim.Server) error { return s.ChangeUser("agent@pve", url.Values{"comment": {"x"}}) },
	"disabled": func(s *pvesim.Server) error { return s.ChangeUser("agent@pve", url.Values{"enable": {"0"}}) },
	"expiry":   func(s *pvesim.Server) error { return s.ChangeUser("agent@pve", url.Values{"expire": {"4102444801"}}) },
	"group": func(s *pvesim.Server) error {
		return s.ChangeUser("agent@pve", url.Values{"groups": {"others"}, "append": {"1"}})
	},
	"no group":      func(s *pvesim.Server) error { return s.ChangeUser("agent@pve", url.Values{"groups": {""}}) },
	"grant":         func(s *pvesim.Server) error { return s.GrantACL("/nodes", "agent@pve", "PVEAuditor", true) },
	"way to root":   func(s *pvesim.Server) error { return s.GrantACL("/", "agent@pve", "Administrator", true) },
	"group's grant": func(s *pvesim.Server) error { return s.GrantACL("/storage", "@operators", "PVEDatastoreUser", true) },
	"no access":     func(s *pvesim.Server) error { return s.GrantACL("/vms", "agent@pve", "NoAccess", true) },
	"token":         func(s *pvesim.Server) error { _, err := s.AddToken("agent@pve", "extra", true); return err },
	"other token":   func(s *pvesim.Server) error { _, err := s.AddToken("agent@pve", "other", true); return err },
	"run's token": func(s *pvesim.Server) error {
		if _, err := s.AddToken("agent@pve", "tf-run-abc", true); err != nil {
			return err
		}
		return s.ChangeToken("agent@pve", "tf-run-abc", url.Values{"expire": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}})
	},
	"user gone": func(s *pvesim.Server) error { return s.DeleteUser("agent@pve") },
}

// ofToken are changes of a token that not every configuration has.
var ofToken = map[string]func(*pvesim.Server) error{
	"token gone": func(s *pvesim.Server) error { return s.DeleteToken("agent@pve", "ci") },
	"token's expiry": func(s *pvesim.Server) error {
		return s.ChangeToken("agent@pve", "ci", url.Values{"expire": {"4102444801"}})
	},
	"token without end": func(s *pvesim.Server) error { return s.ChangeToken("agent@pve", "ci", url.Values{"expire": {"0"}}) },
	"separation":        func(s *pvesim.Server) error { return s.ChangeToken("agent@pve", "ci", url.Values{"privsep": {"0"}}) },
	"token's comment":   func(s *pvesim.Server) error { return s.ChangeToken("agent@pve", "ci", url.Values{"comment": {"x"}}) },
	"token's grant":     func(s *pvesim.Server) error { return s.GrantACL("/nodes", "agent@pve!ci", "PVEAuditor", true) },
	"token's no grant":  func(s *pvesim.Server) error { return s.RevokeACL("/vms/100", "agent@pve!ci", "PVEVMUser") },
}

var ofRole = map[string]func(*pvesim.Server) error{
	"role":      func(s *pvesim.Server) error { return s.ChangeRole("restricted-agent-pve", "VM.Audit", "VM.PowerMgmt") },
	"role gone": func(s *pvesim.Server) error { return s.DeleteRole("restricted-agent-pve") },
}

// TestUnchangedAsTheFramework sees that the shorter way for users that are as they should be gives the answers of the
// framework: for every configuration, whatever happened behind Terraform's back, and for what another configuration
// asks for. Where nothing happened it is taken.
func TestUnchangedAsTheFramework(t *testing.T) {
	t.Parallel()
	for name, config := range unchangedConfigs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := maps.Clone(meddled)
			if hasToken(config, "ci") {
				maps.Copy(changes, ofToken)
				if name != "plain" {
					delete(changes, "token's no grant")
				}
			}
			if name == "role" {
				maps.Copy(changes, ofRole)
			}
			for _, change := range slices.Sorted(maps.Keys(changes)) {
				server := userAPI(t, pvesim.Version91)
				harness.Tamper(t, server.AddGroup("others"))
				both := newBoth(t, server)
				full := maps.Clone(config)
				full["user_id"] = "agent@pve"
				it, err := both.shorter.apply(t.Context(), both.shorter.absent("pvesec_restricted_user"), full)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				harness.Tamper(t, changes[change](server))
				both = newBoth(t, server)
				both.where = name + ", " + change
				quick := both.compare(it, full)
				// A secret in state is tried by every refresh.
				if slow := name == "limits" || config["secret_in_state"] == true; change == "nothing" && quick == slow {
					t.Errorf("%s: the shorter way was taken: %t", both.where, quick)
				}
				for other, wanted := range unchangedConfigs {
					if other != name && change == "nothing" {
						wanted = maps.Clone(wanted)
						wanted["user_id"] = "agent@pve"
						both.where = name + " becomes " + other
						both.compare(it, wanted)
					}
				}
			}
		})
	}
}

// ageRecipient is a public key.
func ageRecipient() string {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		panic(err) // no randomness
	}
	return identity.Recipient().String()
}

// unchangedTokens are tokens as people configure them.
var unchangedTokens = map[string]map[string]any{
	"plain":     {"expires_at": "2100-01-01T00:00:00Z", "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"forever":   {"never_expires": true, "comment": "größer", "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"lifetime":  {"expires_in": "90d", "rotate_before": "14d", "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser", "propagate": false}}},
	"all":       {"expires_in": "90d", "privilege_separation": false},
	"rotation":  {"expires_in": "90d", "rotation_id": "one", "rotation": "overlap", "overlap": "2h", "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"in state":  {"expires_in": "90d", "secret_in_state": true, "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"encrypted": {"expires_in": "90d", "recipients": []any{ageRecipient()}, "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"unneeded":  {"never_expires": true, "accepted_risks": map[string]any{"PVESEC-P0001": "so it is"}, "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"limits":    {"never_expires": true, "timeouts": map[string]any{"read": "3m"}, "grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
	"powerless": {"never_expires": true}, // of which there is something to say
}

// TestUnchangedTokensAsTheFramework is TestUnchangedAsTheFramework for tokens.
func TestUnchangedTokensAsTheFramework(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*pvesim.Server) error{
		"nothing": func(*pvesim.Server) error { return nil },
		"comment": func(s *pvesim.Server) error { return s.ChangeToken("deploy@pve", "ci", url.Values{"comment": {"x"}}) },
		"expiry": func(s *pvesim.Server) error {
			return s.ChangeToken("deploy@pve", "ci", url.Values{"expire": {"4102444801"}})
		},
		"soon over": func(s *pvesim.Server) error {
			return s.ChangeToken("deploy@pve", "ci", url.Values{"expire": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}})
		},
		"separation":   func(s *pvesim.Server) error { return s.ChangeToken("deploy@pve", "ci", url.Values{"privsep": {"0"}}) },
		"grant":        func(s *pvesim.Server) error { return s.GrantACL("/nodes", "deploy@pve!ci", "PVEAuditor", true) },
		"user's grant": func(s *pvesim.Server) error { return s.GrantACL("/vms", "deploy@pve", "PVEVMUser", true) },
		"way to root": func(s *pvesim.Server) error {
			return errors.Join(s.GrantACL("/", "deploy@pve", "Administrator", true), s.GrantACL("/", "deploy@pve!ci", "Administrator", true))
		},
		"gone":          func(s *pvesim.Server) error { return s.DeleteToken("deploy@pve", "ci") },
		"user gone":     func(s *pvesim.Server) error { return s.DeleteUser("deploy@pve") },
		"another token": func(s *pvesim.Server) error { _, err := s.AddToken("deploy@pve", "other", true); return err },
	}
	for name, config := range unchangedTokens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, change := range slices.Sorted(maps.Keys(changes)) {
				server := tokenAPI(t, pvesim.Version91)
				both := newBoth(t, server)
				full := maps.Clone(config)
				full["user_id"], full["token_id"] = "deploy@pve", "ci"
				it, err := both.shorter.apply(t.Context(), both.shorter.absent("pvesec_api_token"), full)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				harness.Tamper(t, changes[change](server))
				both = newBoth(t, server)
				both.where = name + ", " + change
				quick := both.compare(it, full)
				// A secret in state is tried by every refresh.
				if slow := name == "limits" || name == "powerless" || name == "unneeded" || config["secret_in_state"] == true; change == "nothing" && quick == slow {
					t.Errorf("%s: the shorter way was taken: %t", both.where, quick)
				}
				for other, wanted := range unchangedTokens {
					if other != name && change == "nothing" {
						wanted = maps.Clone(wanted)
						wanted["user_id"], wanted["token_id"] = "deploy@pve", "ci"
						both.where = name + " becomes " + other
						both.compare(it, wanted)
					}
				}
			}
		})
	}
}

// both is a provider with the shorter way and one without.
type both struct {
	t                  *testing.T
	shorter, framework *protocol
	where, typeName    string
}

var identityTypes = map[string]tftypes.Type{
	"pvesec_restricted_user": tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_id": tftypes.String}},
	"pvesec_api_token":       tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_id": tftypes.String, "token_id": tftypes.String}},
}

func newBoth(t *testing.T, server *pvesim.Server) *both {
	t.Helper()
	return &both{t: t, shorter: newProtocol(t, server), framework: protocolOf(t, server, provider.ServerWithoutMemos("test"))}
}

// compare asks both for everything that terraform plan asks for, and tells whether the shorter way was taken all along.
func (b *both) compare(it instance, attributes map[string]any) (quick bool) {
	b.t.Helper()
	ctx, typ := b.t.Context(), b.shorter.typeOf(it.typeName)
	config := build(typ, attributes)
	b.typeName = it.typeName

	validate := &tfprotov6.ValidateResourceConfigRequest{TypeName: it.typeName, Config: dynamic(config)}
	b.same("validation", func(p *protocol) (any, error) { return p.server.ValidateResourceConfig(ctx, validate) })

	raw := &tfprotov6.UpgradeResourceStateRequest{TypeName: it.typeName, RawState: &tfprotov6.RawState{JSON: stateJSON(b.t, it.state)}}
	b.same("upgrade", func(p *protocol) (any, error) {
		answer, err := p.server.UpgradeResourceState(ctx, raw)
		if err == nil && answer.UpgradedState != nil && answer.UpgradedState.JSON != nil {
			value, err := tftypes.ValueFromJSON(answer.UpgradedState.JSON, typ) //nolint:staticcheck // what Terraform does with it
			return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: dynamic(value)}, err
		}
		return answer, err
	})

	read := &tfprotov6.ReadResourceRequest{TypeName: it.typeName, CurrentState: dynamic(it.state), Private: it.private}
	answer := b.same("reading", func(p *protocol) (any, error) { return p.server.ReadResource(ctx, read) })
	found, _ := answer.(*tfprotov6.ReadResourceResponse)
	if found == nil || found.NewState == nil {
		return false
	}
	quick = found.NewState == read.CurrentState
	now := it
	var err error
	if now.state, err = found.NewState.Unmarshal(typ); err != nil {
		b.t.Fatal(err)
	}
	plan := &tfprotov6.PlanResourceChangeRequest{TypeName: it.typeName, PriorState: dynamic(now.state), ProposedNewState: dynamic(b.shorter.proposed(now, config)),
		Config: dynamic(config), PriorPrivate: found.Private}
	planned, _ := b.same("planning", func(p *protocol) (any, error) { return p.server.PlanResourceChange(ctx, plan) }).(*tfprotov6.PlanResourceChangeResponse)
	return quick && planned != nil && planned.PlannedState == plan.PriorState
}

// same asks both the same and compares what they answer, by meaning.
func (b *both) same(what string, ask func(*protocol) (any, error)) any {
	b.t.Helper()
	shorter, err := ask(b.shorter)
	if err != nil {
		b.t.Fatal(err)
	}
	framework, err := ask(b.framework)
	if err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(b.meaning(framework), b.meaning(shorter)); diff != "" {
		b.t.Errorf("%s, %s (-framework +shorter):\n%s", b.where, what, diff)
	}
	return shorter
}

// beside is private state without the memo, which is written by the server that reads it.
func beside(private []byte) string {
	keys := map[string][]byte{}
	if json.Unmarshal(private, &keys) != nil {
		return string(private)
	}
	delete(keys, memo.Key)
	return fmt.Sprintf("%s", keys)
}

// meaning is an answer as text, with values decoded.
func (b *both) meaning(answer any) string {
	b.t.Helper()
	var text strings.Builder
	value := func(name string, v *tfprotov6.DynamicValue, typ tftypes.Type) {
		if v == nil {
			return
		}
		decoded, err := v.Unmarshal(typ)
		if err != nil {
			b.t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&text, "%s: %s\n", name, canonical(b.t, decoded))
	}
	diagnostics := func(all []*tfprotov6.Diagnostic) {
		for _, d := range all {
			fmt.Fprintf(&text, "%s %s: %s (%s)\n", d.Severity, d.Summary, d.Detail, d.Attribute)
		}
	}
	typ := b.shorter.typeOf(b.typeName)
	switch a := answer.(type) {
	case *tfprotov6.ValidateResourceConfigResponse:
		diagnostics(a.Diagnostics)
	case *tfprotov6.UpgradeResourceStateResponse:
		diagnostics(a.Diagnostics)
		value("state", a.UpgradedState, typ)
	case *tfprotov6.ReadResourceResponse:
		diagnostics(a.Diagnostics)
		value("state", a.NewState, typ)
		if a.NewIdentity != nil {
			value("identity", a.NewIdentity.IdentityData, identityTypes[b.typeName])
		}
		fmt.Fprintf(&text, "private: %s\n", beside(a.Private))
	case *tfprotov6.PlanResourceChangeResponse:
		diagnostics(a.Diagnostics)
		value("planned", a.PlannedState, typ)
		fmt.Fprintf(&text, "private: %s\nreplace: %v\n", beside(a.PlannedPrivate), a.RequiresReplace)
	default:
		b.t.Fatalf("an answer of the type %T", answer)
	}
	return text.String()
}

// canonical writes a value as JSON, in which sets are sorted and unknown values stand out.
func canonical(t *testing.T, value tftypes.Value) string {
	t.Helper()
	encoded, err := json.MarshalIndent(asJSON(t, value), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func stateJSON(t *testing.T, value tftypes.Value) []byte {
	t.Helper()
	return []byte(canonical(t, value))
}

func asJSON(t *testing.T, value tftypes.Value) any {
	t.Helper()
	if !value.IsKnown() {
		return "(unknown)"
	}
	if value.IsNull() {
		return nil
	}
	var fields map[string]tftypes.Value
	var elements []tftypes.Value
	switch typ := value.Type(); {
	case typ.Is(tftypes.String):
		var text string
		must(t, value.As(&text))
		return text
	case typ.Is(tftypes.Bool):
		var flag bool
		must(t, value.As(&flag))
		return flag
	case typ.Is(tftypes.Number):
		var number big.Float
		must(t, value.As(&number))
		return number.String()
	case typ.Is(tftypes.Object{}), typ.Is(tftypes.Map{}):
		must(t, value.As(&fields))
		object := map[string]any{}
		for name, field := range fields {
			object[name] = asJSON(t, field)
		}
		return object
	case typ.Is(tftypes.Set{}), typ.Is(tftypes.List{}):
		must(t, value.As(&elements))
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = asJSON(t, element)
		}
		if typ.Is(tftypes.Set{}) {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return list
	}
	t.Fatalf("a value of the type %s", value.Type())
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestUnchangedWithoutSight sees that the shorter way believes nothing that PVE hides: a token that loses its sight
// between two commands.
func TestUnchangedWithoutSight(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	p := newProtocol(t, server)
	it, err := p.apply(t.Context(), p.absent("pvesec_restricted_user"), map[string]any{"user_id": "agent@pve"})
	must(t, err)
	server.SetHook(func(r pvesim.Request) pvesim.Fault {
		if r.Path == "/access/permissions" {
			return pvesim.Fault{Status: 403, Reason: "Permission check failed"}
		}
		return pvesim.Fault{}
	})
	defer server.SetHook(nil)
	if _, err := newProtocol(t, server).refresh(context.WithoutCancel(t.Context()), it); err == nil {
		t.Error("a user was read without knowing whether it can be seen")
	}
}

// hasToken tells whether a user's configuration has a token of that name.
func hasToken(config map[string]any, name string) bool {
	tokens, _ := config["token"].([]any)
	return slices.ContainsFunc(tokens, func(token any) bool {
		block, ok := token.(map[string]any)
		return ok && block["name"] == name
	})
}
