package pvesim

import "time"

// Versions that the simulation speaks.
const (
	Version84 = "8.4"
	Version91 = "9.1"
	Version92 = "9.2"
)

// DefaultAuthDelay is the time that PVE waits before it answers 401, against
// guessing of secrets.
const DefaultAuthDelay = 3 * time.Second

// DefaultLockTimeout is how long PVE tries to take a configuration lock.
const DefaultLockTimeout = 10 * time.Second

// Options describes a simulated cluster.
type Options struct {
	// Version is the PVE release, one of "8.4", "9.1" and "9.2"; "9.1" when empty.
	Version string
	// Nodes are the members of the cluster; one node pve1 when empty.
	Nodes []NodeInfo
	// ClusterName is shown by /cluster/status when there are several nodes; "pvesec"
	// when empty.
	ClusterName string
	// AuthDelay is the wait before a 401: [DefaultAuthDelay] when zero, none when
	// negative.
	AuthDelay time.Duration
	// LockTimeout is the wait for a held configuration lock before the call fails:
	// [DefaultLockTimeout] when zero, none when negative.
	LockTimeout time.Duration
	// Storages are the storages of the cluster; local when nil.
	Storages []string
	// Guests are the ids of the guests, which are on every node.
	Guests []string
	// Mappings are the mappings of directories and devices: dir/NAME and pci/NAME.
	Mappings []string
	// PAMUsers are the accounts of the operating system with their passwords; an
	// account without password cannot log in. root exists always.
	PAMUsers map[string]string
	// Now is the clock for expiry and tickets; [time.Now] when nil.
	Now func() time.Time
	// Logf gets one line per request, without secrets; nothing is logged when nil.
	Logf func(format string, args ...any)
}

// NodeInfo is one node as /nodes and /cluster/status tell it.
type NodeInfo struct {
	Name    string
	Address string
	Online  bool
}

// release is what GET /version answers. The repository id of 9.2 is not recorded
// and made up.
type release struct{ release, version, repoid string }

var releases = map[string]release{
	Version84: {"8.4", "8.4.1", "825b122a3d29aa85"},
	Version91: {"9.1", "9.1.2", "b4cd69554427987c"},
	Version92: {"9.2", "9.2.11", "e6b7dd1e8b1a2f0c"},
}

func (o *Options) setDefaults() {
	if o.Version == "" {
		o.Version = Version91
	}
	if len(o.Nodes) == 0 {
		o.Nodes = []NodeInfo{{Name: "pve1", Address: "192.0.2.10", Online: true}}
	}
	if o.Storages == nil {
		o.Storages = []string{"local"}
	}
	if o.ClusterName == "" {
		o.ClusterName = "pvesec"
	}
	if o.AuthDelay == 0 {
		o.AuthDelay = DefaultAuthDelay
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = DefaultLockTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	users := map[string]string{"root": ""}
	for name, password := range o.PAMUsers {
		users[name] = password
	}
	o.PAMUsers = users
}
