package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

type sudoersCompareFunction struct{}

// NewCompareFunction is function sudoers_compare.
func NewCompareFunction() function.Function { return sudoersCompareFunction{} }

func (sudoersCompareFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "sudoers_compare"
}

func (sudoersCompareFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Compares what two sudoers policies allow a user",
		MarkdownDescription: "Compares over every command line, host and target, not by text, and returns an object with `verdict` (`equal`, `narrower`, `wider`, `incomparable` or `unknown`), " +
			"`newly_allowed` and `no_longer_allowed` (a command line for each path and rule), `changed` (command lines that stay allowed on other conditions) and `unknown` (what could not be compared, and why).",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "before", MarkdownDescription: "A policy in sudoers syntax."},
			function.StringParameter{Name: "after", MarkdownDescription: "The policy that takes its place."},
			function.StringParameter{Name: "user", MarkdownDescription: "Name of the user, or a group name after `%`."},
		},
		VariadicParameter: function.StringParameter{Name: "groups", MarkdownDescription: "Groups of the user, for rules about groups."},
		Return:            function.ObjectReturn{AttributeTypes: sudoersChangeType},
	}
}

func (sudoersCompareFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var before, after, user string
	var groups []string
	if resp.Error = req.Arguments.Get(ctx, &before, &after, &user, &groups); resp.Error != nil {
		return
	}
	old, problem := parseArgument(0, before)
	if problem != nil {
		resp.Error = problem
		return
	}
	changed, problem := parseArgument(1, after)
	if problem != nil {
		resp.Error = problem
		return
	}
	resp.Error = resp.Result.Set(ctx, sudoersChangeModel(review.Compare(sudoers.TreeOf(old), sudoers.TreeOf(changed), review.AskAbout(policy.Subject{Name: user, Groups: groups}))))
}
