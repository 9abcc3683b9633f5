package hardening

import (
	"context"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// foreignCuts is what Exclusive does to the other files of a node.
type foreignCuts struct {
	files []node.File
	// expect pins the text that was read, so that nothing unseen is overwritten.
	expect []node.Expect
	// removed are the grants that go, as ForeignGrant.String gives them.
	removed []string
}

// within refuses what a plan did not show. planned is nil where it could not tell.
func (c foreignCuts) within(planned []string, node string) error {
	if planned == nil {
		return nil
	}
	unplanned := slices.DeleteFunc(slices.Clone(c.removed), func(grant string) bool { return slices.Contains(planned, grant) })
	if len(unplanned) == 0 {
		return nil
	}
	return &UnplannedCutError{Node: node, Grants: unplanned}
}

// foreignCuts rewrites every other file that names the subject so that it no longer does; a file that grants nothing
// else any more is removed. node.Apply keeps a backup of each.
func (p SudoersPolicy) foreignCuts(ctx context.Context, nodes Nodes, target node.Target) (foreignCuts, error) {
	t, err := readSudoersTree(ctx, nodes, target, p.query())
	if err != nil {
		return foreignCuts{}, err
	}
	subjects := t.subjects(p.Subjects)
	cuts := foreignCuts{removed: []string{}}
	lifted := make([][]policy.Grant, len(subjects))
	for _, file := range t.tree.Files {
		if file.Name == p.Path() {
			continue
		}
		state := followed(t.files[file.Name])
		if p.shares(file.Name) || writtenFor(file.Name, string(state.Content)) != "" || emergencyFor(file.Name, string(state.Content), t.limits()) != "" {
			continue // another resource is responsible for it
		}
		text, cut := string(state.Content), false
		for i, subject := range subjects {
			_, removed, _ := policy.Remove(file, string(state.Content), subject) // with the lines as they are in the file
			if len(removed) == 0 {
				continue
			}
			cut = true
			left, _ := sudoers.Parse(file.Name, text, t.version)
			text, _, _ = policy.Remove(left, text, subject)
			for _, grant := range removed {
				if grant.Negated {
					lifted[i] = append(lifted[i], grant)
				} else if shown := foreignGrant(grant).String(); !slices.Contains(cuts.removed, shown) {
					cuts.removed = append(cuts.removed, shown)
				}
			}
		}
		if !cut {
			continue
		}
		change := node.File{
			Path: file.Name, Kind: node.Regular, Content: []byte(text), Mode: state.Mode, Owner: state.Owner, Group: state.Group, Validate: node.Sudoers,
		}
		if file.Name != sudoersMain && onlyComments(file.Name, text) {
			change = node.File{Path: file.Name, Kind: node.Absent, Validate: node.Sudoers}
		}
		cuts.files = append(cuts.files, change)
		cuts.expect = append(cuts.expect, statusOf(t.files[file.Name]).expectAt(file.Name))
	}
	for i, subject := range subjects {
		if err := keepsDenials(target.Name, lifted[i], foreignGrants(t, p, subject)); err != nil {
			return cuts, err
		}
		if err := givesNothing(t, cuts, p.Path(), target, subject); err != nil {
			return cuts, err
		}
	}
	return cuts, nil
}

// givesNothing refuses cuts by which the subject would be allowed more than before, or the same on easier conditions,
// by what the other files still say: a line may deny by an alias, or ask for a password where the rule of a group asks
// for none.
func givesNothing(t *sudoersTree, cuts foreignCuts, own string, target node.Target, subject policy.Subject) error {
	if len(cuts.files) == 0 {
		return nil
	}
	before, after := othersOf(t.tree, own), othersOf(t.after(node.Change{Target: target, Files: cuts.files}).tree, own)
	change := policy.Compare(before, after, policy.Question{Subject: subject, Host: t.seen.Facts.Hostname, Env: policy.Debian(t.version)})
	refuse := func(gained string, rule *policy.Grant) error {
		return fmt.Errorf("node %s: removing the subject's other grants (exclusive = true) would give it more: %s, by %s:%d: %s. Nothing was changed. "+
			"Edit that line or the line that holds it back by hand, or take the subject out of what the line is about", target.Name, gained, rule.Pos.File, rule.Pos.Line, rule.Text)
	}
	if len(change.NewlyAllowed) > 0 {
		return refuse(change.NewlyAllowed[0].String(), change.NewlyAllowed[0].Rule)
	}
	for _, c := range change.Changed {
		if c.Looser > 0 {
			return refuse(fmt.Sprintf("%s with %s %s instead of %s", c.String(), c.Condition, c.To, c.From), c.Rule)
		}
	}
	return nil
}

// othersOf is a tree without the rules of one file.
func othersOf(tree *sudoers.Tree, own string) *sudoers.Tree {
	others := *tree
	others.Entries = slices.DeleteFunc(slices.Clone(tree.Entries), func(e sudoers.Entry) bool {
		_, rule := e.(*sudoers.UserSpec)
		return rule && e.Pos().File == own
	})
	return &others
}

// keepsDenials refuses to cut out denials together with the grants of their line where they may hold back what the
// subject has through a group, an alias or ALL: removing rights must not give any.
func keepsDenials(node string, lifted []policy.Grant, foreign []ForeignGrant) error {
	if len(lifted) == 0 {
		return nil
	}
	for _, grant := range foreign {
		// No denial holds back an emergency access: its file is read after all others.
		if !grant.Removable && grant.Emergency == "" {
			return fmt.Errorf("node %s: removing the subject's other grants (exclusive = true) would lift the denial %s, and the subject keeps %s through others. "+
				"Nothing was changed. Edit the line of the denial by hand, or take the subject out of what gives it the other grant", node, foreignGrant(lifted[0]), grant)
		}
	}
	return nil
}
