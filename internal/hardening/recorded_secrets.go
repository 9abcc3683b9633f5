package hardening

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// unrecorded is the sudoers line that keeps what pvesec sends out of sudo's recordings.
func unrecorded(user string) string { return fmt.Sprintf("Defaults:%s !log_input, !log_stdin", user) }

// RecordedSecretError tells that a secret would land in sudo's recordings on a node, since sudo records what the user
// of pvesec sends, or that it may. Unknown is why that is not known, "" where it is.
type RecordedSecretError struct{ Node, User, Unknown string }

func (e *RecordedSecretError) Error() string {
	if e.Unknown != "" {
		return fmt.Sprintf("sudo on node %s may record what user %q sends to it, so that the secret would be kept in its recordings: %s. Nothing was changed. Log in to the node as root, or give %[2]q its access to sudo in a file of "+
			"sudoers with the lines of provider::pvesec::access_sudoers, after all others, and let the line sudoers of /etc/nsswitch.conf name nothing but files", e.Node, e.User, e.Unknown)
	}
	return fmt.Sprintf("sudo on node %s records what user %q sends to it (log_input, log_stdin or LOG_INPUT), so that the secret would be kept in its recordings. Nothing was changed. "+
		"This line in sudoers, after the one that switches the recording on, exempts the user of pvesec:\n\n  %s", e.Node, e.User, unrecorded(e.User))
}

// guardSecrets refuses changes that bring a secret to a node whose sudo records it. Every file and every hash travels
// over the standard input of sudo, where pvesec does not log in as root.
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
		hash := func(a node.AccountChange) bool { return a.Hash != "" }
		key := func(f node.File) bool { return f.Secret && len(f.Content) > 0 }
		if !slices.ContainsFunc(change.Accounts, hash) && !slices.ContainsFunc(change.Files, key) {
			continue
		}
		group.Go(func() error {
			t, err := readSudoersTree(ctx, nodes, change.Target, node.Query{Accounts: []string{user}, Files: []string{switchFile}})
			if err != nil {
				return err
			}
			records, unknown := t.recordsInputOf(user)
			if records || unknown != "" {
				return &RecordedSecretError{Node: change.Target.Name, User: user, Unknown: unknown}
			}
			return nil
		})
	}
	return group.Wait()
}

// recordsInputOf tells whether sudo records what a user sends to it, and why that is not known: other sources have
// rules and options too, and nobody knows who is in a netgroup.
func (t *sudoersTree) recordsInputOf(user string) (records bool, unknown string) {
	decision := t.decide(user)
	if recordsInput(decision) {
		return true, ""
	}
	if source := t.otherSudoers(); source != "" {
		return false, "its sudo reads rules from " + printable(source) + " too (nsswitch.conf), which pvesec does not see"
	}
	if decision.Verdict != policy.Allowed {
		return false, "no rule of its sudoers files is known to let the user in"
	}
	for _, tree := range policy.PerhapsBound(t.tree, subjectOf(user, t.account(user))) {
		if recordsInput(t.decideBy(tree, user)) {
			return false, "options of a netgroup, or of a group of a plug-in, record it, and the user may be in there"
		}
	}
	return false, ""
}

// otherSudoers is a source of rules that nsswitch.conf names for sudo and that is not its files, "" for none
// (sudoers.ldap(5), "Configuring nsswitch.conf").
func (t *sudoersTree) otherSudoers() string {
	lines, _ := linesOf(t.seen, switchFile)
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		if strings.TrimSpace(database) != "sudoers" {
			continue
		}
		for _, source := range strings.Fields(sources) {
			if source != "files" && !strings.HasPrefix(source, "[") {
				return source
			}
		}
	}
	return ""
}

// recordsInput tells whether sudo records what a command reads. A tag counts before the options, and log_input sets the
// two others (defaults.c).
func recordsInput(d policy.Decision) bool {
	on := func(option string) bool { return d.Settings[option] == "on" }
	if d.Rule != nil && d.Rule.Effective.Tags.LogInput != sudoers.Unset {
		return d.Rule.Effective.Tags.LogInput == sudoers.Yes
	}
	return on("log_stdin") || d.Settings["log_stdin"] == "" && on("log_input")
}
