package nodetest

import (
	"io"
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"
)

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		drop := s.dropped < s.options.DropConnections
		if drop {
			s.dropped++
		} else {
			s.conns[c] = true
		}
		s.mu.Unlock()
		if drop {
			_, _ = io.WriteString(c, s.options.Preface)
			c.Close()
			continue
		}
		s.wg.Go(func() {
			s.serve(c)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	conn, chans, reqs, err := ssh.NewServerConn(c, s.config())
	if err != nil {
		return
	}
	s.mu.Lock()
	s.handshakes++
	s.mu.Unlock()
	go ssh.DiscardRequests(reqs)
	var open sync.WaitGroup
	var mu sync.Mutex
	here := 0
	for n := range chans {
		if n.ChannelType() == "direct-tcpip" && s.options.Forward {
			open.Go(func() { s.forward(n) })
			continue
		}
		mu.Lock()
		full := s.options.MaxSessions != 0 && here >= s.options.MaxSessions
		if !full {
			here++
		}
		mu.Unlock()
		if n.ChannelType() != "session" || full {
			_ = n.Reject(ssh.Prohibited, "open failed")
			continue
		}
		ch, chReqs, err := n.Accept()
		if err != nil {
			continue
		}
		open.Go(func() {
			s.session(ch, chReqs)
			mu.Lock()
			here--
			mu.Unlock()
		})
	}
	open.Wait()
	conn.Close()
}

// forward connects to where a client asks for, RFC 4254 section 7.2.
func (s *Server) forward(n ssh.NewChannel) {
	var to struct {
		Host string
		Port uint32
		From string
		At   uint32
	}
	if ssh.Unmarshal(n.ExtraData(), &to) != nil {
		_ = n.Reject(ssh.UnknownChannelType, "malformed")
		return
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	s.mu.Lock()
	s.forwarded = append(s.forwarded, address)
	s.mu.Unlock()
	far, err := net.Dial("tcp", address)
	if err != nil {
		_ = n.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, reqs, err := n.Accept()
	if err != nil {
		far.Close()
		return
	}
	go ssh.DiscardRequests(reqs)
	go func() {
		_, _ = io.Copy(far, ch)
		far.Close()
	}()
	_, _ = io.Copy(ch, far)
	ch.Close()
	far.Close()
}

// Forwarded lists where the server connected to as a jump host, in order.
func (s *Server) Forwarded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.forwarded...)
}
