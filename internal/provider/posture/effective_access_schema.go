package posture

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

func text(name, description string) values.Field {
	return values.Field{Name: name, Type: types.StringType, Description: description}
}

func flag(name, description string) values.Field {
	return values.Field{Name: name, Type: types.BoolType, Description: description}
}

func number(name, description string) values.Field {
	return values.Field{Name: name, Type: types.Int64Type, Description: description}
}

func texts(name, description string) values.Field {
	return values.Field{Name: name, Type: values.StringListType, Description: description}
}

// listOf is a computed list of objects.
func listOf(description string, fields []values.Field, more map[string]schema.Attribute) schema.ListNestedAttribute {
	attributes := values.DataSourceFields(fields)
	for name, attribute := range more {
		attributes[name] = attribute
	}
	return schema.ListNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: attributes}}
}

func stepFields() []values.Field {
	return []values.Field{
		text("from", "Id of the principal that the step starts from."),
		text("to", "Id of the principal that it leads to."),
		text("way", "What sort of step it is: `sudo`, `member`, `group`, `key`, `uid`, `password`, `local`, `set-id`, `capability`, `file`, `cron`, `unit`, `privilege`, `token` or `login`."),
		text("does", "What the principal may do, as a clause."),
		text("evidence", "Where that stands: a file with its line, the mode of a file, an ACL path with its role."),
		text("finding", "Stable id of the rule that says so, such as `PVESEC-E0107`; empty for none."),
		text("example", "A command line or request that does it; empty for none."),
		text("condition", "Additional condition; empty for nothing."),
		text("remedy", "What to change so that the step is gone. It is a command only if each name in it is harmless for a shell."),
	}
}

func effectiveAccessSchema() schema.Schema {
	names := func(description string) schema.SetAttribute {
		return schema.SetAttribute{MarkdownDescription: description, ElementType: types.StringType, Optional: true, Validators: []validator.Set{setvalidator.SizeAtLeast(1)}}
	}
	return schema.Schema{
		MarkdownDescription: "What everyone can really do on the nodes and in Proxmox VE now, and the paths to root. It is read from the nodes and from PVE, not from state, and nothing is changed. " +
			"Each node is looked at over one connection, and PVE is asked for its lists only. What could not be read is in `unknown`, with the reason: it may lead to root. " +
			"Without an endpoint only the nodes are looked at, without a way to log in to the nodes only PVE; `unknown` says so.",
		Attributes: map[string]schema.Attribute{
			"nodes":    names("Names of the nodes to look at. Without it, all nodes."),
			"subjects": names("Names or ids of the subjects to report on, such as `alice`, `ops@pve`, `ops@pve!ci`, or an SSH key. Without it, everyone. Paths lead through everyone in any case."),
			"access": listOf("What each subject has, ordered by id: a Linux account on each node, a user, group and token of PVE, a key that logs in, and everyone who can run a program on a node.", []values.Field{
				text("id", "Unique id."), text("kind", "`linux_account`, `pve_user`, `pve_group`, `pve_token`, `ssh_key` or `everyone`."), text("name", "Name."),
				text("node", "Node; empty for what belongs to the cluster."),
				flag("leads_to_root", "Whether a path leads to root, or it is root."), number("paths", "How many paths lead from here to root."),
				flag("active", "False for a user or token of PVE that is disabled or has expired."), texts("groups", "Groups."), text("shell", "Shell of a Linux account."),
				text("password", "Whether a Linux account can use a password: `set`, `locked`, `empty` or `unknown`. The password and its hash are never read."),
				texts("second_factors", "Kinds of the second factors of a PVE user that are on, such as `totp` or `recovery`; empty for none. A token needs none."), flag("separated", "Whether a token has rights of its own only."),
			}, map[string]schema.Attribute{
				"keys": listOf("Public keys that sshd accepts for the account.", []values.Field{text("fingerprint", "SHA-256 fingerprint."), text("type", "Type."), text("comment", "Comment."),
					texts("options", "Names of the options before the key."), text("file", "File."), number("line", "Line.")}, nil),
				"sudo": listOf("What the sudoers files give, from all files.", []values.Field{text("file", "File."), number("line", "Line."), text("grant", "The grant."),
					flag("nopasswd", "Whether the grant itself asks for no password."), text("by", "The word that names the subject: its name, a group, an alias or `ALL`."),
					text("emergency", "Name of the emergency access (`pvesec_break_glass`, or `by-hand`) that the grant is of; empty for another grant."),
					text("begins_at", "From when sudo heeds the grant, in RFC 3339; empty for no begin."), text("ends_at", "Until when, in RFC 3339; empty for no end.")}, nil),
				"findings": listOf("What the grants of sudo, or the privileges in PVE, lead to.", []values.Field{text("id", "Stable id."), text("severity", "`critical`, `high` or `medium`."), text("effect", "Effect of a command."),
					text("does", "What it does."), text("example", "Example."), text("condition", "Additional condition; empty if none."), text("fix", "What to grant instead."),
					text("evidence", "Grant with file and line, or privileges with their ACL entries."), flag("root_equivalent", "Whether it leads to root by itself.")}, nil),
				"permissions": listOf("Entries of PVE's access control list, its own and those of its groups.", []values.Field{text("path", "Path."), text("role", "Role."), text("holder", "User, group or token of the entry."),
					flag("propagate", "Whether it also holds below the path.")}, nil),
			}),
			"merged": listOf("The same subjects by kind and name over all nodes.", []values.Field{text("kind", "Kind."), text("name", "Name."), texts("nodes", "Where it is; `cluster` for what belongs to PVE."),
				texts("leads_to_root_on", "Where it leads to root.")}, nil),
			"paths": listOf("Paths to root. Each thing that a subject may do and that leads to root is one path, continued on the shortest way. Of more than 100 of one kind from one subject, 100 are listed, and `unknown` says how many more there are.", []values.Field{text("from", "Id of the subject."), text("name", "Its name."), text("node", "Its node; empty for what belongs to the cluster."),
				text("to", "Id of the root that it leads to."), text("text", "The path on one line.")}, map[string]schema.Attribute{"steps": listOf("Steps in order.", stepFields(), nil)}),
			"cuts":    listOf("Single changes that take all paths to root from somebody, the change that frees most first. A change is one file, one line of a sudoers file, or one step.", append(stepFields(), texts("frees", "Ids of the subjects that no longer lead to root.")), nil),
			"unknown": listOf("What could not be found out. It may lead to root.", []values.Field{text("node", "Node; empty for the cluster."), text("about", "What is not known."), text("reason", "Why.")}, nil),
			"counts": schema.SingleNestedAttribute{MarkdownDescription: "Numbers for `check` blocks.", Computed: true, Attributes: values.DataSourceFields([]values.Field{
				number("nodes", "Nodes that were looked at."), number("subjects", "Subjects."), number("leads_to_root", "Subjects that lead to root and are not root."), number("paths", "Paths to root."),
				number("findings", "Findings of grants and privileges."), number("unknown", "Things that are not known."),
			})},
			"markdown":        schema.StringAttribute{MarkdownDescription: "The report as Markdown, with tables and a Mermaid graph.", Computed: true},
			"open_graph_json": schema.StringAttribute{MarkdownDescription: "The graph of all subjects as JSON in the form OpenGraph, which BloodHound takes.", Computed: true},
		},
	}
}
