package onnodes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// keepCluster adds those of its API, and the private key that its nodes accept, line by line, since a log or JSON may
// break it in its own way.
func keepCluster(t *testing.T, c *lab.Cluster) {
	t.Helper()
	harness.KeepAPI(t, c.API)
	for i, line := range strings.Split(string(c.SSHKeyPEM), "\n") {
		// The first lines are the same in every key: its format and kind.
		if i > 1 && len(line) > 40 && !strings.HasPrefix(line, "-----") {
			harness.KeepSecret(t, fmt.Sprintf("private key, line %d", i+1), line)
		}
	}
}

// cluster boots n nodes with the accounts that the tests' policies are about: of the newest release one alone, and of
// all releases in turn where there are more.
func cluster(t *testing.T, n int) *lab.Cluster {
	t.Helper()
	suites := lab.Suites()
	nodes := make([]lab.NodeSpec, n)
	for i := range nodes {
		nodes[i].Suite = suites[(i+len(suites)-1)%len(suites)]
	}
	return clusterOf(t, lab.ClusterSpec{Nodes: nodes})
}

// onEachRelease runs a test on a cluster of n nodes of each release.
func onEachRelease(t *testing.T, n int, test func(*testing.T, *lab.Cluster)) {
	t.Helper()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			test(t, clusterOf(t, lab.ClusterSpec{Nodes: slices.Repeat([]lab.NodeSpec{{Suite: suite}}, n)}))
		})
	}
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
  tls {
    ca_pem = <<-EOT
%s
EOT
  }
  ssh {
    user            = %q
    port            = %d
    connect_timeout = "8s"
    private_key = <<-EOT
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

// snapshot lists everything that pvesec may touch on a node: path, mode, owner and digest of every file in the
// configuration directories.
func snapshot(t *testing.T, node *lab.Node) string {
	t.Helper()
	return shell(t, node, `find /etc/sudoers /etc/sudoers.d /etc/rsyslog.d /etc/logrotate.d /etc/systemd/system /etc/audit/rules.d /etc/systemd/journald.conf.d /etc/pvesec -printf '%p %m %u:%g ' \( -type f -exec sha256sum {} \; -o -printf '\n' \) 2>/dev/null | sort`)
}
