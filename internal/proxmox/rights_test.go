package proxmox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// randomCfg is a user.cfg of few names, so that everything meets everything.
func randomCfg(r *rand.Rand) string {
	var b strings.Builder
	pick := func(items ...string) string { return items[r.IntN(len(items))] }
	some := func(items []string) []string {
		return slices.DeleteFunc(slices.Clone(items), func(string) bool { return r.IntN(3) == 0 })
	}
	users := []string{"a@pve", "b@pve", "c@pve"}
	b.WriteString("user:root@pam:1:0::::::\ntoken:root@pam!ci:0:0::\n") // the client's own token
	var principals []string
	for _, u := range users {
		fmt.Fprintf(&b, "user:%s:1:0::::::\n", u)
		principals = append(principals, u)
		for _, t := range some([]string{"one", "two"}) {
			fmt.Fprintf(&b, "token:%s!%s:0:%d::\n", u, t, r.IntN(2))
			principals = append(principals, u+"!"+t, u+"!"+t)
		}
	}
	for _, g := range []string{"g", "h"} {
		fmt.Fprintf(&b, "group:%s:%s::\n", g, strings.Join(some(users), ","))
		principals = append(principals, "@"+g, "@"+g)
	}
	for _, pool := range []string{"p", "q"} {
		fmt.Fprintf(&b, "pool:%s::%s:%s:\n", pool, strings.Join(some([]string{"100", "101"}), ","), strings.Join(some([]string{"local"}), ","))
	}
	for _, role := range []string{"R1", "R2", "R3"} {
		fmt.Fprintf(&b, "role:%s:%s:\n", role, strings.Join(some([]string{"VM.Audit", "VM.PowerMgmt", "Sys.Audit", "User.Modify", "Pool.Audit"}), ","))
	}
	granted := map[string]bool{} // one propagation for one role of one holder on one path, as PVE has it
	for range 4 + r.IntN(14) {
		path := pick("/", "/", "/access", "/access/groups", "/vms", "/vms/100", "/vms/101", "/vms/102", "/storage", "/storage/local", "/pool", "/pool/p", "/pool/q", "/nodes/n")
		who, role := pick(principals...), pick("R1", "R1", "R2", "R2", "R3", "PVEAuditor", "NoAccess")
		key := path + who + role
		if !granted[key] {
			granted[key] = true
			fmt.Fprintf(&b, "acl:%d:%s:%s:%s:\n", r.IntN(2), path, who, role)
		}
	}
	return b.String()
}

