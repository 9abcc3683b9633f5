package hardening

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// SshdState is what one node holds of an sshd policy, and what its sshd makes of it.
type SshdState struct {
	File FileStatus
	// Content is the text of the file, and Changes are the lines by which it differs from what the policy is for this
	// node: "+" the node has, "-" it lacks.
	Content string
	Changes []string
	// Effective gives the values of the policy's keywords for each connection that is looked at, as sshd tells them.
	// Without is the same without the file.
	Effective, Without map[string]map[string]string
	// Overruled are the lines of other files that decide what the policy sets, and why sshd cannot be asked.
	Overruled []string
	// Lacks are the Debian packages that the node needs.
	Lacks []string
	// Unfinished and Leftover tell of a transaction that was interrupted.
	Unfinished, Leftover bool
}

// Observe reads what a node holds. An sshd that refuses its configuration is told, and is no error: the resource can be
// mended or destroyed then too.
func (p SshdPolicy) Observe(ctx context.Context, nodes Nodes, target node.Target) (*SshdState, error) {
	l, err := p.look(ctx, nodes, target)
	if err != nil {
		return nil, err
	}
	state := l.state()
	if state.File.Present {
		if err := l.askClosed(ctx); err != nil {
			return nil, err
		}
		if text, err := l.render(); err == nil {
			state.Changes = LineChanges(text, state.Content)
		}
	}
	if l.problem != "" {
		state.Overruled = []string{l.problem}
		return state, nil
	}
	if err := l.ask(ctx, nil); err != nil {
		return nil, err
	}
	state.Effective, state.Without = l.effective(l.answer.AsIs), l.effective(l.answer.Without)
	if state.File.Present {
		state.Overruled = l.overruled(l.answer.AsIs)
	}
	return state, nil
}

// A SshdPlan is what an apply makes of a node.
type SshdPlan struct {
	// State is the node afterwards, Found the file as it is.
	State *SshdState
	Found FileStatus
	// Open tells what of the state another resource of the same run, or another place to run from, can change.
	Open SshdOpen
	// Awaits says that no administrator can come in before the run makes the account or the key of one; nil where one
	// can. Install refuses it.
	Awaits *SshdLockoutError
	// change is what does it.
	change node.Change
}

// SshdOpen tells what can change between a plan and its apply.
type SshdOpen struct {
	// Shared says that the file of another policy sets what this one sets, so that all that sshd makes of logins can
	// change.
	Shared bool
	// Logins are the connections for which sshd's answer can change: with the groups of an account, or with the address
	// from which pvesec comes.
	Logins []string
}

// Plan judges what the policy would make of a node before anything is changed. Its error is a [*SshdLockoutError] where
// somebody would be locked out who must not be, and a [*SshdRefusedError] where the node's sshd refuses the policy.
func (p SshdPolicy) Plan(ctx context.Context, nodes Nodes, target node.Target) (*SshdPlan, error) {
	l, err := p.look(ctx, nodes, target)
	if err != nil {
		return nil, err
	}
	if l.problem != "" {
		return nil, &SshdRefusedError{Node: target.Name, Output: l.problem}
	}
	if l.stopped {
		return nil, &SshdRefusedError{Node: target.Name, Output: "neither " + sshdService + " nor " + sshdSocket + " is active there, so that nothing that pvesec can reload would read the policy"}
	}
	if err := l.askClosed(ctx); err != nil {
		return nil, err
	}
	text, err := l.render()
	if err != nil {
		return nil, &SshdRefusedError{Node: target.Name, Output: err.Error()}
	}
	if err := l.ask(ctx, []byte(text)); err != nil {
		return nil, err
	}
	for _, judged := range l.answer.With {
		if judged.Problem != "" {
			return nil, &SshdRefusedError{Node: target.Name, Output: judged.Problem}
		}
	}
	if !l.reads(l.answer.With) {
		return nil, &SshdRefusedError{Node: target.Name, Output: fmt.Sprintf("sshd would not read %s. Write this line into %s, before the first Match and before all settings:\n\n  Include %s/*.conf", p.Path(), sshdMain, sshdDropIns)}
	}
	out := l.lockout(text)
	if out != nil && !slices.ContainsFunc(out.Awaits, func(user string) bool { return p.Makes != nil && p.Makes(user, target.Name) }) {
		return nil, out
	}
	plan := &SshdPlan{Awaits: out, State: &SshdState{
		File: p.StatusOf(text), Content: text, Effective: l.effective(l.answer.With), Without: l.effective(l.answer.Without), Overruled: l.overruled(l.answer.With), Lacks: l.lacks,
	}}
	plan.Found, plan.Open = statusOf(l.file), l.open(text)
	plan.change = node.Change{Target: target, Label: p.label(), Expect: l.pins(), RestartServices: []string{sshdService}, RequireActive: []string{sshdService}}
	file := p.file(text)
	file.installOn(&plan.change, l.file.Exists)
	return plan, nil
}

