package posture_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// TestTogether: a user who can take over another one leads to root if both together do, and not if they do not.
func TestTogether(t *testing.T) {
	t.Parallel()
	const common = "user:eve@pve:1:0::::::\nuser:carl@pve:1:0::::::\ngroup:ops:carl@pve::\nrole:Users:User.Modify:\nrole:Maps:Mapping.Modify,Mapping.Use:\nrole:Disks:VM.Allocate,VM.Config.Disk:\n" +
		"acl:1:/access/groups/ops:eve@pve:Users:\nacl:1:/mapping/dir/docs:eve@pve:Maps:\n"
	for acl, want := range map[string]bool{
		"acl:1:/vms/100:carl@pve:Disks:\n":      true,
		"acl:1:/vms/100:carl@pve:PVEVMUser:\n":  false,
		"acl:1:/storage/x:carl@pve:PVEVMAdmin:": false,
	} {
		s := pvesim.New(pvesim.Options{AuthDelay: -1})
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		s.SetUserCfg(s.UserCfg() + common + acl)
		pve, err := proxmox.New(proxmox.Config{Endpoint: s.URL(), APIToken: s.RootToken(), CAPEM: []byte(s.CAPEM())})
		if err != nil {
			t.Fatal(err)
		}
		cluster, err := posture.CollectCluster(t.Context(), pve, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		n, err := posture.Collect(t.Context(), &fake{}, node.Target{Name: "pve1"})
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, step := range posture.NewReport([]*posture.Node{n}, cluster, nil).Graph.Steps() {
			if step.From == "pve_user:eve@pve" && step.To == "pve_user:root@pam" {
				found += step.Finding + " " + step.Example
			}
		}
		if (found != "") != want || want && !strings.HasPrefix(found, "PVESEC-P0002 pvesh create /access/users/carl@pve/token/steps") {
			t.Errorf("with %q: %q", acl, found)
		}
	}
}
