package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// TestBenchmarkSettings: what the guide names is an argument, a value that the argument describes, and a check with a
// section of a benchmark; each check that a benchmark asks for and an argument of a resource brings about is named.
func TestBenchmarkSettings(t *testing.T) {
	t.Parallel()
	server, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	all := check.Catalogue()
	named := map[string]bool{}
	for _, s := range settings {
		if schema := schemas.ResourceSchemas[s.resource]; schema == nil {
			t.Errorf("there is no resource %s", s.resource)
			continue
		}
		name, value, _ := strings.Cut(s.attribute, " ")
		described, is := settable(schemas.ResourceSchemas[s.resource].Block, strings.Split(name, "."))
		if !is {
			t.Errorf("%s has no argument %s", s.resource, name)
		}
		if value = strings.Trim(value, "()"); value != "" && !strings.Contains(described, "- `"+value+"`: ") {
			t.Errorf("%s has no value %s", name, value)
		}
		for _, id := range s.checks {
			named[id] = true
		}
		var found []string
		for _, benchmark := range benchmarks {
			found = append(found, sections(all, s.checks, benchmark.source)...)
		}
		if len(found) == 0 {
			t.Errorf("%s, %s: no benchmark has a section about it", s.resource, s.attribute)
		}
	}
	for id := range named {
		if !slices.ContainsFunc(all, func(c check.Check) bool { return c.ID == id }) {
			t.Errorf("there is no check %s", id)
		}
	}
	argument := regexp.MustCompile(`^pvesec_(sshd_policy|audit_logging|node_account|api_token), (argument|block) `)
	for i := range all {
		asked := slices.ContainsFunc(benchmarks, func(b struct{ title, source string }) bool {
			return len(sections(all, []string{all[i].ID}, b.source)) > 0
		})
		if asked && argument.MatchString(all[i].Remedy) && !named[all[i].ID] {
			t.Errorf("%s is in no line: %s", all[i].ID, all[i].Remedy)
		}
	}
}

// settable tells whether a block has an argument, or a block, of that path, and how that is described.
func settable(block *tfprotov6.SchemaBlock, path []string) (described string, is bool) {
	for _, inner := range block.BlockTypes {
		switch {
		case inner.TypeName == path[0] && len(path) == 1:
			return inner.Block.Description, true
		case inner.TypeName == path[0]:
			return settable(inner.Block, path[1:])
		}
	}
	for _, attribute := range block.Attributes {
		if attribute.Name == path[0] && len(path) == 1 && (attribute.Optional || attribute.Required) {
			return attribute.Description, true
		}
	}
	return "", false
}
