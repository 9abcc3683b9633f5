package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

type sudoersFindingsFunction struct{}

// NewFindingsFunction is function sudoers_findings.
func NewFindingsFunction() function.Function { return sudoersFindingsFunction{} }

func (sudoersFindingsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "sudoers_findings"
}

func (sudoersFindingsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Lists the ways in which a sudoers policy gives a user root",
		MarkdownDescription: "Analyses every command line that the policy allows the user, as `pvesec_sudoers_policy` does while planning, and returns a list of objects with `id`, `severity`, `effect`, " +
			"`rule`, `command`, `example` (a command line that is allowed), `line`, `condition`, `why`, `fix`, `root_equivalent`, `lines` and `also`; empty means that none was found. " +
			"`accepted` is always null. The guide [root findings](../guides/root-findings) explains each.",
		Parameters: []function.Parameter{
			policyParameter(),
			function.StringParameter{Name: "user", MarkdownDescription: "Name of the user, or a group name after `%`."},
		},
		VariadicParameter: function.StringParameter{Name: "groups", MarkdownDescription: "Groups of the user, for rules about groups."},
		Return:            function.ListReturn{ElementType: explainedFindingType},
	}
}

func (sudoersFindingsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text, user string
	var groups []string
	if resp.Error = req.Arguments.Get(ctx, &text, &user, &groups); resp.Error != nil {
		return
	}
	file, problem := parseArgument(0, text)
	if problem != nil {
		resp.Error = problem
		return
	}
	analysis := review.Analyse(file, policy.Subject{Name: user, Groups: groups}, nil)
	resp.Error = resp.Result.Set(ctx, explained(analysis.Findings))
}
