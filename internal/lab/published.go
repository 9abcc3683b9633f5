//go:build linux

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Published is what a running cluster tells other processes of the same machine, root only.
type Published struct {
	ID             string            // the lab's id, which is also part of the names of its control groups
	PID            int               // the process that owns the lab
	Env            map[string]string // Cluster.ProviderEnv
	Nodes          []PublishedNode
	PrivateKeyFile string // the cluster's key, for ssh -i
	KnownHostsFile string
}

// PublishedNode is a node of a published cluster.
type PublishedNode struct {
	Name, Address string
	Port          int
	Suite         Suite
	Kernel        bool
}

// Names of the files that publish a cluster, in its state directory beside clusterFile.
const (
	privateKeyFile = "id"
	knownHostsFile = "known_hosts"
)

// Publish makes the cluster known to FindPublished until it is closed or its process ends.
func (c *Cluster) Publish() error {
	dir := c.lab.state.dir
	p := Published{
		ID: c.lab.state.id, PID: os.Getpid(), Env: c.ProviderEnv(),
		PrivateKeyFile: filepath.Join(dir, privateKeyFile), KnownHostsFile: filepath.Join(dir, knownHostsFile),
	}
	for _, n := range c.Nodes {
		p.Nodes = append(p.Nodes, PublishedNode{n.Name, n.Address, n.Port, n.Suite, n.Kernel})
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(p.PrivateKeyFile, c.SSHKeyPEM, 0o600),
		os.WriteFile(p.KnownHostsFile, []byte(c.KnownHosts()), 0o600),
		os.WriteFile(filepath.Join(dir, clusterFile), text, 0o600))
}

// FindPublished lists the published clusters whose process lives.
func FindPublished() ([]Published, error) {
	alive, _, err := labs(stateRoot())
	if err != nil {
		return nil, err
	}
	var found []Published
	for id := range alive {
		text, err := os.ReadFile(filepath.Join(stateRoot(), id, clusterFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a test's lab, or one that is still starting
		}
		if err != nil {
			return nil, err
		}
		var p Published
		if err := json.Unmarshal(text, &p); err != nil {
			return nil, fmt.Errorf("reading what lab %s has published: %w", id, err)
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b Published) int { return a.PID - b.PID })
	return found, nil
}

// AwaitEnd blocks until the process of a published cluster has given it up.
func (p Published) AwaitEnd() error {
	return awaitUnlocked(filepath.Join(stateRoot(), p.ID, ownerLockFile))
}

// CleanUp removes what labs left behind whose process is gone: directories, control groups with any process in them,
// the raised limit. Running labs are not touched. It returns how many labs run.
func CleanUp() (running int, err error) {
	err = withStateRoot(func(root string) error {
		if err := sweep(root); err != nil {
			return err
		}
		alive, _, err := labs(root)
		running = len(alive)
		return err
	})
	return running, err
}
