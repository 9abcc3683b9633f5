package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// warnOfMissingPrograms warns of programs that the policy grants by their paths, that nobody has described there, and
// that no node has: a misspelt path grants nothing. The nodes are asked only where a policy grants such a program. It
// is a hint: what a node does not answer stands against no plan.
func (r *sudoersPolicyResource) warnOfMissingPrograms(ctx context.Context, plan *sudoersPolicyModel, text *review.Policy, targets []node.Target, diags *diag.Diagnostics) {
	if text == nil || len(targets) == 0 {
		return
	}
	programs := text.Programs()
	nodes, err := r.Clients.Nodes()
	if err != nil || len(programs) == 0 {
		return
	}
	seen, err := session.Observe(ctx, nodes, r.Reachable(ctx, targets, plan.OnUnreachable, &diag.Diagnostics{}), hardening.Programs(programs).Missing)
	if err != nil || len(seen) < len(targets) {
		return
	}
	for _, missing := range seen {
		programs = slices.DeleteFunc(programs, func(path string) bool { return !slices.Contains(*missing, path) })
	}
	if len(programs) > 0 {
		diags.AddAttributeWarning(plan.textAttribute(), "Missing on the nodes: "+strings.Join(programs, ", "),
			fmt.Sprintf("The policy grants what none of the nodes has (%s), so that it allows nothing. Mend the path, or install the program before somebody needs it.",
				strings.Join(slices.Sorted(maps.Keys(seen)), ", ")))
	}
}
