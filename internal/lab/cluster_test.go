//go:build linux

package lab

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// TestParallelLabs runs two labs at once, with nodes of the same names, and checks that neither opens the other's
// doors.
func TestParallelLabs(t *testing.T) {
	t.Parallel()
	labs := make([]*Cluster, 2)
	var starting sync.WaitGroup
	for i := range labs {
		starting.Go(func() {
			c, err := StartCluster(t.Context(), ClusterSpec{Nodes: make([]NodeSpec, 3)})
			if err != nil {
				t.Error(err)
				return
			}
			labs[i] = c
		})
	}
	starting.Wait()
	for _, c := range labs {
		if c != nil {
			t.Cleanup(func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if t.Failed() {
		return
	}
	seen := map[string]bool{}
	for _, c := range labs {
		for _, n := range c.Nodes {
			if seen[n.Address] {
				t.Errorf("two nodes share the address %s", n.Address)
			}
			seen[n.Address] = true
			if got := remote(t, login(t, c, n), "hostname"); got != n.Name+"\n" {
				t.Errorf("%s says it is %q", n.Name, got)
			}
		}
	}
	strange, err := labs[1].Nodes[0].identity.login(labs[0].SSHKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ssh.Dial("tcp", sshAddress(labs[1].Nodes[0]), strange); err == nil {
		t.Error("a node of one lab accepts the key of the other")
	}
	own, err := labs[0].Nodes[0].identity.login(labs[0].SSHKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ssh.Dial("tcp", sshAddress(labs[0].Nodes[1]), own); err == nil {
		t.Error("two nodes have the same host key")
	}
}

// TestClusterKnowsItsNodes asks the simulated API for the nodes, with what ProviderEnv gives and nothing else.
func TestClusterKnowsItsNodes(t *testing.T) {
	t.Parallel()
	c := ForTest(t, ClusterSpec{Nodes: []NodeSpec{{Name: "left"}, {Name: "right", Suite: Bookworm}}})
	env := c.ProviderEnv()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(env["PVESEC_CA_PEM"])) {
		t.Fatal("PVESEC_CA_PEM has no certificate")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(env["PVESEC_ENDPOINT"], "/")+"/api2/json/cluster/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "PVEAPIToken="+strings.Replace(env["PVESEC_API_TOKEN"], " ", "", 1))
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", response.Status, body, err)
	}
	for _, n := range c.Nodes {
		contains(t, string(body), `"`+n.Name+`"`)
		contains(t, string(body), `"`+n.Address+`"`)
		contains(t, env["PVESEC_SSH_KNOWN_HOSTS"], "["+n.Address+"]:2222 ssh-ed25519 ")
		if c.Node(n.Name) != n {
			t.Errorf("Node(%q) is another node", n.Name)
		}
	}
	if c.Node("middle") != nil {
		t.Error("there is a node nobody asked for")
	}
}

func TestClusterSpec(t *testing.T) {
	t.Parallel()
	spec, err := ClusterSpec{Nodes: []NodeSpec{{}, {Suite: Bookworm}, {Name: "x"}}}.complete()
	if err != nil {
		t.Fatal(err)
	}
	if spec.Nodes[0].Name != "pve1" || spec.Nodes[1].Name != "pve2" || spec.Nodes[2].Name != "x" {
		t.Errorf("names: %+v", spec.Nodes)
	}
	if spec.Nodes[0].Suite != Trixie || spec.Nodes[1].Suite != Bookworm || spec.PVEVersion != "9.1" {
		t.Errorf("suites and version: %+v", spec)
	}
	for name, bad := range map[string]NodeSpec{
		"two nodes are called": {Name: "pve1"},
		"not a DNS label":      {Name: "../x"},
		"unknown suite":        {Suite: "buster"},
	} {
		_, err := ClusterSpec{Nodes: []NodeSpec{{}, bad}}.complete()
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: %v, want %q", bad, err, name)
		}
	}
}
