package sshd

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

// later is a value that Terraform learns later.
type later struct{}

// valueOf is a value of a type; what an object of it does not name is null.
func valueOf(t *testing.T, kind tftypes.Type, value any) tftypes.Value {
	t.Helper()
	switch value := value.(type) {
	case nil:
		return tftypes.NewValue(kind, nil)
	case later:
		return tftypes.NewValue(kind, tftypes.UnknownValue)
	case map[string]any:
		object, is := kind.(tftypes.Object)
		if !is {
			t.Fatalf("%s is no object", kind)
		}
		attributes := map[string]tftypes.Value{}
		for name, of := range object.AttributeTypes {
			attributes[name] = valueOf(t, of, value[name])
		}
		for name := range value {
			if _, has := attributes[name]; !has {
				t.Fatalf("there is no %s", name)
			}
		}
		return tftypes.NewValue(kind, attributes)
	case []any:
		var of tftypes.Type
		switch kind := kind.(type) {
		case tftypes.List:
			of = kind.ElementType
		case tftypes.Set:
			of = kind.ElementType
		default:
			t.Fatalf("%s has no elements", kind)
		}
		elements := []tftypes.Value{}
		for _, element := range value {
			elements = append(elements, valueOf(t, of, element))
		}
		return tftypes.NewValue(kind, elements)
	}
	return tftypes.NewValue(kind, value)
}

// configOf is a configuration of the resource.
func configOf(ctx context.Context, t *testing.T, attributes map[string]any) tfsdk.Config {
	t.Helper()
	var resp resource.SchemaResponse
	NewResource().Schema(ctx, resource.SchemaRequest{}, &resp)
	if resp.Diagnostics.HasError() {
		t.Fatal(resp.Diagnostics)
	}
	return tfsdk.Config{Schema: resp.Schema, Raw: valueOf(t, resp.Schema.Type().TerraformType(ctx), attributes)}
}

// TestValidateConfig: what says nothing, is about nobody, or would be something else to sshd is refused with its place
// before a node is asked. What is not known yet is not.
func TestValidateConfig(t *testing.T) {
	t.Parallel()
	agent := func(more map[string]any) map[string]any {
		block := map[string]any{"users": []any{"agent"}, "permit_tty": false}
		for name, value := range more {
			block[name] = value
		}
		return block
	}
	login := map[string]any{"name": "desk", "user": "alice", "address": "192.0.2.7"}
	for name, c := range map[string]struct {
		attributes map[string]any
		summary    string // "" is taken
		at         string
	}{
		"nothing":                   {map[string]any{"name": "ops"}, "Missing settings", "name"},
		"administrators alone":      {map[string]any{"name": "ops", "administrators": []any{"alice"}}, "Missing settings", "name"},
		"a setting":                 {map[string]any{"name": "ops", "password_authentication": false}, "", ""},
		"a profile":                 {map[string]any{"name": "ops", "crypto_profile": "strict"}, "", ""},
		"a match block":             {map[string]any{"name": "ops", "match": []any{agent(nil)}}, "", ""},
		"about nobody":              {map[string]any{"name": "ops", "match": []any{agent(nil), map[string]any{"permit_tty": false}}}, "Missing users, groups or addresses", "match[1]"},
		"a block without a setting": {map[string]any{"name": "ops", "match": []any{map[string]any{"users": []any{"agent"}}}}, "Missing settings", "match[0]"},
		"users left out only":       {map[string]any{"name": "ops", "match": []any{agent(map[string]any{"users": []any{"!agent"}})}}, "Invalid users: nobody matches", "match[0].users"},
		"groups left out only":      {map[string]any{"name": "ops", "match": []any{agent(map[string]any{"groups": []any{"!staff", "!adm"}})}}, "Invalid groups: nobody matches", "match[0].groups"},
		"addresses left out only":   {map[string]any{"name": "ops", "match": []any{agent(map[string]any{"addresses": []any{"!192.0.2.0/24"}})}}, "Invalid addresses: nobody matches", "match[0].addresses"},
		"some addresses left out":   {map[string]any{"name": "ops", "match": []any{agent(map[string]any{"addresses": []any{"192.0.2.0/24", "!192.0.2.9"}})}}, "", ""},
		"two logins of one name":    {map[string]any{"name": "ops", "password_authentication": false, "login": []any{login, login}}, "Invalid name: another login has it", "login[1].name"},
		"a login of the cluster":    {map[string]any{"name": "ops", "password_authentication": false, "login": []any{map[string]any{"name": "cluster 10.0.0.2", "user": "root", "address": "10.0.0.2"}}}, "Invalid name: it is of the cluster", "login[0].name"},
		"a line in a value":         {map[string]any{"name": "ops", "allow_users": []any{"alice\nPermitRootLogin yes"}}, "Invalid sshd policy", ""},
		"a number beyond all":       {map[string]any{"name": "ops", "max_auth_tries": 12345678}, "Invalid sshd policy", ""},
		"a network with more bits":  {map[string]any{"name": "ops", "password_authentication": false, "cluster_networks": []any{"10.0.0.1/8"}}, "Invalid sshd policy", ""},
		"not known yet":             {map[string]any{"name": "ops", "match": later{}}, "", ""},
		"a part that is not known":  {map[string]any{"name": "ops", "match": []any{map[string]any{"users": later{}}}}, "", ""},
		"no setting, unknown name":  {map[string]any{"name": later{}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var resp resource.ValidateConfigResponse
			(&policyResource{}).ValidateConfig(t.Context(), resource.ValidateConfigRequest{Config: configOf(t.Context(), t, c.attributes)}, &resp)
			if c.summary == "" {
				if len(resp.Diagnostics) > 0 {
					t.Errorf("got %v", resp.Diagnostics)
				}
				return
			}
			if len(resp.Diagnostics) != 1 || resp.Diagnostics[0].Summary() != c.summary {
				t.Fatalf("got %v", resp.Diagnostics)
			}
			at := ""
			if placed, is := resp.Diagnostics[0].(diag.DiagnosticWithPath); is {
				at = placed.Path().String()
			}
			if at != c.at {
				t.Errorf("the place is %q, want %q", at, c.at)
			}
		})
	}
}

