package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
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
		MarkdownDescription: "A vetted allow-list for one job, proven to have no finding; see the guide [presets](../guides/presets). Its rules come before the document's own, with ids such as `vm_operator/power`, " +
			"by which `override_documents` can replace one, and with the options `use_pty`, `env_reset`, `!setenv` and `secure_path`.",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the preset, such as `vm_operator` or `monitoring`.",
				Required:            true,
				Validators:          []validator.String{checkedBy("be the name of a preset", checkPreset)},
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

// addPresets appends the rules of presets to a document.
func (d *sudoersDocument) addPresets(ctx context.Context, models []presetModel, diags *diag.Diagnostics) {
	granted := map[string]bool{} // presets have some commands in common: the first grants them
	for i, model := range models {
		at := path.Root("preset").AtListIndex(i)
		parameters := map[string]string{}
		if !model.Parameters.IsNull() {
			diags.Append(model.Parameters.ElementsAs(ctx, &parameters, false)...)
		}
		rules, err := renderPreset(model.Name.ValueString(), parameters)
		if err != nil {
			diags.AddAttributeError(at.AtName("parameters"), fmt.Sprintf("Preset %q cannot be rendered", model.Name.ValueString()), upperFirst(err.Error())+".")
			continue
		}
		nopasswd := model.NoPasswd.IsNull() || model.NoPasswd.ValueBool()
		part := &sudoersDocument{Version: documentVersion, Defaults: preset.Defaults()}
		for _, rule := range rules {
			entry := documentRule{ID: model.Name.ValueString() + "/" + rule.Grant, RunAsUsers: []string{"root"}, NoPasswd: &nopasswd}
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
		if err := d.merge(part); err != nil {
			diags.AddAttributeError(at, "Presets do not go together", upperFirst(err.Error())+".")
		}
	}
}

// renderPreset gives the rules of a preset by its name.
func renderPreset(name string, parameters map[string]string) ([]preset.Rule, error) {
	found, err := preset.Find(name)
	if err != nil {
		return nil, err
	}
	return found.Render(parameters)
}
