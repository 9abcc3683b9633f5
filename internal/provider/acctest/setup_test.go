package acctest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"pvesec": func() (tfprotov6.ProviderServer, error) { return provider.Server("test"), nil },
}

// versions are the releases of PVE that the simulated API knows.
var versions = []string{pvesim.Version84, pvesim.Version91, pvesim.Version92}

// run runs the steps against their own working directory, in parallel with other tests, and searches everything that they leave behind for
// every secret of the test.
func run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	runWith(t, factories, steps...)
}

// withEcho is the provider with another one that it can hand secrets to.
var withEcho = map[string]func() (tfprotov6.ProviderServer, error){"pvesec": factories["pvesec"], "echo": echoprovider.NewProviderServer()}

func runWith(t *testing.T, providers map[string]func() (tfprotov6.ProviderServer, error), steps ...resource.TestStep) {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil && os.Getenv("TF_ACC_TERRAFORM_PATH") == "" {
		t.Fatal("terraform is not in PATH; acceptance tests run the real program, version 1.11 or later")
	}
	s := newSearch(t)
	defer func() { // also when a step ends the test
		for _, found := range s.finish(logOf(t)) {
			t.Error(found)
		}
	}()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providers, WorkingDir: s.dir, Steps: s.around(steps)})
}

// cluster boots n Debian 13 nodes with the accounts that the tests' policies are about.
func cluster(t *testing.T, n int) *lab.Cluster {
	t.Helper()
	return clusterOf(t, lab.ClusterSpec{Nodes: make([]lab.NodeSpec, n)})
}

func clusterOf(t *testing.T, spec lab.ClusterSpec) *lab.Cluster {
	t.Helper()
	c := lab.ForTest(t, spec)
	keepCluster(t, c)
	for _, node := range c.Nodes {
		shell(t, node, "groupadd operators; useradd -m -s /bin/bash agent; useradd -m -s /bin/bash -G operators carol")
	}
	return c
}

// api starts a simulated PVE API without any node, for tests that need none.
func api(t *testing.T, version string) *pvesim.Server {
	t.Helper()
	server := pvesim.New(pvesim.Options{Version: version, AuthDelay: -1})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	keepAPI(t, server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// apiConfig is the provider block for the API alone.
func apiConfig(server *pvesim.Server, token string) string {
	return fmt.Sprintf("provider \"pvesec\" {\n  endpoint  = %q\n  api_token = %q\n  tls = { fingerprint_sha256 = %q }\n}\n", server.URL(), token, server.Fingerprint())
}

// connection is what a test may change of the provider block.
type connection struct {
	user, knownHosts, nodes, token string
}

// config is the provider block for a cluster, with its nodes discovered through the API.
func config(c *lab.Cluster) string { return configWith(c, connection{}) }

func configWith(c *lab.Cluster, with connection) string {
	if with.user == "" {
		with.user = "root"
	}
	if with.knownHosts == "" {
		with.knownHosts = c.KnownHosts()
	}
	if with.token == "" {
		with.token = c.API.RootToken()
	}
	return fmt.Sprintf(`provider "pvesec" {
  endpoint  = %q
  api_token = %q
  tls       = { ca_pem = <<-EOT
%s
EOT
  }
  ssh = {
    user            = %q
    port            = %d
    connect_timeout = "8s"
    private_key     = <<-EOT
%s
EOT
    known_hosts = <<-EOT
%s
EOT
  }
  %s
}
`, c.API.URL(), with.token, strings.TrimSpace(c.API.CAPEM()), with.user, lab.SSHPort, strings.TrimSpace(string(c.SSHKeyPEM)), strings.TrimSpace(with.knownHosts), with.nodes)
}

// shell runs a script as root on the node and fails the test when the script fails.
func shell(t *testing.T, node *lab.Node, script string) string {
	t.Helper()
	out, err := node.Shell(context.Background(), script)
	if err != nil {
		t.Fatalf("%s: %v", node.Name, err)
	}
	return strings.TrimSpace(out)
}

// onNodes is shell on every node as a step's PreConfig.
func onNodes(t *testing.T, c *lab.Cluster, script string) func() {
	t.Helper()
	return func() {
		for _, node := range c.Nodes {
			shell(t, node, script)
		}
	}
}

// snapshot lists everything that pvesec may touch on a node: path, mode, owner and digest of every file in the configuration directories.
func snapshot(t *testing.T, node *lab.Node) string {
	t.Helper()
	return shell(t, node, `find /etc/sudoers /etc/sudoers.d /etc/rsyslog.d /etc/logrotate.d /etc/pvesec -printf '%p %m %u:%g ' \( -type f -exec sha256sum {} \; -o -printf '\n' \) 2>/dev/null | sort`)
}

// matches makes a regular expression of a message that Terraform may break over lines at any blank and begin with a capital.
func matches(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(`(?i)` + strings.Join(words, `[\s│]+`))
}