// TestTwoPoliciesOneSetting: two policies of one run that set the same on one node are refused, whether outside or
// inside of a match block, and by a profile too.
func TestTwoPoliciesOneSetting(t *testing.T) {
	t.Parallel()
	tries := func(name string, nodes ...any) map[string]any {
		attributes := map[string]any{"name": name, "max_auth_tries": 3}
		if len(nodes) > 0 {
			attributes["nodes"] = nodes
		}
		return attributes
	}
	for name, c := range map[string]struct {
		first, second map[string]any
		refused       string // the keyword, "" where both are taken
	}{
		"the same setting":       {tries("a"), tries("b"), "maxauthtries"},
		"on one of the nodes":    {tries("a"), tries("b", "pve1"), "maxauthtries"},
		"on other nodes":         {tries("a", "pve2"), tries("b", "pve1"), ""},
		"planned again":          {tries("a"), tries("a"), ""},
		"another setting":        {tries("a"), map[string]any{"name": "b", "x11_forwarding": false}, ""},
		"in a match block":       {tries("a"), map[string]any{"name": "b", "match": []any{map[string]any{"users": []any{"agent"}, "max_auth_tries": 1}}}, "maxauthtries"},
		"a profile and a list":   {map[string]any{"name": "a", "crypto_profile": "strict"}, map[string]any{"name": "b", "macs": []any{"hmac-sha2-512-etm@openssh.com"}}, "macs"},
		"a profile and a number": {map[string]any{"name": "a", "crypto_profile": "strict"}, tries("b"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &policyResource{}
			r.Clients = &session.Clients{}
			var diags diag.Diagnostics
			for i, attributes := range []map[string]any{c.first, c.second} {
				var model policyModel
				config := configOf(t.Context(), t, attributes)
				diags.Append(config.Get(t.Context(), &model)...)
				if diags.HasError() {
					t.Fatal(diags)
				}
				r.refuseTwice(t.Context(), &model, &diags)
				if i == 0 && diags.HasError() {
					t.Fatal(diags)
				}
			}
			if c.refused == "" {
				if diags.HasError() {
					t.Errorf("got %v", diags)
				}
				return
			}
			if diags.ErrorsCount() != 1 || !strings.HasSuffix(diags[0].Summary(), "another resource sets "+c.refused) || !strings.Contains(diags[0].Detail(), `"a" and "b"`) {
				t.Errorf("got %v", diags)
			}
		})
	}
}
