package acctest

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// fullUser is a user with one of everything.
func fullUser() map[string]any {
	return map[string]any{"user_id": "agent@pve", "comment": "one", "email": "a@example.com", "first_name": "A", "last_name": "Gent", "expires_at": "2041-01-01T00:00:00Z",
		"groups": []any{"operators"}, "role": map[string]any{"privileges": []any{"VM.Audit", "VM.PowerMgmt"}},
		"grant": []any{map[string]any{"path": "/pool/build"}, map[string]any{"path": "/storage/local", "role": "PVEDatastoreUser", "propagate": false}},
		"token": []any{map[string]any{"name": "ci", "comment": "pipeline", "expires_at": "2040-01-01T00:00:00Z"}, map[string]any{"name": "full", "privilege_separation": false, "never_expires": true}}}
}

// fullToken is a token with one of everything.
func fullToken() map[string]any {
	return map[string]any{"user_id": "deploy@pve", "token_id": "ci", "comment": "pipeline", "expires_at": "2040-01-01T00:00:00Z",
		"grant": []any{map[string]any{"path": "/pool/build", "role": "PVEVMUser"}, map[string]any{"path": "/vms/100", "role": "PVEAuditor", "propagate": false}}}
}

type tampering = func(*pvesim.Server) error

// everyDrift is what another administrator may do to the parts of a user and of a token.
func everyDrift() map[string]map[string]tampering {
	user := func(params url.Values) tampering {
		return func(s *pvesim.Server) error { return s.ChangeUser("agent@pve", params) }
	}
	token := func(params url.Values) tampering {
		return func(s *pvesim.Server) error { return s.ChangeToken("agent@pve", "ci", params) }
	}
	deploy := func(params url.Values) tampering {
		return func(s *pvesim.Server) error { return s.ChangeToken("deploy@pve", "ci", params) }
	}
	return map[string]map[string]tampering{
		"user": {
			"comment": user(url.Values{"comment": {"x"}}), "comment cleared": user(url.Values{"comment": {""}}), "email": user(url.Values{"email": {"x@example.com"}}),
			"first name": user(url.Values{"firstname": {"x"}}), "last name": user(url.Values{"lastname": {""}}), "disabled": user(url.Values{"enable": {"0"}}),
			"expiry removed": user(url.Values{"expire": {"0"}}), "expiry moved": user(url.Values{"expire": {"2000000000"}}),
			"joined a group": user(url.Values{"groups": {"others"}, "append": {"1"}}), "left its group": user(url.Values{"groups": {""}}),
			"group removed": func(s *pvesim.Server) error { return firstError(s.DeleteGroup("operators"), s.AddGroup("operators")) },
			"role widened": func(s *pvesim.Server) error {
				return s.ChangeRole("restricted-agent-pve", "VM.Audit", "VM.PowerMgmt", "Sys.Audit")
			},
			"role narrowed": func(s *pvesim.Server) error { return s.ChangeRole("restricted-agent-pve", "VM.Audit") },
			"role removed":  func(s *pvesim.Server) error { return s.DeleteRole("restricted-agent-pve") },
			"foreign grant": func(s *pvesim.Server) error { return s.GrantACL("/", "agent@pve", "Administrator", true) },
			"NoAccess":      func(s *pvesim.Server) error { return s.GrantACL("/pool/build", "agent@pve", "NoAccess", true) },
			"grant loosened": func(s *pvesim.Server) error {
				return s.GrantACL("/storage/local", "agent@pve", "PVEDatastoreUser", true)
			},
			"grant removed": func(s *pvesim.Server) error { return s.RevokeACL("/pool/build", "agent@pve", "restricted-agent-pve") },
			"foreign token": func(s *pvesim.Server) error { _, err := s.AddToken("agent@pve", "backdoor", false); return err },
			"token removed": func(s *pvesim.Server) error { return s.DeleteToken("agent@pve", "ci") },
			"token comment": token(url.Values{"comment": {"x"}}), "token expiry removed": token(url.Values{"expire": {"0"}}), "separation dropped": token(url.Values{"privsep": {"0"}}),
			"token grant": func(s *pvesim.Server) error { return s.GrantACL("/", "agent@pve!ci", "Administrator", true) },
			"token grant removed": func(s *pvesim.Server) error {
				return s.RevokeACL("/pool/build", "agent@pve!ci", "restricted-agent-pve")
			},
			"user removed": func(s *pvesim.Server) error { return s.DeleteUser("agent@pve") },
			"all removed": func(s *pvesim.Server) error {
				return firstError(s.DeleteUser("agent@pve"), s.DeleteRole("restricted-agent-pve"))
			},
		},
		"token": {
			"comment": deploy(url.Values{"comment": {"x"}}), "expiry removed": deploy(url.Values{"expire": {"0"}}), "expiry moved": deploy(url.Values{"expire": {"2000000000"}}),
			"separation dropped": deploy(url.Values{"privsep": {"0"}}),
			"foreign grant":      func(s *pvesim.Server) error { return s.GrantACL("/", "deploy@pve!ci", "Administrator", true) },
			"grant loosened":     func(s *pvesim.Server) error { return s.GrantACL("/vms/100", "deploy@pve!ci", "PVEAuditor", true) },
			"grant removed":      func(s *pvesim.Server) error { return s.RevokeACL("/pool/build", "deploy@pve!ci", "PVEVMUser") },
			"removed":            func(s *pvesim.Server) error { return s.DeleteToken("deploy@pve", "ci") },
		},
	}
}

