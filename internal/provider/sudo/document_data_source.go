package sudo

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/document"
)

var _ datasource.DataSourceWithValidateConfig = (*sudoersDocumentDataSource)(nil)

// sudoersDocumentDataSource composes a policy. It needs neither a node nor PVE.
type sudoersDocumentDataSource struct{}

// NewDocumentDataSource is data source pvesec_sudoers_document.
func NewDocumentDataSource() datasource.DataSource { return &sudoersDocumentDataSource{} }

// sudoersDocumentModel is data source pvesec_sudoers_document.
type sudoersDocumentModel struct {
	SourceDocuments   types.List          `tfsdk:"source_documents"`
	OverrideDocuments types.List          `tfsdk:"override_documents"`
	Defaults          types.List          `tfsdk:"defaults"`
	Presets           []presetModel       `tfsdk:"preset"`
	Rules             []documentRuleModel `tfsdk:"rule"`
	Subject           types.String        `tfsdk:"subject"`
	JSON              types.String        `tfsdk:"json"`
	Text              types.String        `tfsdk:"text"`
}

type documentRuleModel struct {
	ID types.String `tfsdk:"id"`
	sudoersRuleModel
}

func (d *sudoersDocumentDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sudoers_document"
}

func (d *sudoersDocumentDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	rule := dataSourceRuleAttributes()
	rule["id"] = schema.StringAttribute{
		MarkdownDescription: "Name of the rule, by which `override_documents` of another document can replace it.",
		Optional:            true,
		Validators:          values.NotEmptyText(),
	}
	documents := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Optional: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Composes a sudoers policy from rules and other documents, for `document` of `pvesec_sudoers_policy`. Everything is checked as visudo would check it, " +
			"with no node and no credentials.",
		Attributes: map[string]schema.Attribute{
			"source_documents":   documents("Documents (`json` of this data source) whose rules and options come first, in order. Two rules of one `id` are an error."),
			"override_documents": documents("Documents that come last: a rule replaces the one of the same `id`, an option the one of the same name; others are added."),
			"defaults": schema.ListAttribute{
				MarkdownDescription: "sudo options for the policy's subject, each as after `Defaults` in sudoers(5).",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"subject": schema.StringAttribute{
				MarkdownDescription: "Whom `text` is about; the document itself names nobody.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a user name, or a group name after %", hardening.CheckSubject)},
			},
			"json": schema.StringAttribute{
				MarkdownDescription: "The document.",
				Computed:            true,
			},
			"text": schema.StringAttribute{
				MarkdownDescription: "The policy as sudoers text; null without `subject`.",
				Computed:            true,
			},
		},
		Blocks: map[string]schema.Block{
			"preset": presetBlock(),
			"rule": schema.ListNestedBlock{
				MarkdownDescription: "A rule. Where several rules match a command line, the last one decides.",
				NestedObject:        schema.NestedBlockObject{Attributes: rule},
			},
		},
	}
}

func (d *sudoersDocumentDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model sudoersDocumentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	own := &document.Document{Version: document.Version, Defaults: values.StringsInList(ctx, model.Defaults, &resp.Diagnostics)}
	for _, element := range model.Rules {
		rule := element.rule(ctx, &resp.Diagnostics)
		rule.ID = element.ID.ValueString()
		own.Rules = append(own.Rules, rule)
	}
	checkDocument(own, &resp.Diagnostics)
	whole := &document.Document{Version: document.Version, Rules: []document.Rule{}}
	addPresets(ctx, whole, model.Presets, &resp.Diagnostics)
	for i, source := range documents(ctx, model.SourceDocuments, path.Root("source_documents"), &resp.Diagnostics) {
		if err := whole.Merge(source); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("source_documents").AtListIndex(i), "Unable to merge the documents", values.UpperFirst(err.Error())+".")
		}
	}
	if err := whole.Merge(own); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("rule"), "Unable to merge the documents", values.UpperFirst(err.Error())+".")
	}
	for _, override := range documents(ctx, model.OverrideDocuments, path.Root("override_documents"), &resp.Diagnostics) {
		whole.Override(override)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	model.JSON = types.StringValue(whole.String())
	model.Text = types.StringNull()
	if !model.Subject.IsNull() {
		file, problems, origins := whole.Build("policy", model.Subject.ValueString(), "")
		reportRules(problems, origins, whole, path.Root("rule"), &resp.Diagnostics)
		if len(problems) == 0 {
			model.Text = types.StringValue(sudoers.Print(file))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// documents parses the elements of a list of documents.
func documents(ctx context.Context, list types.List, at path.Path, diags *diag.Diagnostics) []*document.Document {
	var parsed []*document.Document
	for i, text := range values.StringsInList(ctx, list, diags) {
		doc, err := document.Parse(text)
		if err != nil {
			diags.AddAttributeError(at.AtListIndex(i), "Invalid document", values.UpperFirst(err.Error())+".")
			continue
		}
		parsed = append(parsed, doc)
	}
	return parsed
}

// checkDocument renders a document for some subject, so that an error in a rule is reported where the rule is written.
func checkDocument(doc *document.Document, diags *diag.Diagnostics) {
	seen := map[string]bool{}
	for i, rule := range doc.Rules {
		if rule.ID != "" && seen[rule.ID] {
			diags.AddAttributeError(path.Root("rule").AtListIndex(i).AtName("id"), "Invalid rule id", fmt.Sprintf("Another rule has the id %q too; give each its own.", rule.ID))
		}
		seen[rule.ID] = true
	}
	_, problems, origins := doc.Build("policy", "subject", "")
	reportRules(problems, origins, doc, path.Empty(), diags)
}
