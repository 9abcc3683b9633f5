package proxmox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEveryFailureIsAnError holds the client to what go-proxmox gets wrong: a
// write that is answered with anything but 2xx has failed.
func TestEveryFailureIsAnError(t *testing.T) {
	t.Parallel()

	for _, status := range []int{300, 302, 400, 401, 403, 404, 409, 418, 429, 500, 501, 502, 503, 504, 506, 595, 596, 599} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()

			f := newFake(t, always(answer{status, "Reason Of PVE", ""}))
			c := f.client(t)
			writes := map[string]func(context.Context) error{
				"POST /access/users": func(ctx context.Context) error {
					return c.createUser(ctx, Principal{UserID: "a@pve"}, "")
				},
				"PUT /access/acl": func(ctx context.Context) error {
					return c.putACL(ctx, holder{user: "a@pve"}, grantBatch{path: "/", roles: []string{"R"}}, false)
				},
				"DELETE /access/users/a@pve": func(ctx context.Context) error { return c.deleteUser(ctx, "a@pve") },
				"GET /version": func(ctx context.Context) error {
					_, err := c.Version(ctx)
					return err
				},
			}
			for name, call := range writes {
				var e *Error
				if err := call(t.Context()); !errors.As(err, &e) {
					t.Errorf("%s: error is %v, want an *Error", name, err)
				} else if e.Status != status || e.Reason != "Reason Of PVE" || e.Method+" "+e.Path != name {
					t.Errorf("%s: error is %+v", name, e)
				}
			}
		})
	}
}

func TestErrorKeepsPVEText(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		answer answer
		want   Error
		text   string
	}{
		"missing privilege": {
			answer: pveError(403, "Permission check failed (/access/groups, Group.Allocate)"),
			want: Error{Status: 403, Reason: "Permission check failed (/access/groups, Group.Allocate)",
				Message: "Permission check failed (/access/groups, Group.Allocate)"},
			text: "DELETE /access/users/a@pve: 403 Permission check failed (/access/groups, Group.Allocate)",
		},
		"cause on the second line": {
			answer: pveError(500, "ACL update failed: 400 Parameter verification failed.\nrole: Cannot add role 'X'"),
			want: Error{Status: 500, Reason: "ACL update failed: 400 Parameter verification failed.",
				Message: "ACL update failed: 400 Parameter verification failed.\nrole: Cannot add role 'X'"},
			text: "DELETE /access/users/a@pve: 500 ACL update failed: 400 Parameter verification failed. role: Cannot add role 'X'",
		},
		"parameters": {
			answer: answer{400, "Parameter verification failed.",
				`{"errors":{"b":"two\n","a":"one"},"message":"Parameter verification failed.\n","data":null}`},
			want: Error{Status: 400, Reason: "Parameter verification failed.", Message: "Parameter verification failed.",
				Params: map[string]string{"a": "one", "b": "two"}},
			text: "DELETE /access/users/a@pve: 400 Parameter verification failed.; a: one; b: two",
		},
		"bad token on 9.1": {
			answer: answer{401, "invalid token value!", ""},
			want:   Error{Status: 401, Reason: "invalid token value!"},
			text:   "DELETE /access/users/a@pve: 401 invalid token value! (the API token is wrong, expired or disabled, or its user is)",
		},
		"page of a proxy": {
			answer: answer{413, "Too Large", "<html>" + testSecret + "</html>"},
			want:   Error{Status: 413, Reason: "Too Large"},
			text:   "DELETE /access/users/a@pve: 413 Too Large",
		},
		"400 without JSON": {
			answer: answer{400, "Bad Request", "bad"},
			want:   Error{Status: 400, Reason: "Bad Request"},
			text:   "DELETE /access/users/a@pve: 400 Bad Request",
		},
		"server echoes the token": {
			answer: pveError(418, "got PVEAPIToken="+testToken+"\x1b[31m"),
			want: Error{Status: 418, Reason: "got PVEAPIToken=" + testTokenID + "=(secret)\\x1b[31m",
				Message: "got PVEAPIToken=" + testTokenID + "=(secret)\\x1b[31m"},
			text: "DELETE /access/users/a@pve: 418 got PVEAPIToken=" + testTokenID + "=(secret)\\x1b[31m",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := newFake(t, always(test.answer)).client(t)
			err := c.deleteUser(t.Context(), "a@pve")
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("error is %v", err)
			}
			test.want.Method, test.want.Path = "DELETE", "/access/users/a@pve"
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got.Error() != test.text {
				t.Errorf("text is\n%s\nwant\n%s", got, test.text)
			}
			if IsPermission(err) != (got.Status == 403) || IsAuth(err) != (got.Status == 401) {
				t.Errorf("classified as permission %v, auth %v", IsPermission(err), IsAuth(err))
			}
		})
	}
}

