package proxmox

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestSecretWorks asks about a secret after all that can happen to its token.
func TestSecretWorks(t *testing.T) {
	t.Parallel()
	soon, past := time.Now().Add(time.Minute).Unix(), time.Now().Add(-time.Hour).Unix()
	for name, test := range map[string]struct {
		change       func(*sim)
		works, known bool
	}{
		"as it was":   {func(*sim) {}, true, true},
		"regenerated": {func(s *sim) { s.admin("PUT", "/access/users/a@pve/token/ci", map[string]any{"regenerate": 1}) }, false, true},
		"made anew": {func(s *sim) {
			s.admin("DELETE", "/access/users/a@pve/token/ci", nil)
			s.admin("POST", "/access/users/a@pve/token/ci", nil)
		}, false, true},
		"removed":       {func(s *sim) { s.admin("DELETE", "/access/users/a@pve/token/ci", nil) }, false, false},
		"user removed":  {func(s *sim) { s.admin("DELETE", "/access/users/a@pve", nil) }, false, false},
		"user disabled": {func(s *sim) { s.admin("PUT", "/access/users/a@pve", map[string]any{"enable": 0}) }, false, false},
		"user expired":  {func(s *sim) { s.admin("PUT", "/access/users/a@pve", map[string]any{"expire": past}) }, false, false},
		"expired":       {func(s *sim) { s.admin("PUT", "/access/users/a@pve/token/ci", map[string]any{"expire": past}) }, false, false},
		"expires soon":  {func(s *sim) { s.admin("PUT", "/access/users/a@pve/token/ci", map[string]any{"expire": soon}) }, false, false},
		"other rights": {func(s *sim) {
			s.admin("PUT", "/access/users/a@pve/token/ci", map[string]any{"privsep": 0, "comment": "x"})
		}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version92)
			secret := s.create(Principal{UserID: "a@pve", Enabled: true, Tokens: map[string]Token{"ci": {PrivilegeSeparation: true}}})["ci"]
			test.change(s)
			s.ResetRequests()
			works, known, err := s.fresh().SecretWorks(t.Context(), "a@pve", "ci", secret)
			if err != nil || works != test.works || known != test.known {
				t.Errorf("works %t, known %t, %v", works, known, err)
			}
			asked := 0
			for _, r := range s.RequestLog() {
				if r.As == "a@pve!ci" {
					asked++
				}
			}
			want := 0
			switch {
			case test.works:
				want = 1
			case test.known: // once more, before a secret is thrown away
				want = 2
			}
			if asked != want {
				t.Errorf("asked %d times with the secret, want %d", asked, want)
			}
		})
	}
}

// TestSecretWorksAskedTwice: a secret that PVE refuses once and then accepts is a good one.
func TestSecretWorksAskedTwice(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version92)
	secret := s.create(Principal{UserID: "a@pve", Enabled: true, Tokens: map[string]Token{"ci": {}}})["ci"]
	refused := false
	s.SetHook(func(r pvesim.Request) pvesim.Fault {
		if r.Path == "/version" && !refused {
			refused = true
			return pvesim.Fault{Status: 401, Reason: "invalid token value!"}
		}
		return pvesim.Fault{}
	})
	if works, known, err := s.fresh().SecretWorks(t.Context(), "a@pve", "ci", secret); !works || !known || err != nil || !refused {
		t.Errorf("works %t, known %t, %v, refused once: %t", works, known, err, refused)
	}
}

// TestSecretWorksUnsure: what is neither yes nor no is an error without the secret.
func TestSecretWorksUnsure(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	secret := s.create(Principal{UserID: "a@pve", Enabled: true, Tokens: map[string]Token{"ci": {}}})["ci"]
	refused, forbidden := pvesim.Fault{Status: 401, Reason: "no " + secret}, pvesim.Fault{Status: 403, Reason: "no " + secret}
	for name, faults := range map[string][]pvesim.Fault{"forbidden": {forbidden}, "proxy": {{Status: 418, Reason: "teapot"}}, "cut": {{DropBefore: true}}, "refused, then forbidden": {refused, forbidden}} {
		asked := 0
		s.SetHook(func(r pvesim.Request) pvesim.Fault {
			if r.Path != "/version" {
				return pvesim.Fault{}
			}
			asked++
			return faults[min(asked, len(faults))-1]
		})
		works, known, err := s.fresh().SecretWorks(t.Context(), "a@pve", "ci", secret)
		if err == nil || works || known || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: works %t, known %t, %v", name, works, known, err)
		}
	}
	s.SetHook(nil)
	if _, _, err := s.SecretWorks(t.Context(), "root@pam", "ci", "x"); !errors.Is(err, ErrRootPAM) {
		t.Errorf("root@pam: %v", err)
	}
}
