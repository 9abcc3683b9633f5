package nodeaccount

import (
	"context"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// deployedModel is what one node holds of an account.
type deployedModel struct {
	Present  types.Bool   `tfsdk:"present"`
	UID      types.Int64  `tfsdk:"uid"`
	Comment  types.String `tfsdk:"comment"`
	Home     types.String `tfsdk:"home"`
	Shell    types.String `tfsdk:"shell"`
	Primary  types.String `tfsdk:"primary_group"`
	Groups   types.Set    `tfsdk:"groups"`
	Password types.String `tfsdk:"password"`
	Expires  types.String `tfsdk:"expires"`
	Keys     types.Set    `tfsdk:"keys"`
	Problems types.List   `tfsdk:"problems"`
	Changes  types.List   `tfsdk:"changes"`
}

// Found is a node's entry of deployed as it was read.
func (m *nodeAccountModel) Found(ctx context.Context, seen *hardening.AccountState, diags *diag.Diagnostics) types.Object {
	entry := deployedModel{
		Present: types.BoolValue(seen.Present), UID: types.Int64Null(), Comment: types.StringNull(), Home: types.StringNull(), Shell: types.StringNull(), Primary: types.StringNull(), Groups: values.StringSet(nil),
		Password: types.StringNull(), Expires: types.StringNull(), Keys: values.StringSet(nil), Problems: values.StringList(nil), Changes: values.StringList(nil),
	}
	if seen.Present {
		var keys, problems []string
		for _, line := range seen.Keys {
			if text := line.String(); !slices.Contains(keys, text) {
				keys = append(keys, text)
			}
		}
		for _, problem := range seen.Problems {
			problems = append(problems, problem.ID+": "+problem.Text)
		}
		entry.UID, entry.Comment, entry.Home, entry.Shell = types.Int64Value(int64(seen.UID)), types.StringValue(seen.Comment), types.StringValue(seen.Home), types.StringValue(seen.Shell)
		entry.Primary, entry.Groups, entry.Password, entry.Expires = types.StringValue(primaryOf(seen)), values.StringSet(seen.Groups), types.StringValue(string(seen.Password)), types.StringValue(seen.ExpiryDate())
		entry.Keys, entry.Problems = values.StringSet(keys), values.StringList(problems)
	}
	return values.WriteObject(ctx, deployedType.AttrTypes, entry, diags)
}

// primaryOf is the primary group of an account as deployed shows it: the id of one that has no name.
func primaryOf(seen *hardening.AccountState) string {
	if seen.Group == "" {
		return strconv.Itoa(seen.GID)
	}
	return seen.Group
}

// recorded reads the entry of a node, nil where there is none.
func (m *nodeAccountModel) recorded(ctx context.Context, name string, diags *diag.Diagnostics) *deployedModel {
	if m == nil {
		return nil
	}
	entry, is := m.Deployed.Elements()[name].(types.Object)
	if !is || entry.IsNull() || entry.IsUnknown() {
		return nil
	}
	var found deployedModel
	diags.Append(values.ReadObject(ctx, entry, &found)...)
	return &found
}

// planned is a node's entry of deployed as an apply leaves it. What only the node knows is open where it is not
// recorded.
func (m *nodeAccountModel) planned(ctx context.Context, state *nodeAccountModel, name string, diags *diag.Diagnostics) types.Object {
	account := m.account(ctx, diags)
	had := state.recorded(ctx, name, diags)
	there := had != nil && had.Present.ValueBool()
	password := node.PasswordLocked
	if account.SetsPassword {
		password = node.PasswordSet
	}
	entry := deployedModel{
		Present: types.BoolValue(true), UID: types.Int64Unknown(), Comment: types.StringValue(account.Comment), Home: types.StringValue(account.Home), Shell: types.StringValue(account.Shell), Primary: types.StringValue(account.Name),
		Groups: values.StringSet(account.Groups), Password: types.StringValue(string(password)), Expires: types.StringValue(account.Expires), Keys: values.StringSet(keyTexts(account.Keys)),
		Problems: types.ListUnknown(types.StringType), Changes: values.StringList(nil),
	}
	if uid := m.uids[name]; uid != 0 {
		entry.UID = types.Int64Value(uid)
	} else if there {
		entry.UID = had.UID
	}
	if account.UID != 0 {
		entry.UID = types.Int64Value(account.UID)
	}
	drop := m.dropped(ctx, state, name, diags)
	if !account.OnlyGroups {
		entry.Groups = types.SetUnknown(types.StringType)
		if there {
			entry.Groups = values.StringSet(union(values.StringsInSet(ctx, had.Groups, diags), drop.Groups, account.Groups))
		}
	}
	if !account.OnlyKeys {
		entry.Keys = types.SetUnknown(types.StringType)
		if there && had.Home.Equal(entry.Home) {
			if after, known := hardening.KeysAfter(values.StringsInSet(ctx, had.Keys, diags), account.Keys, drop.Keys); known {
				entry.Keys = values.StringSet(after)
			}
		}
	}
	// The hash of a password is in no reading, so that it changes shows by this.
	if there && had.Password.Equal(entry.Password) && account.SetsPassword && m.renews(state, name) {
		entry.Password = types.StringUnknown()
	}
	// The problems follow from the rest, and from what the resource asks for.
	if there && had.Home.Equal(entry.Home) && had.UID.Equal(entry.UID) && had.Primary.Equal(entry.Primary) && had.Groups.Equal(entry.Groups) &&
		state.Groups.Equal(m.Groups) && state.GroupMembership.Equal(m.GroupMembership) {
		entry.Problems = had.Problems
	}
	return values.WriteObject(ctx, deployedType.AttrTypes, entry, diags)
}

// without are the texts of a list that another one does not have.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool { return slices.Contains(other, text) })
}

// union are the texts of a list without those that are dropped, and those that are added.
func union(list, drop, add []string) []string {
	all := append(without(list, drop), add...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Installed is a node's entry of deployed after an apply: what was read back, or what the plan knows.
func (m *nodeAccountModel) Installed(ctx context.Context, seen *hardening.AccountState, diags *diag.Diagnostics) types.Object {
	if seen != nil {
		return m.Found(ctx, seen, diags)
	}
	var entry deployedModel
	diags.Append(values.ReadObject(ctx, m.planned(ctx, nil, "", diags), &entry)...)
	if entry.UID.IsUnknown() {
		entry.UID = types.Int64Null()
	}
	if entry.Groups.IsUnknown() {
		entry.Groups = m.Groups
	}
	if entry.Keys.IsUnknown() {
		entry.Keys = values.StringSet(keyTexts(m.keys(ctx, diags)))
	}
	entry.Problems = values.StringList(nil)
	return values.WriteObject(ctx, deployedType.AttrTypes, entry, diags)
}

// state is what is recorded of a node, as far as an apply is held to it.
func (d *deployedModel) state(ctx context.Context, diags *diag.Diagnostics) *hardening.AccountState {
	s := &hardening.AccountState{Present: d.Present.ValueBool()}
	s.UID, s.Comment, s.Home, s.Shell = int(d.UID.ValueInt64()), d.Comment.ValueString(), d.Home.ValueString(), d.Shell.ValueString()
	s.Group = d.Primary.ValueString()
	s.Groups, s.Password = values.StringsInSet(ctx, d.Groups, diags), node.PasswordState(d.Password.ValueString())
	return s
}
