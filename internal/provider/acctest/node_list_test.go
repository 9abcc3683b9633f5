package acctest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// onTwoNodes starts the provider with two nodes, each with a main sudoers file and files in /etc/sudoers.d.
func onTwoNodes(t *testing.T, files [2]map[string]string) *protocol {
	t.Helper()
	var nodes []any
	known, key := "", ""
	var first *nodetest.Server
	for i, with := range files {
		s := nodetest.Start(t, nodetest.Options{})
		if first == nil {
			first, key = s, string(s.PrivateKey)
		}
		s.Signer = first.Signer
		known += s.KnownHosts
		s.Write(t, "etc/sudoers", "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", 0o440)
		s.Write(t, "etc/sudoers.d/README", "# only a comment\n", 0o440)
		for name, text := range with {
			s.Write(t, name, text, 0o440)
		}
		s.Write(t, "etc/shadow", "root:*:1::::::\nalice:!:1::::::\nbob:!:1::::::\n", 0o600)
		s.Write(t, "etc/group", "root:x:0:\nalice:x:1001:\nbob:x:1002:\n", 0o644)
		s.Tool(t, "dpkg-query", "printf ':: installed zfs\\n /etc/sudoers.d/zfs 9e107d9d372bb6826bd81d3542a419d6\\n'")
		s.Tool(t, "sudo", "echo Sudo version 1.9.16p2")
		nodes = append(nodes, map[string]any{"name": fmt.Sprintf("pve%d", i+1), "address": s.Host, "port": s.Port})
	}
	p := &protocol{server: provider.Server("test")}
	var err error
	if p.schemas, err = p.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	config := build(p.schemas.Provider.ValueType(), map[string]any{"node": nodes, "ssh": map[string]any{"private_key": key, "known_hosts": known}})
	answer, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: dynamic(config)})
	if err == nil {
		err = diagnosed(answer.Diagnostics)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestListResourcesOnNodes asks for what nodes hold as terraform query does: every object with the identity by which it
// is imported, and what the import reads.
func TestListResourcesOnNodes(t *testing.T) {
	t.Parallel()
	const (
		passwd = "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\nalice:x:1001:1001::/home/alice:/bin/sh\n"
		own    = "# Managed by Terraform: pvesec_sudoers_policy \"agent\".\nagent ALL=(root) /usr/bin/id\n"
	)
	p := onTwoNodes(t, [2]map[string]string{
		{
			"etc/sudoers.d/agent": own, "etc/sudoers.d/site": "alice ALL=(root) /usr/bin/id\n", "etc/sudoers.d/everyone": "ALL ALL=(root) /usr/bin/id\n", "etc/sudoers.d/skipped.bak": "bob ALL=(ALL) ALL\n",
			"etc/sudoers.d/zfs": "The quick brown fox jumps over the lazy dog", "etc/sudoers.d/pvesec-audit-ops": "# Managed by Terraform: pvesec_audit_logging \"ops\".\nDefaults log_output\n", "etc/passwd": passwd,
		},
		{"etc/sudoers.d/agent": own, "etc/sudoers.d/site": "bob ALL=(root) /usr/bin/id\n", "etc/sudoers.d/two words": "bob ALL=(ALL) ALL\n", "etc/passwd": passwd + "bob:x:1002:1002::/home/bob:/bin/sh\n"},
	})
	lister, ok := p.server.(tfprotov6.ProviderServerWithListResource) //nolint:staticcheck // ProviderServer has no such method yet
	if !ok {
		t.Fatal("the provider lists nothing")
	}
	for _, test := range []struct {
		typeName string
		nodes    []any
		limit    int64
		want     []string
	}{
		{"pvesec_sudoers_policy", nil, 0, []string{"agent", "everyone on pve1", "site on pve1", "site on pve2"}},
		{"pvesec_sudoers_policy", []any{"pve2"}, 0, []string{"agent on pve2", "site on pve2"}},
		{"pvesec_sudoers_policy", nil, 2, []string{"agent", "everyone on pve1"}},
		{"pvesec_node_account", nil, 0, []string{"alice", "bob on pve2"}},
	} {
		config := map[string]any{}
		if test.nodes != nil {
			config["nodes"] = test.nodes
		}
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
				t.Fatalf("%s has no identity or no resource", result.DisplayName)
			}
			p.importsListed(t, test.typeName, result)
		}
		if diff := cmp.Diff(test.want, names); diff != "" {
			t.Errorf("%s on %v (-want +got):\n%s", test.typeName, test.nodes, diff)
		}
	}
	stream, err := lister.ListResource(t.Context(), &tfprotov6.ListResourceRequest{TypeName: "pvesec_node_account", Config: dynamic(build(p.schemas.ListResourceSchemas["pvesec_node_account"].ValueType(),
		map[string]any{"nodes": []any{"pve9"}}))})
	if err != nil {
		t.Fatal(err)
	}
	for result := range stream.Results {
		if diagnosed(result.Diagnostics) == nil {
			t.Error("a node that is none is no error")
		}
	}
}

// importsListed imports what was listed by its identity: the import reads what the list showed. A file about everyone
// is none of a policy, and the import says so.
func (p *protocol) importsListed(t *testing.T, typeName string, result tfprotov6.ListResourceResult) {
	t.Helper()
	imported, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: typeName, Identity: result.Identity})
	if err == nil {
		err = diagnosed(imported.Diagnostics)
	}
	if result.DisplayName == "everyone on pve1" {
		if err == nil || len(result.Diagnostics) == 0 {
			t.Errorf("%s is imported, and nothing was said: %v", result.DisplayName, result.Diagnostics)
		}
		return
	}
	if err != nil || len(imported.ImportedResources) != 1 {
		t.Fatalf("%s: %v", result.DisplayName, err)
	}
	listed, err := result.Resource.Unmarshal(p.typeOf(typeName))
	if err != nil {
		t.Fatal(err)
	}
	read, err := imported.ImportedResources[0].State.Unmarshal(p.typeOf(typeName))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"name", "nodes", "deployed"} {
		if !fieldOf(t, listed, name).Equal(fieldOf(t, read, name)) {
			t.Errorf("%s: %s is %s, listed as %s", result.DisplayName, name, fieldOf(t, read, name), fieldOf(t, listed, name))
		}
	}
	if !slices.Equal(result.Identity.IdentityData.MsgPack, imported.ImportedResources[0].Identity.IdentityData.MsgPack) {
		t.Errorf("%s: the import gives another identity", result.DisplayName)
	}
}

// fieldOf is one of an object.
func fieldOf(t *testing.T, object tftypes.Value, name string) tftypes.Value {
	t.Helper()
	var fields map[string]tftypes.Value
	if err := object.As(&fields); err != nil {
		t.Fatal(err)
	}
	return fields[name]
}
