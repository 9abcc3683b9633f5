//go:build linux

package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// isTimeout reports whether an operation ended because of its deadline: nothing came, and nothing broke.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// soon is how long a test looks at a connection that has to stand still.
const soon = 100 * time.Millisecond

// echoLink is a link to a service that greets and then returns every line.
func echoLink(t *testing.T) *Link {
	t.Helper()
	service, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := service.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, "hello\n")
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	l, err := newLink(func(ctx context.Context) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", service.Addr().String())
	})
	if err != nil {
		t.Fatal(err)
	}
	l.power(true)
	t.Cleanup(func() {
		l.close()
		service.Close()
	})
	return l
}

// connectTo opens a connection through the link.
func connectTo(t *testing.T, l *Link) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", l.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn) //nolint:errcheck // dialled as TCP
}

// hear expects a line.
func hear(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	if got, err := greeting(conn, patience); err != nil || got != want {
		t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

// silent expects nothing to arrive and nothing to break.
func silent(t *testing.T, conn net.Conn) {
	t.Helper()
	if line, err := greeting(conn, soon); !isTimeout(err) {
		t.Fatalf("heard %q, %v; want silence", line, err)
	}
}

func TestLinkCut(t *testing.T) {
	t.Parallel()
	l := echoLink(t)
	old := connectTo(t, l)
	hear(t, old, "hello\n")
	l.Cut()
	if _, err := io.WriteString(old, "ping\n"); err != nil {
		t.Fatal(err)
	}
	silent(t, old)
	fresh := connectTo(t, l)
	silent(t, fresh)
	l.Heal()
	hear(t, old, "ping\n")
	hear(t, fresh, "hello\n")
}

func TestLinkReset(t *testing.T) {
	t.Parallel()
	l := echoLink(t)
	old := connectTo(t, l)
	hear(t, old, "hello\n")
	l.Reset()
	if _, err := greeting(old, patience); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("an established connection: %v", err)
	}
	hear(t, connectTo(t, l), "hello\n")
}

func TestLinkRefuse(t *testing.T) {
	t.Parallel()
	l := echoLink(t)
	old := connectTo(t, l)
	hear(t, old, "hello\n")
	l.Refuse()
	// The reset may come while dialling still looks whether it has succeeded.
	fresh, err := net.Dial("tcp", l.listener.Addr().String())
	if err == nil {
		t.Cleanup(func() { _ = fresh.Close() })
		_, err = greeting(fresh, patience)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a new connection: %v", err)
	}
	_, _ = io.WriteString(old, "still here\n")
	hear(t, old, "still here\n")
	l.Heal()
	hear(t, connectTo(t, l), "hello\n")
}

// TestLinkDelay measures against a lower bound only: a busy machine makes things later, never earlier.
func TestLinkDelay(t *testing.T) {
	t.Parallel()
	const rtt = 60 * time.Millisecond
	l := echoLink(t)
	l.Delay(rtt)
	begin := time.Now()
	conn := connectTo(t, l)
	hear(t, conn, "hello\n")
	if took := time.Since(begin); took < rtt+rtt/2 { // the handshake, and one way for the greeting
		t.Errorf("the greeting took %v, less than it must", took)
	}
	begin = time.Now()
	_, _ = io.WriteString(conn, "ping\n")
	hear(t, conn, "ping\n")
	if took := time.Since(begin); took < rtt {
		t.Errorf("there and back took %v, less than %v", took, rtt)
	}
}

func TestLinkCarriesBulkAndHalfClose(t *testing.T) {
	t.Parallel()
	l := echoLink(t)
	conn := connectTo(t, l)
	sent := strings.Repeat("0123456789abcdef", 1<<16)
	go func() {
		_, _ = io.WriteString(conn, sent)
		_ = conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != "hello\n"+sent {
		t.Errorf("%d of %d bytes came back, %v", len(got)-len("hello\n"), len(sent), err)
	}
}

func TestLinkWithoutPower(t *testing.T) {
	t.Parallel()
	l := echoLink(t)
	old := connectTo(t, l)
	hear(t, old, "hello\n")
	l.power(false)
	silent(t, old)
	fresh := connectTo(t, l)
	silent(t, fresh)
	l.power(true)
	for name, conn := range map[string]net.Conn{"established": old, "waiting": fresh} {
		if _, err := greeting(conn, patience); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the %s connection: %v, want a reset by a machine that does not know it", name, err)
		}
	}
	hear(t, connectTo(t, l), "hello\n")
}
