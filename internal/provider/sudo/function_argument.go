package sudo

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// policyParameter is the sudoers text that each function takes first.
func policyParameter() function.Parameter {
	return function.StringParameter{Name: "policy", MarkdownDescription: "A policy in sudoers syntax, for example `file(\"agent.sudoers\")`."}
}

// parseArgument parses an argument of a function. A malformed policy is an error of that argument, with every line that
// is wrong.
func parseArgument(position int64, text string) (*sudoers.File, *function.FuncError) {
	file, problems := sudoers.Parse("policy", text, review.PlanVersion)
	if len(problems) == 0 {
		return file, nil
	}
	message := "the policy is malformed"
	for _, problem := range problems {
		message += fmt.Sprintf("\n\nLine %d, column %d: %s\n%s", problem.Pos.Line, problem.Pos.Col, problem.Msg, problemDetail(problem, text))
	}
	return nil, function.NewArgumentFuncError(position, message)
}
