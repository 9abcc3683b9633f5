package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Schema describes the ephemeral resource.
func (e *breakGlassEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	line := values.CheckedBy("be one line of readable text", hardening.CheckReason)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Emergency access with sudo for one run, for a pipeline that needs a right for minutes. It is in no state and no plan.\n\n" +
			"Terraform opens it while it plans and again while it applies. Each time it is an access with a name of its own (`" + runPrefix + "…`) that is closed when all that uses it is done. " +
			"If the run is killed, or a node does not answer, the node ends it by itself after `duration`, as resource `pvesec_break_glass` describes; it is never prolonged. It is granted on all of its nodes or on none, and it needs no API of Proxmox VE " +
			"if the provider block names the nodes.",
		Attributes: map[string]schema.Attribute{
			"subject": schema.StringAttribute{
				MarkdownDescription: "Who gets the access: a Linux user name, or a group name after `%`.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a user name, or a group name after %", hardening.CheckSubject)},
			},
			"reason": schema.StringAttribute{
				MarkdownDescription: "Why the access is needed, in one line. It stands in the file and in the node's events.",
				Required:            true,
				Validators:          []validator.String{line},
			},
			"ticket": schema.StringAttribute{
				MarkdownDescription: "Number or address of the ticket.",
				Optional:            true,
				Validators:          []validator.String{line},
			},
			"commands": schema.ListAttribute{
				MarkdownDescription: "What the subject may run as any user, each as in a sudoers rule. Either this or `all_commands`.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.List{
					listvalidator.SizeAtLeast(1),
					listvalidator.ValueStringsAre(values.CheckedBy("be a command of a sudoers rule", hardening.CheckEmergencyCommand)),
				},
			},
			"all_commands": schema.BoolAttribute{MarkdownDescription: "Whether the subject may run every command, which is root.", Optional: true},
			"duration": schema.StringAttribute{
				MarkdownDescription: "When the nodes end the access if nobody closes it: `10m`. Write more than the longest run takes. At most `break_glass_max_duration` of the provider.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a length of time such as 10m", checkDuration)},
			},
			"require_password": schema.BoolAttribute{MarkdownDescription: "Whether sudo asks for the subject's password; `true` by default. An account without a password needs `false`.", Optional: true},
			"require_logging":  schema.BoolAttribute{MarkdownDescription: "Whether sudo refuses a command that it cannot record; `true` by default.", Optional: true},
			"end_sessions": schema.BoolAttribute{
				MarkdownDescription: "Whether the end of the access also ends what the subject still runs with sudo; `false` by default. See resource `pvesec_break_glass`.",
				Optional:            true,
			},
			"nodes": schema.SetAttribute{
				MarkdownDescription: "Names of the nodes; all of the provider or, where it names none, of the cluster by default. All of them must answer.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1)},
			},
			"name":            schema.StringAttribute{MarkdownDescription: "Name of the access, part of its file names.", Computed: true},
			"granted_at":      schema.StringAttribute{MarkdownDescription: "When the access was granted, in RFC 3339, by the clock of the first node.", Computed: true},
			"expires_at":      schema.StringAttribute{MarkdownDescription: "When the last node ends the access, by its own clock.", Computed: true},
			"root_equivalent": schema.BoolAttribute{MarkdownDescription: "Whether the commands lead to root. `reason` accepts that.", Computed: true},
			"findings":        schema.ListAttribute{MarkdownDescription: "What the commands can do beyond their purpose, one line for each finding.", ElementType: types.StringType, Computed: true},
			"deployed":        schema.MapAttribute{MarkdownDescription: "Status, times and clock skew by node name, as in resource `pvesec_break_glass`.", ElementType: breakGlassNodeType, Computed: true},
		},
	}
}
