package posture

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// tallyFields count results.
func tallyFields() []values.Field {
	return []values.Field{number("pass", "Results that pass."), number("fail", "Results that fail."), number("unknown", "Results that are not known, because something could not be read."), number("not_applicable", "Results that do not apply."),
		number("waived", "Results that fail or are not known and are waived.")}
}

func changeFields() []values.Field {
	return []values.Field{text("id", "Id of the check."), text("node", "Node; `cluster` for what belongs to PVE."), text("title", "Title of the check; empty for one that is gone."), text("before", "Status in the earlier report; empty for a new result."),
		text("now", "Status now; empty for a result that is gone.")}
}

func nodePostureSchema() schema.Schema {
	names := func(description string) schema.SetAttribute {
		return schema.SetAttribute{MarkdownDescription: description, ElementType: types.StringType, Optional: true, Validators: []validator.Set{setvalidator.SizeAtLeast(1)}}
	}
	return schema.Schema{
		MarkdownDescription: "Judges nodes and Proxmox VE by a catalogue of checks, from what is true on them now, not from state. Each result has a status, what was observed, what was expected, and what to change. " +
			"Nothing is changed: each node is read over one connection, and PVE is asked for its lists only. What could not be read is `unknown`, never a pass. Claims about sudo are proofs over all command lines, and examples are asked of the node's own `sudo -l`. " +
			"The guide [Checks of nodes](../guides/node-checks) lists all checks.",
		Attributes: map[string]schema.Attribute{
			"nodes":    names("Names of the nodes to judge. Without it, all nodes."),
			"subjects": names("Accounts, and groups with `%`, that the claims about grants of sudo are about. Without it, everyone who has grants. All other checks are about the whole node in any case."),
			"profile": schema.StringAttribute{MarkdownDescription: "`level1` (default) has the checks that every node should pass; `level2` has more, which cost comfort or suit high demands.", Optional: true,
				Validators: []validator.String{stringvalidator.OneOf("level1", "level2")}},
			"earlier_report_json": schema.StringAttribute{MarkdownDescription: "`report_json` of an earlier run. `since` and the reports then say what changed.", Optional: true},
			"sarif_file":          schema.StringAttribute{MarkdownDescription: "Where code scanning shows the results of `sarif_json`: the file of the configuration, relative to the root of the repository. `main.tf` by default.", Optional: true, Validators: values.NotEmptyText()},
			"compliant":           schema.BoolAttribute{MarkdownDescription: "Whether every check of the profile passes, does not apply, or is waived. What is not known is not compliant.", Computed: true},
			"summary":             schema.StringAttribute{MarkdownDescription: "The counts, and the five worst results. Made for `error_message` of a `check` block.", Computed: true},
			"score":               schema.Int64Attribute{MarkdownDescription: "The part of the results that passes, in percent, of those that apply and are not waived.", Computed: true},
			"counts":              schema.SingleNestedAttribute{MarkdownDescription: "Numbers of results.", Computed: true, Attributes: values.DataSourceFields(tallyFields())},
			"families":            listOf("Scores and numbers by family.", append([]values.Field{text("name", "Family."), number("score", "Score of the family.")}, tallyFields()...), nil),
			"results": listOf("All results, ordered by check and node.", []values.Field{
				text("id", "Id of the check, which never gets another meaning."), text("node", "Node; `cluster` for what belongs to PVE, `nodes` where no node could be asked."), text("title", "What is true where it passes."), text("family", "Family."),
				text("severity", "`critical`, `high`, `medium` or `low`."), number("level", "The lowest profile that has the check."), text("status", "`pass`, `fail`, `not_applicable` or `unknown`."), texts("observed", "What was observed: a setting with its file and line, the mode of a file, a proof. For `unknown`, why it is not known."),
				text("expected", "What passes."), text("remedy", "Which resource and attribute, or which command, makes it so."), texts("references", "Sections of benchmarks, guides and manual pages."), text("waived", "Reason of the waiver; empty for none."),
			}, nil),
			"since": schema.SingleNestedAttribute{MarkdownDescription: "What changed since the report in `earlier_report_json`; null without one.", Computed: true, Attributes: map[string]schema.Attribute{
				"score":  schema.Int64Attribute{MarkdownDescription: "Score of the earlier report.", Computed: true},
				"worse":  listOf("Results that fail or are not known now, and did not before.", changeFields(), nil),
				"better": listOf("Results that failed or were not known, and no longer are.", changeFields(), nil),
				"other":  listOf("Results that changed in another way, are new, or are gone.", changeFields(), nil),
			}},
			"markdown":    schema.StringAttribute{MarkdownDescription: "The report as Markdown.", Computed: true},
			"sarif_json":  schema.StringAttribute{MarkdownDescription: "The report as SARIF 2.1.0, for code scanning. What does not apply is left out, what is waived is suppressed.", Computed: true},
			"html":        schema.StringAttribute{MarkdownDescription: "The report as one HTML page that needs nothing from elsewhere and has no script. It is dark or light, and prints.", Computed: true},
			"report_json": schema.StringAttribute{MarkdownDescription: "The results as JSON. Keep it, and give it to a later run as `earlier_report_json`.", Computed: true},
		},
		Blocks: map[string]schema.Block{
			"waiver": schema.ListNestedBlock{MarkdownDescription: "Takes a check out of what counts. A waiver that has ended counts no more, and one that waives nothing warns.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"check":  schema.StringAttribute{MarkdownDescription: "Id of the check, such as `PVESEC-C0903`.", Required: true, Validators: []validator.String{values.CheckedBy("be the id of a check", checkID)}},
				"nodes":  names("Nodes for which it holds; `cluster` for what belongs to PVE. Without it, all."),
				"reason": schema.StringAttribute{MarkdownDescription: "Why it is accepted.", Required: true, Validators: values.NotEmptyText()},
				"until":  schema.StringAttribute{MarkdownDescription: "Last day on which it holds, in UTC, as `2027-01-31`.", Required: true, Validators: []validator.String{values.CheckedBy("be a date", values.CheckDate)}},
			}}},
		},
	}
}
