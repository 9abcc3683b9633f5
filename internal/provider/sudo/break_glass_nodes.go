package sudo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// What names the access.
func (m *breakGlassModel) What() string {
	return fmt.Sprintf("emergency access %q", m.Name.ValueString())
}

// Observer reads the files of the access and the node's clock.
func (m *breakGlassModel) Observer(ctx context.Context, diags *diag.Diagnostics) session.Observer[hardening.BreakGlassState] {
	return m.access(ctx, diags).Observe
}

// Holds is true of every node: an access that has ended stays recorded, since Terraform would open it again otherwise.
func (m *breakGlassModel) Holds(*hardening.BreakGlassState) bool { return true }

// Unfinished tells whether an earlier change was interrupted, and whether it left files.
func (m *breakGlassModel) Unfinished(seen *hardening.BreakGlassState) (unfinished, leftover bool) {
	return seen.Unfinished, seen.Leftover
}

// Commands are the programs that a node needs for the access.
func (m *breakGlassModel) Commands(ctx context.Context, diags *diag.Diagnostics) []string {
	return m.access(ctx, diags).NeededCommands()
}

// Lacks are the packages that a node needs for the access and does not have.
func (m *breakGlassModel) Lacks(seen *hardening.BreakGlassState) []string { return seen.Lacks }

// lateness is how long after the end the timer may take the files away before they count as left.
const lateness = 120

// Found is a node's entry of deployed as it was read. What has ended once stays ended.
func (m *breakGlassModel) Found(ctx context.Context, seen *hardening.BreakGlassState, diags *diag.Diagnostics) types.Object {
	if seen.Node == "" {
		return notGranted().value(ctx, diags)
	}
	entry, access := m.entry(ctx, seen.Node, diags), m.access(ctx, diags)
	clock := entry.clock(seen)
	if entry.open() {
		switch w := entry.window(); {
		case clock > w.Ends:
			entry.Status = types.StringValue(accessExpired)
		case !seen.Present(access):
			entry.Status = types.StringValue(accessClosed)
		default:
			entry.Status = types.StringValue(accessRunning)
			if clock < w.Begins {
				entry.Status = types.StringValue(accessScheduled)
			}
			changes, err := seen.Changes(access, w)
			if err != nil {
				diags.AddError("Unable to read "+m.What(), err.Error())
			}
			entry.Changes = values.StringList(changes)
		}
	}
	if !entry.open() {
		entry.Changes = values.StringList(nil)
		// Before its end an access is recorded as expired only if a clock was wrong. Right after it the timer has some
		// time to take the files away.
		ends, expired := entry.window().Ends, entry.Status.ValueString() == accessExpired
		if (!expired || clock <= ends) && seen.Present(access) || entry.ended() && clock > ends+lateness {
			entry.Changes = values.StringList(seen.Left(access))
		}
	}
	return entry.value(ctx, diags)
}

// clock is what the node's clock shows or, where it is later, what it would show if nobody had set it since the access
// was granted.
func (n *breakGlassNode) clock(seen *hardening.BreakGlassState) int64 {
	return max(seen.Clock, seen.Asked.Unix()+n.skew())
}

// Installed is the entry of a node of which an apply did not record anything; [breakGlassModel.grant] and
// [breakGlassModel.mend] record every node that answers.
func (m *breakGlassModel) Installed(ctx context.Context, _ *hardening.BreakGlassState, diags *diag.Diagnostics) types.Object {
	return notGranted().value(ctx, diags)
}

// ReadsBack tells that an apply itself knows what the nodes hold then.
func (m *breakGlassModel) ReadsBack(bool) bool { return false }

// Install opens the access, or brings the files of an open one to what is planned. Nodes that it leaves are closed
// whatever becomes of the others.
func (m *breakGlassModel) Install(ctx context.Context, change session.Change[breakGlassModel], diags *diag.Diagnostics) error {
	if change.State == nil {
		return m.grant(ctx, change, diags)
	}
	if err := change.State.close(ctx, change.Nodes, change.Leave, diags); err != nil {
		return err
	}
	if m.grants(change.State) {
		return m.grant(ctx, change, diags)
	}
	return m.mend(ctx, change, diags)
}

