package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// decisionFields are the fields of a decision.
var decisionFields = []values.Field{
	{Name: "command", Type: types.StringType, Description: "The command line as it was given."},
	{Name: "allowed", Type: types.BoolType, Description: "Whether it is allowed. What may be allowed, because the answer depends on `depends_on`, is."},
	{Name: "depends_on", Type: values.StringListType, Description: "What no policy says and the answer depends on: the files below a `CHROOT`, texts in a `sudoers_locale` other than C, a pattern that sudo understands and this provider does not. Empty where the answer is certain."},
	{Name: "rule", Type: types.StringType, Description: "The rule that decides; empty if none matches."},
	{Name: "line", Type: types.Int64Type, Description: "Its line; 0 if none matches."},
	{Name: "nopasswd", Type: types.BoolType, Description: "Whether no password is asked for."},
	{Name: "run_as", Type: types.StringType, Description: "The run-as list of the rule, empty for root by default."},
}

// proofFields are the fields of a proof.
var proofFields = []values.Field{
	{Name: "statement", Type: types.StringType, Description: "The statement as it was given."},
	{Name: "kind", Type: types.StringType, Description: "`never` or `always`."},
	{Name: "proven", Type: types.BoolType, Description: "Whether it holds."},
	{Name: "verdict", Type: types.StringType, Description: "`yes` is proven, `no` disproven, `unknown` neither, which is not safe."},
	{Name: "counterexample", Type: types.StringType, Description: "A command line that disproves it; empty if there is none."},
	{Name: "line", Type: types.Int64Type, Description: "Line of the rule that decides about the counterexample; 0 if there is none."},
}

func (d *sudoersAnalysisDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	stringList := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Optional: true, Validators: []validator.List{listvalidator.SizeAtLeast(1)}}
	}
	computedList := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	computedString := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	boolean := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	objects := func(description string, fields []values.Field) schema.ListNestedAttribute {
		return schema.ListNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: values.DataSourceFields(fields)}}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Says what a sudoers policy means, with no node and no credentials: decides command lines as sudo would, finds every way to root, proves statements over every command line, " +
			"and compares with another policy. For `check` blocks, `terraform test`, and policies that something else installs.",
		Attributes: map[string]schema.Attribute{
			"policy": schema.StringAttribute{
				MarkdownDescription: "The policy in sudoers syntax. One of `policy`, `files` and `document` is given.",
				Optional:            true,
				Validators: []validator.String{
					stringvalidator.ExactlyOneOf(path.MatchRoot("policy"), path.MatchRoot("files"), path.MatchRoot("document")),
				},
			},
			"files": schema.MapAttribute{
				MarkdownDescription: "Texts of several files by name, which are one policy: they are read in the order of their names, as sudo reads a directory. Includes in them are not followed. " +
					"With one of the name `" + mainFile + "` they are taken for all that a node has, so that options which protect it and are set nowhere are findings too.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.Map{mapvalidator.SizeAtLeast(1)},
			},
			"document": schema.StringAttribute{
				MarkdownDescription: "A document composed by data source `pvesec_sudoers_document`: its `json`.",
				Optional:            true,
			},
			"subject": schema.StringAttribute{
				MarkdownDescription: "Whom it is asked about: a user name, or a group name after `%`. Without it, every user and group that the rules name is asked about, and the worst answer counts; `document` and `commands` need it.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a user name, or a group name after %", hardening.CheckSubject)},
			},
			"groups": stringList("Groups of the user, for rules about groups."),
			"host": schema.StringAttribute{
				MarkdownDescription: "Short name of the node. By default every host is asked about that the policy tells apart.",
				Optional:            true,
			},
			"sudo_version": schema.StringAttribute{
				MarkdownDescription: "Version of sudo that reads the policy: `1.9.13` on Proxmox VE 8, `1.9.16` on 9. By default findings and proofs hold for both, and decisions are those of the newest.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a version such as 1.9.16", checkSudoVersion)},
			},
			"commands":     stringList("Command lines to decide as root, split into words as a POSIX shell would, without expansion: `/usr/sbin/qm start 2001`."),
			"never":        stringList("What must never be allowed, as in `pvesec_sudoers_policy`: a command as in a rule, or one of " + statementNames() + " (see the guide [statements](../guides/statements))."),
			"always":       stringList("Command lines that must be allowed."),
			"compare_with": schema.StringAttribute{MarkdownDescription: "The policy that was there before, in sudoers syntax.", Optional: true},
			"vouched": schema.MapAttribute{
				MarkdownDescription: vouchedDescription, ElementType: types.StringType, Optional: true, Validators: vouchedValidators(),
			},
			"vouched_effects": schema.MapAttribute{
				MarkdownDescription: vouchedEffectsDescription, ElementType: values.StringListType, Optional: true, Validators: vouchedEffectsValidators(),
			},
			"decisions": objects("The answer to each of `commands`, in their order.", decisionFields),
			"findings": objects("Each way in which the policy gives the subject root, or lets it act unseen; see the guide [root findings](../guides/root-findings). No finding is accepted here.",
				explainedFindingFields("Line of the grant; 0 where no single line lets it through.")),
			"disruptive":      computedList("Command lines that are allowed and can stop or lose guests, services or data."),
			"root_equivalent": boolean("Whether any finding is root-equivalent."),
			"denials":         computedString("What all denials of the policy together change; empty without any."),
			"proofs":          objects("The answer to each of `never`, then of `always`.", proofFields),
			"change": schema.SingleNestedAttribute{
				MarkdownDescription: "The policy compared with `compare_with`; null without.",
				Computed:            true,
				Attributes:          values.DataSourceFields(changeFields),
			},
			"lint":        objects("Problems that sudo accepts without an error but that make the policy behave differently than intended; see the guide [sudoers findings](../guides/sudoers-findings).", explainedLintFields),
			"assumptions": computedList("What the answers take for given of the node."),
			"compliant":   boolean("Whether nothing leads to root, every statement of `never` is proven, and every command of `always` is allowed."),
		},
	}
}

// checkSudoVersion says why a text is no version of sudo.
func checkSudoVersion(text string) error {
	_, err := sudoers.ParseVersion(text)
	return err
}
