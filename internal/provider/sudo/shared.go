package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// checkShared refuses a policy that shares its subject with itself.
func (m *sudoersPolicyModel) checkShared(ctx context.Context, diags *diag.Diagnostics) {
	if m.Name.IsUnknown() || !m.knowsShared() {
		return
	}
	for _, name := range values.StringsInSet(ctx, m.SharedWith, diags) {
		if name == m.Name.ValueString() {
			diags.AddAttributeError(path.Root("shared_with"), "Invalid shared_with: the policy itself",
				fmt.Sprintf("%q is the name of this policy. Write the names of other policies that grant the same subject, or remove it.", name))
		}
	}
}

// warnOfNobodyShared warns at a refresh of names under shared_with that no node has a policy of.
func (m *sudoersPolicyModel) warnOfNobodyShared(around surroundings, diags *diag.Diagnostics) {
	if len(around.on) < len(m.Deployed.Elements()) {
		return // others may have it
	}
	for _, name := range m.policy().SharedWith {
		found := false
		for _, node := range around.on {
			_, is := node.Files[hardening.SudoersPolicy{Name: name}.Path()]
			found = found || is
		}
		if !found {
			diags.AddAttributeWarning(path.Root("shared_with"), fmt.Sprintf("No node has a policy %q", name),
				fmt.Sprintf("None of %s has a file %s. If the name is misspelt, mend it. If that policy is gone, remove its name: a file that somebody puts there later would be left alone.",
					strings.Join(sortedNames(around), ", "), hardening.SudoersPolicy{Name: name}.Path()))
		}
	}
}

// sortedNames are the names of the nodes of which something is known.
func sortedNames(around surroundings) []string { return slices.Sorted(maps.Keys(around.on)) }