// TestSuccessMustBePVE sees that a login page with status 200 is no success.
func TestSuccessMustBePVE(t *testing.T) {
	t.Parallel()

	for name, body := range map[string]string{
		"page": "<html>log in</html>", "empty": "", "list": "[]", "other service": `{"ok":true}`, "cut": `{"data":`,
	} {
		c := newFake(t, always(answer{200, "OK", body})).client(t)
		var e *Error
		if err := c.deleteUser(t.Context(), "a@pve"); !errors.As(err, &e) || !strings.Contains(e.Message, "not one of the PVE API") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if err := newFake(t, always(done)).client(t).deleteUser(t.Context(), "a@pve"); err != nil {
		t.Errorf("a real success is an error: %v", err)
	}
}

func TestUnexpectedForm(t *testing.T) {
	t.Parallel()

	c := newFake(t, always(answer{200, "OK", `{"data":{"a":1}}`})).client(t)
	var e *Error
	if _, err := c.Users(t.Context()); !errors.As(err, &e) || !strings.Contains(e.Message, "expected form") || e.Path != "/access/users" {
		t.Errorf("error is %v", err)
	}
}

func TestLongErrorBodyIsCut(t *testing.T) {
	t.Parallel()

	c := newFake(t, always(answer{500, "boom", fmt.Sprintf(`{"message":%q}`, strings.Repeat("ä", maxText))})).client(t)
	var e *Error
	if err := c.deleteUser(t.Context(), "a@pve"); !errors.As(err, &e) || len(e.Message) > maxText+len(" …") || !strings.HasSuffix(e.Message, "ä …") {
		t.Errorf("error is %.100v…", err)
	}
}

// TestUnreachable covers what is no answer at all.
func TestUnreachable(t *testing.T) {
	t.Parallel()

	t.Run("nothing listens", func(t *testing.T) {
		t.Parallel()

		f := newFake(t, always(done))
		c := f.client(t)
		f.Close()
		err := c.deleteUser(t.Context(), "a@pve")
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) || unreachable.Endpoint != f.URL {
			t.Fatalf("error is %v", err)
		}
		if unknownOutcome(err) {
			t.Error("a refused connection leaves no doubt that nothing was done")
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()

		ctx, cancel := context.WithCancel(t.Context())
		f := newFake(t, func(_ int, r *http.Request) answer {
			cancel()
			<-r.Context().Done() // until the client has hung up
			return answer{}
		})
		err := f.client(t).createRole(ctx, Role{ID: "ops"})
		if !errors.Is(err, context.Canceled) || !unknownOutcome(err) {
			t.Errorf("error is %v, outcome unknown: %v", err, unknownOutcome(err))
		}
	})
	t.Run("closed without answer", func(t *testing.T) {
		t.Parallel()

		f := newFake(t, always(answer{}))
		err := f.client(t).createRole(t.Context(), Role{ID: "ops"})
		if !errors.Is(err, io.EOF) || !unknownOutcome(err) {
			t.Errorf("error is %v, outcome unknown: %v", err, unknownOutcome(err))
		}
		if n := len(f.requests()); n != 1 {
			t.Errorf("a POST was sent %d times", n)
		}
	})
}

// TestRetry sees which requests are sent again: those that PVE provably did not
// do, and others only when a repetition cannot do harm.
func TestRetry(t *testing.T) {
	t.Parallel()

	lock := pveError(500, "create role failed: cfs-lock 'file-user_cfg' error: got lock request timeout")
	tests := map[string]struct {
		first answer
		post  int // requests for a POST that would succeed the second time
		put   int
	}{
		"lock timeout":     {lock, 2, 2},
		"pvedaemon down":   {answer{595, "Connection refused", ""}, 2, 2},
		"answer lost":      {answer{596, "Connection timed out", ""}, 1, 2},
		"no answer":        {answer{599, "Too many redirections", ""}, 1, 2},
		"bad gateway":      {answer{502, "Bad Gateway", ""}, 1, 2},
		"unavailable":      {answer{503, "Service Unavailable", ""}, 1, 2},
		"gateway timeout":  {answer{504, "Gateway Timeout", ""}, 1, 2},
		"closed":           {answer{}, 1, 2},
		"refused by PVE":   {pveError(500, "no such user ('a@pve')"), 1, 1},
		"permission":       {pveError(403, "Permission check failed"), 1, 1},
		"not PVE":          {answer{200, "OK", "<html>"}, 1, 1},
		"wrong parameters": {answer{400, "Parameter verification failed.", `{"errors":{"a":"b"}}`}, 1, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			script := func(n int, _ *http.Request) answer {
				if n == 0 {
					return test.first
				}
				return done
			}
			post, put := newFake(t, script), newFake(t, script)
			postErr := post.client(t).createRole(t.Context(), Role{ID: "ops"})
			putErr := put.client(t).setPrivileges(t.Context(), Role{ID: "ops"})
			if n := len(post.requests()); n != test.post || (postErr == nil) != (n == 2) {
				t.Errorf("POST was sent %d times, want %d; error %v", n, test.post, postErr)
			}
			if n := len(put.requests()); n != test.put || (putErr == nil) != (n == 2) {
				t.Errorf("PUT was sent %d times, want %d; error %v", n, test.put, putErr)
			}
		})
	}
	t.Run("not endlessly", func(t *testing.T) {
		t.Parallel()

		f := newFake(t, always(lock))
		if err := f.client(t).createRole(t.Context(), Role{ID: "ops"}); err == nil || !strings.Contains(err.Error(), "got lock request timeout") {
			t.Errorf("error is %v", err)
		}
		if n := len(f.requests()); n != maxAttempts {
			t.Errorf("sent %d times, want %d", n, maxAttempts)
		}
	})
}

