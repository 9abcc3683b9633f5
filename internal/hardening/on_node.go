package hardening

import (
	"context"
	"path"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// SudoersFilesOn gives the files in /etc/sudoers.d of a node that policies can be, by name: those that sudo reads and
// that say something, without those that packages ship, and without those of audit logging and of emergency accesses.
func SudoersFilesOn(ctx context.Context, nodes Nodes, target node.Target) (map[string]string, error) {
	seen, err := nodes.Observe(ctx, target, node.Query{Trees: []string{sudoersDir}, Conffiles: []string{sudoersDir}, Clock: true})
	if err != nil {
		return nil, err
	}
	s := sorting{t: &sudoersTree{files: seen.Files, seen: seen}}
	found := map[string]string{}
	for name, state := range seen.Files {
		base, text := path.Base(name), string(followed(state).Content)
		if path.Dir(name) != sudoersDir || followed(state).Type != node.TypeRegular || CheckDropInName(base) != nil {
			continue
		}
		if onlyComments(name, text) || s.belongs(name) != "" && writtenFor(name, text) == "" {
			continue
		}
		found[base] = text
	}
	return found, nil
}

// AccountsOn gives the accounts of persons and agents on a node, by name, without those of the system.
func AccountsOn(ctx context.Context, nodes Nodes, target node.Target) (map[string]string, error) {
	seen, err := nodes.Observe(ctx, target, node.Query{LocalAccounts: true})
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for name, account := range seen.LocalAccounts {
		if node.CheckAccountUID(int64(account.UID)) == nil && CheckDropInName(name) == nil {
			found[name] = ""
		}
	}
	return found, nil
}
