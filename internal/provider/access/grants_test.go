package access

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

func TestManagedRoleNamesAreNotReserved(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"agent@pve", "pvesec@pve", "a.b+c@ldap-1", "PVE@pam"} {
		if err := proxmox.ValidateRoleID(managedRoleName(user)); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
}

func TestGrantsKeepTheirForm(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	ctx := context.Background()
	grant := func(path string, role types.String, propagate types.Bool) grantModel {
		return grantModel{Path: types.StringValue(path), Role: role, Propagate: propagate}
	}
	written, problems := types.SetValueFrom(ctx, grantType, []grantModel{
		grant("/pool/build/", types.StringNull(), types.BoolNull()),
		grant("/vms/100", types.StringValue("own"), types.BoolValue(true)),
	})
	if problems.HasError() {
		t.Fatal(problems)
	}
	same := []proxmox.Grant{{Path: "/pool/build", Role: "own", Propagate: true}, {Path: "/vms/100", Role: "own", Propagate: true}}
	if got := grantSet(ctx, written, same, "own", &diags); !got.Equal(written) {
		t.Errorf("the same entries were rewritten as %s", got)
	}
	foreign := append(same, proxmox.Grant{Path: "/", Role: "PVEAdmin", Propagate: true})
	if got := grantSet(ctx, written, foreign, "own", &diags); len(got.Elements()) != 3 || got.Equal(written) {
		t.Errorf("a foreign entry is missing in %s", got)
	}
	if diags.HasError() {
		t.Error(diags)
	}
}
