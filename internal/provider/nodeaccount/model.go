package nodeaccount

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// nodeAccountModel is pvesec_node_account in configuration, plan and state.
type nodeAccountModel struct {
	Name            types.String `tfsdk:"name"`
	UID             values.Whole `tfsdk:"uid"`
	Comment         types.String `tfsdk:"comment"`
	Home            types.String `tfsdk:"home"`
	Shell           types.String `tfsdk:"shell"`
	Groups          types.Set    `tfsdk:"groups"`
	GroupMembership types.String `tfsdk:"group_membership"`
	KeyMembership   types.String `tfsdk:"key_membership"`
	Keys            types.Set    `tfsdk:"authorized_key"`
	Expires         types.String `tfsdk:"expires"`
	PasswordHash    types.String `tfsdk:"password_hash"` // write-only: known in the configuration alone
	PasswordVersion values.Whole `tfsdk:"password_version"`
	Adopts          types.Bool   `tfsdk:"adopt"`
	RemoveHome      types.Bool   `tfsdk:"remove_home"`
	EndSessions     types.Bool   `tfsdk:"end_sessions"`
	AcceptedRisks   types.Map    `tfsdk:"accepted_risks"`
	Findings        types.List   `tfsdk:"findings"`
	session.Placed

	hash string           // of the configuration
	uids map[string]int64 // of the accounts that pvesec made or took over, by node; nil where nothing is recorded
	// reached are the nodes of this apply.
	reached []node.Target
	// withdrawn is what was withdrawn while a node did not answer, by node: it is taken away there as soon as it does.
	withdrawn map[string]withdrawal
	// passwords is the version of the password that each node has, nil where nothing is recorded. renewed tells that
	// this apply sets another one.
	passwords map[string]int64
	renewed   bool
	// applied tells that an apply changed the account: its nodes are read anew then.
	applied, created bool
}

type findingModel struct {
	ID       types.String `tfsdk:"id"`
	Severity types.String `tfsdk:"severity"`
	About    types.String `tfsdk:"about"`
	Accepted types.String `tfsdk:"accepted"`
}

// The types of the blocks and lists, as the schema describes them.
var (
	deployedType = values.ObjectTypeOf(deployedAttributes())
	keyType      = values.ObjectTypeOf(keyAttributes())
	findingType  = values.TypeOfFields(findingFields)
)

// known tells that no setting depends on a value that Terraform learns later.
func (m *nodeAccountModel) known() bool {
	for _, value := range []attr.Value{m.Name, m.Comment, m.Home, m.Shell, m.Groups, m.GroupMembership, m.KeyMembership, m.Keys, m.Expires} {
		if !values.FullyKnown(value) {
			return false
		}
	}
	return !m.UID.IsUnknown() && !m.PasswordVersion.IsUnknown()
}

// account is the model as package hardening needs it. Call it only with known values.
func (m *nodeAccountModel) account(ctx context.Context, diags *diag.Diagnostics) hardening.NodeAccount {
	return hardening.NodeAccount{
		Name: m.Name.ValueString(), UID: m.UID.ValueInt64(), Comment: m.Comment.ValueString(), Home: values.StringOr(m.Home, defaultHome(m.Name)), Shell: values.StringOr(m.Shell, defaultShell),
		Groups: values.StringsInSet(ctx, m.Groups, diags), OnlyGroups: m.GroupMembership.ValueString() != additive, Expires: m.Expires.ValueString(), SetsPassword: !m.PasswordVersion.IsNull(), Hash: m.hash,
		Keys: m.keys(ctx, diags), OnlyKeys: m.KeyMembership.ValueString() != additive,
	}
}

func defaultHome(name types.String) string { return "/home/" + name.ValueString() }

// What names the account.
func (m *nodeAccountModel) What() string { return session.AccountName(m.Name.ValueString()) }

// TakeWriteOnly takes the hash of the password.
func (m *nodeAccountModel) TakeWriteOnly(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) {
	var hash types.String
	diags.Append(config.GetAttribute(ctx, path.Root("password_hash"), &hash)...)
	m.hash = hash.ValueString()
}

// Observer reads the account; after an apply anew, and otherwise all accounts of a node at once for all resources.
func (m *nodeAccountModel) Observer(ctx context.Context, diags *diag.Diagnostics) session.Observer[hardening.AccountState] {
	account := hardening.NodeAccount{Name: m.Name.ValueString(), Groups: values.StringsInSet(ctx, m.Groups, diags), OnlyGroups: m.GroupMembership.ValueString() != additive}
	if m.applied {
		return account.ObserveNow
	}
	return account.Observe
}

// Holds tells whether a node has the account.
func (m *nodeAccountModel) Holds(seen *hardening.AccountState) bool { return seen.Present }

// Unfinished tells whether an earlier change was interrupted, and whether it left files.
func (m *nodeAccountModel) Unfinished(seen *hardening.AccountState) (unfinished, leftover bool) {
	return seen.Unfinished, seen.Leftover
}

// Commands are the programs that a node needs for the account. All are in packages that Debian cannot do without.
func (m *nodeAccountModel) Commands(context.Context, *diag.Diagnostics) []string { return nil }

// Lacks are the packages that a node needs and does not have: none.
func (m *nodeAccountModel) Lacks(*hardening.AccountState) []string { return nil }

// ReadsBack tells that the nodes are read after an apply where the plan could not know all.
func (m *nodeAccountModel) ReadsBack(open bool) bool { return open }

