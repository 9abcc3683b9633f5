package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Schema describes the resource.
func (r *exclusiveResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Removes from the sudoers files of nodes every line that does not belong there: that pvesec did not write, no package ships, and the configuration does not name. " +
			"A plan shows each line. An apply removes what its plan showed and nothing else; a copy of each file is kept in `/var/backups/pvesec`. A destroy only ends that: it changes no node.\n\n" +
			"What stays:\n\n" +
			"* files in `/etc/sudoers.d` with the header of pvesec, also those of other workspaces. A header is believed where only root can have written the file; `resource_names` limits whose. A policy whose text is given in `content` " +
			"has no header: name it in `files`;\n" +
			"* files that an installed package ships, as long as they are as dpkg knows them, and the lines that Debian ships in `/etc/sudoers`;\n" +
			"* `files` and `lines`, and what a file that stays includes;\n" +
			"* the lines by which pvesec itself gets in, and lines whose removal would give somebody more. `deployed` shows those as `held`, with the reason, and a plan warns of them. " +
			"Of a line of `Defaults` the options that are known to give more go, such as `!authenticate`, and the others stay in its place; of a rule that denies and allows the denials stay. " +
			"Where the files say too much to compare what a removal changes, every grant goes, every denial stays, and a plan warns of it.\n\n" +
			"Files that sudo does not read, such as names with a dot, give nobody anything and are left alone. A file that only a foreign `@include` leads to is left on the node too; the include goes. " +
			"Use one such resource for a node: two of different workspaces that name different files would each remove what the other one names.",
		Attributes: session.PlacedAttributes(map[string]schema.Attribute{
			"files": schema.SetAttribute{
				MarkdownDescription: "Names of files in `/etc/sudoers.d` that stay as they are, such as the `name` of policies whose text is given in `content`.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1),
					setvalidator.ValueStringsAre(values.CheckedBy("be the name of a file that sudo reads", hardening.CheckExclusiveFile)),
				},
			},
			"lines": schema.SetAttribute{
				MarkdownDescription: "Lines of `/etc/sudoers` that stay, each as it stands there: `%wheel ALL=(ALL) ALL`. Spaces and a comment behind the line do not count.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1),
					setvalidator.ValueStringsAre(values.CheckedBy("be one line of sudoers", hardening.CheckSudoersLine)),
				},
			},
			"resource_names": schema.SetAttribute{
				MarkdownDescription: "Names of the `pvesec_sudoers_policy` and `pvesec_audit_logging` whose files stay by their header: the `name` of each, of other workspaces too. Without it the header of any name is believed, " +
					"and somebody who was root once can have left a file with one. An emergency access stays in any case, since it ends by itself.",
				ElementType: types.StringType,
				Optional:    true,
			},
			"removed": schema.MapAttribute{
				MarkdownDescription: "What this plan removes, by node name, as `file:line: text`; null where it removes nothing, and after the next refresh. An apply refuses to remove a line that appeared since.",
				ElementType:         values.StringListType,
				Computed:            true,
			},
		}, exclusiveEntry()),
		Blocks: session.PlacedBlocks(ctx, map[string]schema.Block{}),
	}
}

// exclusiveEntry describes a node's entry of deployed.
func exclusiveEntry() map[string]schema.Attribute {
	list := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	return map[string]schema.Attribute{
		"changes": list("Lines that do not belong to the node's sudoers files, as `/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL`. The next apply removes them."),
		"held":    list("Lines that do not belong there and stay, each with the reason: without it somebody would be allowed more, or pvesec itself would not get in."),
		"kept":    list("Files in `/etc/sudoers.d`, and what they include, that stay, each with the reason: the resource of pvesec, the package, or that they are named."),
	}
}
