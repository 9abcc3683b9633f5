package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// exclusiveModel is pvesec_sudoers_exclusive in configuration, plan and state.
type exclusiveModel struct {
	Files         types.Set `tfsdk:"files"`
	Lines         types.Set `tfsdk:"lines"`
	ResourceNames types.Set `tfsdk:"resource_names"`
	Removed       types.Map `tfsdk:"removed"`
	session.Placed
}

// exclusiveNodeModel is a node's entry of deployed.
type exclusiveNodeModel struct {
	Changes types.List `tfsdk:"changes"`
	Held    types.List `tfsdk:"held"`
	Kept    types.List `tfsdk:"kept"`
}

var exclusiveNodeType = values.ObjectTypeOf(exclusiveEntry())

// known tells whether what may stand in the files is known.
func (m *exclusiveModel) known() bool {
	return values.FullyKnown(m.Files) && values.FullyKnown(m.Lines) && values.FullyKnown(m.ResourceNames)
}

// open leaves for the apply what a plan may not know.
func (m *exclusiveModel) open() {
	m.Deployed, m.Removed = types.MapUnknown(exclusiveNodeType), types.MapUnknown(values.StringListType)
	m.OpenPackages()
}

// own says what the files may hold.
func (m *exclusiveModel) own(ctx context.Context, diags *diag.Diagnostics) hardening.SudoersExclusive {
	own := hardening.SudoersExclusive{Files: values.StringsInSet(ctx, m.Files, diags), Lines: values.StringsInSet(ctx, m.Lines, diags)}
	if !m.ResourceNames.IsNull() {
		own.Resources = append([]string{}, values.StringsInSet(ctx, m.ResourceNames, diags)...)
	}
	return own
}

// looksFor tells whether a plan lets the files hold what the state does, so that what was found for the one is found
// for the other.
func (m *exclusiveModel) looksFor(plan *exclusiveModel) bool {
	return m.Files.Equal(plan.Files) && m.Lines.Equal(plan.Lines) && m.ResourceNames.Equal(plan.ResourceNames)
}

// entry reads the entry of a node, nil where there is none.
func (m *exclusiveModel) entry(ctx context.Context, name string, diags *diag.Diagnostics) *exclusiveNodeModel {
	object, is := m.Deployed.Elements()[name].(types.Object)
	if !is || object.IsNull() || object.IsUnknown() {
		return nil
	}
	var found exclusiveNodeModel
	diags.Append(values.ReadObject(ctx, object, &found)...)
	return &found
}

// planDeployed fills in deployed and removed. Of nodes that were looked at for the plan only what goes is known:
// another resource of the same run may write a file that stays.
func (m *exclusiveModel) planDeployed(ctx context.Context, state *exclusiveModel, targets, look []node.Target, seen map[string]*hardening.ExclusiveState, diags *diag.Diagnostics) {
	entries, removed := map[string]attr.Value{}, map[string]types.List{}
	for _, target := range targets {
		name, planned := target.Name, exclusiveNodeModel{Changes: values.StringList(nil), Held: types.ListUnknown(types.StringType), Kept: types.ListUnknown(types.StringType)}
		looked := slices.ContainsFunc(look, func(other node.Target) bool { return other.Name == name })
		switch found := seen[name]; {
		case looked && found == nil:
			removed[name] = types.ListUnknown(types.StringType)
		case looked:
			if len(found.Foreign) > 0 {
				removed[name] = values.StringList(found.Foreign)
			}
		default:
			entry := state.entry(ctx, name, diags)
			planned.Held, planned.Kept = entry.Held, entry.Kept
			if session.NotReached(entry.Changes) {
				removed[name] = types.ListUnknown(types.StringType)
			} else if len(entry.Changes.Elements()) > 0 {
				removed[name] = entry.Changes
			}
		}
		entries[name] = values.WriteObject(ctx, exclusiveNodeType.AttrTypes, planned, diags)
	}
	m.Deployed = types.MapValueMust(exclusiveNodeType, entries)
	m.Removed = removedGrantsMap(ctx, removed, diags)
	if state != nil && state.looksFor(m) && m.Deployed.Equal(state.Deployed) {
		m.Removed = state.Removed // it tells of the change before
	}
}

// What names the resource.
func (m *exclusiveModel) What() string { return "the exclusive sudoers files" }

// Observer reads the sudoers files.
func (m *exclusiveModel) Observer(ctx context.Context, diags *diag.Diagnostics) session.Observer[hardening.ExclusiveState] {
	return m.own(ctx, diags).Observe
}

