package access

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// effectiveModel holds the permissions of a user or token on one path.
type effectiveModel struct {
	Privileges   types.Set  `tfsdk:"privileges"`
	ThisPathOnly types.Set  `tfsdk:"this_path_only"`
	Extra        types.List `tfsdk:"extra"`
}

// pathRights is the entry of effective_permissions for one path.
type pathRights struct{ privileges, thisPathOnly, extra []string }

// rights are the rights by path. explained tells whether an ACL entry is one that the configuration wrote.
func (r accessReview) rights(explained func(proxmox.Source) bool) map[string]pathRights {
	byPath := map[string]pathRights{}
	for _, at := range r.effective {
		var here []string
		extra := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(at.Rights)) {
			right := at.Rights[name]
			if !right.Propagate {
				here = append(here, name)
			}
			if !slices.ContainsFunc(right.Sources, explained) && len(right.Sources) > 0 {
				source := right.Sources[0].String()
				extra[source] = append(extra[source], name)
			}
		}
		lines := make([]string, 0, len(extra))
		for _, source := range slices.Sorted(maps.Keys(extra)) {
			lines = append(lines, strings.Join(extra[source], ", ")+": "+source)
		}
		byPath[at.Path] = pathRights{slices.Collect(maps.Keys(at.Rights)), here, lines}
	}
	return byPath
}

// effectiveValue returns the rights by path.
func (r accessReview) effectiveValue(ctx context.Context, explained func(proxmox.Source) bool, diags *diag.Diagnostics) types.Map {
	byPath := map[string]effectiveModel{}
	for at, rights := range r.rights(explained) {
		extra, problems := types.ListValueFrom(ctx, types.StringType, rights.extra)
		diags.Append(problems...)
		byPath[at] = effectiveModel{Privileges: values.StringSet(rights.privileges), ThisPathOnly: values.StringSet(rights.thisPathOnly), Extra: extra}
	}
	value, problems := types.MapValueFrom(ctx, effectiveType, byPath)
	diags.Append(problems...)
	return value
}

// expectedRights reads the value of effectiveValue back, for a comparison with PVE's own answer.
func expectedRights(ctx context.Context, value types.Map, diags *diag.Diagnostics) []proxmox.PathRights {
	byPath := map[string]effectiveModel{}
	diags.Append(value.ElementsAs(ctx, &byPath, false)...)
	expected := make([]proxmox.PathRights, 0, len(byPath))
	for _, at := range slices.Sorted(maps.Keys(byPath)) {
		here := values.StringsInSet(ctx, byPath[at].ThisPathOnly, diags)
		rights := map[string]proxmox.Right{}
		for _, name := range values.StringsInSet(ctx, byPath[at].Privileges, diags) {
			rights[name] = proxmox.Right{Propagate: !slices.Contains(here, name)}
		}
		expected = append(expected, proxmox.PathRights{Path: at, Rights: rights})
	}
	return expected
}

// grantsExplain tells whether a source is an ACL entry of one of the holders with a listed grant.
func grantsExplain(holders map[string][]proxmox.Grant) func(proxmox.Source) bool {
	return func(source proxmox.Source) bool {
		return slices.ContainsFunc(holders[source.Holder], func(g proxmox.Grant) bool {
			return source.Type != "group" && g.Path == source.Path && g.Role == source.Role
		})
	}
}

// verifyAccess compares the permissions that PVE reports after a write with the plan.
func verifyAccess(ctx context.Context, pve *proxmox.Client, authID string, expected []proxmox.PathRights, diags *diag.Diagnostics) {
	differences, err := pve.VerifyRights(ctx, authID, expected)
	switch {
	case err != nil:
		diags.AddWarning("Unable to verify the permissions of "+authID, values.UpperFirst(err.Error())+"\n\nThe change was applied. The next plan compares again.")
	case len(differences) > 0:
		diags.AddWarning(authID+" has other permissions than planned", strings.Join(differences, "\n")+
			"\n\nSomeone else changed roles, groups or ACL entries at the same time. The next plan shows the current permissions.")
	}
}
