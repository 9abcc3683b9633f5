package access

import (
	"testing"
)

// TestPlainConfigIsValid sees that the shorter way knows every kind of attribute of the schema: a configuration with each of them is valid, and
// one with a mistake in each is not.
func TestPlainConfigIsValid(t *testing.T) {
	t.Parallel()
	shape := newUserShape()
	config := func(changes map[string]any) plain {
		full := plain{}
		for name := range shape.schema.Attributes {
			full[name] = nil
		}
		full["user_id"] = "agent@pve"
		for name, value := range changes {
			full[name] = value
		}
		return full
	}
	grant := map[string]any{"path": "/vms/100", "role": "PVEVMUser", "propagate": nil}
	token := func(changes map[string]any) map[string]any {
		fields := map[string]any{"comment": nil, "expires_at": nil, "expires_in": nil, "privilege_separation": nil, "grants": nil}
		for name, value := range changes {
			fields[name] = value
		}
		return map[string]any{"ci": fields}
	}
	for name, test := range map[string]struct{ good, bad any }{
		"user_id": {"agent@pam", "root@pam"}, "comment": {"x", string(make([]byte, 2049))}, "email": {"a@example.com", string(make([]byte, 255))},
		"enabled": {false, "yes"}, "expires_at": {"2040-01-01T00:00:00Z", "soon"}, "password_version": {nil, int8(1)}, "groups": {[]any{"ops"}, []any{"a b"}},
		"group_membership": {"additive", "some"}, "role": {map[string]any{"name": "own", "privileges": []any{"VM.Audit"}}, map[string]any{"name": nil, "privileges": []any{}}},
		"grants": {[]any{grant}, []any{map[string]any{"path": "/vms/1", "role": "PVEVMUser", "propagate": nil}}}, "tokens": {token(nil), token(map[string]any{"expires_at": "soon"})},
		"external_tokens": {[]any{"other"}, []any{"a b"}}, "secret_in_state": {true, "yes"}, "accepted_risks": {map[string]any{"PVESEC-P0001": "why not"}, map[string]any{"PVESEC-P0001": ""}},
		"timeouts": {map[string]any{"create": "3m", "read": nil, "update": nil, "delete": nil}, map[string]any{"create": "soon", "read": nil, "update": nil, "delete": nil}},
	} {
		if !shape.valid(t.Context(), config(map[string]any{name: test.good})) {
			t.Errorf("%s = %v is not valid", name, test.good)
		}
		if shape.valid(t.Context(), config(map[string]any{name: test.bad})) {
			t.Errorf("%s = %v is valid", name, test.bad)
		}
	}
	for name, tokens := range map[string]any{
		"two expiries": token(map[string]any{"expires_at": "2040-01-01T00:00:00Z", "expires_in": "90d"}), "lifetime": token(map[string]any{"expires_in": "soon"}),
		"grants without effect": token(map[string]any{"privilege_separation": false, "grants": []any{grant}}),
		"grant without role":    token(map[string]any{"grants": []any{map[string]any{"path": "/vms", "role": nil, "propagate": nil}}}),
		"empty comment":         token(map[string]any{"comment": ""}), "id": map[string]any{"a b": token(nil)["ci"]}, "another form": map[string]any{"ci": map[string]any{}},
	} {
		if shape.valid(t.Context(), config(map[string]any{"tokens": tokens})) {
			t.Errorf("tokens with %s are valid", name)
		}
	}
	if shape.valid(t.Context(), plain{"user_id": "agent@pve"}) {
		t.Error("a configuration without its attributes is valid")
	}
}
