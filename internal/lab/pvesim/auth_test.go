package pvesim

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreThoseOfPVE(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	if got := s.refuse("No ticket").wait; got != 3*time.Second {
		t.Errorf("a 401 comes after %v, want 3s", got)
	}
	if got := s.render("json", nil, errLogin).wait; got != 3*time.Second {
		t.Errorf("a refused login comes after %v, want 3s", got)
	}
	if got := s.render("json", nil, &forbiddenError{}).wait; got != 0 {
		t.Errorf("a 403 comes after %v, want at once", got)
	}
	if s.opts.LockTimeout != 10*time.Second || s.Version() != Version91 {
		t.Errorf("lock timeout %v, version %s", s.opts.LockTimeout, s.Version())
	}
}

func TestExpiryFollowsTheClock(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_900_000_000, 0)
	s := New(Options{Now: func() time.Time { return now }})
	if err := s.AddUser("ops@pve", nil); err != nil {
		t.Fatal(err)
	}
	value, err := s.AddToken("ops@pve", "ci", false)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what, want string) {
		t.Helper()
		_, err := s.authenticate("GET", credentials{token: value})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	expire := url.Values{"expire": {strconv.FormatInt(now.Unix()+60, 10)}}
	check("no expiry", "")
	if err := s.ChangeToken("ops@pve", "ci", expire); err != nil {
		t.Fatal(err)
	}
	check("token expires later", "")
	now = now.Add(61 * time.Second)
	check("token has expired", "token 'ci' access expired")
	if err := s.ChangeUser("ops@pve", expire); err != nil {
		t.Fatal(err)
	}
	check("the user's expiry comes first", "user 'ops@pve' access expired")

	ticket, csrf := func() (string, string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ticketLocked(rootUser, now), s.csrfLocked(rootUser, now)
	}()
	if _, err := s.authenticate("PUT", credentials{ticket: ticket, csrf: csrf}); err != nil {
		t.Errorf("new ticket: %v", err)
	}
	stamp, _, _ := strings.Cut(csrf, ":")
	for name, forged := range map[string]string{
		"none":           "",
		"other user's":   func() string { s.mu.Lock(); defer s.mu.Unlock(); return s.csrfLocked("ops@pve", now) }(),
		"fresh, forged":  stamp + ":" + strings.Repeat("A", 43),
		"without digest": stamp,
	} {
		if _, err := s.authenticate("PUT", credentials{ticket: ticket, csrf: forged}); err == nil {
			t.Errorf("CSRF token, %s: accepted", name)
		}
	}
	now = now.Add(ticketLifetime)
	if _, err := s.authenticate("GET", credentials{ticket: ticket}); err == nil {
		t.Error("a ticket of two hours is still good")
	}
}

// TestNoSecretInLogs sends secrets in well-formed and malformed headers.
func TestNoSecretInLogs(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 10)
	s, c := start(t, Options{Logf: func(format string, args ...any) { lines <- fmt.Sprintf(format, args...) }})
	_, secret, _ := strings.Cut(s.RootToken(), "=")
	for _, token := range []string{s.RootToken(), "root@pam!ci:" + secret, secret} {
		request(t, c, s, token, "GET", "/version", nil)
		if line := <-lines; strings.Contains(line, secret) {
			t.Errorf("the log tells a secret: %s", line)
		}
	}
	for _, r := range s.RequestLog() {
		if strings.Contains(r.As+r.Path+r.Target, secret) {
			t.Errorf("the request log tells a secret: %+v", r)
		}
	}
}

// TestSilentFilter: a token without privileges sees empty lists, not refusals.
func TestSilentFilter(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	if err := s.AddUser("ops@pve", nil); err != nil {
		t.Fatal(err)
	}
	value, err := s.AddToken("ops@pve", "ci", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddRole("Look", "Sys.Audit"); err != nil {
		t.Fatal(err)
	}
	if err := s.GrantACL("/access", "ops@pve", "Look", true); err != nil {
		t.Fatal(err)
	}
	length := func() int {
		_, data := request(t, c, s, value, "GET", "/access/users", nil)
		list, ok := data.([]any)
		if !ok {
			t.Fatalf("not a list: %v", data)
		}
		return len(list)
	}
	if got := length(); got != 0 {
		t.Errorf("the token alone has no privilege, and sees %d users", got)
	}
	if err := s.GrantACL("/access", "ops@pve!ci", "Look", true); err != nil {
		t.Fatal(err)
	}
	if got := length(); got != 2 {
		t.Errorf("with Sys.Audit for user and token: %d users, want 2", got)
	}
	if err := s.RevokeACL("/access", "ops@pve", "Look"); err != nil {
		t.Fatal(err)
	}
	if got := length(); got != 0 {
		t.Errorf("without the user's privilege: %d users, want 0", got)
	}
}
