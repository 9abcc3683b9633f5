package auditlog

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

type journaldModel struct {
	Storage     types.String `tfsdk:"storage"`
	Compress    types.Bool   `tfsdk:"compress"`
	Seal        types.Bool   `tfsdk:"seal"`
	MaxUse      values.Whole `tfsdk:"max_use_mib"`
	KeepFree    values.Whole `tfsdk:"keep_free_mib"`
	MaxFile     values.Whole `tfsdk:"max_file_mib"`
	MaxAge      values.Whole `tfsdk:"max_age_days"`
	RateSeconds values.Whole `tfsdk:"rate_limit_seconds"`
	RateBurst   values.Whole `tfsdk:"rate_limit_messages"`
	Forward     types.Bool   `tfsdk:"forward_to_syslog"`
}

var (
	defaultJournal = hardening.Journal{Storage: "persistent", Compress: true, Seal: true}
	journaldType   = values.ObjectTypeOf(journaldAttributes()).AttrTypes
)

// noJournald is journald of a configuration that leaves everything to the defaults.
func noJournald() journaldModel {
	none := values.NoWhole()
	return journaldModel{MaxUse: none, KeepFree: none, MaxFile: none, MaxAge: none, RateSeconds: none, RateBurst: none}
}

func journaldAttributes() map[string]schema.Attribute {
	number := func(description string, highest int64) schema.Int64Attribute {
		return schema.Int64Attribute{CustomType: values.WholeType{}, MarkdownDescription: description + " Without it, what the node has.", Optional: true, Validators: []validator.Int64{int64validator.Between(1, highest)}}
	}
	rateMessages, rateSeconds := path.MatchRelative().AtParent().AtName("rate_limit_messages"), path.MatchRelative().AtParent().AtName("rate_limit_seconds")
	seconds := number("In how many seconds a service may send `rate_limit_messages`.", 86400)
	seconds.Validators = append(seconds.Validators, int64validator.AlsoRequires(rateMessages))
	messages := number("How many messages a service may send in `rate_limit_seconds`; what is more is dropped, and journald writes how many there were. A session of a user counts as one service.", 10000000)
	messages.Validators = append(messages.Validators, int64validator.AlsoRequires(rateSeconds))
	return map[string]schema.Attribute{
		"storage": optionalText("Where the journal is: `persistent`, the default, on the disk; `volatile` in memory, lost at each boot; `auto` on the disk where `/var/log/journal` exists.",
			stringvalidator.OneOf("persistent", "volatile", "auto")),
		"compress": switchAttribute("large records are compressed"),
		"seal": switchAttribute("journald seals its files, so that `journalctl --verify` shows what was changed later. It seals only on a node that has keys: run `journalctl --setup-keys` there once, and keep the key that it prints " +
			"elsewhere. No tool can do that for you without seeing the key"),
		"max_use_mib":         number("How much space all journals may take, in MiB.", 1<<30),
		"keep_free_mib":       number("How much space journals leave free, in MiB.", 1<<30),
		"max_file_mib":        number("How large a journal file becomes before the next begins, in MiB. Whole files are removed, so that it should be a fraction of `max_use_mib`.", 1<<20),
		"max_age_days":        number("After how many days records are removed.", 36500),
		"rate_limit_seconds":  seconds,
		"rate_limit_messages": messages,
		"forward_to_syslog":   schema.BoolAttribute{MarkdownDescription: "Whether each message goes to a syslog daemon too. Without it, what the node has; a `security_log` with `collector = \"rsyslog\"` does not depend on it.", Optional: true},
	}
}

func journaldBlock() schema.SingleNestedBlock {
	return schema.SingleNestedBlock{
		MarkdownDescription: "How journald keeps what it is sent. Without this block, as the node has it; an empty block keeps the journal on the disk. The settings are a drop-in that systemd reads last, and an apply restarts journald, which loses no message. A line of another file that " +
			"decides instead is in `overruled`. One resource for each node can have it.",
		Attributes: journaldAttributes(),
	}
}

// journal is the block as package hardening needs it, nil without one.
func (m *auditLoggingModel) journal(ctx context.Context, diags *diag.Diagnostics) *hardening.Journal {
	if m.Journald.IsNull() {
		return nil
	}
	model := noJournald()
	diags.Append(values.ReadObject(ctx, m.Journald, &model)...)
	return &hardening.Journal{
		Storage:     values.StringOr(model.Storage, defaultJournal.Storage),
		Compress:    values.BoolOr(model.Compress, defaultJournal.Compress),
		Seal:        values.BoolOr(model.Seal, defaultJournal.Seal),
		MaxUseMiB:   model.MaxUse.ValueInt64(),
		KeepFreeMiB: model.KeepFree.ValueInt64(),
		MaxFileMiB:  model.MaxFile.ValueInt64(),
		MaxAgeDays:  model.MaxAge.ValueInt64(),
		RateSeconds: model.RateSeconds.ValueInt64(),
		RateBurst:   model.RateBurst.ValueInt64(),

		ForwardToSyslog: model.Forward.ValueBoolPointer(),
	}
}

// setJournal writes what was found on a node.
func (m *auditLoggingModel) setJournal(ctx context.Context, j *hardening.Journal, diags *diag.Diagnostics) {
	m.Journald = types.ObjectNull(journaldType)
	if j == nil {
		return
	}
	m.Journald = values.WriteObject(ctx, journaldType, journaldModel{
		Storage:  textUnless(j.Storage, defaultJournal.Storage),
		Compress: flagUnless(j.Compress, defaultJournal.Compress), Seal: flagUnless(j.Seal, defaultJournal.Seal),
		MaxUse: numberUnless(j.MaxUseMiB, 0), KeepFree: numberUnless(j.KeepFreeMiB, 0), MaxFile: numberUnless(j.MaxFileMiB, 0), MaxAge: numberUnless(j.MaxAgeDays, 0),
		RateSeconds: numberUnless(j.RateSeconds, 0), RateBurst: numberUnless(j.RateBurst, 0),
		Forward: types.BoolPointerValue(j.ForwardToSyslog),
	}, diags)
}