// Install puts the policy onto nodes as it was planned, and takes it off those in leave, in one transaction. Every file
// of sshd must be as it was when it was judged. Applied are the digests of what was applied last, by node. Its error is
// a [*SshdLockoutError] where a node in leave would lock out pvesec, or no administrator can come in yet.
func (p SshdPolicy) Install(ctx context.Context, nodes Nodes, plans []*SshdPlan, leave []node.Target, applied map[string]string, progress func(node, step string)) error {
	var changes []node.Change
	for _, plan := range plans {
		if plan.Awaits != nil {
			return plan.Awaits
		}
		change := plan.change
		change.Files = slices.Clone(change.Files)
		for i := range change.Files {
			change.Files[i].Applied = applied[change.Target.Name]
		}
		changes = append(changes, change)
	}
	if err := p.mayLeave(ctx, nodes, leave); err != nil {
		return err
	}
	return nodes.Apply(ctx, append(changes, p.removals(leave, applied)...), progress)
}

// Remove takes the policy off nodes. Its error is a [*SshdLockoutError] where what remains would lock out pvesec.
func (p SshdPolicy) Remove(ctx context.Context, nodes Nodes, targets []node.Target, applied map[string]string, progress func(node, step string)) error {
	if err := p.mayLeave(ctx, nodes, targets); err != nil {
		return err
	}
	return nodes.Apply(ctx, p.removals(targets, applied), progress)
}

// mayLeave refuses to take the policy off a node where sshd would then keep pvesec out. What cannot be judged may be
// left: the new login decides.
func (p SshdPolicy) mayLeave(ctx context.Context, nodes Nodes, targets []node.Target) error {
	var group errgroup.Group
	group.SetLimit(maxParallelLooks)
	for _, target := range targets {
		group.Go(func() error {
			l, _ := p.lookWithout(ctx, nodes, target) // the change itself tells whether the node answers
			if l == nil {
				return nil
			}
			if e := l.lockedOutWithout(sshdOwn); e != nil {
				return e
			}
			return nil
		})
	}
	return group.Wait()
}

// Leaves tells of a node whom sshd locks out once the policy is taken off it, pvesec itself before other nodes of the
// cluster; nil where nobody. It is for a warning: what cannot be judged is not told.
func (p SshdPolicy) Leaves(ctx context.Context, nodes Nodes, target node.Target) *SshdLockoutError {
	l, err := p.lookWithout(ctx, nodes, target)
	if err != nil || l == nil {
		return nil //nolint:nilerr // as the comment of the function says
	}
	for _, role := range [...]sshdRole{sshdOwn, sshdCluster} {
		if e := l.lockedOutWithout(role); e != nil {
			return e
		}
	}
	return nil
}

// lookWithout judges a node without the policy; nil where the policy is not there, or sshd cannot be asked.
func (p SshdPolicy) lookWithout(ctx context.Context, nodes Nodes, target node.Target) (*sshdLook, error) {
	l, err := p.look(ctx, nodes, target)
	if err != nil || l.seen.Sshd.Missing || !l.file.Exists {
		return nil, err
	}
	if err := l.ask(ctx, nil); err != nil {
		return nil, err
	}
	return l, nil
}

func (p SshdPolicy) removals(targets []node.Target, applied map[string]string) []node.Change {
	var changes []node.Change
	for _, target := range targets {
		change := node.Change{Target: target, Label: p.label(), RestartServices: []string{sshdService}}
		file := p.file("")
		file.applied = applied[target.Name]
		file.removeFrom(&change, false)
		changes = append(changes, change)
	}
	return changes
}
