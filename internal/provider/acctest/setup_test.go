package acctest

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// versions are the releases of PVE that the simulated API knows.
var versions = []string{pvesim.Version84, pvesim.Version91, pvesim.Version92}

// withEcho is the provider with another one that it can hand secrets to.
var withEcho = map[string]func() (tfprotov6.ProviderServer, error){"pvesec": harness.Factories["pvesec"], "echo": echoprovider.NewProviderServer()}

// api starts a simulated PVE API without any node, for tests that need none.
func api(t *testing.T, version string) *pvesim.Server {
	t.Helper()
	server := pvesim.New(pvesim.Options{Version: version, AuthDelay: -1})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	harness.KeepAPI(t, server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// apiConfig is the provider block for the API alone.
func apiConfig(server *pvesim.Server, token string) string {
	return fmt.Sprintf("provider \"pvesec\" {\n  endpoint  = %q\n  api_token = %q\n  tls { fingerprint_sha256 = %q }\n}\n", server.URL(), token, server.Fingerprint())
}