// TestEveryDrift lets another administrator change or remove each part on each release: the plan shows it, and apply
// puts it right.
func TestEveryDrift(t *testing.T) {
	t.Parallel()
	configs := map[string]map[string]any{"user": fullUser(), "token": fullToken()}
	for _, version := range versions {
		for kind, byName := range everyDrift() {
			t.Run(version+"/"+kind, func(t *testing.T) {
				t.Parallel()
				for name, drift := range byName {
					r := newFaultRun(t, faultCase{typeName: accessCases[kind].typeName, first: configs[kind]}, version)
					harness.Tamper(t, r.api.AddGroup("others"))
					before := r.api.UserCfg()
					if err := r.prepare(t, "update"); err != nil {
						t.Fatal(err)
					}
					made := r.api.UserCfg()
					harness.Tamper(t, drift(r.api))
					if _, changes, err := r.replan(t, r.first); err != nil || !changes {
						t.Errorf("%s: the plan shows nothing (%v)", name, err)
						continue
					}
					var err error
					if r.it, err = r.fresh(t).apply(t.Context(), r.it, r.first); err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					if diff := cmp.Diff(lines(made), lines(r.api.UserCfg())); diff != "" {
						t.Errorf("%s: after apply (-before +after):\n%s", name, diff)
					}
					if _, changes, err := r.replan(t, r.first); err != nil || changes {
						t.Errorf("%s: after apply a plan is not empty (%v)", name, err)
					}
					if _, err := r.fresh(t).destroy(t.Context(), r.it); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if err := unchanged(before, r.api.UserCfg()); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestEveryUpdateInPlace changes each attribute by itself, sets it, changes it and takes it away: nothing is created
// again, and no token loses its secret.
func TestEveryUpdateInPlace(t *testing.T) {
	t.Parallel()
	changes := map[string]map[string][]any{
		"user": {
			"comment": {"two", nil}, "email": {"b@example.com", nil}, "first_name": {"B", nil}, "last_name": {"C", nil}, "enabled": {false, nil},
			"expires_at": {"2042-01-01T00:00:00Z", nil}, "groups": {[]any{"operators", "others"}, []any{"others"}, nil},
			"role":  {map[string]any{"privileges": []any{"VM.Console"}}, map[string]any{"name": "agent-role", "privileges": []any{"VM.Console"}}},
			"grant": {[]any{map[string]any{"path": "/vms"}}, []any{map[string]any{"path": "/vms", "propagate": false}}, nil},
			"token": {
				[]any{map[string]any{"name": "ci", "comment": "other"}, map[string]any{"name": "full", "privilege_separation": true}},
				[]any{map[string]any{"name": "ci", "comment": "pipeline", "expires_in": "30d", "grant": []any{map[string]any{"path": "/vms"}}}},
				nil,
			},
			"group_membership": {"additive", nil}, "external_tokens": {[]any{"elsewhere"}, nil}, "secret_in_state": {true, nil},
			"accepted_risks": {map[string]any{"PVESEC-P0001": "because"}, nil},
		},
		"token": {
			"comment": {"two"}, "expires_at": {"2042-01-01T00:00:00Z"}, "grant": {[]any{map[string]any{"path": "/vms", "role": "PVEAuditor"}}, nil},
			"rotation_id": {"1", "2"}, "rotation": {"in_place", nil}, "overlap": {"2h", nil}, "accepted_risks": {map[string]any{"PVESEC-P0001": "because"}, nil},
		},
	}
	configs := map[string]func() map[string]any{"user": fullUser, "token": fullToken}
	for _, version := range versions {
		for kind, byName := range changes {
			t.Run(version+"/"+kind, func(t *testing.T) {
				t.Parallel()
				for name, values := range byName {
					r := newFaultRun(t, faultCase{typeName: accessCases[kind].typeName, first: configs[kind]()}, version)
					harness.Tamper(t, r.api.AddGroup("others"))
					if err := r.prepare(t, "update"); err != nil {
						t.Fatal(err)
					}
					config, issued := maps.Clone(r.first), len(r.api.Secrets())
					for _, value := range values {
						config[name] = value
						p := r.fresh(t)
						planned, changed, err := p.plan(t.Context(), r.it, build(p.typeOf(r.typeName), config))
						if err != nil || !changed || len(planned.RequiresReplace) > 0 {
							t.Errorf("%s = %v: changed %t, %v", name, value, changed, err)
							break
						}
						if r.it, err = r.fresh(t).apply(t.Context(), r.it, config); err != nil {
							t.Errorf("%s = %v: %v", name, value, err)
							break
						}
						if _, changes, err := r.replan(t, config); err != nil || changes {
							t.Errorf("%s = %v: after apply a plan is not empty (%v)", name, value, err)
						}
					}
					if renews := name == "token" || name == "rotation_id"; !renews && len(r.api.Secrets()) != issued {
						t.Errorf("%s: a token got another secret", name)
					}
				}
			})
		}
	}
}

// TestCommentOnPVE8: what PVE 8 silently ignores is warned of at plan, which a destroy makes too, and refused by the
// apply.
func TestCommentOnPVE8(t *testing.T) {
	t.Parallel()
	for kind, without := range map[string]map[string]any{
		"user":  {"user_id": "agent@pve", "token": []any{map[string]any{"name": "ci", "never_expires": true}}},
		"token": {"user_id": "deploy@pve", "token_id": "ci", "never_expires": true},
	} {
		with := maps.Clone(without)
		if kind == "token" {
			with["comment"] = "pipeline"
		} else {
			with["token"] = []any{map[string]any{"name": "ci", "comment": "pipeline", "never_expires": true}}
		}
		r := newFaultRun(t, faultCase{typeName: accessCases[kind].typeName, first: with}, pvesim.Version84)
		if err := r.prepare(t, "update"); err != nil {
			t.Fatal(err)
		}
		const said = "PVE before 9.1 cannot remove a token's comment"
		p := r.fresh(t)
		read, err := p.refresh(t.Context(), r.it)
		if err != nil {
			t.Fatal(err)
		}
		planned, _, err := p.plan(t.Context(), read, build(p.typeOf(r.typeName), without))
		if err != nil || !slices.ContainsFunc(planned.Diagnostics, func(d *tfprotov6.Diagnostic) bool {
			return strings.Contains(d.Detail, said) && strings.Contains(d.Detail, "An apply is refused")
		}) {
			t.Errorf("%s: planned with %v, %v", kind, planned, err)
		}
		if _, err := r.fresh(t).apply(t.Context(), r.it, without); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: applied with %v", kind, err)
		}
		if _, err := r.fresh(t).destroy(t.Context(), r.it); err != nil {
			t.Errorf("%s: destroyed with %v", kind, err)
		}
	}
}
