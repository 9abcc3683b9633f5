package proxmox

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testTokenID = "tf@pve!ci"
	testSecret  = "5b6a1d0e-71f6-4c5e-9a55-0f8d2b1c7e42"
	testToken   = testTokenID + "=" + testSecret
)

// answer is one raw HTTP answer, with the reason phrase that net/http's own
// server cannot send. The zero value closes the connection without an answer.
type answer struct {
	status int
	reason string
	body   string
}

// seen is what a fake server received.
type seen struct {
	method, target, body string
	header               http.Header
}

// fake is a TLS server that answers as its script says.
type fake struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

// newFake serves script, which gets the number of the request from 0 on.
func newFake(tb testing.TB, script func(n int, r *http.Request) answer) *fake {
	tb.Helper()
	f := &fake{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		n := len(f.seen)
		f.seen = append(f.seen, seen{r.Method, r.RequestURI, string(body), r.Header})
		f.mu.Unlock()
		a := script(n, r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			tb.Errorf("hijack: %v", err)
			return
		}
		defer func() { _ = conn.Close() }()
		if a.status != 0 {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
				a.status, a.reason, len(a.body), a.body)
		}
	}))
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.StartTLS()
	tb.Cleanup(f.Close)
	return f
}

// always answers every request alike.
func always(a answer) func(int, *http.Request) answer {
	return func(int, *http.Request) answer { return a }
}

func (f *fake) requests() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]seen(nil), f.seen...)
}

func (f *fake) caPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
}

// client connects to the fake and does not wait between attempts.
func (f *fake) client(tb testing.TB) *Client {
	tb.Helper()
	return newTestClient(tb, Config{Endpoint: f.URL, APIToken: testToken, CAPEM: f.caPEM()})
}

func newTestClient(tb testing.TB, cfg Config) *Client {
	tb.Helper()
	c, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c
}

// pveError is the answer of PVE to a call that died in its code.
func pveError(status int, text string) answer {
	message, err := json.Marshal(text + "\n")
	if err != nil {
		panic(err)
	}
	reason, _, _ := strings.Cut(text, "\n")
	return answer{status, reason, fmt.Sprintf(`{"data":null,"message":%s}`, message)}
}

var done = answer{200, "OK", `{"data":null}`}
