package nodeaccount

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Private state keeps the user ids of the accounts that pvesec made or took over, by node. What deployed shows is no
// proof of that: a refresh shows an account of the name, also one that somebody else made. A node may choose the ids,
// and a later apply must not. Beside them it keeps what was withdrawn from nodes that did not answer, and the version
// of the password that each node has: a reading only tells that there is one.
const (
	uidsKey      = "uids"
	withdrawnKey = "withdrawn"
	passwordsKey = "passwords"
)

// made tells whether pvesec made the account of a node, or took it over. Where private state was lost, the state
// counts.
func (m *nodeAccountModel) made(name string) bool {
	_, is := m.uids[name]
	return is || m.uids == nil
}

// Applied records the user ids of the nodes that this apply reached, and what is still to be taken away. 0 is one that
// could not be read back.
func (m *nodeAccountModel) Applied(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	uids := map[string]int64{}
	for name := range m.Deployed.Elements() {
		uid, is := m.uids[name]
		if slices.ContainsFunc(m.reached, func(target node.Target) bool { return target.Name == name }) {
			is = true
			if entry := m.recorded(ctx, name, diags); entry != nil && !entry.UID.IsNull() && !entry.UID.IsUnknown() {
				uid = entry.UID.ValueInt64()
			}
		}
		if is {
			uids[name] = uid
		}
	}
	m.record(ctx, private, map[string]any{uidsKey: uids, withdrawnKey: m.withdrawn, passwordsKey: m.passwordsNow()}, diags)
}

// passwordsNow is the version of the password by node after this apply. 0 is another one than the last version, on a
// node that did not answer.
func (m *nodeAccountModel) passwordsNow() map[string]int64 {
	now := map[string]int64{}
	for name := range m.Deployed.Elements() {
		before, is := m.passwords[name]
		switch {
		case slices.ContainsFunc(m.reached, func(target node.Target) bool { return target.Name == name }):
			now[name] = m.PasswordVersion.ValueInt64()
		case m.renewed:
			now[name] = 0
		case is:
			now[name] = before
		}
	}
	return now
}

// renews tells whether an apply sets the password of a node: its version is another one than the one of the state, or
// than the one that the node has. Where nothing is recorded of the node, the state counts.
func (m *nodeAccountModel) renews(state *nodeAccountModel, name string) bool {
	version, is := m.passwords[name]
	return state == nil || !m.PasswordVersion.Equal(state.PasswordVersion) || is && version != m.PasswordVersion.ValueInt64()
}

// readPasswords reads the recorded versions of the password.
func (m *nodeAccountModel) readPasswords(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) {
	encoded, problems := private.GetKey(ctx, passwordsKey)
	diags.Append(problems...)
	if len(encoded) > 0 && json.Unmarshal(encoded, &m.passwords) != nil {
		m.passwords = nil
	}
}

// noteSeen records the user ids of an import, whose nodes are taken over as they are, and those that could not be read
// back after an apply.
func (m *nodeAccountModel) noteSeen(ctx context.Context, seen map[string]*hardening.AccountState, private values.PrivateState, diags *diag.Diagnostics) {
	m.uids = nil
	m.readUIDs(ctx, private, diags)
	imported := m.uids == nil
	if imported {
		m.uids = map[string]int64{}
	}
	changed := imported
	for name, found := range seen {
		if uid, is := m.uids[name]; found.Present && (imported || is && uid == 0) {
			m.uids[name], changed = int64(found.UID), true
		}
	}
	if changed {
		m.record(ctx, private, map[string]any{uidsKey: m.uids}, diags)
	}
}

func (m *nodeAccountModel) record(ctx context.Context, private values.PrivateWriter, records map[string]any, diags *diag.Diagnostics) {
	for key, value := range records {
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err) // only texts and numbers: nothing that JSON can't hold
		}
		diags.Append(private.SetKey(ctx, key, encoded)...)
	}
}

// readUIDs reads the recorded user ids.
func (m *nodeAccountModel) readUIDs(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) {
	encoded, problems := private.GetKey(ctx, uidsKey)
	diags.Append(problems...)
	if len(encoded) > 0 && json.Unmarshal(encoded, &m.uids) != nil {
		m.uids = nil
	}
}

