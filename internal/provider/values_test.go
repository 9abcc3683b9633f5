package provider

import (
	"context"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

func TestImportIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]struct {
		name  string
		nodes []string
		ok    bool
	}{
		"agent":           {"agent", nil, true},
		"agent@pve1":      {"agent", []string{"pve1"}, true},
		"agent@pve2,pve1": {"agent", []string{"pve1", "pve2"}, true},
		"agent@":          {ok: false},
		"agent@pve1,":     {ok: false},
		"@pve1":           {ok: false},
		"../x":            {ok: false},
	} {
		name, nodes, err := parseImportID(id, hardening.CheckDropInName)
		if (err == nil) != want.ok || name != want.name || !slices.Equal(nodes, want.nodes) {
			t.Errorf("%q: %q, %v, %v", id, name, nodes, err)
		}
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	for subject, usable := range map[string]bool{
		"agent": true, "%operators": true, "first.last": true, "agent@example.com": true, "_x": true, "Agent": true,
		"root": false, "%root": false, "ALL": false, "OPERATORS": false, "": false, "%": false, "a b": false, "a,b": false, "a=b": false, "#0": false, "!agent": false, "a\nb": false, "+net": false,
	} {
		if err := checkSubject(subject); (err == nil) != usable {
			t.Errorf("checkSubject(%q) = %v", subject, err)
		}
	}
}

func TestTimesKeepTheirForm(t *testing.T) {
	t.Parallel()
	written := types.StringValue("2040-01-01T01:00:00+01:00")
	if got := timeText(written, 2208988800); !got.Equal(written) {
		t.Errorf("the same moment was rewritten as %s", got)
	}
	if got := timeText(written, 2208988801); got.ValueString() != "2040-01-01T00:00:01Z" {
		t.Errorf("another moment is %s", got)
	}
	if got := timeText(written, 0); !got.IsNull() {
		t.Errorf("never is %s", got)
	}
	for text, usable := range map[string]bool{"2027-01-31T00:00:00Z": true, "2027-01-31": false, "": false, "1960-01-01T00:00:00Z": false, "1970-01-01T00:00:00Z": false} {
		if err := checkTime(text); (err == nil) != usable {
			t.Errorf("checkTime(%q) = %v", text, err)
		}
	}
}

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
