package hardening

import (
	"context"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// WholeSudoers is the whole sudoers configuration of one node, as its sudo reads it.
type WholeSudoers struct {
	Tree *sudoers.Tree
	// Absent tells that the node has no main file, so that sudo gives nobody anything. Stock Proxmox VE has no sudo.
	Absent bool
	// Problems are lines that sudo skips because they are malformed.
	Problems sudoers.Errors
	// Emergencies are the emergency accesses, also those that ended and whose file is still there, by their files, as
	// [BreakGlass] and the printed page write them: their names.
	Emergencies map[string]string
	// Host is the node's short name, Version the version of its sudo.
	Host    string
	Version sudoers.Version
}

// ReadWholeSudoers reads the sudoers configuration of a node: the main file and every file that it includes. A file
// that cannot be read is an error: what it grants is unknown, and unknown is not safe.
func ReadWholeSudoers(ctx context.Context, nodes Nodes, target node.Target) (*WholeSudoers, error) {
	tree, err := readSudoersTree(ctx, nodes, target, node.Query{Clock: true})
	if err != nil {
		return nil, err
	}
	host, _, _ := strings.Cut(tree.seen.Facts.Hostname, ".")
	whole := &WholeSudoers{Tree: tree.tree, Problems: tree.problems, Host: host, Version: tree.version, Absent: !followed(tree.files[sudoersMain]).Exists}
	whole.Emergencies = map[string]string{}
	for name, file := range tree.files {
		if of := emergencyFor(name, string(followed(file).Content), tree.limits()); of != "" {
			whole.Emergencies[name] = of
		}
	}
	if whole.Absent {
		whole.Problems = nil
	}
	return whole, nil
}

// Question is what is asked about a subject on this node.
func (w *WholeSudoers) Question(subject policy.Subject) policy.Question {
	return policy.Question{Subject: subject, Host: w.Host, Env: policy.Debian(w.Version)}
}
