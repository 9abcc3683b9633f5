package hardening

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// What sudo demands of a sudoers file: owned by root, readable by root and its group only (sudoers(5), "sudoers_mode"), and what visudo writes.
const (
	SudoersMode  = "0440"
	SudoersOwner = "root:root"
)

// dropInName accepts the names that sudo reads in an include directory and that need no quoting anywhere. sudoers(5), "Including other
// files": names that end in "~" or contain "." are skipped.
var dropInName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$`)

// CheckDropInName says why name cannot name a file in /etc/sudoers.d, or returns nil.
func CheckDropInName(name string) error {
	switch {
	case strings.ContainsAny(name, ".~"):
		return fmt.Errorf("a file in %s whose name contains \".\" or ends in \"~\" is skipped by sudo, so a policy named %q would never take effect; "+
			"use letters, digits, \"_\" and \"-\", for example %q", sudoersDir, name, suggestDropInName(name))
	case !dropInName.MatchString(name):
		return fmt.Errorf("%q is not a usable file name in %s: use 1 to 128 letters, digits, \"_\" and \"-\", not beginning with \"-\"", name, sudoersDir)
	}
	return nil
}

func suggestDropInName(name string) string {
	suggestion := strings.Trim(strings.NewReplacer(".", "-", "~", "").Replace(name), "-")
	if !dropInName.MatchString(suggestion) {
		return "policy"
	}
	return suggestion
}

// SudoersPolicy is one file in /etc/sudoers.d that grants one subject what it may do.
type SudoersPolicy struct {
	// Name is the file's name in /etc/sudoers.d.
	Name string
	// Subject is a user name or, after "%", a group name.
	Subject string
	// Content is the file's text.
	Content string
	// Exclusive asks that no other file grants the subject anything: what can be cut out of other files is cut out.
	Exclusive bool
}

// Path is the policy's file on a node.
func (p SudoersPolicy) Path() string { return sudoersDir + "/" + p.Name }

// Digest is the SHA-256 of text in lower-case hex, as sha256sum(1) prints it.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// SudoersState is what one node holds of a policy.
type SudoersState struct {
	File FileStatus
	// Content is the text that sudo reads under the file's name, through a symbolic link too; empty when absent.
	Content string
	// Foreign lists the subject's grants in all other files.
	Foreign []ForeignGrant
	// Problems are lines of the node's sudoers files that sudo cannot parse. sudo skips such lines and keeps the rest in force.
	Problems []string
	// Unfinished tells that a transaction on this node was interrupted; the next apply recovers it.
	Unfinished bool
}

// Observe reads what the node holds of the policy, and everything that any other sudoers file grants its subject.
func (p SudoersPolicy) Observe(ctx context.Context, nodes Nodes, target node.Target) (*SudoersState, error) {
	t, err := readSudoersTree(ctx, nodes, target, p.query())
	if err != nil {
		return nil, err
	}
	state := &SudoersState{Unfinished: t.seen.Unfinished}
	file := t.files[p.Path()]
	state.File = statusOf(file)
	state.Content = string(followed(file).Content)
	state.Foreign = foreignGrants(t, p.Path(), subjectOf(p.Subject, t.account(p.Subject)))
	for _, problem := range t.problems {
		if problem.Pos.File != p.Path() {
			state.Problems = append(state.Problems, printable(problem.Error()))
		}
	}
	return state, nil
}

func (p SudoersPolicy) query() node.Query {
	query := node.Query{Files: []string{p.Path()}}
	if p.Subject != "" && !strings.HasPrefix(p.Subject, "%") {
		query.Accounts = []string{p.Subject}
	}
	return query
}

func (t *sudoersTree) account(name string) node.Account { return t.seen.Accounts[name] }

// Install puts the policy on targets and takes it off the nodes in leave, all in one transaction. expect gives for each node the file
// as it was when the change was planned; a node that differs by now is refused, since nobody reviewed that change.
func (p SudoersPolicy) Install(ctx context.Context, nodes Nodes, targets, leave []node.Target, expect map[string]FileStatus, progress func(node, step string)) error {
	changes := make([]node.Change, 0, len(targets)+len(leave))
	for _, target := range targets {
		change := p.change(target, expect)
		change.Files = []node.File{{
			Path: p.Path(), Kind: node.Regular, Content: []byte(p.Content), Mode: 0o440, Owner: "root", Group: "root", Validate: node.Sudoers,
		}}
		if p.Exclusive {
			cuts, expectations, err := p.foreignCuts(ctx, nodes, target)
			if err != nil {
				return err
			}
			change.Files = append(change.Files, cuts...)
			change.Expect = append(change.Expect, expectations...)
		}
		changes = append(changes, change)
	}
	for _, target := range leave {
		changes = append(changes, p.removal(target, expect))
	}
	if err := guardOwnAccess(ctx, nodes, changes); err != nil {
		return err
	}
	return nodes.Apply(ctx, changes, progress)
}

// Remove takes the policy's file off the targets. A file that is gone already is no error.
func (p SudoersPolicy) Remove(ctx context.Context, nodes Nodes, targets []node.Target, progress func(node, step string)) error {
	changes := make([]node.Change, 0, len(targets))
	for _, target := range targets {
		changes = append(changes, p.removal(target, nil))
	}
	if err := guardOwnAccess(ctx, nodes, changes); err != nil {
		return err
	}
	return nodes.Apply(ctx, changes, progress)
}

func (p SudoersPolicy) change(target node.Target, expect map[string]FileStatus) node.Change {
	change := node.Change{Target: target, Label: fmt.Sprintf("sudoers policy %q", p.Name), RequireCommands: []string{"visudo"}}
	if status, known := expect[target.Name]; known {
		change.Expect = []node.Expect{status.expectAt(p.Path())}
	}
	return change
}

func (p SudoersPolicy) removal(target node.Target, expect map[string]FileStatus) node.Change {
	change := p.change(target, expect)
	// A node without sudo can hold no effective policy, and taking a file away must not need sudo to be installed.
	change.RequireCommands = nil
	change.Files = []node.File{{Path: p.Path(), Kind: node.Absent, Validate: node.Sudoers}}
	return change
}

// foreignCuts rewrites every other file that names the subject so that it no longer does; a file that grants nothing else any more is
// removed. node.Apply keeps a backup of each. The expectations pin the text that was read, so that nothing unseen is overwritten.
func (p SudoersPolicy) foreignCuts(ctx context.Context, nodes Nodes, target node.Target) ([]node.File, []node.Expect, error) {
	t, err := readSudoersTree(ctx, nodes, target, p.query())
	if err != nil {
		return nil, nil, err
	}
	subject := subjectOf(p.Subject, t.account(p.Subject))
	var files []node.File
	var expect []node.Expect
	for _, file := range t.tree.Files {
		if file.Name == p.Path() {
			continue
		}
		state := followed(t.files[file.Name])
		text, removed, _ := policy.Remove(file, string(state.Content), subject)
		if len(removed) == 0 {
			continue
		}
		change := node.File{
			Path: file.Name, Kind: node.Regular, Content: []byte(text), Mode: state.Mode, Owner: state.Owner, Group: state.Group, Validate: node.Sudoers,
		}
		if file.Name != sudoersMain && onlyComments(file.Name, text) {
			change = node.File{Path: file.Name, Kind: node.Absent, Validate: node.Sudoers}
		}
		files = append(files, change)
		expect = append(expect, statusOf(t.files[file.Name]).expectAt(file.Name))
	}
	return files, expect, nil
}

// onlyComments tells that a sudoers text says nothing to sudo.
func onlyComments(name, text string) bool {
	file, problems := sudoers.Parse(name, text, sudoers.Version{})
	if len(problems) > 0 {
		return false
	}
	for _, entry := range file.Entries {
		if _, comment := entry.(*sudoers.Comment); !comment {
			return false
		}
	}
	return true
}
