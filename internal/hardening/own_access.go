package hardening

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Operator is what an access to nodes may tell of the user it logs in as. *node.Pool does.
type Operator interface {
	// Operator is the login name, and whether a password for sudo is at hand.
	Operator() (name string, password bool)
}

var _ Operator = (*node.Pool)(nil)

// AccessSudoers is the least that sudoers must permit the user that pvesec logs in as, where that is not root: one
// fixed command line, to which every program and every file travels over standard input, with no terminal and in no
// recording of sudo. With a password sudo asks for it.
func AccessSudoers(user string, password bool) string {
	tag := "NOPASSWD: "
	if password {
		tag = ""
	}
	return fmt.Sprintf("# What pvesec runs on this node. It is as powerful as root: keep what lets %[1]s log in as you keep root's password.\n%[4]s\n%[5]s\n%[1]s ALL=(root) %[2]s%[3]s\n",
		user, tag, node.SudoersCommand, node.NoTerminal(user), unrecorded(user))
}

// OwnAccessError tells that a change would take away the sudo that pvesec itself uses on a node.
type OwnAccessError struct {
	Node, User string
	// Rule is the rule that would deny it, empty when none permits it any more.
	Rule string
}

func (e *OwnAccessError) Error() string {
	why := "no rule would permit it any more"
	if e.Rule != "" {
		why = "this rule would decide: " + e.Rule
	}
	return fmt.Sprintf("the change would take away the access that pvesec itself uses on node %s: user %q could no longer run %s as root (%s). Nothing was changed. "+
		"Keep a line such as\n\n  %s\n\nor log in as root", e.Node, e.User, node.SudoersCommand, why, accessRule(e.User))
}

// accessRule is the rule of [AccessSudoers], its last line.
func accessRule(user string) string {
	lines := strings.Split(strings.TrimSpace(AccessSudoers(user, false)), "\n")
	return lines[len(lines)-1]
}

// guardOwnAccess refuses changes of sudoers files after which the operator's own sudo would be gone, before anything is
// touched. What it cannot foresee, the node itself finds out: such changes are confirmed over a new connection or
// restored.
func guardOwnAccess(ctx context.Context, nodes Nodes, changes []node.Change) error {
	operator, ok := nodes.(Operator)
	if !ok {
		return nil
	}
	user, password := operator.Operator()
	if user == "root" {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, change := range changes {
		group.Go(func() error {
			t, err := readSudoersTree(ctx, nodes, change.Target, node.Query{Accounts: []string{user}})
			if err != nil && change.OnlyRemoves() {
				return nil // files that cannot be read, such as very large ones, must not keep anybody's access; the node confirms the change
			}
			if err != nil {
				return err
			}
			if !t.permits(user, password).ok {
				return nil // the access comes from elsewhere, such as a directory service
			}
			if after := t.after(change).permits(user, password); !after.ok {
				return &OwnAccessError{Node: change.Target.Name, User: user, Rule: after.rule}
			}
			return nil
		})
	}
	return group.Wait()
}

// after is the tree as a change would leave it.
func (t *sudoersTree) after(change node.Change) *sudoersTree {
	next := &sudoersTree{files: maps.Clone(t.files), listed: t.listed, seen: t.seen, longest: t.longest}
	for _, file := range change.Files {
		switch {
		case file.Validate != node.Sudoers:
		case file.Kind == node.Absent:
			delete(next.files, file.Path)
		case file.Kind == node.Regular:
			next.files[file.Path] = node.FileState{Exists: true, Type: node.TypeRegular, Mode: file.Mode, Owner: file.Owner, Group: file.Group, Content: file.Content}
		}
	}
	if err := next.parse(change.Target.Name, next.listed); err != nil {
		return t // a file too large to be read was there before as well
	}
	return next
}

// permission is whether and by which rule.
type permission struct {
	ok   bool
	rule string
}

// permits decides whether a user may run what pvesec runs.
func (t *sudoersTree) permits(user string, password bool) permission {
	decision := t.decide(user)
	p := permission{ok: decision.Verdict == policy.Allowed && (decision.NoPasswd || password)}
	if decision.Rule != nil {
		p.rule = decision.Rule.Text
	}
	return p
}

// decide gives the decision about what pvesec runs.
func (t *sudoersTree) decide(user string) policy.Decision { return t.decideBy(t.tree, user) }

// decideBy is decide by another policy for the node.
func (t *sudoersTree) decideBy(tree *sudoers.Tree, user string) policy.Decision {
	words := strings.Fields(node.SudoersCommand)
	return policy.Decide(tree, policy.Request{
		Subject: subjectOf(user, t.account(user)), Host: t.seen.Facts.Hostname, LongHost: t.seen.Facts.FQDN, Command: words[0], Args: words[1:],
	})
}
