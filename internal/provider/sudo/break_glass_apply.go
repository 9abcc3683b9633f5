package sudo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// grant opens the access on nodes by their own clocks, on all or on none.
func (m *breakGlassModel) grant(ctx context.Context, change session.Change[breakGlassModel], diags *diag.Diagnostics) error {
	access := m.access(ctx, diags)
	seen, err := session.Observe(ctx, change.Nodes, change.Targets, access.Observe)
	if err != nil {
		return err
	}
	if change.State == nil {
		if seen, err = m.afterInterrupted(ctx, change, seen, diags); err != nil {
			return err
		}
	}
	var openings []hardening.Opening
	entries := map[string]breakGlassNode{}
	for _, target := range change.Targets {
		found := seen[target.Name]
		w := m.windowFrom(found.Clock)
		refuseStart(w, found, diags)
		if skew := found.Skew(); skew > 60 || skew < -60 {
			diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf("The clock of %s is off", target.Name),
				fmt.Sprintf("It is ahead of this machine's clock by %s. The access ends at %s by the clock of the node.", time.Duration(skew)*time.Second, time.Unix(w.Ends, 0).UTC().Format(time.RFC3339)))
		}
		openings = append(openings, hardening.Opening{Target: target, Window: w, Seen: found, Applied: change.State.applied(ctx, target.Name, diags)})
		entries[target.Name] = granted(w, found.Skew())
	}
	if diags.HasError() {
		return errors.New("nothing was changed on any node")
	}
	if err := access.Open(ctx, change.Nodes, openings, session.Progress(ctx)); err != nil {
		return err
	}
	m.Deployed = types.MapValueMust(breakGlassNodeType, nil)
	m.record(ctx, entries, diags)
	m.summarise(change.State.skipped(ctx, change, entries, diags))
	return nil
}

// skipped adds to the entries of the nodes that were reached those of the nodes that were not, as they are recorded.
func (m *breakGlassModel) skipped(ctx context.Context, change session.Change[breakGlassModel], reached map[string]breakGlassNode, diags *diag.Diagnostics) map[string]breakGlassNode {
	all := map[string]breakGlassNode{}
	if m != nil {
		all = m.entries(ctx, diags)
	}
	for _, target := range change.Leave {
		delete(all, target.Name)
	}
	maps.Copy(all, reached)
	return all
}

// afterInterrupted judges what a new access finds under its name. An apply that was killed before Terraform recorded it
// leaves an access with exactly these settings, which is opened anew; so may another configuration, so that a warning
// says it. Whatever else is there is somebody else's and refused, before anything is changed. It gives what the nodes
// hold then.
func (m *breakGlassModel) afterInterrupted(ctx context.Context, change session.Change[breakGlassModel], seen map[string]*hardening.BreakGlassState, diags *diag.Diagnostics) (map[string]*hardening.BreakGlassState, error) {
	access := m.access(ctx, diags)
	var interrupted []node.Target
	for _, target := range change.Targets {
		if seen[target.Name].Unfinished {
			interrupted = append(interrupted, target)
		}
	}
	if len(interrupted) > 0 {
		if err := access.Settle(ctx, change.Nodes, interrupted, session.Progress(ctx)); err != nil {
			return nil, err
		}
		var err error
		if seen, err = session.Observe(ctx, change.Nodes, change.Targets, access.Observe); err != nil {
			return nil, err
		}
	}
	var open []string
	for _, target := range change.Targets {
		found := seen[target.Name]
		if !found.Present(access) {
			continue
		}
		w, same := found.Same(access)
		if !same {
			return nil, m.taken(access, found)
		}
		open = append(open, fmt.Sprintf("%s: from %s until %s", target.Name, values.TimeValue(w.Begins).ValueString(), values.TimeValue(w.Ends).ValueString()))
	}
	if len(open) > 0 {
		diags.AddAttributeWarning(path.Root("name"), fmt.Sprintf("Emergency access of %s was open already", access.Subject), strings.Join(open, "\n")+"\n\nIt had exactly these settings, and is opened anew. An apply that was interrupted leaves that. "+
			"If no apply was interrupted, another configuration opened it: then both manage one access, and the end of either ends it. Give one of them another name.")
	}
	return seen, nil
}

// taken refuses the name of somebody else's access.
func (m *breakGlassModel) taken(access hardening.BreakGlass, found *hardening.BreakGlassState) error {
	whose := ""
	if text := found.Whose(access); text != "" {
		whose = fmt.Sprintf(" It says: %s", text)
	}
	return fmt.Errorf("node %s has %s already, and not from this resource as it is configured.%s Give this access another name, or end the other one there (systemctl start %s, or remove the file). "+
		"If an apply of this resource was interrupted and its settings were changed since, apply it once as it was", found.Node, access.Path(), whose, access.Ends())
}

// applied are the texts that were applied to a node last.
func (m *breakGlassModel) applied(ctx context.Context, name string, diags *diag.Diagnostics) map[string]string {
	if m == nil {
		return nil
	}
	entry := m.entry(ctx, name, diags)
	if entry.GrantedAt.IsNull() {
		return nil
	}
	texts, err := m.access(ctx, diags).Texts(entry.window())
	if err != nil {
		return nil // then nothing is known to be applied
	}
	return texts
}

// mend writes the files of an open access as they are planned, with the same end, and takes away what is left of one
// that has ended. An access that ended meanwhile is not opened.
func (m *breakGlassModel) mend(ctx context.Context, change session.Change[breakGlassModel], diags *diag.Diagnostics) error {
	access := m.access(ctx, diags)
	seen, err := session.Observe(ctx, change.Nodes, change.Targets, access.Observe)
	if err != nil {
		return err
	}
	var openings []hardening.Opening
	var left []node.Target
	entries := map[string]breakGlassNode{}
	for _, target := range change.Targets {
		entry, found := change.State.entry(ctx, target.Name, diags), seen[target.Name]
		changed := len(entry.Changes.Elements()) > 0
		entry.Changes = values.StringList(nil)
		entries[target.Name] = entry
		switch w := entry.window(); {
		case !entry.open():
			if changed && len(found.Left(access)) > 0 {
				left = append(left, target)
			}
		case entry.clock(found) >= w.Ends || !found.Present(access):
		default:
			changes, err := found.Changes(access, w)
			if err != nil {
				return err
			}
			if len(changes) > 0 {
				openings = append(openings, hardening.Opening{Target: target, Window: w, Seen: found, Applied: change.State.applied(ctx, target.Name, diags)})
			}
		}
	}
	if err := errors.Join(change.State.close(ctx, change.Nodes, left, diags), access.Open(ctx, change.Nodes, openings, session.Progress(ctx))); err != nil {
		return err
	}
	m.recordUnknown(ctx, entries, diags)
	return nil
}

// recordUnknown records the entries that the plan left open: an access that is open on a node must not be forgotten
// because the node did not answer when the plan was made.
func (m *breakGlassModel) recordUnknown(ctx context.Context, entries map[string]breakGlassNode, diags *diag.Diagnostics) {
	for name, planned := range m.Deployed.Elements() {
		if values.FullyKnown(planned) {
			delete(entries, name)
		}
	}
	m.record(ctx, entries, diags)
}
