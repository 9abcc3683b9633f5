package proxmox

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestWithin compares with PVE's own answers: what is called within gives no privilege on any path that was not there
// before.
func TestWithin(t *testing.T) {
	t.Parallel()
	probes := []string{"/", "/access", "/access/groups", "/access/groups/g", "/nodes", "/nodes/n", "/pool", "/pool/p", "/storage", "/storage/local", "/vms", "/vms/100", "/vms/102", "/vms/999"}
	s := newSim(t, pvesim.Version91)
	within, all := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 14))
		s.SetUserCfg(randomCfg(r))
		before, err := s.fresh().RightsOf(t.Context(), "a@pve", nil)
		if err != nil {
			t.Fatal(err)
		}
		had := map[string]map[string]bool{}
		for _, path := range probes {
			had[path] = s.permissionsOf("a@pve", path)
		}
		now := s.read("a@pve", "")
		want := *now
		want.Grants = nil
		for _, g := range now.Grants {
			switch r.IntN(4) {
			case 0:
			case 1:
				g.Propagate = false
				want.Grants = append(want.Grants, g)
			default:
				want.Grants = append(want.Grants, g)
			}
		}
		if len(now.Groups) > 0 && r.IntN(3) == 0 {
			want.Groups = now.Groups[1:]
		}
		planned, err := s.fresh().RightsOf(t.Context(), "a@pve", &want)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.fresh().UpdatePrincipal(t.Context(), *now, want); err != nil {
			t.Fatal(err)
		}
		more := ""
		for _, path := range probes {
			for name, propagate := range s.permissionsOf("a@pve", path) {
				if before, has := had[path][name]; !has || propagate && !before {
					more = fmt.Sprintf("%s on %s", name, path)
				}
			}
		}
		all++
		is := planned.Within(before, "a@pve")
		if is {
			within++
		}
		if is && more != "" {
			t.Errorf("seed %d: called within, and gives %s", seed, more)
		}
	}
	if within == 0 || within == all {
		t.Errorf("%d of %d are within", within, all)
	}
}

func TestRevives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want, have Principal
		revives    bool
	}{
		{Principal{Enabled: true}, Principal{Enabled: true}, false},
		{Principal{}, Principal{Enabled: true}, false},
		{Principal{Enabled: true}, Principal{}, true},
		{Principal{Expire: 5}, Principal{Expire: 5}, false},
		{Principal{Expire: 4}, Principal{Expire: 5}, false},
		{Principal{Expire: 6}, Principal{Expire: 5}, true},
		{Principal{}, Principal{Expire: 5}, true},
		{Principal{Expire: 5}, Principal{}, false},
		{Principal{Tokens: map[string]Token{"ci": {}}}, Principal{Tokens: map[string]Token{"ci": {Expire: 5}}}, true},
		{Principal{Tokens: map[string]Token{"ci": {}}}, Principal{}, false},
	} {
		if got := test.want.Revives(test.have); got != test.revives {
			t.Errorf("%+v over %+v: %t", test.want, test.have, got)
		}
	}
}
