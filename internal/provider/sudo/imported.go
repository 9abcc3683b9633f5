package sudo

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// importedKey is the key in private state for the files that an import found.
const importedKey = "imported"

// importedFiles are the texts of the files that the nodes had when the policy was imported, by node; imported is false for a policy that Terraform created. Terraform
// keeps nothing beside the state of an object that was only imported: until the first apply they are what was read last.
func (m *sudoersPolicyModel) importedFiles(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) (files map[string]string, imported bool) {
	encoded, problems := private.GetKey(ctx, importedKey)
	diags.Append(problems...)
	if len(encoded) > 0 {
		if err := json.Unmarshal(encoded, &files); err != nil {
			diags.AddError("Invalid private state", fmt.Sprintf("pvesec cannot read its record of the imported file: %v.", err))
		}
		return files, len(files) > 0
	}
	if values.ReadApplied(ctx, private, diags) != "" || m.Content.IsNull() || m.Content.IsUnknown() {
		return nil, false
	}
	files = map[string]string{}
	observed := getObserved(ctx, private, diags)
	for name, found := range m.deployedPolicies(ctx, diags) {
		switch record, known := observed[name]; {
		case !found.Present.ValueBool():
		case known && record.Content != "":
			files[name] = record.Content
		default:
			files[name] = m.Content.ValueString()
		}
	}
	return files, len(files) > 0
}

// recordImported records the imported files with the first apply.
func (m *sudoersPolicyModel) recordImported(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	if len(m.imported) == 0 {
		return
	}
	encoded, err := json.Marshal(m.imported)
	if err != nil {
		panic(err) // only texts: nothing that JSON can't hold
	}
	diags.Append(private.SetKey(ctx, importedKey, encoded)...)
}

// warnOfImported says before a destroy that an imported file does not come back.
func warnOfImported(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	var state sudoersPolicyModel
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() || state.RestoreOnDestroy.ValueBool() {
		return
	}
	var unreadable diag.Diagnostics // a destroy is not refused for it
	if _, imported := state.importedFiles(ctx, req.Private, &unreadable); imported {
		diags.AddAttributeWarning(path.Root("restore_on_destroy"), fmt.Sprintf("The imported file of %s does not come back", state.What()),
			fmt.Sprintf("It was on the nodes before Terraform managed it. The destroy removes %s, and a copy stays on each node in /var/backups/pvesec. "+
				"To have the destroy put the file back as it was imported, first set restore_on_destroy = true and apply that.", state.policy().Path()))
	}
}

// restoreAttribute describes restore_on_destroy.
func restoreAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		MarkdownDescription: "Whether a destroy of an imported policy puts the file back that each node had when it was imported. `false` by default: the destroy removes the file, and its plan says that the imported one does not come back. " +
			"What that file granted is granted again then. The destroy of a policy that was not imported removes the file in any case.",
		Optional: true,
	}
}
