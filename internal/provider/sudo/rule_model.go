package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/document"
)

// sudoersRuleModel is one rule in a configuration.
type sudoersRuleModel struct {
	Commands    types.List   `tfsdk:"commands"`
	RunAsUsers  types.List   `tfsdk:"run_as_users"`
	RunAsGroups types.List   `tfsdk:"run_as_groups"`
	Hosts       types.List   `tfsdk:"hosts"`
	NoPasswd    types.Bool   `tfsdk:"nopasswd"`
	NoExec      types.Bool   `tfsdk:"noexec"`
	SetEnv      types.Bool   `tfsdk:"setenv"`
	LogInput    types.Bool   `tfsdk:"log_input"`
	LogOutput   types.Bool   `tfsdk:"log_output"`
	Timeout     types.String `tfsdk:"timeout"`
	NotBefore   types.String `tfsdk:"not_before"`
	NotAfter    types.String `tfsdk:"not_after"`
	Cwd         types.String `tfsdk:"cwd"`
}

// rule is the model as a document has it. Call it only with known values.
func (r sudoersRuleModel) rule(ctx context.Context, diags *diag.Diagnostics) document.Rule {
	return document.Rule{
		Commands:    values.StringsInList(ctx, r.Commands, diags),
		RunAsUsers:  values.StringsInList(ctx, r.RunAsUsers, diags),
		RunAsGroups: values.StringsInList(ctx, r.RunAsGroups, diags),
		Hosts:       values.StringsInList(ctx, r.Hosts, diags),
		NoPasswd:    r.NoPasswd.ValueBoolPointer(),
		NoExec:      r.NoExec.ValueBoolPointer(),
		SetEnv:      r.SetEnv.ValueBoolPointer(),
		LogInput:    r.LogInput.ValueBoolPointer(),
		LogOutput:   r.LogOutput.ValueBoolPointer(),
		Timeout:     r.Timeout.ValueString(),
		NotBefore:   r.NotBefore.ValueString(),
		NotAfter:    r.NotAfter.ValueString(),
		Cwd:         r.Cwd.ValueString(),
	}
}
