package sudo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// importedKey is the key in private state for the files that an import found.
const importedKey = "imported"

var _ session.Importer[hardening.SudoersState] = (*sudoersPolicyModel)(nil)

// Imported records the texts of the files that the nodes have at an import, by node. A file that pvesec itself wrote,
// by its header, is none that was there before: it is not recorded.
func (m *sudoersPolicyModel) Imported(ctx context.Context, seen map[string]*hardening.SudoersState, private values.PrivateWriter, diags *diag.Diagnostics) {
	files := map[string]string{}
	for name, found := range seen {
		if found.File.Present && found.Content != "" && !m.policy().Wrote(found.Content) {
			files[name] = found.Content
		}
	}
	if len(files) == 0 {
		return
	}
	encoded, err := json.Marshal(files)
	if err != nil {
		panic(err) // only texts: nothing that JSON can't hold
	}
	diags.Append(private.SetKey(ctx, importedKey, encoded)...)
}

// importedFiles are the texts that an import recorded, by node; none for a policy that Terraform created, and where the
// record is lost: what Terraform wrote is never taken for what was there before.
func importedFiles(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) map[string]string {
	encoded, problems := private.GetKey(ctx, importedKey)
	diags.Append(problems...)
	if len(encoded) == 0 {
		return nil
	}
	var files map[string]string
	if err := json.Unmarshal(encoded, &files); err != nil {
		diags.AddError("Invalid private state", fmt.Sprintf("pvesec cannot read its record of the imported file: %v.", err))
	}
	return files
}

// Remove takes the policy's file off nodes, or puts the imported one back. A record that cannot be read, and a node
// that refuses its old text, do not stop the removal.
func (m *sudoersPolicyModel) Remove(ctx context.Context, nodes hardening.Nodes, targets []node.Target, private values.PrivateReader, diags *diag.Diagnostics) error {
	var imported map[string]string
	var unreadable diag.Diagnostics
	if m.RestoreOnDestroy.ValueBool() {
		imported = importedFiles(ctx, private, &unreadable)
	}
	unrestored, err := m.policy().Remove(ctx, nodes, targets, imported, session.Progress(ctx))
	if err != nil {
		return err
	}
	for _, problem := range unreadable {
		diags.AddAttributeWarning(path.Root("restore_on_destroy"), fmt.Sprintf("The imported file of %s does not come back", m.What()),
			problem.Detail()+"\n\n"+m.removedInstead())
	}
	for _, name := range slices.Sorted(maps.Keys(unrestored)) {
		diags.AddAttributeWarning(path.Root("restore_on_destroy"), fmt.Sprintf("The imported file of %s does not come back on %s", m.What(), name),
			fmt.Sprintf("The node refuses it: %v\n\n%s", unrestored[name], m.removedInstead()))
	}
	return nil
}

func (m *sudoersPolicyModel) removedInstead() string {
	return fmt.Sprintf("The destroy removed %s. A copy of the policy stays on the node in /var/backups/pvesec.", m.policy().Path())
}

// warnOfImported says before a destroy that an imported file does not come back.
func warnOfImported(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	var state sudoersPolicyModel
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() || state.RestoreOnDestroy.ValueBool() {
		return
	}
	var unreadable diag.Diagnostics // a destroy is not refused for it
	if len(importedFiles(ctx, req.Private, &unreadable)) > 0 {
		diags.AddAttributeWarning(path.Root("restore_on_destroy"), fmt.Sprintf("The imported file of %s does not come back", state.What()),
			fmt.Sprintf("It was on the nodes before Terraform managed it. The destroy removes %s, and a copy stays on each node in /var/backups/pvesec. "+
				"To have the destroy put the file back as it was imported, first set restore_on_destroy = true and apply that.", state.policy().Path()))
	}
}

// restoreAttribute describes restore_on_destroy.
func restoreAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		MarkdownDescription: "Whether a destroy of an imported policy puts the file back that each node had when it was imported. `false` by default: the destroy removes the file, and its plan says that the imported one does not come back. " +
			"What that file granted is granted again then. The import records the file; what somebody writes into it later does not come back. A file that pvesec rendered, with its comment at the top, is not recorded; " +
			"a text of `content` has no such comment and is recorded as it is found. The destroy of a policy that was not imported removes the file in any case. So it does, with a warning, on a node that refuses " +
			"the old file.",
		Optional: true,
	}
}