// Holds is true of every node: one without a foreign line is managed too.
func (m *exclusiveModel) Holds(*hardening.ExclusiveState) bool { return true }

// Unfinished tells whether an earlier change was interrupted, and whether it left files.
func (m *exclusiveModel) Unfinished(seen *hardening.ExclusiveState) (unfinished, leftover bool) {
	return seen.Unfinished, seen.Leftover
}

// Commands are the programs that a node needs: none, since what goes must not wait for a package.
func (m *exclusiveModel) Commands(context.Context, *diag.Diagnostics) []string { return nil }

// Lacks are the packages that a node needs and does not have: none.
func (m *exclusiveModel) Lacks(*hardening.ExclusiveState) []string { return nil }

// Found is a node's entry of deployed as it was read.
func (m *exclusiveModel) Found(ctx context.Context, seen *hardening.ExclusiveState, diags *diag.Diagnostics) types.Object {
	held := make([]string, len(seen.Held))
	for i, line := range seen.Held {
		held[i] = line.String()
	}
	return values.WriteObject(ctx, exclusiveNodeType.AttrTypes, exclusiveNodeModel{values.StringList(seen.Foreign), values.StringList(held), values.StringList(seen.Kept)}, diags)
}

// Installed is a node's entry of deployed after an apply: what was read back. A file that another resource of the same
// run is about to name is not drift yet.
func (m *exclusiveModel) Installed(ctx context.Context, seen *hardening.ExclusiveState, diags *diag.Diagnostics) types.Object {
	if seen == nil {
		seen = &hardening.ExclusiveState{}
	}
	entry := *seen
	entry.Foreign = nil // as planned; the next refresh tells of what came meanwhile
	return m.Found(ctx, &entry, diags)
}

// ReadsBack tells that the nodes are read after an apply where the plan could not know all.
func (m *exclusiveModel) ReadsBack(open bool) bool { return open }

// Took warns of what stays although it does not belong there.
func (m *exclusiveModel) Took(_ context.Context, reading session.Reading[hardening.ExclusiveState], diags *diag.Diagnostics) {
	if reading.Refresh {
		m.Removed = types.MapNull(values.StringListType) // it told of the change that the last plan showed
		warnOfHeld(reading.Seen, diags)
	}
}

// warnOfHeld names lines that stay although they do not belong there, and what becomes easier by the removal of others.
func warnOfHeld(seen map[string]*hardening.ExclusiveState, diags *diag.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		var held []string
		for _, line := range seen[name].Held {
			if !line.Harmless {
				held = append(held, line.String())
			}
		}
		if len(held) > 0 {
			diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf("Lines that do not belong to the sudoers files of %s stay", name),
				"  "+strings.Join(held, "\n  ")+"\n\nAn apply does not remove them. Change on the node what depends on them and remove them there, or name them: files in /etc/sudoers.d in files, lines of /etc/sudoers in lines.")
		}
		if len(seen[name].Eased) > 0 {
			diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf("The removal of lines makes something easier on %s", name),
				"  "+strings.Join(seen[name].Eased, "\n  ")+"\n\nThe lines that go give more than they hold back, so an apply removes them. Change the rules that are left if they allow too much.")
		}
	}
}

// Install removes what does not belong on the nodes, as the plan showed it.
func (m *exclusiveModel) Install(ctx context.Context, change session.Change[exclusiveModel], diags *diag.Diagnostics) error {
	planned := map[string][]string{}
	for _, target := range change.Targets {
		list, listed := m.Removed.Elements()[target.Name].(types.List)
		switch {
		case m.Removed.IsUnknown() || listed && list.IsUnknown():
		case listed:
			planned[target.Name] = values.StringsInList(ctx, list, diags)
		default:
			planned[target.Name] = []string{}
		}
	}
	removed, err := m.own(ctx, diags).Install(ctx, change.Nodes, change.Targets, planned, session.Progress(ctx))
	if err == nil {
		m.Removed = settledRemovals(ctx, m.Removed, removed, diags)
	}
	return err
}

// Remove takes nothing off nodes.
func (m *exclusiveModel) Remove(context.Context, hardening.Nodes, []node.Target, values.PrivateReader, *diag.Diagnostics) error {
	return nil
}

// Named reads the nodes for an import.
func (m *exclusiveModel) Named(string) session.Observer[hardening.ExclusiveState] {
	return hardening.SudoersExclusive{}.Observe
}

// Adopt names nothing: what stands on the nodes and does not belong there shows as drift.
func (m *exclusiveModel) Adopt(context.Context, []node.Target, map[string]*hardening.ExclusiveState, *diag.Diagnostics) {
}
