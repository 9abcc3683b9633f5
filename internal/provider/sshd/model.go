package sshd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// policyModel is pvesec_sshd_policy in configuration, plan and state.
type policyModel struct {
	Name types.String `tfsdk:"name"`
	commonModel
	LoginGraceTime    values.Whole `tfsdk:"login_grace_time"`
	AllowUsers        types.Set    `tfsdk:"allow_users"`
	AllowGroups       types.Set    `tfsdk:"allow_groups"`
	Ciphers           types.List   `tfsdk:"ciphers"`
	MACs              types.List   `tfsdk:"macs"`
	KexAlgorithms     types.List   `tfsdk:"kex_algorithms"`
	HostKeyAlgorithms types.List   `tfsdk:"host_key_algorithms"`
	CryptoProfile     types.String `tfsdk:"crypto_profile"`
	ClusterNetworks   types.Set    `tfsdk:"cluster_networks"`
	Administrators    types.Set    `tfsdk:"administrators"`
	Match             types.List   `tfsdk:"match"`
	Connection        types.List   `tfsdk:"login"`
	session.Placed

	// created tells that an apply made the resource. Planned is deployed as it was planned, and installed what was put
	// onto the nodes, by node.
	created   bool
	planned   map[string]attr.Value
	installed map[string]*hardening.SshdPlan
}

// commonModel are the settings that may stand outside and inside of match blocks.
type commonModel struct {
	PermitRootLogin      types.String `tfsdk:"permit_root_login"`
	Password             types.Bool   `tfsdk:"password_authentication"`
	KbdInteractive       types.Bool   `tfsdk:"kbd_interactive_authentication"`
	MaxAuthTries         values.Whole `tfsdk:"max_auth_tries"`
	X11Forwarding        types.Bool   `tfsdk:"x11_forwarding"`
	AllowAgentForwarding types.Bool   `tfsdk:"allow_agent_forwarding"`
	AllowTCPForwarding   types.String `tfsdk:"allow_tcp_forwarding"`
	DisableForwarding    types.Bool   `tfsdk:"disable_forwarding"`
	PermitTunnel         types.String `tfsdk:"permit_tunnel"`
	PermitTTY            types.Bool   `tfsdk:"permit_tty"`
}

type matchModel struct {
	Users     types.Set `tfsdk:"users"`
	Groups    types.Set `tfsdk:"groups"`
	Addresses types.Set `tfsdk:"addresses"`
	commonModel
	ForceCommand types.String `tfsdk:"force_command"`
}

type connectionModel struct {
	Name    types.String `tfsdk:"name"`
	User    types.String `tfsdk:"user"`
	Address types.String `tfsdk:"address"`
	Host    types.String `tfsdk:"host"`
}

// deployedModel is what one node holds of a policy.
type deployedModel struct {
	File      types.String `tfsdk:"file"`
	Content   types.String `tfsdk:"content"`
	Changes   types.List   `tfsdk:"changes"`
	Effective types.Map    `tfsdk:"effective"`
	Without   types.Map    `tfsdk:"effective_without"`
	Overruled types.List   `tfsdk:"overruled"`
}

const strictProfile = "strict"

var (
	deployedType   = values.ObjectTypeOf(deployedAttributes())
	keywordsType   = types.MapType{ElemType: types.StringType}
	matchType      = values.ObjectTypeOf(matchAttributes())
	connectionType = values.ObjectTypeOf(connectionAttributes())
)

// settings writes what is set, each in the form of sshd_config(5).
func (c commonModel) settings(into map[string]string) {
	text(into, "permit_root_login", c.PermitRootLogin)
	flag(into, "password_authentication", c.Password)
	flag(into, "kbd_interactive_authentication", c.KbdInteractive)
	number(into, "max_auth_tries", c.MaxAuthTries)
	flag(into, "x11_forwarding", c.X11Forwarding)
	flag(into, "allow_agent_forwarding", c.AllowAgentForwarding)
	text(into, "allow_tcp_forwarding", c.AllowTCPForwarding)
	flag(into, "disable_forwarding", c.DisableForwarding)
	text(into, "permit_tunnel", c.PermitTunnel)
	flag(into, "permit_tty", c.PermitTTY)
}

