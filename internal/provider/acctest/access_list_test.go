package acctest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestListResources asks for users and tokens as terraform query does.
func TestListResources(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	harness.Tamper(t, server.AddUser("a@pve", nil), server.AddUser("b@pve", nil), server.AddUser("c@pam", nil), server.GrantACL("/vms", "a@pve", "PVEVMUser", true))
	for _, token := range [][2]string{{"a@pve", "one"}, {"a@pve", "two"}, {"c@pam", "ci"}} {
		_, err := server.AddToken(token[0], token[1], true)
		harness.Tamper(t, err)
	}
	p := newProtocol(t, server)
	lister, ok := p.server.(tfprotov6.ProviderServerWithListResource) //nolint:staticcheck // ProviderServer has no such method yet
	if !ok {
		t.Fatal("the provider lists nothing")
	}
	for _, test := range []struct {
		typeName, realm string
		limit           int64
		want            []string
	}{
		{"pvesec_restricted_user", "", 0, []string{"a@pve", "b@pve", "c@pam"}},
		{"pvesec_restricted_user", "pve", 0, []string{"a@pve", "b@pve"}},
		{"pvesec_restricted_user", "", 1, []string{"a@pve"}},
		{"pvesec_api_token", "", 0, []string{"a@pve!one", "a@pve!two", "c@pam!ci"}},
		{"pvesec_api_token", "pam", 0, []string{"c@pam!ci"}},
	} {
		config := map[string]any{}
		if test.realm != "" {
			config["realm"] = test.realm
		}
		server.ResetRequests()
		stream, err := lister.ListResource(t.Context(), &tfprotov6.ListResourceRequest{TypeName: test.typeName, IncludeResource: true, Limit: test.limit,
			Config: dynamic(build(p.schemas.ListResourceSchemas[test.typeName].ValueType(), config))})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for result := range stream.Results {
			if err := diagnosed(result.Diagnostics); err != nil {
				t.Fatal(err)
			}
			names = append(names, result.DisplayName)
			if result.Identity == nil || result.Resource == nil {
				t.Errorf("%s has no identity or no resource", result.DisplayName)
			}
		}
		slices.Sort(names)
		if diff := cmp.Diff(test.want, names); diff != "" {
			t.Errorf("%s of %q (-want +got):\n%s", test.typeName, test.realm, diff)
		}
		if requests := len(server.RequestLog()); requests > 5 {
			t.Errorf("%s took %d requests", test.typeName, requests)
		}
	}
}

// TestIdentity sees that reading sets the identity, also of what is gone and of what an older Terraform left without
// one, and that a resource can be imported by it.
func TestIdentity(t *testing.T) {
	t.Parallel()
	for name, c := range accessCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newFaultRun(t, c, pvesim.Version92)
			if err := r.prepare(t, "update"); err != nil {
				t.Fatal(err)
			}
			p := r.fresh(t)
			read := func() *tfprotov6.ReadResourceResponse {
				t.Helper()
				answer, err := p.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: c.typeName, CurrentState: dynamic(r.it.state), Private: r.it.private})
				if err == nil {
					err = diagnosed(answer.Diagnostics)
				}
				if err != nil || answer.NewIdentity == nil {
					t.Fatalf("%v, %v", answer, err)
				}
				return answer
			}
			identity := read().NewIdentity
			imported, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: c.typeName, Identity: identity})
			if err == nil {
				err = diagnosed(imported.Diagnostics)
			}
			if err != nil || len(imported.ImportedResources) != 1 {
				t.Fatalf("%v, %v", imported, err)
			}
			if _, err := r.fresh(t).destroy(t.Context(), r.it); err != nil {
				t.Fatal(err)
			}
			p = r.fresh(t)
			gone := read()
			state, err := gone.NewState.Unmarshal(p.typeOf(c.typeName))
			if err != nil || !state.Equal(tftypes.NewValue(state.Type(), nil)) {
				t.Errorf("what is gone is still read: %v", err)
			}
		})
	}
}
