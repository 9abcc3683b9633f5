//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// ClusterSpec describes a cluster. The zero value is one Debian 13 node under PVE 9.
type ClusterSpec struct {
	Nodes      []NodeSpec
	PVEVersion string   // "8.4" or "9.1" for the simulated API; the version that goes with the first node's suite when empty
	Progress   Progress // told what takes long; may be nil
	Logf       func(format string, args ...any)
}

// Cluster is a set of running nodes and the simulated PVE API that knows them.
type Cluster struct {
	Nodes     []*Node
	API       *pvesim.Server
	SSHKeyPEM []byte // private key that root on every node accepts, in OpenSSH's format

	lab     *lab
	janitor *exec.Cmd
	closing sync.Once
	closed  error
}

// nodeName is what a PVE node can be called: a DNS label.
var nodeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// complete fills the specification's defaults in and checks it.
func (spec ClusterSpec) complete() (ClusterSpec, error) {
	spec.Nodes = append([]NodeSpec(nil), spec.Nodes...)
	if len(spec.Nodes) == 0 {
		spec.Nodes = []NodeSpec{{}}
	}
	seen := map[string]bool{}
	for i := range spec.Nodes {
		node := &spec.Nodes[i]
		if node.Name == "" {
			node.Name = "pve" + strconv.Itoa(i+1)
		}
		if node.Suite == "" {
			node.Suite = Trixie
		}
		if err := node.Suite.check(); err != nil {
			return spec, fmt.Errorf("node %s: %w", node.Name, err)
		}
		if !nodeName.MatchString(node.Name) {
			return spec, fmt.Errorf("node name %q is not a DNS label in lower case", node.Name)
		}
		if seen[node.Name] {
			return spec, fmt.Errorf("two nodes are called %q", node.Name)
		}
		seen[node.Name] = true
	}
	if spec.PVEVersion == "" {
		spec.PVEVersion = spec.Nodes[0].Suite.PVEVersion()
	}
	return spec, nil
}

// StartCluster builds what the cache lacks, boots every node and starts the API. It returns when all of it is ready, or
// leaves nothing behind.
func StartCluster(ctx context.Context, spec ClusterSpec) (*Cluster, error) {
	if missing := Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("the lab cannot run here:\n  - %s", strings.Join(missing, "\n  - "))
	}
	spec, err := spec.complete()
	if err != nil {
		return nil, err
	}
	if err := prepareCache(ctx, spec); err != nil {
		return nil, err
	}
	key, err := newSSHKey("ed25519", "pvesec-lab")
	if err != nil {
		return nil, err
	}
	c := &Cluster{SSHKeyPEM: key.private, lab: &lab{key: key.private}}
	if err := c.start(ctx, spec, key.public); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// prepareCache builds what the nodes boot from.
func prepareCache(ctx context.Context, spec ClusterSpec) error {
	for _, node := range spec.Nodes {
		if _, err := BuildRootFS(ctx, node.Suite, spec.Progress); err != nil {
			return err
		}
		if node.Kernel {
			if err := BuildKernel(ctx, node.Suite, spec.Progress); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) start(ctx context.Context, spec ClusterSpec, authorizedKey string) error {
	var err error
	if c.lab.state, err = newState(); err != nil {
		return err
	}
	if c.janitor, err = startJanitor(c.lab.state); err != nil {
		return err
	}
	if c.lab.spawner, err = newSpawner(); err != nil {
		return err
	}
	for _, node := range spec.Nodes {
		n, err := newNode(c.lab, node, authorizedKey)
		if err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, n)
	}
	boot, bootCtx := errgroup.WithContext(ctx)
	for _, n := range c.Nodes {
		boot.Go(func() error { return n.Start(bootCtx) })
	}
	if err := boot.Wait(); err != nil {
		return err
	}
	return c.startAPI(spec)
}

// startAPI starts the simulated PVE API, which knows the nodes by name and address.
func (c *Cluster) startAPI(spec ClusterSpec) error {
	options := pvesim.Options{Version: spec.PVEVersion, Logf: spec.Logf}
	for _, n := range c.Nodes {
		options.Nodes = append(options.Nodes, pvesim.NodeInfo{Name: n.Name, Address: n.Address, Online: true})
	}
	api := pvesim.New(options)
	if err := api.Start(); err != nil {
		return fmt.Errorf("starting the simulated PVE API: %w", err)
	}
	c.API = api
	return nil
}

// Node returns the node of that name, nil when there is none.
func (c *Cluster) Node(name string) *Node {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Reset makes every node pristine again, in parallel. The API keeps its state.
func (c *Cluster) Reset(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range c.Nodes {
		group.Go(func() error { return n.Reset(ctx) })
	}
	return group.Wait()
}

// Close ends the nodes and the API and removes every trace of them. Only the first call does something; later ones
// return what it returned.
func (c *Cluster) Close() error {
	c.closing.Do(func() { c.closed = c.close() })
	return c.closed
}

func (c *Cluster) close() error {
	var problems []error
	if c.API != nil {
		c.API.Close()
	}
	var stopping sync.WaitGroup
	failures := make([]error, len(c.Nodes))
	for i, n := range c.Nodes {
		stopping.Go(func() { failures[i] = n.close() })
	}
	stopping.Wait()
	problems = append(problems, failures...)
	if c.lab.spawner != nil {
		problems = append(problems, c.lab.spawner.close())
	}
	if c.lab.state != nil {
		problems = append(problems, c.lab.state.remove())
	}
	if c.janitor != nil {
		problems = append(problems, c.janitor.Wait())
	}
	return errors.Join(problems...)
}

// KnownHosts is the host keys of all nodes as the content of a known_hosts file.
func (c *Cluster) KnownHosts() string {
	var text strings.Builder
	for _, n := range c.Nodes {
		text.WriteString(n.KnownHosts())
	}
	return text.String()
}

// ProviderEnv is the environment that configures the provider for this cluster.
func (c *Cluster) ProviderEnv() map[string]string {
	return map[string]string{
		"PVESEC_ENDPOINT":        c.API.URL(),
		"PVESEC_API_TOKEN":       c.API.RootToken(),
		"PVESEC_CA_PEM":          c.API.CAPEM(),
		"PVESEC_SSH_USER":        "root",
		"PVESEC_SSH_PORT":        strconv.Itoa(SSHPort),
		"PVESEC_SSH_PRIVATE_KEY": string(c.SSHKeyPEM),
		"PVESEC_SSH_KNOWN_HOSTS": c.KnownHosts(),
	}
}
