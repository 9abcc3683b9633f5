package acctest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEphemeralBreakGlassBadInput: what an access for one run refuses before it looks for a node, and that it asks for
// a way to the nodes.
func TestEphemeralBreakGlassBadInput(t *testing.T) {
	t.Parallel()
	server := api(t, "9.1")
	var steps []resource.TestStep
	for _, bad := range []struct{ attributes, message string }{
		{`duration = "10m"`, "Missing commands"},
		{"all_commands = true\n commands = [\"/usr/bin/id\"]\n duration = \"10m\"", "commands are given too"},
		{"commands = [\"ALL\"]\n duration = \"10m\"", "all_commands = true"},
		{"all_commands = true\n duration = \"9s\"", "shorter than 10s"},
		{"all_commands = true\n duration = \"9h\"", "longer than the provider allows"},
		{"all_commands = true\n duration = \"10m\"", "SSH private key"},
	} {
		steps = append(steps, resource.TestStep{
			Config: apiConfig(server, server.RootToken()) + "ephemeral \"pvesec_break_glass\" \"run\" {\n subject = \"agent\"\n reason = \"a test\"\n " + bad.attributes + "\n}\n" +
				"provider \"echo\" {\n  data = ephemeral.pvesec_break_glass.run\n}\nresource \"echo\" \"it\" {}\n",
			ExpectError: harness.Matches(bad.message),
		})
	}
	harness.RunWith(t, withEcho, steps...)
}
