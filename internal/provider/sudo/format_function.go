package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

type sudoersFormatFunction struct{}

// NewFormatFunction is function sudoers_format.
func NewFormatFunction() function.Function { return sudoersFormatFunction{} }

func (sudoersFormatFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "sudoers_format"
}

func (sudoersFormatFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Writes a sudoers policy in canonical form",
		MarkdownDescription: "Parses a policy as visudo would and writes it in canonical form, comments included. Two policies that differ in spaces and line breaks alone give the same text. A malformed policy is an error with line and column.",
		Parameters:          []function.Parameter{policyParameter()},
		Return:              function.StringReturn{},
	}
}

func (sudoersFormatFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	file, problem := parseArgument(0, text)
	if problem != nil {
		resp.Error = problem
		return
	}
	formatted := sudoers.Print(file)
	if again, _ := sudoers.Parse("policy", formatted, sudoers.Version{}); !sudoers.SameEntries(file.Entries, again.Entries) {
		resp.Error = function.NewArgumentFuncError(0, "Unable to write the policy in canonical form: sudo would read it otherwise. Report this as a defect of the provider, with the policy.")
		return
	}
	resp.Error = resp.Result.Set(ctx, formatted)
}
