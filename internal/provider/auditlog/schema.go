package auditlog

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
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

func (r *auditLoggingResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "That sudo's use is written down: sudo's own log, I/O logs of the sessions, a security event log, and the rotation of them.\n\n" +
			"Configuration files are rendered while planning, checked on each node by `visudo`, `rsyslogd -N1` and `logrotate -d`, and installed on all nodes or on none. " +
			"Every file, its mode and owner, and whether the services really run is read at every refresh. Destroying the resource removes the configuration; " +
			"the logs stay, since they are evidence, unless `purge_logs` is true.",
		Attributes: session.PlacedAttributes(map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Tells several settings on one node apart and is part of the file names: letters, digits, `_` and `-`; `pvesec` by default. Changing it creates new files.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(defaultName),
				Validators:          []validator.String{values.CheckedBy("be usable in file names", hardening.CheckDropInName)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"subjects": schema.SetAttribute{
				MarkdownDescription: "Users, and groups after `%`, whose sudo commands are logged. Without it, all users.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1),
					setvalidator.ValueStringsAre(values.CheckedBy("be a user name, or a group name after %", hardening.CheckSubject)),
				},
			},
			"require_logging": schema.BoolAttribute{
				MarkdownDescription: "Whether sudo refuses a command that it cannot log, as on a full disk; `true` by default. root itself is never stopped by this.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"probe": schema.BoolAttribute{
				MarkdownDescription: "Whether an apply proves that records arrive; `true` by default. When the settings stand, sudo runs `/usr/bin/true` with an argument of its own as each subject, an authentication event is sent, and both are " +
					"looked for in sudo's log, with `sudoreplay -l`, in the journal and in the security log. A record that does not arrive within 40 seconds is an error that names what did not pass it on. Nothing is granted for it: the rule " +
					"that lets the subject run that one command is seen by the processes of the probe alone, in memory, and ends with them. Nothing is left but the records. A group is tried by one of its members, and all users by `nobody`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"purge_logs": schema.BoolAttribute{
				MarkdownDescription: "Whether a destroy removes the logs too: those of sudo and the security log with what was rotated, and the recordings of the `subjects`, or the whole directory of recordings where a group or everyone is a subject. " +
					"Unset or `false`, all logs stay, since they are evidence. Nothing else ever empties or removes a log, but rotation and the bounds of `io_logs`. Apply `purge_logs = true` before you destroy: a destroy does what the state says. Where the probe failed when the resource was made, the logs stay: Terraform replaces it then.",
				Optional: true,
			},
			"files": schema.MapAttribute{
				MarkdownDescription: "Text of every configuration file by its path, the same on all nodes.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		}, deployedAttributes()),
		Blocks: session.PlacedBlocks(ctx, withBlocks(sudoOptionBlocks(), map[string]schema.Block{
			"sudo_log": schema.SingleNestedBlock{
				MarkdownDescription: "sudo's own log: a file `sudo-<subject>.log` for each subject, or `sudo.log` for all users. On by default.",
				Attributes:          sudoLogAttributes(),
			},
			"io_logs": schema.SingleNestedBlock{
				MarkdownDescription: "Recordings of terminal sessions under sudo, replayed with `sudoreplay`, under `<directory>/<user>/`. On by default, output only: input holds what is typed " +
					"without echo too, such as passwords asked for by programs.",
				Attributes: ioLogsAttributes(),
			},
			"security_log": schema.SingleNestedBlock{
				MarkdownDescription: "A file of everything that concerns authentication: sudo, sshd, su, PAM, and the logins and tasks that Proxmox VE's daemons report. On by default. " +
					"It is copied from the journal, one JSON object a line, each record once, also after a restart, a crash, a rotation or a full disk. The journal itself drops messages of a user who sends too many " +
					"(journald.conf(5), `RateLimitBurst=`) and old ones; where it reports that, the file has the report.\n\n" +
					"Every user of the node can send such messages with any name (`logger -t sudo`). `_UID` says which user sent a record; no user can set it, and records with `\"_UID\":\"0\"` come from root's own processes. " +
					"`_EXE` and `_COMM` show the program, as a hint: a user can make a program of his own look like another, and a process that ended at once has no `_EXE`. sudo itself sends as the user who called it. " +
					"What no user can write or hold back is sudo's own log (`sudo_log`).",
				Attributes: securityLogAttributes(),
			},
			"rotation": schema.SingleNestedBlock{
				MarkdownDescription: "Rotation of the log files by logrotate. On by default.",
				Attributes:          rotationAttributes(),
			},
			"forward_to": forwardBlock(),
			"journald":   journaldBlock(),
			"audit_rules": schema.SingleNestedBlock{
				MarkdownDescription: "What the kernel itself writes down, with auditd: who changed which file or ran which program as root, whatever program it was done with, by the user who logged in. Without this block, nothing; an empty block " +
					"records everything below. The rules are in a file of `/etc/audit/rules.d`, checked with the node's own `auditctl` before anything changes, and an apply has the kernel take them. It needs the package `auditd` (`install_packages`) and a " +
					"node with a kernel of its own. One resource for each node can have it.",
				Attributes: auditRulesAttributes(),
			},
		})),
	}
}

// withBlocks are the blocks of both.
func withBlocks(blocks, more map[string]schema.Block) map[string]schema.Block {
	maps.Copy(blocks, more)
	return blocks
}

func switchAttribute(what string) schema.BoolAttribute {
	return schema.BoolAttribute{MarkdownDescription: "Whether " + what + "; `true` by default.", Optional: true}
}

func optionalText(description string, check validator.String) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: []validator.String{check}}
}

