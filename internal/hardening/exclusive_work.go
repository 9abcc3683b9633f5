package hardening

import (
	"context"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// mostWork bounds what the comparisons for one node cost together: about as many grants may be compared. It is counted,
// and does not depend on the machine. Who writes files that cost more does not keep his grants by that, see
// [sorting.holdWidening].
const mostWork = 150_000

// What costs as much as the comparison of one grant: entries of the files that are looked through, states of patterns,
// and the parts of those.
const (
	entriesPerGrant = 8
	statesPerGrant  = 8
	partsPerGrant   = 1024
)

// within counts work, and tells whether the comparisons go on.
func (s *sorting) within(ctx context.Context, work int) bool {
	s.work += work
	s.spent = s.spent || s.work > mostWork || ctx.Err() != nil
	return !s.spent
}

// grants are those of a subject.
func (s *sorting) grants(tree *sudoersTree, subject policy.Subject) []policy.Grant {
	s.work += 1 + len(tree.tree.Entries)/entriesPerGrant
	return policy.Grants(tree.tree, subject)
}

// compared compares what a subject is allowed by two states of the files. There is nothing in the comparison where the
// work is spent.
func (s *sorting) compared(ctx context.Context, subject policy.Subject, before, after *sudoersTree) policy.Comparison {
	if !s.within(ctx, len(s.grants(before, subject))+len(s.grants(after, subject))) {
		return policy.Comparison{}
	}
	question := policy.Question{Subject: subject, Host: s.t.seen.Facts.Hostname, Env: policy.Debian(s.t.version)}.WithSharedBudget(before.tree, after.tree)
	question.Budget.Expired = func() bool { return ctx.Err() != nil }
	change := policy.Compare(before.tree, after.tree, question)
	states, parts := question.Budget.Shared.Work()
	s.work += states/statesPerGrant + parts/partsPerGrant
	return change
}
