package sshd

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

func (r *policyResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := optionAttributes(func(o hardening.SshdOption) bool { return o.Everywhere })
	attributes["name"] = schema.StringAttribute{
		MarkdownDescription: "Part of the file's name: letters, digits, `_` and `-`; `pvesec` by default. Changing it creates a new file. Two policies on one node must not set the same thing.",
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString("pvesec"),
		Validators:          []validator.String{values.CheckedBy("be usable in file names", hardening.CheckDropInName)},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attributes["crypto_profile"] = schema.StringAttribute{
		MarkdownDescription: "`strict` sets `ciphers`, `macs`, `kex_algorithms` and `host_key_algorithms` to the strong ones that the node's OpenSSH has. A node that gets a newer OpenSSH is planned for. It excludes those four.",
		Optional:            true,
		Validators: []validator.String{
			stringvalidator.OneOf(strictProfile),
			stringvalidator.ConflictsWith(path.MatchRoot("ciphers"), path.MatchRoot("macs"), path.MatchRoot("kex_algorithms"), path.MatchRoot("host_key_algorithms")),
		},
	}
	attributes["cluster_networks"] = schema.SetAttribute{
		MarkdownDescription: "Addresses and networks from which root of other nodes comes. Where the policy narrows what the nodes of a cluster need of each other, these keep it, with keys, as far as no other file closes it. Without it, the addresses in `corosync.conf`, those of " +
			"the cluster's members and the networks of migrations, as each node knows them; a node that joins later is planned for. A network of migrations counts where the node has an address in it; one wider than /16, or /48 for IPv6, is refused, since Proxmox VE lets more people than root write it. An empty list keeps nothing open, and other nodes are not asked about.",
		ElementType: types.StringType,
		Optional:    true,
		Validators:  []validator.Set{setvalidator.ValueStringsAre(values.CheckedBy("be an address or a network", hardening.CheckSshdAddress))},
	}
	attributes["administrators"] = schema.SetAttribute{
		MarkdownDescription: "Users of whom one must still get a shell, from where pvesec connects or by one of the `login` blocks, with a password or with a key that is there. A policy after which none does is refused. They hold for this policy only: a policy of another name does not ask for them. " +
			"Without it, only the user that pvesec itself logs in as counts.",
		ElementType: types.StringType,
		Optional:    true,
		Validators:  []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(values.CheckedBy("be the name of a user", node.CheckSshdUser))},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Who may log in to nodes over SSH, from where and how: a file that sshd reads before all others.\n\n" +
			"A plan asks the sshd of each node what the policy would make of logins (`sshd -T -C`), and shows it. A policy that would lock out pvesec itself, the other nodes of the cluster or the last administrator is refused before anything changes. " +
			"The file is checked by `sshd -t` on each node and installed on all nodes or on none. Then pvesec logs in anew; without that, each node restores the old file by itself, whatever happens to Terraform or to the connection. " +
			"Sessions that are open stay.",
		Attributes: session.PlacedAttributes(attributes, deployedAttributes()),
		Blocks: session.PlacedBlocks(ctx, map[string]schema.Block{
			"match": schema.ListNestedBlock{
				MarkdownDescription: "Settings for some logins instead of those above. Each of `users`, `groups` and `addresses` that is given must match. Of several blocks that match, the first that has a setting decides it.",
				NestedObject:        schema.NestedBlockObject{Attributes: matchAttributes()},
			},
			"login": schema.ListNestedBlock{
				MarkdownDescription: "A login that sshd is asked about; `deployed` shows what it would get.",
				NestedObject:        schema.NestedBlockObject{Attributes: connectionAttributes()},
			},
		}),
	}
}

// optionAttributes describes the settings that are wanted.
func optionAttributes(wanted func(hardening.SshdOption) bool) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, option := range hardening.SshdOptions {
		if wanted(option) {
			attributes[option.Attribute] = optionAttribute(option)
		}
	}
	return attributes
}

