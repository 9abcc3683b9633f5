package values

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// WarnOfUnneeded warns of accepted risks that accept no finding of somebody, except those of which the refresh has
// warned.
func WarnOfUnneeded(who string, keys, told []string, diags *diag.Diagnostics) {
	for _, key := range keys {
		if !slices.Contains(told, key) {
			diags.AddAttributeWarning(path.Root("accepted_risks").AtMapKey(key), "An accepted risk matches no finding",
				fmt.Sprintf("%s has no finding that %q matches. Remove it, so that it does not accept a later finding unnoticed.", UpperFirst(who), key))
		}
	}
}