func text(into map[string]string, name string, value types.String) {
	if !value.IsNull() {
		into[name] = value.ValueString()
	}
}

func flag(into map[string]string, name string, value types.Bool) {
	if !value.IsNull() {
		into[name] = map[bool]string{true: "yes", false: "no"}[value.ValueBool()]
	}
}

func number(into map[string]string, name string, value values.Whole) {
	if !value.IsNull() {
		into[name] = strconv.FormatInt(value.ValueInt64(), 10)
	}
}

func names(ctx context.Context, into map[string]string, name string, value types.Set, diags *diag.Diagnostics) {
	if all := values.StringsInSet(ctx, value, diags); len(all) > 0 {
		slices.Sort(all)
		into[name] = strings.Join(all, " ")
	}
}

func list(ctx context.Context, into map[string]string, name string, value types.List, diags *diag.Diagnostics) {
	if all := values.StringsInList(ctx, value, diags); len(all) > 0 {
		into[name] = strings.Join(all, ",")
	}
}

// policy is the model as package hardening needs it. Call it only with known values.
func (m *policyModel) policy(ctx context.Context, diags *diag.Diagnostics) hardening.SshdPolicy {
	p := hardening.SshdPolicy{Name: m.Name.ValueString(), Settings: map[string]string{}, Strict: m.CryptoProfile.ValueString() == strictProfile}
	m.settings(p.Settings)
	number(p.Settings, "login_grace_time", m.LoginGraceTime)
	names(ctx, p.Settings, "allow_users", m.AllowUsers, diags)
	names(ctx, p.Settings, "allow_groups", m.AllowGroups, diags)
	list(ctx, p.Settings, "ciphers", m.Ciphers, diags)
	list(ctx, p.Settings, "macs", m.MACs, diags)
	list(ctx, p.Settings, "kex_algorithms", m.KexAlgorithms, diags)
	list(ctx, p.Settings, "host_key_algorithms", m.HostKeyAlgorithms, diags)
	if !m.ClusterNetworks.IsNull() {
		p.ClusterNetworks = append([]string{}, sorted(ctx, m.ClusterNetworks, diags)...)
	}
	p.Administrators = sorted(ctx, m.Administrators, diags)
	for _, block := range m.matches(ctx, diags) {
		match := hardening.SshdMatch{Users: sorted(ctx, block.Users, diags), Groups: sorted(ctx, block.Groups, diags), Addresses: sorted(ctx, block.Addresses, diags), Settings: map[string]string{}}
		block.settings(match.Settings)
		text(match.Settings, "force_command", block.ForceCommand)
		p.Matches = append(p.Matches, match)
	}
	for _, block := range m.connections(ctx, diags) {
		p.Connections = append(p.Connections, hardening.SshdNamedConnection{
			Name: block.Name.ValueString(), User: block.User.ValueString(), Address: block.Address.ValueString(), Host: block.Host.ValueString(),
		})
	}
	return p
}

func sorted(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	all := values.StringsInSet(ctx, set, diags)
	slices.Sort(all)
	return all
}

func (m *policyModel) matches(ctx context.Context, diags *diag.Diagnostics) []matchModel {
	var blocks []matchModel
	if !m.Match.IsNull() && !m.Match.IsUnknown() {
		diags.Append(m.Match.ElementsAs(ctx, &blocks, false)...)
	}
	return blocks
}

func (m *policyModel) connections(ctx context.Context, diags *diag.Diagnostics) []connectionModel {
	var blocks []connectionModel
	if !m.Connection.IsNull() && !m.Connection.IsUnknown() {
		diags.Append(m.Connection.ElementsAs(ctx, &blocks, false)...)
	}
	return blocks
}

// known tells that nothing of the policy depends on a value that Terraform learns later.
func (m *policyModel) known() bool {
	for _, value := range []attr.Value{
		m.Name, m.PermitRootLogin, m.Password, m.KbdInteractive, m.MaxAuthTries, m.X11Forwarding, m.AllowAgentForwarding, m.AllowTCPForwarding, m.DisableForwarding, m.PermitTunnel, m.PermitTTY,
		m.LoginGraceTime, m.AllowUsers, m.AllowGroups, m.Ciphers, m.MACs, m.KexAlgorithms, m.HostKeyAlgorithms, m.CryptoProfile, m.ClusterNetworks, m.Administrators, m.Match, m.Connection,
	} {
		if !values.FullyKnown(value) {
			return false
		}
	}
	return true
}

