//go:build linux

package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// SSHPort is the TCP port on which a node's sshd is reached, on the address of its Link.
const SSHPort = 2222

// dialTimeout bounds how long the relay waits for a node's sshd to accept a connection.
const dialTimeout = 10 * time.Second

// Link is the only way to a node over the network: a relay between an address in 127.77.0.0/16 of the caller's network
// namespace and the node's sshd. It injects the faults a network has. All methods may be called at any time from any
// goroutine.
type Link struct {
	listener *net.TCPListener
	address  netip.Addr
	dial     func(context.Context) (net.Conn, error) // connects to sshd inside the node; fails while the node is off

	mu      sync.Mutex
	cond    chan struct{} // closed and replaced whenever a field below changes
	cut     bool          // by Cut
	off     bool          // the node has no power
	refuse  bool
	oneWay  time.Duration
	closed  bool
	flows   map[*flow]struct{}
	pending sync.WaitGroup
}

// newLink reserves an address and starts listening. The kernel arbitrates between labs: an address is taken when
// binding to it succeeds.
func newLink(dial func(context.Context) (net.Conn, error)) (*Link, error) {
	const hosts = 1 << 16
	first := rand.IntN(hosts)
	var lastErr error
	for i := range hosts {
		n := (first + i) % hosts
		if low := n & 0xff; low == 0 || low == 0xff {
			continue
		}
		address := netip.AddrFrom4([4]byte{127, 77, byte(n >> 8), byte(n)})
		listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, SSHPort)))
		if err != nil {
			lastErr = err
			continue
		}
		l := &Link{listener: listener, address: address, dial: dial, cond: make(chan struct{}), off: true, flows: map[*flow]struct{}{}}
		l.pending.Go(l.accept)
		return l, nil
	}
	return nil, fmt.Errorf("no free address in 127.77.0.0/16 on port %d: %w", SSHPort, lastErr)
}

// Cut lets nothing pass any more, without telling either side: established connections stand still, new ones are
// accepted by the relay and never hear from the node. What was sent meanwhile is delivered after Heal, as TCP would.
func (l *Link) Cut() { l.change(func() { l.cut = true }) }

// Refuse answers every new connection with a reset, as a host does on which nothing listens. Established connections go
// on.
func (l *Link) Refuse() { l.change(func() { l.refuse = true }) }

// Heal ends Cut, Refuse and Delay.
func (l *Link) Heal() { l.change(func() { l.cut, l.refuse, l.oneWay = false, false, 0 }) }

// Delay makes every byte, and the establishment of a connection, take rtt for the way there and back; zero removes the
// delay.
func (l *Link) Delay(rtt time.Duration) { l.change(func() { l.oneWay = rtt / 2 }) }

// Reset ends every established connection with a TCP reset on both sides. New connections are not affected.
func (l *Link) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for f := range l.flows {
		f.reset()
	}
}

// Connections is the number of connections that the link holds at the moment.
func (l *Link) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.flows)
}

// power tells the link whether the node runs. Without power nothing answers; with the power's return old connections
// meet a machine that does not know them.
func (l *Link) power(on bool) {
	if on {
		l.Reset()
	}
	l.change(func() { l.off = !on })
}

// close ends the link and every connection over it.
func (l *Link) close() {
	l.change(func() { l.closed = true })
	l.listener.Close()
	l.Reset()
	l.pending.Wait()
}

// change alters the link's condition and wakes everything that waits for a change.
func (l *Link) change(alter func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	alter()
	close(l.cond)
	l.cond = make(chan struct{})
}

// accept takes connections until the listener is closed.
func (l *Link) accept() {
	for {
		conn, err := l.listener.AcceptTCP()
		if err != nil {
			return
		}
		f := &flow{link: l, client: conn, dead: make(chan struct{})}
		l.mu.Lock()
		refused := l.refuse || l.closed
		if !refused {
			l.flows[f] = struct{}{}
		}
		l.mu.Unlock()
		if refused {
			abort(f.client)
			continue
		}
		l.pending.Go(f.run)
	}
}

// passable waits until the link lets traffic pass and returns the delay of one way; false when the flow died meanwhile.
func (l *Link) passable(f *flow) (time.Duration, bool) {
	for {
		l.mu.Lock()
		blocked, oneWay, changed := l.cut || l.off, l.oneWay, l.cond
		l.mu.Unlock()
		if !blocked {
			return oneWay, true
		}
		select {
		case <-changed:
		case <-f.dead:
			return 0, false
		}
	}
}
