package auditlog

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// healthSchema describes data source pvesec_audit_health.
func healthSchema() schema.Schema {
	names := func(description string) schema.SetAttribute {
		return schema.SetAttribute{MarkdownDescription: description, ElementType: types.StringType, Optional: true, Validators: []validator.Set{setvalidator.SizeAtLeast(1)}}
	}
	numbers := func(description string) schema.MapAttribute {
		return schema.MapAttribute{MarkdownDescription: description, ElementType: types.Int64Type, Computed: true}
	}
	return schema.Schema{
		MarkdownDescription: "Whether the audit trail of the nodes is being written, and how often something was refused to its subjects. It is read from the nodes over the connection that is there, and changes nothing: what is set is read from the node's own files, " +
			"so it needs no resource in the same configuration. Use it in `check` blocks.\n\n" +
			"What is counted nobody but root can write: sudo's own log, and records of the journal that a process of root or a daemon of Proxmox VE sent (`_UID`, `_SYSTEMD_UNIT`), however much a message of somebody else looks like one. sudo writes no line where " +
			"`sudo -n` would have to ask for a password for a command that is not allowed.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the audit logging, as in `pvesec_audit_logging`; `pvesec` by default.", Optional: true,
				Validators: []validator.String{values.CheckedBy("be usable in file names", hardening.CheckDropInName)},
			},
			"nodes":    names("Names of the nodes to look at. Without it, all nodes."),
			"subjects": names("Further users to count for, such as `root` or `ops@pve`. The subjects of the audit logging are always counted. Where it is for all users, everyone to whom sudo refused something is."),
			"since": schema.StringAttribute{
				MarkdownDescription: "From when on to count: a length of time before now, such as `24h` or `7d`, or a point in time in RFC 3339; `24h` by default.", Optional: true,
				Validators: []validator.String{values.CheckedBy("be a length of time or a point in time", checkSince)},
			},
			"healthy":  schema.BoolAttribute{MarkdownDescription: "Whether all nodes were looked at and none has a problem.", Computed: true},
			"problems": schema.ListAttribute{MarkdownDescription: "Problems of all nodes, as `node: problem`.", ElementType: types.StringType, Computed: true},
			"denials":  numbers("How often sudo refused a command by subject, over all nodes."),
			"failures": numbers("How often a password or a login was wrong by subject, over all nodes: of sudo, sshd and Proxmox VE."),
			"health": schema.MapNestedAttribute{
				MarkdownDescription: "What each node said, by its name. A node that did not answer is in `problems` only.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: healthAttributes(numbers)},
			},
		},
	}
}

// healthAttributes describes what one node said.
func healthAttributes(numbers func(string) schema.MapAttribute) map[string]schema.Attribute {
	attributes := values.DataSourceFields([]values.Field{
		{Name: "healthy", Type: types.BoolType, Description: "Whether there is no problem."},
		{Name: "problems", Type: values.StringListType, Description: "Why records may not be where a reader looks for them, a sentence each."},
		{Name: "last_event", Type: types.StringType, Description: "When sudo's log was last written to, in RFC 3339; null where there is none."},
		{Name: "last_event_age_seconds", Type: types.Int64Type, Description: "How long ago that was, by the clock of the node."},
		{Name: "last_security_event", Type: types.StringType, Description: "When the security log was last written to; null where there is none."},
		{Name: "last_security_event_age_seconds", Type: types.Int64Type, Description: "How long ago that was, by the clock of the node."},
		{Name: "behind_seconds", Type: types.Int64Type, Description: "For how long the oldest record of the journal waits that is not in the security log; 0 for none. One that came this moment is on its way."},
		{Name: "unsent_seconds", Type: types.Int64Type, Description: "For how long the oldest record of the journal waits that the collector of `forward_to` has not acknowledged; 0 for none, null without a collector."},
		{Name: "journal_since", Type: types.StringType, Description: "When the journal begins; null where that is not known."},
		{Name: "free_percent", Type: types.Int64Type, Description: "How much of the file system of the logs is free, in percent; of several, the one with the least."},
		{Name: "recordings", Type: types.Int64Type, Description: "Number of recordings."},
		{Name: "recordings_kib", Type: types.Int64Type, Description: "What they take, in KiB."},
		{Name: "oldest_recording", Type: types.StringType, Description: "When the oldest was made; null where there is none."},
		{Name: "not_counted", Type: values.StringListType, Description: "What `denials` and `failures` lack, a sentence each."},
	})
	attributes["services"] = schema.MapAttribute{MarkdownDescription: "State of each service that logging needs, as systemd tells it.", ElementType: types.StringType, Computed: true}
	attributes["denials"] = numbers("How often sudo refused a command by subject.")
	attributes["failures"] = numbers("How often a password or a login was wrong by subject.")
	return attributes
}
