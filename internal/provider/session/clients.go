package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// Clients is what the resources of one run share: one API client with its lists, and one SSH connection per node.
// Nothing is dialled before a resource needs it.
type Clients struct {
	settings Settings
	pve      *proxmox.Client
	pool     *node.Pool

	claims claims

	discovery struct {
		sync.Mutex
		targets []node.Target
	}
	holdings Holdings
}

// Holdings are the objects that the states of this run hold.
func (c *Clients) Holdings() *Holdings { return &c.holdings }

// Now is the time, by which acceptances end.
func (c *Clients) Now() time.Time {
	if c == nil || c.settings.Now == nil {
		return time.Now()
	}
	return c.settings.Now()
}

// DefaultBreakGlassMax is how long an emergency access may be open where the provider block does not say.
const DefaultBreakGlassMax = 8 * time.Hour

// MostBreakGlass is the highest limit that a provider block may set.
const MostBreakGlass = hardening.MostEmergency

// BreakGlassMax is the longest time that an emergency access may be open. A limit that is not known yet holds nothing
// back: Terraform plans again when it is.
func (c *Clients) BreakGlassMax() time.Duration {
	if c != nil && slices.Contains(c.settings.Unknown, "break_glass_max_duration") {
		return MostBreakGlass
	}
	if c == nil || c.settings.BreakGlassMax == 0 {
		return DefaultBreakGlassMax
	}
	return c.settings.BreakGlassMax
}

// ErrUnknownSettings tells that the provider block depends on values which Terraform learns only while applying.
var ErrUnknownSettings = errors.New("the provider's configuration is not known yet")

// errNotConfigured tells that the provider block lacks what a resource needs.
type errNotConfigured struct{ missing, remedy string }

func (e *errNotConfigured) Error() string {
	return fmt.Sprintf("the provider has no %s. %s", e.missing, e.remedy)
}

// NewClients makes the clients that settings ask for, and dials nothing. What cannot be used is named at its attribute.
func NewClients(s Settings, version string) (*Clients, []ConfigProblem) {
	c := &Clients{settings: s}
	if len(s.Unknown) > 0 {
		return c, nil
	}
	var problems []ConfigProblem
	if s.PVE.Endpoint != "" {
		s.PVE.UserAgent = "terraform-provider-pvesec/" + version
		pve, err := proxmox.New(s.PVE)
		if err != nil {
			problems = append(problems, pveConfigProblem(err))
		}
		c.pve = pve
	}
	if s.ReachesNodes() {
		pool, err := node.NewPool(s.SSH)
		if err != nil {
			problems = append(problems, sshConfigProblem(err))
		}
		c.pool = pool
	}
	return c, problems
}

func pveConfigProblem(err error) ConfigProblem {
	problem := ConfigProblem{Path: path.Root("endpoint"), Summary: "Invalid PVE API configuration", Detail: err.Error()}
	var config *proxmox.ConfigError
	if errors.As(err, &config) {
		problem.Path = attributePath(config.Field)
		problem.Detail = config.Err.Error()
	}
	return problem
}

func sshConfigProblem(err error) ConfigProblem {
	problem := ConfigProblem{Path: path.Root("ssh"), Summary: "Invalid SSH configuration", Detail: err.Error()}
	var config *node.ConfigError
	if errors.As(err, &config) {
		problem.Path = SSHFieldPath(config.Field)
		problem.Detail = config.Err.Error()
	}
	return problem
}

// SSHFieldPath is the path of a field of node.Config, such as "private_key" or "jump_host.0.address".
func SSHFieldPath(dotted string) path.Path {
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
func (c *Clients) PVE() (*proxmox.Client, error) {
	switch {
	case c.pve != nil:
		return c.pve, nil
	case len(c.settings.Unknown) > 0:
		return nil, ErrUnknownSettings
	}
	return nil, &errNotConfigured{
		missing: "PVE API endpoint",
		remedy: "Set the provider's endpoint and api_token, or the environment variables PVESEC_ENDPOINT and PVESEC_API_TOKEN " +
			"(the token as USER@REALM!TOKENID=SECRET).",
	}
}

// limited are nodes that know the provider's limit of emergency accesses.
type limited struct {
	*node.Pool
	longest time.Duration
}

// LongestEmergency is that limit.
func (l limited) LongestEmergency() time.Duration { return l.longest }

// Nodes is the access to the nodes, or an error that says what to configure.
func (c *Clients) Nodes() (hardening.Nodes, error) {
	switch {
	case c.pool != nil:
		return limited{c.pool, c.BreakGlassMax()}, nil
	case len(c.settings.Unknown) > 0:
		return nil, ErrUnknownSettings
	}
	return nil, &errNotConfigured{
		missing: "SSH private key",
		remedy: "Set the provider's ssh.private_key, or the environment variable PVESEC_SSH_PRIVATE_KEY, to the content of a private key that the nodes accept " +
			"(ssh.agent_socket and ssh.password are the other ways to log in), and ssh.known_hosts (PVESEC_SSH_KNOWN_HOSTS) to their host keys.",
	}
}

// Targets are the nodes of these names in order of name, all nodes when names is nil.
func (c *Clients) Targets(ctx context.Context, names []string) ([]node.Target, error) {
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
			return nil, &errNoSuchNode{name: name, known: TargetNames(all), configured: len(c.settings.Nodes) > 0}
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

func (c *Clients) allTargets(ctx context.Context) ([]node.Target, error) {
	if len(c.settings.Unknown) > 0 {
		return nil, ErrUnknownSettings
	}
	if len(c.settings.Nodes) > 0 {
		return c.settings.Nodes, nil
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
func (c *Clients) discover(ctx context.Context) ([]node.Target, error) {
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
		targets = append(targets, node.Target{Name: member.Name, Address: member.Address, Port: c.settings.SSHPort})
	}
	sort.Slice(targets, func(i, j int) bool { return targets[i].Name < targets[j].Name })
	return targets, nil
}

// TargetNames are the names of nodes, in their order.
func TargetNames(targets []node.Target) []string {
	names := make([]string, len(targets))
	for i, target := range targets {
		names[i] = target.Name
	}
	return names
}

// TypeName is the provider's name, the prefix of all its resource types.
const TypeName = "pvesec"

// ConfigProblem is something wrong with the provider block, at the attribute that is to be changed.
type ConfigProblem struct {
	Path            path.Path
	Summary, Detail string
}

// Settings is the provider block with the environment filled in.
type Settings struct {
	PVE     proxmox.Config
	SSH     node.Config
	SSHPort int
	// Nodes are the configured nodes in order of their names; none means that the API is asked.
	Nodes []node.Target
	// Unknown lists attributes whose value Terraform does not know yet. What depends on them can't be asked while
	// planning.
	Unknown []string
	// BreakGlassMax is the longest time that an emergency access may be open; 0 for [DefaultBreakGlassMax].
	BreakGlassMax time.Duration
	// Now tells the time; nil for the clock.
	Now func() time.Time
}

// ReachesNodes tells whether there is any way to log in.
func (s Settings) ReachesNodes() bool {
	return len(s.SSH.PrivateKey) > 0 || len(s.SSH.Password) > 0 || s.SSH.AgentSocket != ""
}
