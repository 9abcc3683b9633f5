package proxmox

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestOneRun: a token is known again by the API token that made it, and by no other; a copied comment is none.
func TestOneRun(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	s.create(Principal{UserID: "a@pve"})
	if _, err := s.CreateToken(t.Context(), "a@pve", "tf-run-x", Token{PrivilegeSeparation: true, OneRun: true}); err != nil {
		t.Fatal(err)
	}
	made := s.read("a@pve", "").Tokens["tf-run-x"]
	_, secret, _ := strings.Cut(s.RootToken(), "=")
	if !made.OneRun || strings.Contains(made.Comment, secret) {
		t.Errorf("read back %+v", made)
	}
	for _, id := range []string{"tf-run-y", "ci"} {
		s.admin("POST", "/access/users/a@pve/token/"+id, map[string]any{"comment": made.Comment})
	}
	s.admin("POST", "/access/users", map[string]any{"userid": "b@pve"})
	s.admin("POST", "/access/users/b@pve/token/tf-run-x", map[string]any{"comment": made.Comment})
	for id, token := range s.read("a@pve", "").Tokens {
		if token.OneRun != (id == "tf-run-x") {
			t.Errorf("%s: %+v", id, token)
		}
	}
	if s.read("b@pve", "").Tokens["tf-run-x"].OneRun {
		t.Error("the token of another user is taken for ours")
	}
	other := simClient(t, s.Server, s.tokenFor("op@pve", "Administrator", "/"))
	seen, err := other.ReadPrincipal(t.Context(), "a@pve", "")
	if err != nil || seen.Tokens["tf-run-x"].OneRun {
		t.Errorf("another API token takes it for its own: %v", err)
	}
}
