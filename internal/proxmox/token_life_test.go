package proxmox

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// deployToken is a token that uses every feature.
func deployToken() Token {
	return Token{Comment: "deploy", Expire: 4102444800, PrivilegeSeparation: true, Grants: []Grant{
		{Path: "/pool/build", Role: "PVEVMUser", Propagate: true}, {Path: "/storage/local", Role: "PVEDatastoreUser"}}}
}

// TestTokenLife creates, changes, renews and deletes a token of a user that
// somebody else manages.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, release)
			s.admin("POST", "/access/users", map[string]any{"userid": "ci@pve"})
			before := s.UserCfg()
			secret, err := s.CreateToken(t.Context(), "ci@pve", "deploy", deployToken())
			if err != nil || !s.works("ci@pve!deploy="+secret) {
				t.Fatalf("secret does not work: %v", err)
			}
			read := func() *Token {
				t.Helper()
				got, err := s.fresh().ReadToken(t.Context(), "ci@pve", "deploy")
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			want := deployToken()
			if diff := cmp.Diff(&want, read()); diff != "" {
				t.Errorf("created (-want +got):\n%s", diff)
			}
			if _, err := s.fresh().CreateToken(t.Context(), "ci@pve", "deploy", deployToken()); !errors.Is(err, ErrExists) {
				t.Errorf("creating it twice: %v", err)
			}
			changed := Token{Comment: "other", PrivilegeSeparation: true, Grants: []Grant{{Path: "/pool/build", Role: "PVEAuditor", Propagate: true}}}
			s.ResetRequests()
			if err := s.UpdateToken(t.Context(), "ci@pve", "deploy", want, changed); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&changed, read()); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"PUT /access/acl", "PUT /access/users/ci@pve/token/deploy", "PUT /access/acl", "PUT /access/acl"}, s.writes()); diff != "" {
				t.Errorf("order of writes (-want +got):\n%s", diff)
			}
			renewed, err := s.RegenerateToken(t.Context(), "ci@pve", "deploy", changed, want)
			if release == pvesim.Version92 {
				if err != nil || !s.works("ci@pve!deploy="+renewed) || s.works("ci@pve!deploy="+secret) {
					t.Errorf("renewing: %v", err)
				}
			} else if !errors.Is(err, ErrNoRegenerate) || !s.works("ci@pve!deploy="+secret) {
				t.Errorf("renewing on %s: %v", release, err)
			}
			for range 2 {
				if err := s.fresh().DeleteToken(t.Context(), "ci@pve", "deploy", changed); err != nil {
					t.Fatal(err)
				}
			}
			if read() != nil {
				t.Error("the token is still there")
			}
			if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
				t.Errorf("user.cfg (-before +after):\n%s", diff)
			}
		})
	}
}

// TestTokenRefusals sees what is said about what cannot be.
func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	for _, test := range []struct {
		user UserID
		id   string
		want string
	}{
		{"ghost@pve", "ci", `no user "ghost@pve"`},
		{"root@pam", "ci", "superuser"},
		{"a@pve", "1", "token id"},
	} {
		if _, err := s.CreateToken(t.Context(), test.user, test.id, Token{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s!%s: %v", test.user, test.id, err)
		}
	}
	if _, err := s.RegenerateToken(t.Context(), "root@pam", "ci", Token{}, Token{}); !errors.Is(err, ErrRootPAM) {
		t.Errorf("renewing a token of root@pam: %v", err)
	}
	if writes := s.writes(); len(writes) > 0 {
		t.Errorf("sent %v", writes)
	}
}

// TestTokenCreateFaults strikes each write of a creation: either the token exists
// with a secret that works, or nothing does.
func TestTokenCreateFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pvesim.Fault{
		"answer lost": {DropAfter: true}, "never arrived": {DropBefore: true}, "refused": {Status: 403, Reason: "Permission check failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				s := newSim(t, pvesim.Version91)
				s.admin("POST", "/access/users", map[string]any{"userid": "ci@pve"})
				before := s.UserCfg()
				struck := s.faultAt(n, fault, false)
				secret, err := s.CreateToken(t.Context(), "ci@pve", "deploy", deployToken())
				s.SetHook(nil)
				if !struck.Load() {
					if n < 3 {
						t.Errorf("only %d writes were seen", n)
					}
					return
				}
				if err != nil {
					if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
						t.Errorf("write %d: %v; user.cfg (-before +after):\n%s", n, err, diff)
					}
				} else if !s.works("ci@pve!deploy=" + secret) {
					t.Errorf("write %d: the secret does not work", n)
				}
			}
		})
	}
}

// TestTokenCreateCannotUndo sees that a token that cannot be removed again is
// reported with its secret.
func TestTokenCreateCannotUndo(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	s.admin("POST", "/access/users", map[string]any{"userid": "ci@pve"})
	s.faultAt(1, pvesim.Fault{Status: http.StatusInternalServerError, Reason: "no quorum!"}, true)
	_, err := s.CreateToken(t.Context(), "ci@pve", "deploy", deployToken())
	s.SetHook(nil)
	var partial *PartialError
	if !errors.As(err, &partial) || partial.Exists == nil || !s.works("ci@pve!deploy="+partial.Secrets["deploy"]) {
		t.Errorf("error is %v", err)
	}
	if strings.Contains(err.Error(), partial.Secrets["deploy"]) {
		t.Error("the error tells the secret")
	}
}

// TestPasswordAtCreation sees that the password works and never shows.
func TestPasswordAtCreation(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	const password = "correct horse battery"
	if _, err := s.CreatePrincipal(t.Context(), Principal{UserID: "p@pve", Enabled: true}, WithPassword(password)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do("POST", "/access/ticket", map[string][]string{"username": {"p@pve"}, "password": {password}}); err != nil {
		t.Errorf("logging in: %v", err)
	}
	_, err := s.CreatePrincipal(t.Context(), Principal{UserID: "q@pve"}, WithPassword("short"))
	if err == nil || strings.Contains(err.Error(), `"short"`) {
		t.Errorf("a short password: %v", err)
	}
}

// TestMissingTokenPrivileges asks for what a token needs and no more.
func TestMissingTokenPrivileges(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	client := simClient(t, s.Server, s.tokenFor("tf@pve", "PVEUserAdmin", "/access"))
	missing, err := client.MissingTokenPrivileges(t.Context(), "ci@pve", nil, deployToken())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range missing {
		texts = append(texts, m.Path)
	}
	if diff := cmp.Diff([]string{"/pool/build", "/storage/local"}, texts); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}
