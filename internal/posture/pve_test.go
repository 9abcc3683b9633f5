package posture_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// TestSecondFactors: a user of PVE has its second factors, and who has the password of its Linux account needs one of
// them too. One that is off is none.
func TestSecondFactors(t *testing.T) {
	t.Parallel()
	s := pvesim.New(pvesim.Options{AuthDelay: -1})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := errors.Join(s.AddUser("bob@pam", nil), s.GrantACL("/", "bob@pam", "Administrator", true)); err != nil {
		t.Fatal(err)
	}
	n, err := posture.Collect(t.Context(), &fake{}, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	look := func() (condition string, kinds []string) {
		t.Helper()
		pve, err := proxmox.New(proxmox.Config{Endpoint: s.URL(), APIToken: s.RootToken(), CAPEM: []byte(s.CAPEM())})
		if err != nil {
			t.Fatal(err)
		}
		cluster, err := posture.CollectCluster(t.Context(), pve, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		r := posture.NewReport([]*posture.Node{n}, cluster, nil)
		for i := range r.Subjects {
			if r.Subjects[i].Name == "bob@pam" {
				kinds = r.Subjects[i].SecondFactors
			}
		}
		for _, step := range r.Graph.Steps() {
			if step.From == "linux_account:pve1/bob" && step.To == "pve_user:bob@pam" {
				return step.Condition, kinds
			}
		}
		t.Fatalf("bob on pve1 does not lead to bob@pam: %+v", r.Graph.Steps())
		return "", nil
	}
	s.AddSecondFactor("bob@pam", "webauthn", false)
	if condition, kinds := look(); condition != "" || len(kinds) > 0 {
		t.Errorf("with one that is off: %q, %v", condition, kinds)
	}
	s.AddSecondFactor("bob@pam", "totp", true)
	s.AddSecondFactor("bob@pam", "recovery", true)
	if condition, kinds := look(); !strings.Contains(condition, "recovery, totp") || strings.Join(kinds, " ") != "recovery totp" {
		t.Errorf("with two: %q, %v", condition, kinds)
	}
}
