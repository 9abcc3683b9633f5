package pvesim

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestHookFaults(t *testing.T) {
	t.Parallel()
	form := url.Values{"groupid": {"ops"}}
	tests := []struct {
		name   string
		fault  Fault
		status string // "" when the connection ends without answer
		effect bool   // whether the group exists afterwards
	}{
		{"none", Fault{}, "200 OK", true},
		{"proxy cannot reach the daemon", Fault{Status: 595, Reason: "Connection refused"}, "595 Connection refused", false},
		{"storm of refusals", Fault{Status: 401, Reason: "No ticket"}, "401 No ticket", false},
		{"dropped before", Fault{DropBefore: true}, "", false},
		{"dropped after the write took effect", Fault{DropAfter: true}, "", true},
		{"delayed", Fault{Delay: time.Millisecond}, "200 OK", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, Options{})
			seen := make(chan Request, 1)
			s.SetHook(func(r Request) Fault { seen <- r; return tt.fault })
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api2/json/access/groups", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "PVEAPIToken="+s.RootToken())
			status := ""
			if resp, err := c.Do(req); err == nil {
				status = resp.Status
				_ = resp.Body.Close()
			}
			if status != tt.status {
				t.Errorf("status %q, want %q", status, tt.status)
			}
			if got := strings.Contains(s.UserCfg(), "group:ops:"); got != tt.effect {
				t.Errorf("group exists: %v, want %v", got, tt.effect)
			}
			if want := (Request{"POST", "/access/groups", "/api2/json/access/groups", rootTokenID}); <-seen != want {
				t.Errorf("the hook did not see %+v", want)
			}
		})
	}
}

func TestHookMayTamper(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	if err := s.AddGroup("ops"); err != nil {
		t.Fatal(err)
	}
	s.SetHook(func(r Request) Fault {
		if r.Method == "PUT" {
			if err := s.DeleteGroup("ops"); err != nil {
				t.Errorf("tampering: %v", err)
			}
		}
		return Fault{}
	})
	status, _ := request(t, c, s, s.RootToken(), "PUT", "/access/groups/ops", url.Values{"comment": {"late"}})
	if want := "500 update group failed: group 'ops' does not exist"; status != want {
		t.Errorf("got %q, want %q", status, want)
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := New(Options{LockTimeout: time.Hour})
	release := s.HoldLock(LockUserCfg)
	done := make(chan error)
	go func() { done <- s.AddGroup("ops") }()
	select {
	case err := <-done:
		t.Fatalf("the write did not wait for the lock: %v", err)
	default:
	}
	release()
	if err := <-done; err != nil {
		t.Errorf("after the lock was free: %v", err)
	}
	if !strings.Contains(s.UserCfg(), "group:ops:") {
		t.Error("the group was not written")
	}
}

// TestConnectionReuse wants reads to share a connection: PVE answers them with
// keep-alive, and only calls that pvedaemon runs end it for Go's client.
func TestConnectionReuse(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	reused := 0
	const calls = 5
	for range calls {
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused += number(info.Reused) }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, s.URL()+"/api2/json/access/roles", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "PVEAPIToken="+s.RootToken())
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if !strings.Contains(string(body), "PVEVMAdmin") {
			t.Fatalf("unexpected body %q", body)
		}
	}
	if reused != calls-1 {
		t.Errorf("%d of %d calls reused a connection, want %d", reused, calls, calls-1)
	}
	want := RequestCount{"GET", "/access/roles", calls}
	if got := s.Requests(); len(got) != 1 || got[0] != want {
		t.Errorf("Requests() = %v, want %v", got, want)
	}
	s.ResetRequests()
	if got := s.Requests(); len(got) != 0 {
		t.Errorf("Requests() after reset = %v", got)
	}
}
