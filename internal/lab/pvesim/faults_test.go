package pvesim

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
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
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		release := s.HoldLock(LockUserCfg)
		done := make(chan error, 1)
		go func() { done <- s.AddGroup("ops") }()
		synctest.Wait()
		if strings.Contains(s.UserCfg(), "group:ops:") {
			t.Error("the write did not wait for the lock")
		}
		release()
		synctest.Wait()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("after the lock was free: %v", err)
			}
		default:
			t.Error("the write did not notice that the lock is free")
		}
		if !strings.Contains(s.UserCfg(), "group:ops:") {
			t.Error("the group was not written")
		}

		release = s.HoldLock(LockUserCfg)
		defer release()
		err := s.AddGroup("late")
		const want = "create group failed: cfs-lock 'file-user_cfg' error: got lock request timeout"
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("a lock that is not given back: got %v, want %q", err, want)
		}
	})
}

func TestOnCall(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	writes := func(r Request) bool { return r.Method != "GET" }
	s.SetHook(OnCall(2, writes, Fault{Status: 595, Reason: "Connection refused"}))
	var got []string
	for _, id := range []string{"a1", "a2", "a3"} {
		request(t, c, s, s.RootToken(), http.MethodGet, "/access/groups", nil)
		status, _ := request(t, c, s, s.RootToken(), http.MethodPost, "/access/groups", url.Values{"groupid": {id}})
		got = append(got, status)
	}
	if want := []string{"200 OK", "595 Connection refused", "200 OK"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
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