func optionAttribute(o hardening.SshdOption) schema.Attribute {
	description := o.Description + " (`" + o.Keyword + "`)"
	switch o.Kind {
	case hardening.SshdFlag:
		return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
	case hardening.SshdNumber:
		return schema.Int64Attribute{CustomType: values.WholeType{}, MarkdownDescription: description, Optional: true, Validators: []validator.Int64{int64validator.Between(1, 3600)}}
	case hardening.SshdNames:
		check := values.CheckedBy("be a user", hardening.CheckSshdAllowedUser)
		if o.Attribute == "allow_groups" {
			check = values.CheckedBy("be a group", hardening.CheckSshdGroup)
		}
		return schema.SetAttribute{MarkdownDescription: description, ElementType: types.StringType, Optional: true, Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(check)}}
	case hardening.SshdList:
		return schema.ListAttribute{
			MarkdownDescription: description, ElementType: types.StringType, Optional: true,
			Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(values.CheckedBy("be an algorithm", hardening.CheckSshdAlgorithm))},
		}
	case hardening.SshdLine:
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: []validator.String{values.CheckedBy("be a command on one line", hardening.CheckSshdCommand)}}
	}
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: []validator.String{stringvalidator.OneOf(o.OneOf...)}}
}

// matchAttributes describes a match block.
func matchAttributes() map[string]schema.Attribute {
	attributes := optionAttributes(func(o hardening.SshdOption) bool { return o.InMatch })
	for name, what := range map[string]struct {
		description string
		check       validator.String
	}{
		"users":     {"Users, with `*` and `?`; `!` before one leaves it out.", values.CheckedBy("be a user", hardening.CheckSshdPattern)},
		"groups":    {"Groups of which the user is in one, with `*` and `?`; `!` before one leaves it out.", values.CheckedBy("be a group", hardening.CheckSshdPattern)},
		"addresses": {"Addresses and networks from which the login comes; `!` before one leaves it out.", values.CheckedBy("be an address or a network", hardening.CheckSshdMatchAddress)},
	} {
		attributes[name] = schema.SetAttribute{MarkdownDescription: what.description, ElementType: types.StringType, Optional: true, Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(what.check)}}
	}
	return attributes
}

// connectionAttributes describes a login block.
func connectionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name":    schema.StringAttribute{MarkdownDescription: "What `deployed` calls it. `pvesec` and `cluster` are taken.", Required: true, Validators: []validator.String{stringvalidator.LengthBetween(1, 64), stringvalidator.NoneOf("pvesec", "cluster")}},
		"user":    schema.StringAttribute{MarkdownDescription: "Who logs in.", Required: true, Validators: []validator.String{values.CheckedBy("be the name of a user", node.CheckSshdUser)}},
		"address": schema.StringAttribute{MarkdownDescription: "The IP address from which the login comes.", Required: true, Validators: []validator.String{values.CheckedBy("be an IP address", hardening.CheckSshdSource)}},
		"host":    schema.StringAttribute{MarkdownDescription: "The name of that address, where sshd looks names up (`UseDNS yes`). The address by default.", Optional: true, Validators: []validator.String{values.CheckedBy("be the name of a host", node.CheckSshdHost)}},
	}
}

// deployedAttributes describes a node's entry of deployed.
func deployedAttributes() map[string]schema.Attribute {
	keywords := func(description string) schema.MapAttribute {
		return schema.MapAttribute{MarkdownDescription: description, ElementType: keywordsType, Computed: true}
	}
	return map[string]schema.Attribute{
		"file":    schema.StringAttribute{MarkdownDescription: "Mode, owner and the beginning of the SHA-256 of the file, or `absent`.", Computed: true},
		"content": schema.StringAttribute{MarkdownDescription: "Text of the file.", Computed: true},
		"changes": schema.ListAttribute{MarkdownDescription: "Lines by which the file differs from what the policy is for this node: `+` the node has, `-` it lacks.", ElementType: types.StringType, Computed: true},
		"effective": keywords("What sshd makes of logins: for each `login`, for pvesec itself (`pvesec`) and for root of the other nodes (`cluster`, and with an address where they differ), the values of the keywords that the policy sets, " +
			"as sshd tells them. `problem` says why it does not. A plan of a change leaves open what the same apply, or another place to run it from, can change: where a `Match` block is about groups or addresses, and where the file of another policy sets the same."),
		"effective_without": keywords("The same without the policy's file: what was before it, and what a destroy leaves. Known after the apply of a new policy."),
		"overruled": schema.ListAttribute{
			MarkdownDescription: "Lines of other files that decide, or add to, what the policy sets, as `file:line: what`, for one of the logins or in a Match block for anyone. A plan shows them as drift and warns. An apply does not remove them, " +
				"so every plan shows them until somebody does. Other options of sshd in `/etc/default/ssh` are among them.",
			ElementType: types.StringType, Computed: true,
		},
	}
}
