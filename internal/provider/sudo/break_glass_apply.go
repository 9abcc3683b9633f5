package sudo

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// afterInterrupted closes what an apply left behind that was killed before Terraform recorded it: an access of this name and subject, or whatever an unfinished change wrote. The file of
// somebody else is refused, before anything is closed. It gives what the nodes hold then.
func (m *breakGlassModel) afterInterrupted(ctx context.Context, change session.Change[breakGlassModel], seen map[string]*hardening.BreakGlassState, diags *diag.Diagnostics) (map[string]*hardening.BreakGlassState, error) {
	access := m.access(ctx, diags)
	var interrupted []node.Target
	for _, target := range change.Targets {
		switch found := seen[target.Name]; {
		case !found.Present(access):
		case found.Unfinished || found.Wrote(access):
			interrupted = append(interrupted, target)
		default:
			return nil, fmt.Errorf("node %s has %s already, and this resource did not write it. End that access there (systemctl start %s, or remove the file), or give this one another name", target.Name, access.Path(), access.Ends())
		}
	}
	if len(interrupted) == 0 {
		return seen, nil
	}
	if err := m.close(ctx, change.Nodes, interrupted, diags); err != nil {
		return nil, err
	}
	return session.Observe(ctx, change.Nodes, change.Targets, access.Observe)
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

// mend writes the files of an open access as they are planned, with the same end, and takes away what is left of one that has ended. An access that ended meanwhile is not opened.
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

// recordUnknown records the entries that the plan left open: an access that is open on a node must not be forgotten because the node did not answer when the plan was made.
func (m *breakGlassModel) recordUnknown(ctx context.Context, entries map[string]breakGlassNode, diags *diag.Diagnostics) {
	for name, planned := range m.Deployed.Elements() {
		if values.FullyKnown(planned) {
			delete(entries, name)
		}
	}
	m.record(ctx, entries, diags)
}
