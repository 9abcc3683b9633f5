package harness

import (
	"errors"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// Tamper runs changes of another administrator.
func Tamper(t *testing.T, changes ...error) {
	t.Helper()
	if err := errors.Join(changes...); err != nil {
		t.Fatal(err)
	}
}

// Factories makes the provider under test.
var Factories = map[string]func() (tfprotov6.ProviderServer, error){
	"pvesec": func() (tfprotov6.ProviderServer, error) { return provider.Server("test"), nil },
}

// Run runs the steps against their own working directory, in parallel with other tests, and searches everything that
// they leave behind for every secret of the test.
func Run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	RunWith(t, Factories, steps...)
}

// RunWith is Run with other providers beside the one under test.
func RunWith(t *testing.T, providers map[string]func() (tfprotov6.ProviderServer, error), steps ...resource.TestStep) {
	t.Helper()
	demandTerraform(t)
	said := &diagnostics{said: map[string]bool{}}
	providers = maps.Clone(providers)
	providers["pvesec"] = recorded(providers["pvesec"], said)
	s := NewSearch(t)
	defer func() { // also when a step ends the test
		if !t.Failed() {
			said.compare(t)
		}
		for _, found := range s.Finish(LogOf(t)) {
			t.Error(found)
		}
	}()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providers, WorkingDir: s.Dir, Steps: s.Around(steps)})
}

// Matches makes a regular expression of a message that Terraform may break over lines at any space and begin with a
// capital.
func Matches(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(`(?i)` + strings.Join(words, `[\s│]+`))
}
