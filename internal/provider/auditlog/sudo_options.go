package auditlog

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

type subCommandsModel struct {
	Log       types.Bool   `tfsdk:"log"`
	Intercept types.Bool   `tfsdk:"intercept"`
	Method    types.String `tfsdk:"method"`
}

type syslogModel struct {
	Facility types.String `tfsdk:"facility"`
	Accepted types.String `tfsdk:"accepted"`
	Refused  types.String `tfsdk:"refused"`
}

type mailModel struct {
	To     types.String `tfsdk:"to"`
	From   types.String `tfsdk:"from"`
	Events types.Set    `tfsdk:"events"`
}

var (
	defaultSubCommands = hardening.SubCommands{Log: true, Method: "dso"}
	defaultSyslog      = hardening.Syslog{Facility: "authpriv", Accepted: "notice", Refused: "alert"}
	defaultMail        = hardening.Mail{To: "root", Events: []string{"bad_password", "not_allowed", "unknown_user"}}

	subCommandsType = values.ObjectTypeOf(subCommandsAttributes()).AttrTypes
	syslogType      = values.ObjectTypeOf(syslogAttributes()).AttrTypes
	mailType        = values.ObjectTypeOf(mailAttributes()).AttrTypes
)

// noMail is sudo_mail of a configuration that leaves everything to the defaults.
func noMail() mailModel { return mailModel{Events: types.SetNull(types.StringType)} }

// sudoOptionBlocks describes the blocks of options of sudo that are neither of its log file nor of I/O logs.
func sudoOptionBlocks() map[string]schema.Block {
	return map[string]schema.Block{
		"sub_commands": schema.SingleNestedBlock{
			MarkdownDescription: "What sudo does with the programs that a command starts, such as those of a script or an editor. Without this block, what the node has. The package sudo of Debian 12 and later knows it.",
			Attributes:          subCommandsAttributes(),
		},
		"sudo_syslog": schema.SingleNestedBlock{
			MarkdownDescription: "How sudo writes to the system log. Without this block, what the node has: Debian's `authpriv`, `notice` and `alert`.",
			Attributes:          syslogAttributes(),
		},
		"sudo_mail": schema.SingleNestedBlock{
			MarkdownDescription: "What sudo mails at once, one mail an event, by `/usr/sbin/sendmail` of the node. Without this block, what the node has. Proxmox VE nodes have Postfix; a node without a `sendmail` is refused, or gets Postfix (`install_packages`). " +
				"That Postfix delivers to the address is not checked: send yourself a mail. Debian's sudo runs the mailer as the user who called it.",
			Attributes: mailAttributes(),
		},
	}
}

func subCommandsAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"log": switchAttribute("each program that a command starts is written to sudo's logs (`log_subcmds`)"),
		"intercept": schema.BoolAttribute{
			MarkdownDescription: "Whether sudo refuses such a program where the policy does not allow it (`intercept`); `false` by default. Then a policy must grant each program that its commands start.",
			Optional:            true,
		},
		"method": optionalText("How sudo notices such programs: `dso`, the default, a library that the command loads, which a static program or one that changes its environment does not; `trace` stops the command at each system call "+
			"that starts a program, misses none, and makes it slower. With `trace`, `strace` and `gdb` do not work under sudo.", stringvalidator.OneOf("dso", "trace")),
	}
}

func syslogAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"facility": optionalText("Facility of all messages, `authpriv` by default. `security_log` takes `auth` and `authpriv` alone.", stringvalidator.OneOf(hardening.Facilities()...)),
		"accepted": optionalText("Priority of commands that ran, `notice` by default.", stringvalidator.OneOf(hardening.Priorities()...)),
		"refused":  optionalText("Priority of commands that were refused, `alert` by default.", stringvalidator.OneOf(hardening.Priorities()...)),
	}
}

func mailAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"to":   optionalText("Address, `root` by default.", mailAddress()),
		"from": optionalText("Address of the sender; the user who called sudo by default.", mailAddress()),
		"events": schema.SetAttribute{
			MarkdownDescription: "What is mailed; `bad_password`, `not_allowed` and `unknown_user` by default: `bad_password` a wrong password, `not_allowed` a command that the policy does not allow, `unknown_user` a caller who is in no rule, " +
				"`other_host` one who may do nothing on this node, `every_command` each command, `every_use` each call of sudo.",
			ElementType: types.StringType,
			Optional:    true,
			Validators:  []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf(hardening.MailEvents()...))},
		},
	}
}

func mailAddress() validator.String {
	return values.CheckedBy("be a mail address", hardening.CheckMailAddress)
}

