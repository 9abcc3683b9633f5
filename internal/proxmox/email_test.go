package proxmox

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestEmailAgainstPVE puts addresses to the check and to PVE: what passes is stored and comes back as it was sent, what
// PVE refuses or changes does not pass.
func TestEmailAgainstPVE(t *testing.T) {
	t.Parallel()
	addresses := []string{"a@example.com", "A.b+c~d-e_f@localhost", "jürgen@example.com", "жук@example.com", "u\u0308@example.com", "ª@a", "²@a", "×@a",
		"a!b@x.org", "a%b@x.org", "a:b@x.org", "a b@x.org", "a@x org", "a@exämple.com", ".a@x", "a.@x", "a..b@x", "a@x.", "a@.x", "@x", "a", "a@b@c", "a@x\n", "a\n@x", "a'b@x", "0@x", "~@-"}
	r := rand.New(rand.NewPCG(14, 1))
	parts := []string{"a", "B", "7", "_", ".", "@", "+", "-", "~", "!", "%", ":", " ", "\n", "é", "ж", "/", "=", "x@y", "@z.org"}
	for range 400 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		addresses = append(addresses, b.String(), b.String()+"@x.org")
	}
	passed := 0
	for _, address := range addresses {
		s := pvesim.New(pvesim.Options{})
		kept := false
		if err := s.AddUser("u@pve", url.Values{"email": {address}}); err == nil {
			data, err := s.Do("GET", "/access/users/u@pve", nil)
			if err != nil {
				t.Fatal(err)
			}
			fields, _ := data.(map[string]any)
			kept = fields["email"] == address
		}
		problems := Principal{UserID: "u@pve", Email: address}.staticProblems()
		if passes := len(problems) == 0; passes != kept {
			t.Errorf("%q: passes %t, and PVE keeps it: %t (%v)", address, passes, kept, problems)
		} else if passes {
			passed++
		}
		for _, p := range problems {
			if p.Field != "email" {
				t.Errorf("%q: problem at %s", address, p.Field)
			}
		}
	}
	if passed < 20 {
		t.Errorf("only %d addresses pass", passed)
	}
}
