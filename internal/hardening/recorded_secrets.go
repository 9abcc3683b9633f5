package hardening

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// unrecorded is the sudoers line that keeps what pvesec sends out of sudo's recordings.
func unrecorded(user string) string { return fmt.Sprintf("Defaults:%s !log_input, !log_stdin", user) }

// RecordedSecretError tells that a secret would land in sudo's recordings on a node, since sudo records what the user of pvesec sends.
type RecordedSecretError struct{ Node, User string }

func (e *RecordedSecretError) Error() string {
	return fmt.Sprintf("sudo on node %s records what user %q sends to it (log_input, log_stdin or LOG_INPUT), so that the secret would be kept in its recordings. Nothing was changed. "+
		"This line in sudoers, after the one that switches the recording on, exempts the user of pvesec:\n\n  %s", e.Node, e.User, unrecorded(e.User))
}

// guardSecrets refuses changes that bring a secret to a node whose sudo records it. Every file and every hash travels over the standard input of sudo, where pvesec does not log in as root.
func guardSecrets(ctx context.Context, nodes Nodes, changes []node.Change) error {
	operator, ok := nodes.(Operator)
	if !ok {
		return nil
	}
	user, _ := operator.Operator()
	if user == "root" {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, change := range changes {
		if !slices.ContainsFunc(change.Accounts, func(a node.AccountChange) bool { return a.Hash != "" }) {
			continue
		}
		group.Go(func() error {
			t, err := readSudoersTree(ctx, nodes, change.Target, node.Query{Accounts: []string{user}})
			if err != nil {
				return err
			}
			if recordsInput(t.decide(user)) {
				return &RecordedSecretError{Node: change.Target.Name, User: user}
			}
			return nil
		})
	}
	return group.Wait()
}

// recordsInput tells whether sudo records what a command reads. A tag counts before the options, and log_input sets the two others (defaults.c).
func recordsInput(d policy.Decision) bool {
	on := func(option string) bool { return d.Settings[option] == "on" }
	if d.Rule != nil && d.Rule.Effective.Tags.LogInput != sudoers.Unset {
		return d.Rule.Effective.Tags.LogInput == sudoers.Yes
	}
	return on("log_stdin") || d.Settings["log_stdin"] == "" && on("log_input")
}