// passwordAttributes describes what io_logs says of passwords.
func passwordAttributes(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	attributes["log_passwords"] = schema.BoolAttribute{
		MarkdownDescription: "Whether `input` records what is typed at a prompt for a password too; `false` by default: sudo writes stars in its place.",
		Optional:            true,
	}
	attributes["password_prompts"] = schema.ListAttribute{
		MarkdownDescription: "Extended regular expressions of the prompts after which input is left out; by default sudo's own, `[Pp]assword[: ]*`, which these replace. One that begins with `(?i)` takes small letters for capitals.",
		ElementType:         types.StringType,
		Optional:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(values.CheckedBy("be an extended regular expression", hardening.CheckPasswordPrompt))},
	}
	return attributes
}

// sudoOptions fills in the options of sudo.
func (m *auditLoggingModel) sudoOptions(ctx context.Context, a *hardening.AuditLogging, diags *diag.Diagnostics) {
	if !m.SubCommands.IsNull() {
		var sub subCommandsModel
		diags.Append(values.ReadObject(ctx, m.SubCommands, &sub)...)
		a.SubCommands = &hardening.SubCommands{
			Log:       values.BoolOr(sub.Log, defaultSubCommands.Log),
			Intercept: values.BoolOr(sub.Intercept, defaultSubCommands.Intercept),
			Method:    values.StringOr(sub.Method, defaultSubCommands.Method),
		}
	}
	if !m.SudoSyslog.IsNull() {
		var log syslogModel
		diags.Append(values.ReadObject(ctx, m.SudoSyslog, &log)...)
		a.Syslog = &hardening.Syslog{
			Facility: values.StringOr(log.Facility, defaultSyslog.Facility),
			Accepted: values.StringOr(log.Accepted, defaultSyslog.Accepted),
			Refused:  values.StringOr(log.Refused, defaultSyslog.Refused),
		}
	}
	if !m.SudoMail.IsNull() {
		mail := noMail()
		diags.Append(values.ReadObject(ctx, m.SudoMail, &mail)...)
		a.Mail = &hardening.Mail{To: values.StringOr(mail.To, defaultMail.To), From: mail.From.ValueString(), Events: slices.Clone(defaultMail.Events)}
		if !mail.Events.IsNull() {
			a.Mail.Events = nil
			diags.Append(mail.Events.ElementsAs(ctx, &a.Mail.Events, false)...)
			slices.Sort(a.Mail.Events)
		}
	}
}

// setSudoOptions writes what was found on a node.
func (m *auditLoggingModel) setSudoOptions(ctx context.Context, a hardening.AuditLogging, diags *diag.Diagnostics) {
	m.SubCommands, m.SudoSyslog, m.SudoMail = types.ObjectNull(subCommandsType), types.ObjectNull(syslogType), types.ObjectNull(mailType)
	if sub := a.SubCommands; sub != nil {
		m.SubCommands = values.WriteObject(ctx, subCommandsType, subCommandsModel{
			Log: flagUnless(sub.Log, defaultSubCommands.Log), Intercept: flagUnless(sub.Intercept, defaultSubCommands.Intercept), Method: textUnless(sub.Method, defaultSubCommands.Method),
		}, diags)
	}
	if log := a.Syslog; log != nil {
		m.SudoSyslog = values.WriteObject(ctx, syslogType, syslogModel{
			Facility: textUnless(log.Facility, defaultSyslog.Facility), Accepted: textUnless(log.Accepted, defaultSyslog.Accepted), Refused: textUnless(log.Refused, defaultSyslog.Refused),
		}, diags)
	}
	if mail := a.Mail; mail != nil {
		model := noMail()
		model.To, model.From = textUnless(mail.To, defaultMail.To), textUnless(mail.From, "")
		if !slices.Equal(mail.Events, defaultMail.Events) {
			model.Events = values.StringSet(mail.Events)
		}
		m.SudoMail = values.WriteObject(ctx, mailType, model, diags)
	}
}

// refuseLost refuses settings of which one takes away what another one needs.
func refuseLost(a hardening.AuditLogging, diags *diag.Diagnostics) {
	if a.Syslog != nil && a.SecurityLog != nil && a.Syslog.Facility != "auth" && a.Syslog.Facility != "authpriv" {
		diags.AddAttributeError(path.Root("sudo_syslog").AtName("facility"), "Invalid facility: the security log would lose sudo's messages",
			fmt.Sprintf("security_log takes the facilities auth and authpriv, and sudo would write to %s. Leave facility out, or set enabled = false in security_log.", a.Syslog.Facility))
	}
	if a.IOLogs != nil && len(a.IOLogs.PasswordPrompts) > 0 && (a.IOLogs.LogPasswords || !a.IOLogs.Input) {
		diags.AddAttributeError(path.Root("io_logs").AtName("password_prompts"), "Invalid password_prompts: nothing is left out",
			"password_prompts say after which prompts input is not recorded. With log_passwords = true all of it is, and without input = true none. Leave password_prompts out, or change those.")
	}
}
