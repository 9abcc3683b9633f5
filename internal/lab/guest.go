//go:build linux

package lab

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// guestMemoryMiB is the memory of a node with its own kernel.
const guestMemoryMiB = 256

// guestSSH is where sshd listens on a node with its own kernel, seen from the namespace of the kernel's process.
var guestSSH = netip.MustParseAddrPort(guestAddress + ":22")

// guest is a node with its own kernel. There is no namespace to enter: commands go through its sshd, past the link.
type guest struct {
	*process
	login *ssh.ClientConfig

	mu     sync.Mutex
	client *ssh.Client // the connection that commands share; making one takes a second
}

// bootGuest starts the node's own kernel on its disk.
func (n *Node) bootGuest() (machine, error) {
	ctx := context.Background() // everything is in the cache by now
	kernel, err := buildKernel(ctx, nil)
	if err != nil {
		return nil, err
	}
	image, err := buildImage(ctx, n.Suite, nil)
	if err != nil {
		return nil, err
	}
	err = n.lab.spawner.do(func() error { return remakeLayers(filepath.Join(n.disk(), "kernel")) })
	if err != nil {
		return nil, err
	}
	p, err := startProcess(n.lab.spawner, roleGuest, guestConfig{
		Name: n.Name, MachineID: n.identity.machineID, Kernel: kernel, Image: image,
		Disk: n.disk(), MemoryMiB: guestMemoryMiB,
	}, "")
	if err != nil {
		return nil, err
	}
	login, err := n.identity.login(n.lab.key)
	if err != nil {
		p.kill()
		return nil, err
	}
	return &guest{process: p, login: login}, nil
}

func (g *guest) dial(ctx context.Context) (net.Conn, error) { return dialIn(ctx, g.netns, guestSSH) }

func (g *guest) exec(ctx context.Context, stdin string, argv []string) (stdout, stderr string, err error) {
	session, err := g.session(ctx)
	if err != nil {
		return "", "", err
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { session.Close() })
	defer stop()
	var out, errOut bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(stdin), &out, &errOut
	err = session.Run(quote(argv))
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out.String(), errOut.String(), err
}

// session opens a session on the shared connection, which is made anew when it has gone.
func (g *guest) session(ctx context.Context) (*ssh.Session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.client != nil {
		if session, err := g.client.NewSession(); err == nil {
			return session, nil
		}
		g.client.Close()
		g.client = nil
	}
	conn, err := g.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	transport, channels, requests, err := ssh.NewClientConn(conn, guestSSH.String(), g.login)
	if err != nil {
		conn.Close()
		return nil, err
	}
	g.client = ssh.NewClient(transport, channels, requests)
	return g.client.NewSession()
}

func (g *guest) kill() {
	g.process.kill()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.client != nil {
		g.client.Close()
		g.client = nil
	}
}

// quote renders a command for the login shell of the node (POSIX shell, 2.2.2 Single-Quotes).
func quote(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}
