//go:build linux

package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// flow is one connection over a Link: a client on the caller's side, sshd on the node's.
type flow struct {
	link   *Link
	client *net.TCPConn

	mu    sync.Mutex
	node  *net.TCPConn // nil until dialled
	dead  chan struct{}
	ended bool
}

// chunk is data on its way, to be delivered not before due. An empty chunk is the end of the stream.
type chunk struct {
	data []byte
	due  time.Time
}

// window is how many chunks of chunkSize may be under way in one direction: enough for a session, small enough that the
// sender feels a cut.
const (
	window    = 64
	chunkSize = 16 << 10
)

// run carries the connection until both directions have ended or one failed.
func (f *flow) run() {
	defer f.forget()
	oneWay, ok := f.link.passable(f)
	if !ok || !f.sleep(2*oneWay) { // the handshake of TCP takes one round trip
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	conn, err := f.link.dial(ctx)
	if err != nil {
		if _, ok := f.link.passable(f); ok { // a node that lost its power meanwhile does not refuse, it is silent
			f.reset()
		}
		return
	}
	if !f.attach(conn.(*net.TCPConn)) { //nolint:errcheck // links dial TCP only
		return
	}
	var both sync.WaitGroup
	both.Go(func() { f.pump(f.node, f.client) })
	both.Go(func() { f.pump(f.client, f.node) })
	both.Wait()
	f.client.Close()
	f.node.Close()
}

// attach records the node's side; false when the flow was reset while it was dialled.
func (f *flow) attach(conn *net.TCPConn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		abort(conn)
		return false
	}
	f.node = conn
	return true
}

// pump copies one direction through the link's faults. A closed stream is passed on as such, an error as a reset.
func (f *flow) pump(to, from *net.TCPConn) {
	chunks := make(chan chunk, window)
	var writer sync.WaitGroup
	writer.Go(func() { f.deliver(to, chunks) })
	defer writer.Wait()
	defer close(chunks)
	for {
		buffer := make([]byte, chunkSize)
		n, err := from.Read(buffer)
		oneWay, ok := f.link.passable(f)
		if !ok {
			return
		}
		if n > 0 && !f.queue(chunks, chunk{buffer[:n], time.Now().Add(oneWay)}) {
			return
		}
		if errors.Is(err, io.EOF) {
			f.queue(chunks, chunk{due: time.Now().Add(oneWay)})
			return
		}
		if err != nil {
			f.reset()
			return
		}
	}
}

// queue puts a chunk on its way; false when the flow died meanwhile.
func (f *flow) queue(chunks chan<- chunk, c chunk) bool {
	select {
	case chunks <- c:
		return true
	case <-f.dead:
		return false
	}
}

// deliver writes the chunks when they are due and the link is passable.
func (f *flow) deliver(to *net.TCPConn, chunks <-chan chunk) {
	for c := range chunks {
		if !f.sleep(time.Until(c.due)) {
			return
		}
		if _, ok := f.link.passable(f); !ok {
			return
		}
		if len(c.data) == 0 {
			_ = to.CloseWrite()
			return
		}
		if _, err := to.Write(c.data); err != nil {
			f.reset()
			return
		}
	}
}

// sleep waits for d; false when the flow died meanwhile.
func (f *flow) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.dead:
		return false
	}
}

// reset ends the flow with a TCP reset on both sides.
func (f *flow) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return
	}
	f.ended = true
	close(f.dead)
	abort(f.client)
	if f.node != nil {
		abort(f.node)
	}
}

// forget takes the flow off the link's books.
func (f *flow) forget() {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	delete(f.link.flows, f)
}

// abort closes a connection with a reset instead of an orderly end: socket(7), SO_LINGER with a timeout of zero.
func abort(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	conn.Close()
}
