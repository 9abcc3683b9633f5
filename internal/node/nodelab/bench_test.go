//go:build linux

package nodelab_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// A meter is a relay that counts the bytes of both directions.
type meter struct {
	target node.Target
	bytes  atomic.Int64
}

// newMeter relays to a node.
func newMeter(b *testing.B, n *lab.Node) *meter {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		b.Fatalf("listening at %v", l.Addr())
	}
	m := &meter{target: node.Target{Name: n.Name, Address: at.IP.String(), Port: at.Port}}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", net.JoinHostPort(n.Address, fmt.Sprint(n.Port)))
			if err != nil {
				near.Close()
				continue
			}
			relay := func(to, from net.Conn) {
				_, _ = io.Copy(to, io.TeeReader(from, m)) // it ends with the connection
				to.Close()
			}
			go relay(near, far)
			go relay(far, near)
		}
	}()
	return m
}

func (m *meter) Write(b []byte) (int, error) {
	m.bytes.Add(int64(len(b)))
	return len(b), nil
}

// BenchmarkRoundTrips tells for each thing that pvesec does on a node how many bytes travel and how many round trips it
// waits for: what a second of delay adds, by the second.
func BenchmarkRoundTrips(b *testing.B) {
	c := lab.ForTest(b, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve9", Suite: lab.Trixie}}})
	n := c.Nodes[0]
	m := newMeter(b, n)
	const rtt = 400 * time.Millisecond
	version := 0
	query := node.Query{Files: []string{"/etc/sudoers"}, Trees: []string{"/etc/sudoers.d"}, Services: []string{"rsyslog"}, Accounts: []string{"root"}}
	read := func(p *node.Pool) error {
		_, err := p.Observe(b.Context(), m.target, query)
		return err
	}
	apply := func(p *node.Pool) error {
		version++
		return p.Apply(b.Context(), []node.Change{{Target: m.target, Files: []node.File{policy(fmt.Sprintf("# %d\n", version))}}}, nil)
	}
	for _, c1 := range []struct {
		name      string
		connected bool
		do        func(p *node.Pool) error
	}{{"login_and_read", false, read}, {"read", true, read}, {"apply", true, apply}} {
		b.Run(c1.name, func(b *testing.B) {
			measure := func(delay time.Duration) (took time.Duration, bytes int64) {
				n.Link().Delay(delay)
				defer n.Link().Delay(0)
				p, err := node.NewPool(node.Config{PrivateKey: c.SSHKeyPEM, Fingerprints: map[string][]string{n.Name: {n.HostKeyFingerprint("ed25519")}}})
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				if c1.connected {
					if err := read(p); err != nil {
						b.Fatal(err)
					}
				}
				begin, before := time.Now(), m.bytes.Load()
				if err := c1.do(p); err != nil {
					b.Fatal(err)
				}
				return time.Since(begin), m.bytes.Load() - before
			}
			for b.Loop() {
				near, bytes := measure(0)
				far, _ := measure(rtt)
				b.ReportMetric(float64(far-near)/float64(rtt), "round_trips")
				b.ReportMetric(float64(bytes), "bytes")
			}
		})
	}
}
