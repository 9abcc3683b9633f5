//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// bootTimeout bounds a boot: a container needs about a second, a node with its own kernel half a minute, both many
// times as long on a machine with too much to do.
const bootTimeout = 5 * time.Minute

// defaultDiskMiB is the size of what a node may write: enough for logs and packages, and soon full when a test wants
// that.
const defaultDiskMiB = 256

// NodeSpec describes a node.
type NodeSpec struct {
	Name        string // host name; "pve1", "pve2", … when empty
	Suite       Suite  // Trixie when empty
	Kernel      bool   // its own kernel (user-mode-linux): auditd works, Kill is a power cut; boots in about half a minute
	WithoutSudo bool   // the package sudo is purged, as on a PVE node nobody has installed it on
	DiskMiB     int    // how much the node may write, in MiB; 256 when zero, fixed for a node with its own kernel
}

// Node is one Debian system. Its methods may be called from any goroutine; those that change whether it runs (Start,
// Kill, Reset) wait for each other.
type Node struct {
	Name    string
	Address string // an address in 127.77.0.0/16 in the caller's network namespace
	Port    int    // SSHPort
	Suite   Suite
	Kernel  bool

	spec     NodeSpec
	lab      *lab
	identity *identity
	link     *Link

	power sync.Mutex // held while the node is being started or stopped

	mu       sync.Mutex
	machine  machine // nil while the node is off
	pristine bool    // nothing has booted from the disk yet
}

// withoutSudo are the packages that NodeSpec.WithoutSudo purges.
var withoutSudo = []string{"sudo"}

// errOff is what using a node without power gives.
var errOff = errors.New("the node is off")

// lab is what the nodes of one cluster share.
type lab struct {
	state   *state
	spawner *spawner
	key     []byte // the cluster's private SSH key, PEM
}

// newNode prepares a node: identity, link, disk. It does not boot it.
func newNode(l *lab, spec NodeSpec, authorizedKey string) (*Node, error) {
	id, err := newIdentity(spec.Name, authorizedKey)
	if err != nil {
		return nil, err
	}
	n := &Node{Name: spec.Name, Port: SSHPort, Suite: spec.Suite, Kernel: spec.Kernel, spec: spec, lab: l, identity: id}
	if n.link, err = newLink(n.dial); err != nil {
		return nil, err
	}
	n.Address = n.link.address.String()
	if err := n.makeDisk(); err != nil {
		n.link.close()
		return nil, err
	}
	return n, nil
}

// Link is the node's connection to the caller's network.
func (n *Node) Link() *Link { return n.link }

// KnownHosts is the node's host keys as lines of a known_hosts file.
func (n *Node) KnownHosts() string { return n.identity.knownHosts(n.Address) }

// HostKeyFingerprint is the SHA-256 fingerprint of a host key as ssh-keygen prints it. algorithm is "ed25519" or
// "ecdsa".
func (n *Node) HostKeyFingerprint(algorithm string) string { return n.identity.fingerprint(algorithm) }

// Console is the end of what the node has printed on its console since it was last started.
func (n *Node) Console() string {
	m, err := n.running()
	if err != nil {
		return ""
	}
	return m.console()
}

// running returns the machine, or an error while there is none.
func (n *Node) running() (machine, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.machine == nil {
		return nil, fmt.Errorf("%s: %w", n.Name, errOff)
	}
	return n.machine, nil
}

// Running reports whether the node has power.
func (n *Node) Running() bool {
	_, err := n.running()
	return err == nil
}

// dial connects to the node's sshd, past the link.
func (n *Node) dial(ctx context.Context) (net.Conn, error) {
	m, err := n.running()
	if err != nil {
		return nil, err
	}
	return m.dial(ctx)
}

// Start powers the node on and waits until systemd says that everything runs and sshd answers. The disk is as it was
// left. Starting a node that runs does nothing.
func (n *Node) Start(ctx context.Context) error {
	n.power.Lock()
	defer n.power.Unlock()
	return n.start(ctx)
}