// TestRequestBodies holds what go-proxmox cannot express: empty, zero and false
// are sent, and privilege separation and propagation are never left out.
func TestRequestBodies(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(answer{200, "OK", `{"data":{"value":"x"}}`}))
	c := f.client(t)
	ctx := t.Context()
	full := User{ID: "a@pve", Comment: "c", Email: "e@x", FirstName: "f", LastName: "l", Enabled: true, Expire: 5, Groups: []string{"g"}}
	calls := []struct {
		call func() error
		want string
	}{
		{func() error { return c.changeUser(ctx, "a@pve", changedAttributes(full, Principal{UserID: "a@pve"})) },
			`PUT /api2/json/access/users/a@pve {"comment":"","email":"","firstname":"","lastname":"","enable":0,"expire":0,"groups":""}`},
		{func() error { return c.createUser(ctx, Principal{UserID: "a@pve"}, "") },
			`POST /api2/json/access/users {"userid":"a@pve","enable":0,"expire":0}`},
		{func() error {
			_, err := c.createToken(ctx, "a@pve", "ci", Token{PrivilegeSeparation: true})
			return err
		},
			`POST /api2/json/access/users/a@pve/token/ci {"privsep":1,"expire":0}`},
		{func() error { _, err := c.createToken(ctx, "a@pve", "ci", Token{Comment: "c"}); return err },
			`POST /api2/json/access/users/a@pve/token/ci {"privsep":0,"expire":0,"comment":"c"}`},
		{func() error {
			return c.changeToken(ctx, "a@pve", "ci", Token{Comment: "old"}, Token{PrivilegeSeparation: true})
		}, `PUT /api2/json/access/users/a@pve/token/ci {"privsep":1,"expire":0,"comment":""}`},
		{func() error { return c.changeToken(ctx, "a@pve", "ci", Token{}, Token{Expire: 7}) },
			`PUT /api2/json/access/users/a@pve/token/ci {"privsep":0,"expire":7}`},
		{func() error { return c.setPrivileges(ctx, Role{ID: "ops"}) },
			`PUT /api2/json/access/roles/ops {"privs":""}`},
		{func() error {
			return c.putACL(ctx, holder{"a@pve", "ci"}, grantBatch{path: "/vms", roles: []string{"A", "B"}}, false)
		}, `PUT /api2/json/access/acl {"path":"/vms","roles":"A,B","tokens":"a@pve!ci","propagate":0}`},
		{func() error {
			return c.putACL(ctx, holder{user: "a@pve"}, grantBatch{path: "/", propagate: true, roles: []string{"A"}}, true)
		}, `PUT /api2/json/access/acl {"path":"/","roles":"A","users":"a@pve","propagate":1,"delete":1}`},
		{func() error { return c.deleteToken(ctx, "a@pve", "ci") },
			`DELETE /api2/json/access/users/a@pve/token/ci `},
		{func() error { return c.deleteUser(ctx, "a+b'c&d=e@pve") },
			`DELETE /api2/json/access/users/a+b%27c&d=e@pve `},
	}
	for i, call := range calls {
		if err := call.call(); err != nil {
			t.Errorf("%s: %v", call.want, err)
			continue
		}
		got := f.requests()[i]
		if text := got.method + " " + got.target + " " + got.body; text != call.want {
			t.Errorf("sent\n%s\nwant\n%s", text, call.want)
		}
	}
}