// directoryOrLog accepts /var/log itself too, where log files lie by default.
func directoryOrLog() validator.String {
	return values.CheckedBy("be /var/log or a clean path under it", func(text string) error {
		if text == defaultSudoLog.Directory {
			return nil
		}
		return hardening.CheckLogPath(text)
	})
}

// sudoLogAttributes describes sudo_log.
func sudoLogAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"enabled":   switchAttribute("sudo writes this log"),
		"directory": optionalText("Directory of the log files, `/var/log` by default.", directoryOrLog()),
		"mode":      optionalText("Mode of the log files in octal, `0600` by default.", logFileMode()),
		"format": optionalText("Format of the log file and of what sudo sends to the system log: `sudo`, the default, lines of text; `json`, one object of many lines; `json_compact`, an object a line, in sudo 1.9.15 and later (Proxmox VE 9). "+
			"Move the log file away before you change it.", stringvalidator.OneOf(hardening.LogFormats()...)),
	}
}

// ioLogsAttributes describes io_logs.
func ioLogsAttributes() map[string]schema.Attribute {
	return passwordAttributes(map[string]schema.Attribute{
		"enabled":   switchAttribute("sessions are recorded"),
		"input":     schema.BoolAttribute{MarkdownDescription: "Whether input is recorded; `false` by default.", Optional: true},
		"output":    schema.BoolAttribute{MarkdownDescription: "Whether output is recorded; `true` by default.", Optional: true},
		"directory": optionalText("Directory of the recordings, `/var/log/sudo-io` by default.", logDirectory()),
		"mode":      optionalText("Mode of the recordings in octal, `0600` by default.", logFileMode()),
		"max_sessions": schema.Int64Attribute{
			CustomType: values.WholeType{},
			MarkdownDescription: "Number of sessions kept for each user; 2,000 by default. sudo overwrites the oldest after that without a word, so that anybody with many small commands erases what " +
				"was recorded of him before. sudo's own limit, about two thousand million, is 2176782336; `max_age_days`, `max_size_mib` and `min_free_percent` bound the recordings too.",
			Optional:   true,
			Validators: []validator.Int64{int64validator.Between(1, 2176782336)},
		},
		"compress":     schema.BoolAttribute{MarkdownDescription: "Whether recordings are compressed while they are written; `false` by default, so that a crash loses nothing.", Optional: true},
		"max_age_days": bound("After how many days a recording is removed; 365 by default. A clock that jumped removes nothing for two days.", 36500),
		"max_size_mib": bound("How much the recordings of the directory may take, in MiB; 1024 by default. Beyond it the oldest of the user go whose recordings take most, so that nobody who makes many "+
			"erases those of others. The newest eight of each user stay. A timer of the node looks every five minutes, and a command can print much in that time: where the disk must never fill, like the disk of a "+
			"Proxmox VE node, which holds the cluster's own database, give the directory a file system or a dataset with a quota of its own.", 1<<30),
		"min_free_percent": bound("How much of the file system the recordings must leave free, in percent; 5 by default. Where it has less the oldest recordings go first, whatever they take. When that does not help, the "+
			"service `pvesec-recordings-<name>` fails and says so in the journal with priority `err`.", 90),
	})
}

