package sudo

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/document"
)

// presetModel is a block preset of data source pvesec_sudoers_document.
type presetModel struct {
	Name       types.String `tfsdk:"name"`
	Parameters types.Map    `tfsdk:"parameters"`
	NoPasswd   types.Bool   `tfsdk:"nopasswd"`
}

// presetBlock describes preset.
func presetBlock() schema.ListNestedBlock {
	return schema.ListNestedBlock{
		MarkdownDescription: "A vetted allow-list for one job, proven to have no finding; see the guide [presets](../guides/presets). Its rules come before the document's own, with ids such as `vm_operator/power` " +
			"(`vm_operator.2/power` where the preset is there a second time, for other guests or storages), by which `override_documents` can replace one, and with the options `use_pty`, `env_reset`, `!setenv` and `secure_path`.",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the preset, such as `vm_operator` or `monitoring`.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be the name of a preset", checkPreset)},
			},
			"parameters": schema.MapAttribute{
				MarkdownDescription: "What narrows it to the guests, storages and names that the subject works with: `{ vmids = \"2[0-9]{3}\" }`. A value is a name, or a small pattern of names; one that could match anything else is an error.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"nopasswd": schema.BoolAttribute{
				MarkdownDescription: "Whether the subject runs its commands without a password. True by default: accounts of scripts and agents have none.",
				Optional:            true,
			},
		}},
	}
}

// checkPreset says why a text is no preset's name.
func checkPreset(name string) error {
	_, err := preset.Find(name)
	return err
}

// ValidateConfig checks the presets whose names and parameters are known, with no other part of the configuration.
func (d *sudoersDocumentDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var blocks types.List
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("preset"), &blocks)...)
	if blocks.IsNull() || blocks.IsUnknown() {
		return
	}
	var models []presetModel
	resp.Diagnostics.Append(blocks.ElementsAs(ctx, &models, false)...)
	for i, model := range models {
		found, err := preset.Find(model.Name.ValueString())
		if model.Name.IsUnknown() || model.Parameters.IsUnknown() || err != nil { // another validator says so
			continue
		}
		parameters := map[string]string{}
		for name, value := range model.Parameters.Elements() {
			text, isText := value.(types.String)
			switch {
			case !isText, text.IsNull():
			case text.IsUnknown():
				parameters[name] = found.Example()[name] // one that is right stands for what is not known yet
			default:
				parameters[name] = text.ValueString()
			}
		}
		renderPreset(&found, parameters, path.Root("preset").AtListIndex(i), &resp.Diagnostics)
	}
}

// addPresets appends the rules of presets to a document. A preset that is there several times, for other guests or
// storages, has a number in the ids of its rules from the second time on: vm_operator/power, vm_operator.2/power.
func addPresets(ctx context.Context, whole *document.Document, models []presetModel, diags *diag.Diagnostics) {
	granted := map[string]bool{} // presets have some commands in common: the first grants them
	times := map[string]int{}
	for i, model := range models {
		at := path.Root("preset").AtListIndex(i)
		parameters := map[string]string{}
		if !model.Parameters.IsNull() {
			diags.Append(values.PresentInMap(model.Parameters).ElementsAs(ctx, &parameters, false)...)
		}
		found, err := preset.Find(model.Name.ValueString())
		if err != nil {
			diags.AddAttributeError(at.AtName("name"), "Invalid preset", values.UpperFirst(err.Error())+".")
			continue
		}
		name := found.Name
		if times[name]++; times[name] > 1 {
			name = fmt.Sprintf("%s.%d", name, times[name])
		}
		nopasswd := model.NoPasswd.IsNull() || model.NoPasswd.ValueBool()
		part := &document.Document{Version: document.Version, Defaults: preset.Defaults()}
		for _, rule := range renderPreset(&found, parameters, at, diags) {
			entry := document.Rule{ID: name + "/" + rule.Grant, RunAsUsers: []string{"root"}, NoPasswd: &nopasswd}
			for _, command := range rule.Commands {
				if key := fmt.Sprint(command, nopasswd, rule.NoExec); !granted[key] {
					granted[key] = true
					entry.Commands = append(entry.Commands, command)
				}
			}
			if len(entry.Commands) == 0 {
				continue
			}
			if rule.NoExec {
				entry.NoExec = &rule.NoExec
			}
			part.Rules = append(part.Rules, entry)
		}
		if err := whole.Merge(part); err != nil {
			diags.AddAttributeError(at, "Unable to merge the presets", values.UpperFirst(err.Error())+".")
		}
	}
}

// renderPreset gives the rules of a preset. What is wrong with a parameter is reported at its key.
func renderPreset(p *preset.Preset, parameters map[string]string, at path.Path, diags *diag.Diagnostics) []preset.Rule {
	rules, err := p.Render(parameters)
	summary := fmt.Sprintf("Preset %q cannot be rendered", p.Name)
	var wrong preset.Errors
	switch {
	case errors.As(err, &wrong):
		for _, problem := range wrong {
			key := at.AtName("parameters")
			if _, given := parameters[problem.Parameter]; given {
				key = key.AtMapKey(problem.Parameter)
			}
			diags.AddAttributeError(key, summary, values.UpperFirst(problem.Error())+".")
		}
	case err != nil:
		diags.AddAttributeError(at, summary, values.UpperFirst(err.Error())+".")
	}
	return rules
}
