package proxmox

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// withRealms adds a realm that ignores the case of user names, and one that does not.
func (s *sim) withRealms() *sim {
	s.t.Helper()
	for realm, sensitive := range map[string]string{"corp": "0", "strict": "1"} {
		if _, err := s.Do("POST", "/access/domains", url.Values{"realm": {realm}, "type": {"ad"}, "domain": {realm + ".example.com"},
			"server1": {"dc." + realm + ".example.com"}, "case-sensitive": {sensitive}}); err != nil {
			s.t.Fatal(err)
		}
	}
	return s
}

// TestRealmIgnoresCase: in such a realm Agent@corp and agent@corp are one user, for PVE and for us.
func TestRealmIgnoresCase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		realm string
		one   bool
	}{{"corp", true}, {"strict", false}, {"pve", false}, {"pam", false}} {
		t.Run(test.realm, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version91).withRealms()
			there, other := UserID("agent@"+test.realm), UserID("Agent@"+test.realm)
			s.create(Principal{UserID: there, Comment: "there"})
			found := s.read(other, "")
			if test.one && (found == nil || found.UserID != there || found.Comment != "there") || !test.one && found != nil {
				t.Errorf("reading %s finds %+v", other, found)
			}
			for a, b := range map[UserID]UserID{there: other, other: there} {
				if same, err := s.SameUser(t.Context(), a, b); err != nil || same != test.one {
					t.Errorf("%s and %s are one: %t, %v", a, b, same, err)
				}
			}
			p := Principal{UserID: other}
			problems := s.fresh().CheckCreate(t.Context(), p)
			_, err := s.fresh().CreatePrincipal(t.Context(), p)
			if !test.one {
				if len(problems) > 0 || err != nil {
					t.Errorf("creating %s: %v, %v", other, problems, err)
				}
				return
			}
			if len(problems) != 1 || problems[0].Field != "user_id" || !strings.Contains(problems[0].Msg, string(there)) || !errors.Is(err, ErrExists) {
				t.Errorf("creating %s: %v, %v", other, problems, err)
			}
		})
	}
}

// TestOtherUsers: what else differs is another user, and no realm is asked about it.
func TestOtherUsers(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91).withRealms()
	s.create(Principal{UserID: "agent@corp"})
	s.ResetRequests()
	for _, other := range []UserID{"agents@corp", "agent@pve", "agent@Corp", "agent@strict"} {
		if same, err := s.SameUser(t.Context(), "agent@corp", other); same || err != nil {
			t.Errorf("agent@corp and %s are one: %v", other, err)
		}
		if found := s.read(other, ""); found != nil {
			t.Errorf("reading %s finds %s", other, found.UserID)
		}
	}
	for _, r := range s.RequestLog() {
		if strings.HasPrefix(r.Path, "/access/domains/") {
			t.Errorf("asked %s", r.Path)
		}
	}
}
