package hardening

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// What sudo demands of a sudoers file: owned by root, readable by root and its group only (sudoers(5), "sudoers_mode"),
// and what visudo writes.
const (
	SudoersMode  = "0440"
	SudoersOwner = "root:root"
)

// dropInName accepts the names that sudo reads in an include directory and that need no quoting anywhere. sudoers(5),
// "Including other files": names that end in "~" or contain "." are skipped.
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

// CheckPolicyName says why name cannot name the file of a policy, or returns nil: [CheckDropInName], and the files of
// audit logging and of emergency accesses are theirs.
func CheckPolicyName(name string) error {
	for prefix, owner := range map[string]string{auditPrefix: "pvesec_audit_logging", emergencyPrefix: "pvesec_break_glass"} {
		if strings.HasPrefix(name, prefix) {
			return fmt.Errorf("%s/%s is a file of %s: use a name that does not begin with %q", sudoersDir, name, owner, prefix)
		}
	}
	return CheckDropInName(name)
}

func suggestDropInName(name string) string {
	suggestion := strings.Trim(strings.NewReplacer(".", "-", "~", "").Replace(name), "-")
	if !dropInName.MatchString(suggestion) {
		return "policy"
	}
	return suggestion
}

// SudoersPolicy is one file in /etc/sudoers.d that grants its subjects what they may do.
type SudoersPolicy struct {
	// Name is the file's name in /etc/sudoers.d.
	Name string
	// Subjects are user names and, after "%", group names: one, or those that the rules of a text about several name.
	Subjects []string
	// Content is the file's text.
	Content string
	// Exclusive asks that no other file grants the subjects anything: what can be cut out of other files is cut out.
	Exclusive bool
	// SharedWith are the names of other policies that grant the same subject. Exclusive leaves their files alone.
	SharedWith []string
}

// shares tells whether a file is one of the policies that this one shares its subject with.
func (p SudoersPolicy) shares(file string) bool {
	name, inside := strings.CutPrefix(file, sudoersDir+"/")
	return inside && slices.Contains(p.SharedWith, name)
}

// PolicyHeader is the first line of the comment that a file of a policy begins with where pvesec wrote its text.
func PolicyHeader(name string) string {
	return fmt.Sprintf("Managed by Terraform: pvesec_sudoers_policy %q.", name)
}

// writtenFor is the name of the policy that a file was written for, by its header; empty for a file of somebody else.
// Only the file of that name is believed.
func writtenFor(file, text string) string {
	name, inside := strings.CutPrefix(file, sudoersDir+"/")
	if inside && strings.HasPrefix(text, "# "+PolicyHeader(name)+"\n") {
		return name
	}
	return ""
}

// Wrote tells a text that pvesec rendered for the policy, by its header.
func (p SudoersPolicy) Wrote(text string) bool { return writtenFor(p.Path(), text) == p.Name }

// Path is the policy's file on a node.
func (p SudoersPolicy) Path() string { return sudoersDir + "/" + p.Name }

// Tolerant is the policy that leaves other files as they are.
func (p SudoersPolicy) Tolerant() SudoersPolicy {
	p.Exclusive = false
	return p
}

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
	// Foreign lists the subjects' grants in all other files.
	Foreign []ForeignGrant
	// Around is what all other files say about the subjects.
	Around Surroundings
	// Unreached are the subjects by whom the policy reaches nobody on the node.
	Unreached []Unreached
	// Clock is the time on the node, in Unix seconds.
	Clock int64
	// Problems are lines of the node's sudoers files that sudo cannot parse. sudo skips such lines and keeps the rest
	// in force.
	Problems []string
	// Lacks are the Debian packages that the policy needs and the node does not have.
	Lacks []string
	// Unfinished tells that a transaction on this node was interrupted; the next apply recovers it.
	Unfinished bool
	// Leftover tells that an interrupted transaction left files of its own; the next apply removes them.
	Leftover bool
}

// Unreached is a subject by whom a policy reaches nobody on a node.
type Unreached struct {
	Subject string
	// Why is a clause: the subject has no account, or the group no members.
	Why string
}