// Remove closes the access on every node that answers. One that does not is an error, and keeps none of the others
// open.
func (m *breakGlassModel) Remove(ctx context.Context, nodes hardening.Nodes, targets []node.Target, _ values.PrivateReader, diags *diag.Diagnostics) error {
	return m.close(ctx, nodes, targets, diags)
}

// close closes the access on each node by itself.
func (m *breakGlassModel) close(ctx context.Context, nodes hardening.Nodes, targets []node.Target, diags *diag.Diagnostics) error {
	access := m.access(ctx, diags)
	failed, unmarked := make([]error, len(targets)), make([]error, len(targets))
	var group sync.WaitGroup
	for i, target := range targets {
		group.Go(func() { unmarked[i], failed[i] = access.Close(ctx, nodes, target, session.Progress(ctx)) })
	}
	group.Wait()
	for i, target := range targets {
		if why := unmarked[i]; why != nil {
			diags.AddWarning(fmt.Sprintf("The access is closed on %s, and its end is not marked there", target.Name),
				values.UpperFirst(why.Error())+".\n\nThe sudoers file is gone. The node's events do not tell the end, and sessions that were to be ended may still run.")
		}
	}
	return errors.Join(failed...)
}

// Took says how much time is left, and what has ended.
func (m *breakGlassModel) Took(ctx context.Context, reading session.Reading[hardening.BreakGlassState], diags *diag.Diagnostics) {
	if !reading.Refresh {
		return
	}
	entries := m.entries(ctx, diags)
	m.summarise(entries)
	var open, ended []string
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		entry, found := entries[name], reading.Seen[name]
		until := entry.ExpiresAt.ValueString()
		if found != nil && found.Clock <= entry.window().Ends && entry.Status.ValueString() != accessClosed { // by the node's clock it may still be open
			warnOfSetClock(found, entry.skew(), diags)
		}
		switch {
		case found == nil:
		case entry.Status.ValueString() == accessScheduled:
			open = append(open, fmt.Sprintf("%s: from %s until %s", name, entry.BeginsAt.ValueString(), until))
		case entry.open():
			open = append(open, fmt.Sprintf("%s: until %s, %s left", name, until, time.Duration(entry.window().Ends-entry.clock(found))*time.Second))
		case entry.Status.ValueString() == accessClosed:
			ended = append(ended, fmt.Sprintf("%s: the file is gone before the end at %s", name, until))
		case entry.ended():
			ended = append(ended, fmt.Sprintf("%s: expired at %s", name, until))
		}
	}
	subject := m.Subject.ValueString()
	if len(open) > 0 {
		diags.AddAttributeWarning(path.Root("status"), fmt.Sprintf("Emergency access of %s is open", subject), strings.Join(open, "\n")+"\n\nReason: "+m.Reason.ValueString()+"\n\nDestroy it when it is not needed any more.")
	}
	if len(ended) > 0 {
		diags.AddAttributeWarning(path.Root("status"), fmt.Sprintf("Emergency access of %s has ended", subject), strings.Join(ended, "\n")+"\n\nRemove the resource. If the access is needed again, change renew_id.")
	}
}

// warnOfSetClock says that a node's clock is not what it was when the access was granted.
func warnOfSetClock(found *hardening.BreakGlassState, recorded int64, diags *diag.Diagnostics) {
	if moved := found.Skew() - recorded; moved > 60 || moved < -60 {
		diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf("The clock of %s was set", found.Node),
			fmt.Sprintf("Since the access was granted it moved by %s against this machine's clock. sudo on the node ends the access by the node's clock. "+
				"Correct the clock. If it was moved back, destroy the access.", time.Duration(moved)*time.Second))
	}
}

// Named is for an import, which there is none of.
func (m *breakGlassModel) Named(name string) session.Observer[hardening.BreakGlassState] {
	return hardening.BreakGlass{Name: name}.Observe
}

// Adopt is for an import, which there is none of.
func (m *breakGlassModel) Adopt(context.Context, []node.Target, map[string]*hardening.BreakGlassState, *diag.Diagnostics) {
}
