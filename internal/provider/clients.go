package provider

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// clients is what the resources of one run share: one API client with its lists, and one SSH connection per node. Nothing is dialled
// before a resource needs it.
type clients struct {
	settings settings
	pve      *proxmox.Client
	pool     *node.Pool

	discovery struct {
		sync.Mutex
		targets []node.Target
	}
	// read are the sudoers policies that were refreshed in this run. Terraform plans once more while it applies, in a run without refreshing: what
	// a plan warns of is said only where the policy was.
	read sync.Map
}

// refreshed tells whether a sudoers policy was.
func (c *clients) refreshed(policy string) bool {
	if c == nil {
		return false
	}
	_, was := c.read.Load(policy)
	return was
}

// noteRefreshed notes that a sudoers policy was refreshed in this run.
func (c *clients) noteRefreshed(policy string) { c.read.Store(policy, true) }

// errUnknownSettings tells that the provider block depends on values which Terraform learns only while applying.
var errUnknownSettings = errors.New("the provider's configuration is not known yet")

// errNotConfigured tells that the provider block lacks what a resource needs.
type errNotConfigured struct{ missing, remedy string }

func (e *errNotConfigured) Error() string {
	return fmt.Sprintf("the provider has no %s. %s", e.missing, e.remedy)
}

func newClients(s settings, version string) (*clients, []configProblem) {
	c := &clients{settings: s}
	if len(s.unknown) > 0 {
		return c, nil
	}
	var problems []configProblem
	if s.pve.Endpoint != "" {
		s.pve.UserAgent = "terraform-provider-pvesec/" + version
		pve, err := proxmox.New(s.pve)
		if err != nil {
			problems = append(problems, pveConfigProblem(err))
		}
		c.pve = pve
	}
	if s.reachesNodes() {
		pool, err := node.NewPool(s.ssh)
		if err != nil {
			problems = append(problems, sshConfigProblem(err))
		}
		c.pool = pool
	}
	return c, problems
}

func pveConfigProblem(err error) configProblem {
	problem := configProblem{path: path.Root("endpoint"), summary: "PVE API configuration is not usable", detail: err.Error()}
	var config *proxmox.ConfigError
	if errors.As(err, &config) {
		problem.path = attributePath(config.Field)
		problem.detail = config.Err.Error()
	}
	return problem
}

func sshConfigProblem(err error) configProblem {
	problem := configProblem{path: path.Root("ssh"), summary: "SSH configuration is not usable", detail: err.Error()}
	var config *node.ConfigError
	if errors.As(err, &config) {
		problem.path = sshFieldPath(config.Field)
		problem.detail = config.Err.Error()
	}
	return problem
}

// sshFieldPath is the path of a field of node.Config, such as "private_key" or "jump_hosts.0.address".
func sshFieldPath(dotted string) path.Path {
	at := path.Root("ssh")
	for _, step := range strings.Split(dotted, ".") {
		if index, err := strconv.Atoi(step); err == nil {
			at = at.AtListIndex(index)
		} else {
			at = at.AtName(step)
		}
	}
	return at
}

// attributePath turns "tls.ca_pem" into a path.
func attributePath(dotted string) path.Path {
	steps := strings.Split(dotted, ".")
	at := path.Root(steps[0])
	for _, step := range steps[1:] {
		at = at.AtName(step)
	}
	return at
}

// PVE is the API client, or an error that says what to configure.
func (c *clients) PVE() (*proxmox.Client, error) {
	switch {
	case c.pve != nil:
		return c.pve, nil
	case len(c.settings.unknown) > 0:
		return nil, errUnknownSettings
	}
	return nil, &errNotConfigured{
		missing: "PVE API endpoint",
		remedy: "Set the provider's endpoint and api_token, or the environment variables PVESEC_ENDPOINT and PVESEC_API_TOKEN " +
			"(the token as USER@REALM!TOKENID=SECRET).",
	}
}

// Nodes is the access to the nodes, or an error that says what to configure.
func (c *clients) Nodes() (hardening.Nodes, error) {
	switch {
	case c.pool != nil:
		return c.pool, nil
	case len(c.settings.unknown) > 0:
		return nil, errUnknownSettings
	}
	return nil, &errNotConfigured{
		missing: "SSH private key",
		remedy: "Set the provider's ssh.private_key, or the environment variable PVESEC_SSH_PRIVATE_KEY, to the content of a private key that the nodes accept " +
			"(ssh.agent_socket and ssh.password are the other ways to log in), and ssh.known_hosts (PVESEC_SSH_KNOWN_HOSTS) to their host keys.",
	}
}

// Targets are the nodes of these names in order of name, all nodes when names is nil.
func (c *clients) Targets(ctx context.Context, names []string) ([]node.Target, error) {
	all, err := c.allTargets(ctx)
	if err != nil || names == nil {
		return all, err
	}
	byName := map[string]node.Target{}
	for _, target := range all {
		byName[target.Name] = target
	}
	targets := make([]node.Target, 0, len(names))
	for _, name := range names {
		target, ok := byName[name]
		if !ok {
			return nil, &errNoSuchNode{name: name, known: targetNames(all), configured: len(c.settings.nodes) > 0}
		}
		targets = append(targets, target)
	}
	sort.Slice(targets, func(i, j int) bool { return targets[i].Name < targets[j].Name })
	return targets, nil
}

// errNoSuchNode tells that neither the provider block nor the cluster has a node of that name.
type errNoSuchNode struct {
	name       string
	known      []string
	configured bool
}

func (e *errNoSuchNode) Error() string {
	source := "the cluster has"
	if e.configured {
		source = "the provider names"
	}
	return fmt.Sprintf("there is no node %q; %s: %s", e.name, source, strings.Join(e.known, ", "))
}

func (c *clients) allTargets(ctx context.Context) ([]node.Target, error) {
	if len(c.settings.unknown) > 0 {
		return nil, errUnknownSettings
	}
	if len(c.settings.nodes) > 0 {
		return c.settings.nodes, nil
	}
	c.discovery.Lock()
	defer c.discovery.Unlock()
	if c.discovery.targets != nil {
		return c.discovery.targets, nil
	}
	targets, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	c.discovery.targets = targets
	return targets, nil
}

// discover asks the cluster for its nodes. An address is taken as PVE gives it and never guessed.
func (c *clients) discover(ctx context.Context) ([]node.Target, error) {
	pve, err := c.PVE()
	if err != nil {
		var missing *errNotConfigured
		if errors.As(err, &missing) {
			return nil, &errNotConfigured{
				missing: "nodes",
				remedy:  "Set the provider's nodes (name and address of each), or its endpoint and api_token so that the cluster can be asked for them.",
			}
		}
		return nil, err
	}
	members, err := pve.ClusterNodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("the cluster could not be asked for its nodes: %w", err)
	}
	targets := make([]node.Target, 0, len(members))
	for _, member := range members {
		if member.Address == "" {
			return nil, fmt.Errorf("PVE gives no address for node %q; set the provider's nodes to say where each node is reached", member.Name)
		}
		targets = append(targets, node.Target{Name: member.Name, Address: member.Address, Port: c.settings.sshPort})
	}
	sort.Slice(targets, func(i, j int) bool { return targets[i].Name < targets[j].Name })
	return targets, nil
}

func targetNames(targets []node.Target) []string {
	names := make([]string, len(targets))
	for i, target := range targets {
		names[i] = target.Name
	}
	return names
}
