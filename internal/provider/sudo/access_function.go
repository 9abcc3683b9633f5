package sudo

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

// accessSudoersFunction is access_sudoers: what sudoers must permit the user that the provider logs in as.
type accessSudoersFunction struct{}

// NewAccessFunction is function access_sudoers.
func NewAccessFunction() function.Function { return accessSudoersFunction{} }

func (accessSudoersFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "access_sudoers"
}

func (accessSudoersFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Returns the sudoers file that the provider's own SSH user needs",
		MarkdownDescription: "For teams that do not allow root to log in: the least that sudoers must permit the user of `ssh.user`. It is one fixed command line, " +
			"`/bin/sh -s` as root, to which every program and every file travels over standard input. That is root's whole power, and pvesec cannot do with less, since " +
			"it installs sudoers files: keep that user's key as you keep root's password.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "user", MarkdownDescription: "The user that the provider logs in as."},
			function.BoolParameter{Name: "password", MarkdownDescription: "Whether sudo asks for a password; give it to the provider as `ssh.sudo_password`."},
		},
		Return: function.StringReturn{},
	}
}

var loginName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

func (accessSudoersFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var user string
	var password bool
	if resp.Error = req.Arguments.Get(ctx, &user, &password); resp.Error != nil {
		return
	}
	switch {
	case !loginName.MatchString(user):
		resp.Error = function.NewArgumentFuncError(0, "not a Linux user name: write lower-case letters, digits, \"_\" and \"-\"")
	case user == "root":
		resp.Error = function.NewArgumentFuncError(0, "root needs no sudo")
	default:
		resp.Error = resp.Result.Set(ctx, hardening.AccessSudoers(user, password))
	}
}