// Observe reads what the node holds of the policy, and everything that any other sudoers file grants its subjects.
func (p SudoersPolicy) Observe(ctx context.Context, nodes Nodes, target node.Target) (*SudoersState, error) {
	t, err := readSudoersTree(ctx, nodes, target, p.query())
	if err != nil {
		return nil, err
	}
	state := &SudoersState{Lacks: Lacking(t.seen, p.Commands()), Unfinished: t.seen.Unfinished, Leftover: t.seen.Leftover, Clock: t.seen.Clock}
	file := t.files[p.Path()]
	state.File = statusOf(file)
	state.Content = string(followed(file).Content)
	subjects := t.subjects(p.Subjects)
	for _, subject := range subjects {
		state.Foreign = mergeForeign(state.Foreign, foreignGrants(t, p, subject))
		if why := nobodyIn(subject.Name, t.seen); why != "" {
			state.Unreached = append(state.Unreached, Unreached{subject.Name, why})
		}
	}
	state.Around = t.surroundings(p.Path(), subjects)
	for _, problem := range t.problems {
		if problem.Pos.File != p.Path() {
			state.Problems = append(state.Problems, printable(problem.Error()))
		}
	}
	return state, nil
}

func (p SudoersPolicy) query() node.Query {
	query := node.Query{Files: []string{p.Path()}, Commands: p.Commands(), Clock: true}
	for _, subject := range p.Subjects {
		switch {
		case !strings.HasPrefix(subject, "%"):
			query.Accounts = append(query.Accounts, subject)
		case !slices.Contains(query.Files, memberFiles[0]):
			query.Files = append(query.Files, memberFiles...)
		}
	}
	return query
}

func (t *sudoersTree) account(name string) node.Account { return t.seen.Accounts[name] }

// Planned is what the plan of a change saw of one node.
type Planned struct {
	// File is the policy's file as it was. A node where it differs by now is refused, since nobody reviewed that
	// change.
	File FileStatus
	// Cuts are the foreign grants that the plan said Exclusive removes, as ForeignGrant.String gives them. Nil means
	// that the plan could not tell and said so.
	Cuts []string
	// Applied is the digest of what was applied last, as the node has it where nobody changed it since; empty for a
	// policy that is new.
	Applied string
}

// UnplannedCutError says that Exclusive would remove foreign grants which the plan did not show. Nothing was changed.
type UnplannedCutError struct {
	Node   string
	Grants []string
}

func (e *UnplannedCutError) Error() string {
	return fmt.Sprintf("node %s has sudo grants for the subject that the plan did not show, so that nobody reviewed their removal (exclusive = true): %s. "+
		"Nothing was changed on any node. Plan again, and apply what that plan shows", e.Node, strings.Join(e.Grants, "; "))
}

// Install puts the policy on targets and takes it off the nodes in leave, all in one transaction, and returns by node
// the foreign grants that Exclusive removed. planned gives what the change was planned on, by node. The error names
// every node that refuses.
func (p SudoersPolicy) Install(ctx context.Context, nodes Nodes, targets, leave []node.Target, planned map[string]Planned, progress func(node, step string)) (map[string][]string, error) {
	changes := make([]node.Change, 0, len(targets)+len(leave))
	removed := map[string][]string{}
	var refused []error
	for _, target := range targets {
		change := p.change(target, planned)
		file := sudoersFile(p.Path(), p.Content)
		file.applied = planned[target.Name].Applied
		file.installOn(&change, true)
		change.Listed = p.listed()
		if p.Exclusive {
			cuts, err := p.foreignCuts(ctx, nodes, target)
			if err == nil {
				err = cuts.within(planned[target.Name].Cuts, target.Name)
			}
			if err != nil {
				refused = append(refused, err)
				continue
			}
			change.Files = append(change.Files, cuts.files...)
			change.Expect = append(change.Expect, cuts.expect...)
			removed[target.Name] = cuts.removed
		}
		changes = append(changes, change)
	}
	if len(refused) > 0 {
		return nil, errors.Join(refused...)
	}
	for _, target := range leave {
		changes = append(changes, p.removal(target, planned))
	}
	if err := guardOwnAccess(ctx, nodes, changes); err != nil {
		return nil, err
	}
	return removed, nodes.Apply(ctx, changes, progress)
}

func (p SudoersPolicy) change(target node.Target, planned map[string]Planned) node.Change {
	change := node.Change{Target: target, Label: fmt.Sprintf("sudoers policy %q", p.Name)}
	if seen, known := planned[target.Name]; known {
		change.Expect = []node.Expect{seen.File.expectAt(p.Path())}
	}
	return change
}

func (p SudoersPolicy) removal(target node.Target, planned map[string]Planned) node.Change {
	change := p.change(target, planned)
	file := sudoersFile(p.Path(), "")
	if file.applied = planned[target.Name].Applied; file.applied == "" {
		file.applied = Digest(p.Content)
	}
	file.removeFrom(&change, true)
	return change
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
