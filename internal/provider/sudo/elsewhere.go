package sudo

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// aliasName is the name of an alias (sudoers(5), Aliases).
var aliasName = regexp.MustCompile("^[A-Z][A-Z0-9_]*$")

// elsewhere are the names of the aliases that other files define; none while they are not known.
func (m *sudoersPolicyModel) elsewhere() []string {
	if !values.FullyKnown(m.Elsewhere) {
		return nil
	}
	return values.StringsInSet(context.Background(), m.Elsewhere, &diag.Diagnostics{})
}

// namesElsewhere tells that other files define aliases of the policy, or may, while it is not known which.
func (m *sudoersPolicyModel) namesElsewhere() bool {
	return m.Elsewhere.IsUnknown() || len(m.Elsewhere.Elements()) > 0
}

// checkElsewhere reports the aliases that another file is to define and that none defines on a node.
func (m *sudoersPolicyModel) checkElsewhere(ctx context.Context, text *review.Policy, around surroundings, diags *diag.Diagnostics) {
	if text == nil || len(text.Elsewhere) == 0 || m.cutsUnknown() {
		return
	}
	var missing []lint.Finding
	nodes := map[string][]string{} // by what is wrong there
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		for _, finding := range lint.UndefinedAliases(around.on[name].With(m.policy())) {
			if finding.Pos.File != m.policy().Path() {
				continue
			}
			if key := finding.Pos.String(); nodes[key] == nil {
				missing = append(missing, finding)
			}
			nodes[finding.Pos.String()] = append(nodes[finding.Pos.String()], name)
		}
	}
	for _, finding := range missing {
		on := strings.Join(nodes[finding.Pos.String()], ", ")
		finding.Msg += " on " + on
		finding.Fix = fmt.Sprintf("no sudoers file of %s defines it. Define it in the policy, or there first", on)
		m.reportLint(ctx, text, finding, diags)
	}
}

// elsewhereAttribute describes defined_elsewhere.
func elsewhereAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		MarkdownDescription: "Names of aliases that the policy uses and other sudoers files of every node define: those files then decide what it grants. An alias that is neither defined in the policy nor named here is an error; " +
			"so is one that is named here and that a node does not define, in a plan that has read the node.",
		ElementType: types.StringType,
		Optional:    true,
		Validators: []validator.Set{
			setvalidator.SizeAtLeast(1),
			setvalidator.ValueStringsAre(stringvalidator.RegexMatches(aliasName, "must be the name of an alias: capitals, digits and '_', with a capital first")),
		},
	}
}
