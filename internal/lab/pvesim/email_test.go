package pvesim

import (
	"net/http"
	"net/url"
	"testing"
)

// TestEmail: PVE takes letters of every script before the "@" and ASCII behind it. user.cfg is written as bytes: as
// long as all of it fits into Latin-1 it is written so, else as UTF-8, and each byte is a character when it is read
// again.
func TestEmail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ email, back string }{
		{"a@example.com", "a@example.com"},
		{"a.b+c~d-e_f@localhost", "a.b+c~d-e_f@localhost"},
		{"jürgen@example.com", "jürgen@example.com"},
		{"жук@example.com", "\u00d0\u00b6\u00d1\u0083\u00d0\u00ba@example.com"},
		{"a!b@example.com", ""}, {"a%b@example.com", ""}, {"a:b@example.com", ""}, {"a b@example.com", ""}, {"a@exämple.com", ""},
		{".a@example.com", ""}, {"a..b@example.com", ""}, {"a@example.com.", ""}, {"a", ""}, {"@example.com", ""}, {"a@b@example.com", ""}, {"a'b@example.com", ""},
	} {
		s := New(Options{})
		err := s.AddUser("u@pve", url.Values{"email": {test.email}})
		if test.back == "" {
			if err == nil {
				t.Errorf("%q is accepted", test.email)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q is refused: %v", test.email, err)
			continue
		}
		if got := field(t, s, "u@pve", "email"); got != test.back {
			t.Errorf("%q comes back as %q, want %q", test.email, got, test.back)
		}
		if err := s.ChangeUser("u@pve", url.Values{"comment": {"x"}}); err != nil {
			t.Fatal(err)
		}
		if got := field(t, s, "u@pve", "email"); got != test.back {
			t.Errorf("after another write %q comes back as %q, want %q", test.email, got, test.back)
		}
	}
}

// TestEmailOfOthers: one address beyond Latin-1 encodes all others of the file again.
func TestEmailOfOthers(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	for id, email := range map[string]string{"a@pve": "jürgen@example.com", "b@pve": "ж@example.com"} {
		if err := s.AddUser(id, url.Values{"email": {email}, "comment": {"größe ж"}}); err != nil {
			t.Fatal(err)
		}
	}
	// Whichever came first: the second write holds both, or the first was encoded by the second.
	if got, want := field(t, s, "a@pve", "comment"), "größe ж"; got != want {
		t.Errorf("a comment is percent-encoded and comes back as %q, want %q", got, want)
	}
	if got, want := field(t, s, "b@pve", "email"), "\u00d0\u00b6@example.com"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := s.ChangeUser("b@pve", url.Values{"email": {"жж@example.com"}}); err != nil {
		t.Fatal(err)
	}
	if got := field(t, s, "a@pve", "email"); got == "jürgen@example.com" {
		t.Errorf("an address of another user survived a write of the file as UTF-8: %q", got)
	}
}

// TestEmailWithLineFeed: the line of the user ends inside the address.
func TestEmailWithLineFeed(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	if err := s.AddUser("u@pve", url.Values{"email": {"a@example.com\n"}, "comment": {"lost"}}); err != nil {
		t.Fatal(err)
	}
	if got := field(t, s, "u@pve", "comment"); got != "" {
		t.Errorf("the comment behind the line feed is %q, want it lost", got)
	}
}

// field is one text of a user as the API tells it.
func field(t *testing.T, s *Server, userid, name string) string {
	t.Helper()
	data, err := s.Do(http.MethodGet, "/access/users/"+userid, nil)
	if err != nil {
		t.Fatal(err)
	}
	fields, ok := data.(map[string]any)
	if !ok {
		t.Fatalf("no user: %v", data)
	}
	text, _ := fields[name].(string)
	return text
}