// setPolicy writes what was found on a node into a model that is being imported. What the file does not tell stays
// null.
func (m *policyModel) setPolicy(ctx context.Context, p hardening.SshdPolicy, diags *diag.Diagnostics) {
	m.commonModel = commonOf(p.Settings, diags)
	m.LoginGraceTime = wholeOf(p.Settings, "login_grace_time", diags)
	m.AllowUsers, m.AllowGroups = setOf(strings.Fields(p.Settings["allow_users"])), setOf(strings.Fields(p.Settings["allow_groups"]))
	m.Ciphers, m.MACs = listOf(p.Settings["ciphers"]), listOf(p.Settings["macs"])
	m.KexAlgorithms, m.HostKeyAlgorithms = listOf(p.Settings["kex_algorithms"]), listOf(p.Settings["host_key_algorithms"])
	if p.Strict {
		m.CryptoProfile = types.StringValue(strictProfile)
	}
	blocks := []attr.Value{}
	for _, match := range p.Matches {
		block := matchModel{Users: setOf(match.Users), Groups: setOf(match.Groups), Addresses: setOf(match.Addresses), commonModel: commonOf(match.Settings, diags), ForceCommand: textOf(match.Settings, "force_command")}
		blocks = append(blocks, values.WriteObject(ctx, matchType.AttrTypes, block, diags))
	}
	m.Match = types.ListValueMust(matchType, blocks)
	m.Connection = types.ListValueMust(connectionType, nil)
}

func commonOf(settings map[string]string, diags *diag.Diagnostics) commonModel {
	return commonModel{
		PermitRootLogin: textOf(settings, "permit_root_login"), Password: flagOf(settings, "password_authentication"), KbdInteractive: flagOf(settings, "kbd_interactive_authentication"),
		MaxAuthTries: wholeOf(settings, "max_auth_tries", diags), X11Forwarding: flagOf(settings, "x11_forwarding"), AllowAgentForwarding: flagOf(settings, "allow_agent_forwarding"),
		AllowTCPForwarding: textOf(settings, "allow_tcp_forwarding"), DisableForwarding: flagOf(settings, "disable_forwarding"), PermitTunnel: textOf(settings, "permit_tunnel"),
		PermitTTY: flagOf(settings, "permit_tty"),
	}
}

func textOf(settings map[string]string, name string) types.String {
	if value, set := settings[name]; set {
		return types.StringValue(value)
	}
	return types.StringNull()
}

func flagOf(settings map[string]string, name string) types.Bool {
	if value, set := settings[name]; set {
		return types.BoolValue(value == "yes")
	}
	return types.BoolNull()
}

func wholeOf(settings map[string]string, name string, diags *diag.Diagnostics) values.Whole {
	value, set := settings[name]
	if !set {
		return values.NoWhole()
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		diags.AddError("Unable to read the number of "+name, fmt.Sprintf("%q is not a number.", value))
	}
	return values.WholeValue(n)
}

func setOf(all []string) types.Set {
	if len(all) == 0 {
		return types.SetNull(types.StringType)
	}
	return values.StringSet(all)
}

func listOf(text string) types.List {
	if text == "" {
		return types.ListNull(types.StringType)
	}
	return values.StringList(strings.Split(text, ","))
}

// entryOf is a node's entry of deployed.
func entryOf(ctx context.Context, state *hardening.SshdState, diags *diag.Diagnostics) types.Object {
	return values.WriteObject(ctx, deployedType.AttrTypes, deployedModel{
		File: types.StringValue(state.File.String()), Content: types.StringValue(state.Content), Changes: values.StringList(state.Changes),
		Effective: keywordsOf(state.Effective), Without: keywordsOf(state.Without), Overruled: values.StringList(state.Overruled),
	}, diags)
}

func keywordsOf(all map[string]map[string]string) types.Map {
	entries := map[string]attr.Value{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		entries[name] = values.StringMap(all[name])
	}
	return types.MapValueMust(keywordsType, entries)
}