// TestNothingIsPrinted runs calls that go-proxmox would log with their secrets.
// It replaces the process's output, so it is not parallel.
func TestNothingIsPrinted(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = out, out
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()

	f := newFake(t, func(n int, _ *http.Request) answer {
		if n == 0 {
			return answer{200, "OK", `{"data":{"value":"` + testSecret + `"}}`}
		}
		return answer{500, testSecret, ""}
	})
	c := f.client(t)
	secret, err := c.createToken(t.Context(), "a@pve", "ci", Token{})
	if err != nil || secret != testSecret {
		t.Errorf("got %q, %v", secret, err)
	}
	if err := c.deleteUser(t.Context(), "a@pve"); err == nil || strings.Contains(err.Error(), testSecret) {
		t.Errorf("error is %v", err)
	}
	printed, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if len(printed) != 0 {
		t.Errorf("printed %q", printed)
	}
}

// TestHints sees that statuses which say nothing of PVE are explained.
func TestHints(t *testing.T) {
	t.Parallel()

	for status, want := range map[int]string{
		302: "never redirects", 401: "wrong, expired or disabled", 502: "proxy in front", 595: "nothing was done", 596: "lost pvedaemon", 404: "404 Not Found", 418: "418 I'm a teapot",
	} {
		if text := (&Error{Method: "GET", Path: "/version", Status: status}).Error(); !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}

// TestPauseEndsWithTheContext sees that waiting never outlasts its caller.
func TestPauseEndsWithTheContext(t *testing.T) {
	t.Parallel()

	if err := pause(t.Context(), 0); err != nil {
		t.Errorf("no wait: %v", err)
	}
	near, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := pause(near, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait beyond the deadline: %v", err)
	}
	cancelled, cancelNow := context.WithCancel(t.Context())
	cancelNow()
	if err := pause(cancelled, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait: %v", err)
	}
	for attempt := 1; attempt < maxAttempts; attempt++ {
		if full, d := time.Second<<(attempt-1), backoff(attempt); d < full/2 || d >= full {
			t.Errorf("wait %d is %v", attempt, d)
		}
	}
}
