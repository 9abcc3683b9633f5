package hardening

import (
	"context"
	"errors"
	"maps"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Remove takes the policy's file off the targets. A file that is gone already is no error. Before are texts by node
// that are put in its place there, nil for none. Where a node refuses its text, Remove takes the file away as it does
// without one, and gives by node why: the removal of access does not hang on what was there before.
func (p SudoersPolicy) Remove(ctx context.Context, nodes Nodes, targets []node.Target, before map[string]string, progress func(node, step string)) (unrestored map[string]error, err error) {
	before, unrestored = maps.Clone(before), map[string]error{}
	maps.DeleteFunc(before, func(_, text string) bool { return text == "" })
	for {
		err = p.remove(ctx, nodes, targets, before, progress)
		refusals := refusedTexts(err, before)
		if len(refusals) == 0 || ctx.Err() != nil {
			return unrestored, err
		}
		for name, why := range refusals {
			unrestored[name] = why
			delete(before, name)
		}
	}
}

// remove makes one attempt, with each text of before in the place of the policy's file.
func (p SudoersPolicy) remove(ctx context.Context, nodes Nodes, targets []node.Target, before map[string]string, progress func(node, step string)) error {
	changes := make([]node.Change, 0, len(targets))
	for _, target := range targets {
		text, restored := before[target.Name]
		if !restored {
			changes = append(changes, p.removal(target, nil))
			continue
		}
		change, file := p.change(target, nil), sudoersFile(p.Path(), text)
		file.applied = Digest(p.Content)
		file.installOn(&change, true)
		changes = append(changes, change)
	}
	if err := guardOwnAccess(ctx, nodes, changes); err != nil {
		return err
	}
	return nodes.Apply(ctx, changes, progress)
}

// refusedTexts tells which nodes refuse the text that goes in the place of the policy's file, by what an attempt said:
// all that have one, where it names no node. What a removal meets as well, such as a node that does not answer, is no
// refusal of a text.
func refusedTexts(err error, before map[string]string) map[string]error {
	refusals := map[string]error{}
	refuse := func(name string, why error) {
		if _, restored := before[name]; restored && !meetsAnyChange(why) {
			refusals[name] = why
		}
	}
	var applied *node.ApplyError
	var own *OwnAccessError
	switch {
	case err == nil:
	case errors.As(err, &applied):
		for _, outcome := range applied.Outcomes {
			if outcome.Err != nil {
				refuse(outcome.Node, outcome.Err)
			}
		}
	case errors.As(err, &own):
		refuse(own.Node, err)
	default:
		for name := range before {
			refuse(name, err)
		}
	}
	return refusals
}

// meetsAnyChange tells an error that does not depend on what a change writes: of the way to the node, of root's power
// there, of another run, or of the end of this one.
func meetsAnyChange(err error) bool {
	var (
		unreachable *node.UnreachableError
		hostKey     *node.HostKeyError
		login       *node.AuthError
		privilege   *node.PrivilegeError
		remote      *node.RemoteError
		locked      *node.LockedError
		observe     *node.ObserveError
	)
	return errors.As(err, &unreachable) || errors.As(err, &hostKey) || errors.As(err, &login) || errors.As(err, &privilege) || errors.As(err, &remote) ||
		errors.As(err, &locked) || errors.As(err, &observe) || node.Interrupted(err)
}
