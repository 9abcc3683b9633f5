package sudo

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Schema describes the resource.
func (r *breakGlassResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := session.PlacedAttributes(map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "Name of the access, part of its file names: letters, digits, `_` and `-`. It changes only together with `renew_id`. " +
				"An access of this name that is on a node already is refused, except one with exactly these settings, as an interrupted apply leaves it: that one is opened anew, with a warning.",
			Required:      true,
			Validators:    []validator.String{values.CheckedBy("be usable in file names", hardening.CheckBreakGlassName)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"subject": schema.StringAttribute{
			MarkdownDescription: "Who gets the access: a Linux user name, or a group name after `%`.",
			Required:            true,
			Validators:          []validator.String{values.CheckedBy("be a user name, or a group name after %", hardening.CheckSubject)},
		},
		"reason": schema.StringAttribute{
			MarkdownDescription: "Why the access is needed, in one line. It stands in the file, in the node's events and in the state.",
			Required:            true,
			Validators:          []validator.String{values.CheckedBy("be one line of readable text", hardening.CheckReason)},
		},
		"ticket": schema.StringAttribute{
			MarkdownDescription: "Number or address of the ticket.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be one line of readable text", hardening.CheckReason)},
		},
		"commands": schema.ListAttribute{
			MarkdownDescription: "What the subject may run as any user, each as in a sudoers rule: `/usr/bin/systemctl restart pveproxy`. Either this or `all_commands`.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators: []validator.List{
				listvalidator.SizeAtLeast(1),
				listvalidator.ValueStringsAre(values.CheckedBy("be a command of a sudoers rule", hardening.CheckEmergencyCommand)),
			},
		},
		"all_commands": schema.BoolAttribute{
			MarkdownDescription: "Whether the subject may run every command, which is root.",
			Optional:            true,
		},
		"duration": schema.StringAttribute{
			MarkdownDescription: "How long the access is open: `2h`, `90m`. At most `break_glass_max_duration` of the provider. It changes only together with `renew_id` while the access is open.",
			Required:            true,
			Validators:          []validator.String{values.CheckedBy("be a length of time such as 2h", checkDuration)},
		},
		"starts_at": schema.StringAttribute{
			MarkdownDescription: "When the access begins, in RFC 3339; at the apply without it, and where the moment is past. A moment to come is refused on a node whose sudo ignores the begin of a grant that has an end: sudo 1.9.15 to 1.9.17, that is Proxmox VE 9.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be a point in time in RFC 3339", values.CheckTime)},
		},
		"renew_id": schema.StringAttribute{
			MarkdownDescription: "Any text. Another text grants the access anew, for the whole `duration`. Nothing else opens an access that has ended, except what makes Terraform create the resource anew (`-replace`).",
			Optional:            true,
		},
		"require_password": schema.BoolAttribute{
			MarkdownDescription: "Whether sudo asks for the subject's password; `true` by default. An account without a password needs `false`.",
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(true),
		},
		"require_logging": schema.BoolAttribute{
			MarkdownDescription: "Whether sudo refuses a command that it cannot record, as on a full disk; `true` by default. Set `false` if the emergency is a full disk.",
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(true),
		},
		"end_sessions": schema.BoolAttribute{
			MarkdownDescription: "Whether the end of the access, by its time or by a destroy, also ends what the subject still runs with sudo: every process of sudo that the subject started, and all that it started in turn, also without its environment, and what became a daemon or was taken in by another process of the subject. " +
				"Guests and units of the system (`qemu.slice`, `machine.slice`, LXC, `system.slice`) go on, also those that the subject started with sudo, unless sudo still waits for them: who is root can leave a service behind. " +
				"`false` by default: no new command is allowed after the end, but a root shell that is open stays open.",
			Optional: true,
			Computed: true,
			Default:  booldefault.StaticBool(false),
		},
		"status": schema.StringAttribute{
			MarkdownDescription: "`running`, `scheduled`, `expired`, `closed` (somebody took the file away before its time) or `not granted`. Of several nodes the one that is most open counts.",
			Computed:            true,
		},
		"granted_at": schema.StringAttribute{
			MarkdownDescription: "When the access was granted last, in RFC 3339, by the clock of the first node.",
			Computed:            true,
		},
		"expires_at": schema.StringAttribute{
			MarkdownDescription: "When the last node ends the access, by its own clock. A plan says how much time is left.",
			Computed:            true,
		},
		"root_equivalent": schema.BoolAttribute{
			MarkdownDescription: "Whether the commands lead to root. `reason` accepts that.",
			Computed:            true,
		},
		"findings": schema.ListAttribute{
			MarkdownDescription: "What the commands can do beyond their purpose, one line for each finding: id, severity and explanation.",
			ElementType:         types.StringType,
			Computed:            true,
		},
	}, breakGlassEntry())
	unreachable, _ := attributes["on_unreachable"].(schema.StringAttribute)
	unreachable.Default = stringdefault.StaticString("skip")
	unreachable.MarkdownDescription = "What to do when a node does not answer. `skip` (default, unlike other resources) opens the access on the nodes that answer and warns of the others, which get it with the next `renew_id`; `fail` opens it on none. " +
		"A destroy always closes the nodes that answer, and is an error until every node has answered."
	attributes["on_unreachable"] = unreachable
	resp.Schema = schema.Schema{
		MarkdownDescription: "Emergency access with sudo that ends on the node by itself.\n\n" +
			"sudo heeds the end of the access (`NOTAFTER`), also if nothing else works any more. A timer of the node then takes the file away: after a reboot too, and by a clock that nobody can set, which begins anew at each start of the node, as well as by the node's clock. " +
			"Every command is recorded, input and output, and the node's events tell the begin and the end. " +
			"After its end, the access stays in the state as `expired`, a plan says so and changes nothing; only another `renew_id` opens it again. " +
			"An access that somebody closed on the node is not opened again either. A destroy ends it at once on each node that answers. " +
			"It needs no API of Proxmox VE if the provider block names the nodes, so it works without quorum and with a read-only `/etc/pve`.",
		Attributes: attributes,
		Blocks:     session.PlacedBlocks(ctx, map[string]schema.Block{}),
	}
}

// breakGlassEntry describes a node's entry of deployed.
func breakGlassEntry() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"status":     schema.StringAttribute{MarkdownDescription: "As `status`, of this node.", Computed: true},
		"granted_at": schema.StringAttribute{MarkdownDescription: "When the access was granted, by the node's clock.", Computed: true},
		"begins_at":  schema.StringAttribute{MarkdownDescription: "From when sudo allows it, by the node's clock.", Computed: true},
		"expires_at": schema.StringAttribute{MarkdownDescription: "Until when sudo allows it, by the node's clock.", Computed: true},
		"clock_skew": schema.StringAttribute{MarkdownDescription: "How far the node's clock was ahead of the runner's when the access was granted: `0s`, `-2m5s`.", Computed: true},
		"changes": schema.ListAttribute{
			MarkdownDescription: "What somebody changed in the files of an open access, and files that are left after its end or where it was never granted. The next apply mends it.",
			ElementType:         types.StringType,
			Computed:            true,
		},
	}
}

// shortestDuration leaves a run the time to come to its end before the access does.
const shortestDuration = 10 * time.Second

func checkDuration(text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a length of time: write a number and s, m or h, for example 2h", text)
	case d < shortestDuration:
		return fmt.Errorf("%q is shorter than %s", text, shortestDuration)
	case d%time.Second != 0:
		return fmt.Errorf("%q has a part of a second", text)
	}
	return nil
}