func (n *Node) start(ctx context.Context) error {
	if n.Running() {
		return nil
	}
	m, err := n.boot()
	if err != nil {
		return fmt.Errorf("starting %s: %w", n.Name, err)
	}
	n.mu.Lock()
	n.machine = m
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	if err := n.awaitReady(ctx, m); err != nil {
		n.kill()
		return fmt.Errorf("starting %s: %w; the end of its console:\n%s", n.Name, err, m.console())
	}
	n.mu.Lock()
	n.pristine = false
	n.mu.Unlock()
	n.link.power(true)
	return nil
}

// awaitReady waits for the end of the boot. The first boot also removes what the node must not have.
func (n *Node) awaitReady(ctx context.Context, m machine) error {
	if err := awaitBoot(ctx, m); err != nil {
		return err
	}
	if n.Kernel && n.spec.WithoutSudo && n.isPristine() {
		argv := append([]string{"env", "SUDO_FORCE_REMOVE=yes", "dpkg", "--purge"}, withoutSudo...)
		if _, stderr, err := m.exec(ctx, "", argv); err != nil {
			return fmt.Errorf("purging %v: %w\n%s", withoutSudo, err, stderr)
		}
	}
	return nil
}

// boot starts the machine on the node's disk.
func (n *Node) boot() (machine, error) {
	if n.Kernel {
		return n.bootGuest()
	}
	rootFS, err := cachedRootFS(n.Suite)
	if err != nil {
		return nil, err
	}
	cgroup, err := makeCgroup(n.lab.state.id, n.Name)
	if err != nil {
		return nil, err
	}
	config := containerConfig{Name: n.Name, RootFS: rootFS, Disk: n.disk()}
	if n.isPristine() && n.spec.WithoutSudo {
		config.Purge = withoutSudo
	}
	return startContainer(n.lab.spawner, config, cgroup)
}

// Kill takes the node's power away: every process ends at once, connections stand still. The disk keeps what was
// written to it; a node with its own kernel loses what that kernel had not yet written. Killing a node that is off does
// nothing.
func (n *Node) Kill() {
	n.power.Lock()
	defer n.power.Unlock()
	n.kill()
}

func (n *Node) kill() {
	n.link.power(false)
	n.mu.Lock()
	m := n.machine
	n.machine = nil
	n.mu.Unlock()
	if m != nil {
		m.kill()
	}
}

// Reset makes the node pristine again, with the same name, address and keys: power off, a new disk, power on. The link
// is healed.
func (n *Node) Reset(ctx context.Context) error {
	n.power.Lock()
	defer n.power.Unlock()
	n.kill()
	if err := n.removeDisk(); err != nil {
		return err
	}
	if err := n.makeDisk(); err != nil {
		return err
	}
	n.link.Heal()
	return n.start(ctx)
}

// close ends the node for good.
func (n *Node) close() error {
	n.Kill()
	n.link.close()
	return n.removeDisk()
}

// awaitBoot waits until sshd answers and systemd has finished, or the machine has ended.
func awaitBoot(ctx context.Context, m machine) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-m.exited():
			cancel(errors.New("the system went down while it was starting"))
		case <-ctx.Done():
		}
	}()
	for !greets(ctx, m) {
		if strings.Contains(m.console(), "Kernel panic") { // such a machine stands still instead of ending
			return errors.New("the node's kernel panicked")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sshd does not answer: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return awaitSystemd(ctx, m)
}

// greetingTimeout bounds one attempt to hear from sshd, for a machine that is not yet there does not refuse.
const greetingTimeout = 2 * time.Second

// greets reports whether sshd sends its greeting: RFC 4253, section 4.2.
func greets(ctx context.Context, m machine) bool {
	ctx, cancel := context.WithTimeout(ctx, greetingTimeout)
	defer cancel()
	conn, err := m.dial(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	greeting := make([]byte, len("SSH-2.0"))
	n, err := conn.Read(greeting)
	return err == nil && strings.HasPrefix(string(greeting[:n]), "SSH-2.0")
}