// readWithdrawn reads what is still to be taken away.
func (m *nodeAccountModel) readWithdrawn(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) {
	encoded, problems := private.GetKey(ctx, withdrawnKey)
	diags.Append(problems...)
	if len(encoded) > 0 && json.Unmarshal(encoded, &m.withdrawn) != nil {
		m.withdrawn = nil
	}
}

// withdrawal is what a resource gave and no longer gives: groups, and keys by their fingerprints.
type withdrawal struct{ Groups, Keys []string }

// dropped is what was withdrawn from a node since it was applied there last.
func (m *nodeAccountModel) dropped(ctx context.Context, state *nodeAccountModel, name string, diags *diag.Diagnostics) withdrawal {
	if state == nil {
		return withdrawal{}
	}
	before, keys := m.withdrawn[name], hardening.Fingerprints(m.keys(ctx, diags))
	return withdrawal{
		Groups: union(without(values.StringsInSet(ctx, state.Groups, diags), values.StringsInSet(ctx, m.Groups, diags)), nil, without(before.Groups, values.StringsInSet(ctx, m.Groups, diags))),
		Keys:   union(without(hardening.Fingerprints(state.keys(ctx, diags)), keys), nil, without(before.Keys, keys)),
	}
}

// keepWithdrawn notes what was withdrawn and is still on nodes that do not answer. What the others have is gone with
// this apply.
func (m *nodeAccountModel) keepWithdrawn(ctx context.Context, change session.Change[nodeAccountModel], diags *diag.Diagnostics) {
	kept := map[string]withdrawal{}
	if change.State != nil {
		for name := range change.State.Deployed.Elements() {
			named := func(target node.Target) bool { return target.Name == name }
			if slices.ContainsFunc(change.Targets, named) || slices.ContainsFunc(change.Leave, named) {
				continue
			}
			if drop := m.dropped(ctx, change.State, name, diags); len(drop.Groups)+len(drop.Keys) > 0 {
				kept[name] = drop
			}
		}
	}
	m.withdrawn = kept
}

// leaving are the nodes from which the account is taken, with the user ids that are recorded. Where nothing says that
// pvesec made the account, it did not: it stays, and a warning names the node.
func (m *nodeAccountModel) leaving(ctx context.Context, targets []node.Target, diags *diag.Diagnostics) []hardening.Leaving {
	var leave []hardening.Leaving
	var unknown, without []string
	for _, target := range targets {
		switch entry := m.recorded(ctx, target.Name, diags); {
		case entry == nil || len(entry.Changes.Elements()) > 0 && !entry.Present.ValueBool() || !m.made(target.Name):
			unknown = append(unknown, target.Name)
		case !entry.Present.ValueBool():
			without = append(without, target.Name)
		case m.uids == nil:
			leave = append(leave, hardening.Leaving{Target: target, UID: int(entry.UID.ValueInt64())})
		default:
			leave = append(leave, hardening.Leaving{Target: target, UID: int(m.uids[target.Name])})
		}
	}
	if len(unknown) > 0 {
		diags.AddWarning(fmt.Sprintf("%s is not removed on %s", values.UpperFirst(m.What()), strings.Join(unknown, ", ")),
			"pvesec did not make an account there: the node was not reached when the others were changed. If there is one of this name, see whose it is (getent passwd "+m.Name.ValueString()+").")
	}
	if len(without) > 0 {
		diags.AddWarning(fmt.Sprintf("%s is not removed on %s", values.UpperFirst(m.What()), strings.Join(without, ", ")),
			"The node had no such account when it was read last, so there is nothing of pvesec to remove. If there is one by now, somebody else made it.")
	}
	return leave
}

// warnOfOthers names the nodes on which another account has the name by now.
func (m *nodeAccountModel) warnOfOthers(names []string, diags *diag.Diagnostics) {
	if len(names) > 0 {
		diags.AddWarning(fmt.Sprintf("%s is not removed on %s", values.UpperFirst(m.What()), strings.Join(names, ", ")),
			"The account of this name has another user id than the one that pvesec made, so it is another account. It stays. Remove it on the node (userdel) if nobody needs it.")
	}
}