// bound describes one of the bounds of the recordings.
func bound(description string, highest int64) schema.Int64Attribute {
	return schema.Int64Attribute{CustomType: values.WholeType{}, MarkdownDescription: description + " `0` is no bound.", Optional: true, Validators: []validator.Int64{int64validator.Between(0, highest)}}
}

// securityLogAttributes describes security_log.
func securityLogAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"enabled": switchAttribute("the file is written"),
		"path":    optionalText("The file, `/var/log/<name>-security.log` by default.", logDirectory()),
		"mode":    optionalText("Mode of the file in octal, `0600` by default.", logFileMode()),
		"collector": optionalText("What writes the file: `journald`, the default, is a service of the node that copies records of the journal with their senders. `rsyslog` has rsyslog write the messages as they were sent, "+
			"without their senders, so that a line that looks like one of sudo may be of any user with `logger`, and without the daemons of Proxmox VE; it must be on the node, and newer PVE releases ship without it.", stringvalidator.OneOf(string(hardening.Journald), string(hardening.Rsyslog))),
	}
}

// rotationAttributes describes rotation.
func rotationAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"enabled":   switchAttribute("the log files are rotated"),
		"frequency": optionalText("`daily`, `weekly` or `monthly`; `weekly` by default.", stringvalidator.OneOf("daily", "weekly", "monthly")),
		"keep": schema.Int64Attribute{
			CustomType:          values.WholeType{},
			MarkdownDescription: "Number of rotated files kept, 26 by default.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.Between(1, 3660)},
		},
		"compress": schema.BoolAttribute{MarkdownDescription: "Whether rotated files are compressed; `true` by default.", Optional: true},
	}
}

// deployedAttributes describes a node's entry of deployed.
func deployedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"files": schema.MapAttribute{
			MarkdownDescription: "Mode, owner and the beginning of the SHA-256 of each configuration file, mode and owner of each log, or `absent`.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"services": schema.MapAttribute{
			MarkdownDescription: "State of each service that logging needs, as systemd tells it.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"changes": schema.ListAttribute{
			MarkdownDescription: "Lines by which configuration files differ from what was applied: `+` the node has, `-` it lacks.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"audit_rules": schema.StringAttribute{
			MarkdownDescription: "What the kernel does with the rules of `audit_rules`: `in force`; `in force, and locked until the next boot`; `from the next boot on`, where a locked kernel has others; or what is wrong. Null without the block.",
			Computed:            true,
		},
		"overruled": schema.ListAttribute{
			MarkdownDescription: "Lines of other files of sudoers, audit rules, logrotate and journald that switch off or change what is set here, for one of the subjects, a command or a target user, as `file:line: what`. A plan shows them as drift and warns. An apply does not " +
				"remove them, so every plan shows them until somebody does.",
			ElementType: types.StringType,
			Computed:    true,
		},
		"problems": schema.ListAttribute{
			MarkdownDescription: "Why records may not be where a reader looks for them, looked at in every refresh, a sentence each: a service that does not run or is masked, records of the journal that are not in the security log after a " +
				"minute, a journal that begins later than the security log ends, recordings of sudo without lines in its log, a file system with less than 5 % free, a directory that somebody else than root can change, a clock that has gone back, audit rules that the kernel does not have, a collector that does not acknowledge, a private key of another certificate, a probe that did not arrive at the last apply. " +
				"A plan shows them as drift and warns. What an apply does not mend every plan shows until somebody does.",
			ElementType: types.StringType,
			Computed:    true,
		},
	}
}

func logDirectory() validator.String {
	return values.CheckedBy("be a clean path under /var/log", hardening.CheckLogPath)
}

func logFileMode() validator.String {
	return values.CheckedBy("be 0600 or 0640", hardening.CheckLogMode)
}