// TestRightsAgainstPVE compares the resolver with the engine of the simulated
// API, which was written apart from it and is held to recordings of PVE, on
// random configurations.
func TestRightsAgainstPVE(t *testing.T) {
	t.Parallel()
	probes := []string{"/", "/access", "/access/groups", "/access/groups/g", "/nodes", "/nodes/n", "/pool", "/pool/p", "/pool/q", "/pool/none",
		"/storage", "/storage/local", "/storage/other", "/vms", "/vms/100", "/vms/101", "/vms/102", "/vms/999", "/sdn"}
	s := newSim(t, pvesim.Version91)
	nonEmpty, sizes := 0, 120
	for seed := range uint64(sizes) {
		text := randomCfg(rand.New(rand.NewPCG(seed, 1))) // reproducible
		s.SetUserCfg(text)
		client := s.fresh()
		rights, err := client.Rights(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		withPools := *rights
		if withPools.pools, err = client.Pools(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, user := range []string{"a@pve", "b@pve", "c@pve", "a@pve!one", "a@pve!two", "b@pve!one", "b@pve!two", "c@pve!one", "c@pve!two", "ghost@pve", "root@pam"} {
			for _, path := range probes {
				want := s.permissionsOf(user, path)
				got := map[string]bool{}
				for name, right := range withPools.At(user, path) {
					got[name] = right.Propagate
					if len(right.Sources) == 0 && user != "root@pam" {
						t.Errorf("seed %d: %s has %s on %s from nowhere", seed, user, name, path)
					}
				}
				if len(want) > 0 {
					nonEmpty++
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("seed %d: %s on %s (-PVE +resolver):\n%s\n%s", seed, user, path, diff, text)
				}
			}
		}
	}
	if nonEmpty < sizes*20 {
		t.Errorf("only %d comparisons were of somebody with rights", nonEmpty)
	}
}

// permissionsOf is PVE's own word.
func (s *sim) permissionsOf(authID, path string) map[string]bool {
	s.t.Helper()
	data, err := s.Do("GET", "/access/permissions", map[string][]string{"userid": {authID}, "path": {path}})
	if err != nil {
		s.t.Fatal(err)
	}
	byPath, _ := data.(map[string]any)
	told, _ := byPath[path].(map[string]int)
	permissions := map[string]bool{}
	for name, propagate := range told {
		permissions[name] = propagate == 1
	}
	return permissions
}

// TestRightsWith sees that rights foretold are those that PVE gives once the
// principal is written, sources included.
func TestRightsWith(t *testing.T) {
	t.Parallel()
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, release).withGroups()
			s.admin("PUT", "/access/acl", map[string]any{"path": "/", "roles": "PVEAuditor", "groups": "ops"})
			s.admin("PUT", "/access/acl", map[string]any{"path": "/vms/101", "roles": "NoAccess", "groups": "audit"})
			p := agent()
			foretold, err := s.fresh().RightsOf(t.Context(), p.UserID, &p)
			if err != nil {
				t.Fatal(err)
			}
			s.create(p)
			for _, holder := range []string{"agent@pve", "agent@pve!ci", "agent@pve!full"} {
				effective := foretold.Effective(holder)
				differences, err := s.VerifyRights(t.Context(), holder, effective)
				if err != nil || len(differences) > 0 {
					t.Errorf("%s: %v, %q", holder, err, differences)
				}
				now, err := s.fresh().RightsOf(t.Context(), p.UserID, nil)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(effective, now.Effective(holder)); diff != "" {
					t.Errorf("%s (-foretold +written):\n%s", holder, diff)
				}
			}
			got := foretold.At("agent@pve", "/nodes/pve1")["Sys.Audit"].Sources
			if diff := cmp.Diff([]Source{{Type: "group", Holder: "ops", Role: "PVEAuditor", Path: "/"}}, got); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			if text := got[0].String(); text != "role PVEAuditor on / through group ops" {
				t.Errorf("source reads %q", text)
			}
			s.admin("PUT", "/access/acl", map[string]any{"path": "/vms/101", "roles": "PVEAdmin", "users": "agent@pve"})
			if differences, err := s.VerifyRights(t.Context(), "agent@pve", foretold.Effective("agent@pve")); err != nil || len(differences) == 0 {
				t.Errorf("a change of another admin went unnoticed: %v", err)
			}
		})
	}
}

// TestPoolsAreAskedForOnlyWhenTheyMatter counts requests.
func TestPoolsAreAskedForOnlyWhenTheyMatter(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	s.SetUserCfg(s.UserCfg() + "user:m@pve:1:0::::::\nuser:n@pve:1:0::::::\npool:p::100::\n" +
		"acl:1:/pool/p:m@pve,n@pve:PVEVMUser:\nacl:1:/vms/100:m@pve:PVEAuditor:\n")
	client := s.fresh()
	asked := func(user UserID) int {
		t.Helper()
		s.ResetRequests()
		rights, err := client.RightsOf(t.Context(), user, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, member := rights.At(string(user), "/vms/100")["VM.Console"]; user == "m@pve" && !member {
			t.Error("the member of the pool does not have the pool's role")
		}
		count := 0
		for _, r := range s.RequestLog() {
			if r.Path == "/pools" {
				count++
			}
		}
		return count
	}
	for _, step := range []struct {
		user UserID
		want int
	}{{"n@pve", 0}, {"m@pve", 2}, {"m@pve", 0}} {
		if got := asked(step.user); got != step.want {
			t.Errorf("%s: %d requests about pools, want %d", step.user, got, step.want)
		}
	}
}
