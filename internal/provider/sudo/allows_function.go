package sudo

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

type sudoersAllowsFunction struct{}

// NewAllowsFunction is function sudoers_allows.
func NewAllowsFunction() function.Function { return sudoersAllowsFunction{} }

func (sudoersAllowsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "sudoers_allows"
}

func (sudoersAllowsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Tells whether a sudoers policy lets a user run a command as root",
		MarkdownDescription: "Answers as the sudo of a Debian node would: the last rule that matches the command line decides, and without a match the answer is no. " +
			"The command line is split into words as a POSIX shell would, without expansion. The program is taken to exist on the node, and times in rules are not considered. " +
			"Where the answer depends on what no policy says (the files below a `CHROOT`, texts in a `sudoers_locale` other than C) the function fails and says on what.",
		Parameters: []function.Parameter{
			policyParameter(),
			function.StringParameter{Name: "user", MarkdownDescription: "Name of the user, or a group name after `%`."},
			function.StringParameter{Name: "command", MarkdownDescription: "Command line that begins with an absolute path: `/usr/sbin/qm start 2001`."},
		},
		VariadicParameter: function.StringParameter{Name: "groups", MarkdownDescription: "Groups of the user, for rules about groups."},
		Return:            function.BoolReturn{},
	}
}

func (sudoersAllowsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text, user, command string
	var groups []string
	if resp.Error = req.Arguments.Get(ctx, &text, &user, &command, &groups); resp.Error != nil {
		return
	}
	file, problem := parseArgument(0, text)
	if problem != nil {
		resp.Error = problem
		return
	}
	words, err := review.SplitCommand(command)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(2, err.Error())
		return
	}
	decision := policy.Decide(sudoers.TreeOf(file), policy.Request{
		Subject: policy.Subject{Name: user, Groups: groups},
		Host:    "localhost",
		Command: words[0],
		Args:    words[1:],
	})
	if decision.Verdict == policy.Unknown {
		resp.Error = function.NewArgumentFuncError(2, fmt.Sprintf("Unable to decide %s: line %d of the policy, %s, decides it only if %s. Write the rule without what this depends on.",
			command, decision.Rule.Pos.Line, decision.Rule.Text, strings.Join(decision.If, ", and if ")))
		return
	}
	resp.Error = resp.Result.Set(ctx, decision.Verdict == policy.Allowed)
}