// Took warns of what an apply does not mend.
func (m *nodeAccountModel) Took(ctx context.Context, reading session.Reading[hardening.AccountState], diags *diag.Diagnostics) {
	if reading.Refresh && reading.Private != nil {
		m.noteSeen(ctx, reading.Seen, reading.Private, diags)
	}
	if !reading.Refresh && !m.created {
		return // the refresh has said so
	}
	accepted := values.AcceptedRisks(ctx, m.AcceptedRisks, diags)
	nodes := map[string][]string{} // by what is said
	for _, name := range slices.Sorted(maps.Keys(reading.Seen)) {
		for _, problem := range reading.Seen[name].Problems {
			if accepted[problem.ID] == "" {
				text := problem.ID + ": " + problem.Text
				nodes[text] = append(nodes[text], name)
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(nodes)) {
		diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf("%s is not as safe as its settings on %s", values.UpperFirst(m.What()), strings.Join(nodes[text], ", ")),
			values.UpperFirst(text)+".\n\nAn apply does not change that. Mend it on the node, or accept it in accepted_risks by its id.")
	}
}

// Install brings the account onto nodes on which it is as it was when the change was planned.
func (m *nodeAccountModel) Install(ctx context.Context, change session.Change[nodeAccountModel], diags *diag.Diagnostics) error {
	account := m.account(ctx, diags)
	m.created = change.State == nil
	m.reached = change.Targets
	if change.Private != nil {
		m.readUIDs(ctx, change.Private, diags)
		m.readWithdrawn(ctx, change.Private, diags)
		m.readPasswords(ctx, change.Private, diags)
	}
	m.renewed = change.State == nil || !m.PasswordVersion.Equal(change.State.PasswordVersion)
	accepted := slices.Sorted(maps.Keys(values.AcceptedRisks(ctx, m.AcceptedRisks, diags)))
	planned := map[string]hardening.PlannedAccount{}
	for _, target := range change.Targets {
		drop := m.dropped(ctx, change.State, target.Name, diags)
		p := hardening.PlannedAccount{Adopt: m.Adopts.ValueBool(), Accepted: accepted, DropGroups: drop.Groups, DropKeys: drop.Keys, SetPassword: account.SetsPassword}
		if had := change.State.recorded(ctx, target.Name, diags); had != nil && len(had.Changes.Elements()) == 0 && (m.made(target.Name) || !had.Present.ValueBool()) {
			p.Seen = had.state(ctx, diags)
			p.SetPassword = account.SetsPassword && (m.renews(change.State, target.Name) || p.Seen.Password != node.PasswordSet)
		}
		if entry := m.recorded(ctx, target.Name, diags); entry != nil && !entry.UID.IsUnknown() {
			p.UID = entry.UID.ValueInt64()
		}
		planned[target.Name] = p
	}
	m.keepWithdrawn(ctx, change, diags)
	m.applied = true
	var leave []hardening.Leaving
	if change.State != nil {
		change.State.uids = m.uids
		leave = change.State.leaving(ctx, change.Leave, diags)
	}
	others, err := account.Install(ctx, change.Nodes, change.Targets, leave, planned, m.removal(), session.Progress(ctx))
	m.warnOfOthers(others, diags)
	return err
}

func (m *nodeAccountModel) removal() hardening.Removal {
	return hardening.Removal{Home: m.RemoveHome.ValueBool(), Sessions: m.EndSessions.ValueBool()}
}

// Remove takes the account off nodes.
func (m *nodeAccountModel) Remove(ctx context.Context, nodes hardening.Nodes, targets []node.Target, private values.PrivateReader, diags *diag.Diagnostics) error {
	m.readUIDs(ctx, private, diags)
	others, err := hardening.NodeAccount{Name: m.Name.ValueString()}.Remove(ctx, nodes, m.leaving(ctx, targets, diags), m.removal(), session.Progress(ctx))
	m.warnOfOthers(others, diags)
	return err
}

// Named sets the name.
func (m *nodeAccountModel) Named(name string) session.Observer[hardening.AccountState] {
	m.Name = types.StringValue(name)
	return hardening.NodeAccount{Name: name, OnlyGroups: true}.Observe
}

// Adopt takes the settings of the first node that has the account, so that others which differ show as drift.
func (m *nodeAccountModel) Adopt(ctx context.Context, targets []node.Target, seen map[string]*hardening.AccountState, diags *diag.Diagnostics) {
	for _, target := range targets {
		found := seen[target.Name]
		if !found.Present {
			continue
		}
		if err := node.CheckAccountUID(int64(found.UID)); err != nil {
			diags.AddError("Unable to import "+m.What(), fmt.Sprintf("It is a system account (user id %d on node %s). pvesec never changes one.", found.UID, target.Name))
			return
		}
		m.Comment, m.Home, m.Shell = types.StringValue(found.Comment), types.StringValue(found.Home), types.StringValue(found.Shell)
		m.Groups, m.GroupMembership, m.KeyMembership = values.StringSet(found.Groups), types.StringValue(exclusive), types.StringValue(exclusive)
		if date := found.ExpiryDate(); date != "" {
			m.Expires = types.StringValue(date)
		}
		m.Adopts, m.RemoveHome, m.EndSessions = types.BoolValue(false), types.BoolValue(false), types.BoolValue(false)
		m.setKeys(ctx, found.Keys, diags)
		m.showFindings(ctx, diags)
		return
	}
}
