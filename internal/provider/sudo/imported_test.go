package sudo

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// changedNodes take the changes of a removal and refuse a text.
type changedNodes struct {
	refused string
	held    map[string]string
}

func (c *changedNodes) Observe(context.Context, node.Target, node.Query) (*node.Observation, error) {
	return nil, errors.New("a removal reads nothing")
}

func (c *changedNodes) Apply(_ context.Context, changes []node.Change, _ func(node, step string)) error {
	for _, change := range changes {
		if text := string(change.Files[0].Content); c.refused != "" && text == c.refused {
			return &node.ApplyError{Outcomes: []node.Outcome{{Node: change.Target.Name, State: node.Unchanged, Err: &node.MissingCommandError{Node: change.Target.Name, Command: "visudo"}}}}
		}
	}
	for _, change := range changes {
		c.held[change.Target.Name] = string(change.Files[0].Content)
	}
	return nil
}

// TestRestoresOnlyWhatAnImportFound: a destroy puts nothing back but what was recorded at the import: not what
// Terraform wrote, whatever else private state lost, and not what somebody wrote between the import and the apply. A
// record that cannot be read, and a node that refuses the text, do not stop it.
func TestRestoresOnlyWhatAnImportFound(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const old, current = "agent ALL=(root) /usr/bin/w\n", "agent ALL=(root) /usr/bin/id\n"
	rendered := "# " + hardening.PolicyHeader("agent") + "\n" + current
	found := func(text string) map[string]*hardening.SudoersState {
		return map[string]*hardening.SudoersState{"pve1": {Content: text, File: hardening.FileStatus{Present: text != "", SHA256: hardening.Digest(text)}}}
	}
	for name, c := range map[string]struct {
		imported map[string]*hardening.SudoersState // nil for a policy that Terraform created
		record   string                             // in the place of what the import recorded
		restore  bool
		applied  bool
		refused  string
		want     string
		warns    string
	}{
		"imported":                       {imported: found(old), restore: true, applied: true, want: old},
		"imported, nothing applied":      {imported: found(old), restore: true, want: old},
		"imported, and not asked for":    {imported: found(old), applied: true},
		"created":                        {restore: true, applied: true},
		"created, private state is lost": {restore: true},
		"a file that pvesec rendered":    {imported: found(rendered), restore: true, applied: true},
		"a node without the file":        {imported: found(""), restore: true, applied: true},
		"a record that is no JSON":       {imported: found(old), record: "{", restore: true, applied: true, warns: "cannot read its record"},
		"a text that the node refuses":   {imported: found(old), restore: true, applied: true, refused: old, warns: "visudo is not installed on pve1"},
	} {
		var diags diag.Diagnostics
		m := &sudoersPolicyModel{Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(current), SHA256: types.StringValue(hardening.Digest(current)),
			RestoreOnDestroy: types.BoolValue(c.restore)}
		m.Deployed = types.MapNull(deployedPolicyType)
		private := privateMap{}
		if c.imported != nil {
			m.Imported(ctx, c.imported, private, &diags)
		}
		// What a later read saw is somebody's, or Terraform's.
		m.setObserved(ctx, private, found("agent ALL=(ALL) ALL\n"), &diags)
		if c.applied {
			values.WriteApplied(ctx, private, "a digest", &diags)
		}
		if c.record != "" {
			private[importedKey] = []byte(c.record)
		}
		nodes := &changedNodes{c.refused, map[string]string{"pve1": current}}
		if err := m.Remove(ctx, nodes, []node.Target{{Name: "pve1"}}, private, &diags); err != nil || diags.HasError() {
			t.Errorf("%s: the destroy is refused: %v %v", name, err, diags)
		}
		if nodes.held["pve1"] != c.want {
			t.Errorf("%s: the node holds %q, want %q", name, nodes.held["pve1"], c.want)
		}
		said := ""
		for _, d := range diags.Warnings() {
			said += d.Summary() + ": " + d.Detail()
		}
		if (said == "") != (c.warns == "") || !strings.Contains(said, c.warns) {
			t.Errorf("%s: the warnings are %q", name, said)
		}
	}
}
