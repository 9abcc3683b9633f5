package nodeaccount

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

const (
	nightKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k night@example"
	dayKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUPmVC4d3jW8Yr7yH5gn9mZ0yH1yGfWqOq2d0fWqg1s day@example"
)

// memory is private state.
type memory map[string][]byte

func (m memory) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return m[key], nil }

func (m memory) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	m[key] = value
	return nil
}

// recorder takes changes, and answers that a node has what is in accounts.
type recorder struct {
	accounts map[string]node.LocalAccount // by node
	applied  map[string]node.AccountChange
}

func (r *recorder) Observe(_ context.Context, target node.Target, _ node.Query) (*node.Observation, error) {
	seen := &node.Observation{LocalAccounts: map[string]node.LocalAccount{}}
	if a, is := r.accounts[target.Name]; is {
		seen.LocalAccounts[a.Name] = a
	}
	return seen, nil
}

func (r *recorder) Apply(_ context.Context, changes []node.Change, _ func(node, step string)) error {
	r.applied = map[string]node.AccountChange{}
	for _, change := range changes {
		r.applied[change.Target.Name] = change.Accounts[0]
	}
	return nil
}

func at(names ...string) []node.Target {
	var list []node.Target
	for _, name := range names {
		list = append(list, node.Target{Name: name})
	}
	return list
}

func keysOf(texts ...string) types.Set {
	elements := []attr.Value{}
	for _, text := range texts {
		elements = append(elements, types.ObjectValueMust(keyType.AttrTypes, map[string]attr.Value{
			"key": types.StringValue(text), "restrict": types.BoolValue(true), "pty": types.BoolNull(), "from": types.ListNull(types.StringType), "command": types.StringNull(), "expiry_time": types.StringNull(),
		}))
	}
	return types.SetValueMust(keyType, elements)
}

func modelOf(change func(*nodeAccountModel)) *nodeAccountModel {
	m := &nodeAccountModel{
		Name: types.StringValue("agent"), UID: values.NoWhole(), Comment: types.StringValue(""), Home: types.StringValue("/home/agent"), Shell: types.StringValue(defaultShell), Groups: values.StringSet(nil),
		GroupMembership: types.StringValue(exclusive), KeyMembership: types.StringValue(exclusive), Keys: keysOf(), PasswordVersion: values.NoWhole(), AcceptedRisks: types.MapNull(types.StringType),
	}
	m.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{})
	if change != nil {
		change(m)
	}
	return m
}

func account(uid int, change func(*node.LocalAccount)) node.LocalAccount {
	a := node.LocalAccount{Name: "agent", UID: uid, GID: uid, Home: "/home/agent", Shell: defaultShell, Group: "agent", GroupsByID: []string{"agent"}, Password: node.PasswordLocked, Expires: -1}
	if change != nil {
		change(&a)
	}
	return a
}

// entry is what deployed says of an account that was read.
func entry(t *testing.T, m *nodeAccountModel, present bool, a node.LocalAccount, keys ...string) types.Object {
	t.Helper()
	seen := &hardening.AccountState{Present: present, LocalAccount: a}
	var diags diag.Diagnostics
	object := m.Found(t.Context(), seen, &diags)
	if len(keys) > 0 {
		attributes := object.Attributes()
		attributes["keys"] = values.StringSet(keys)
		object = types.ObjectValueMust(deployedType.AttrTypes, attributes)
	}
	if diags.HasError() {
		t.Fatal(diags)
	}
	return object
}

func unreached(t *testing.T, m *nodeAccountModel) types.Object {
	t.Helper()
	attributes := entry(t, m, false, node.LocalAccount{}).Attributes()
	attributes["changes"] = values.StringList([]string{"not reached"})
	return types.ObjectValueMust(deployedType.AttrTypes, attributes)
}

// TestRemovesWhatItMade: of nodes that were never reached, that had no account, or that have another one, nothing is
// removed, and a warning names each.
func TestRemovesWhatItMade(t *testing.T) {
	t.Parallel()
	state := modelOf(nil)
	state.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{
		"made": entry(t, state, true, account(1001, nil)), "unreached": unreached(t, state), "gone": entry(t, state, false, node.LocalAccount{}), "replaced": entry(t, state, true, account(1002, nil)),
		"foreign": entry(t, state, true, account(1001, nil)), // it did not answer at the apply, and a refresh shows somebody else's account
	})
	nodes := &recorder{accounts: map[string]node.LocalAccount{
		"made": account(1001, nil), "unreached": account(1001, nil), "gone": account(1001, nil), "replaced": account(1002, nil), "foreign": account(1001, nil),
	}}
	all := at("made", "unreached", "gone", "replaced", "never", "foreign")
	private := memory{uidsKey: []byte(`{"made": 1001, "gone": 1001, "replaced": 1001}`)}
	check := func(what string, diags diag.Diagnostics) {
		if len(nodes.applied) != 1 || !nodes.applied["made"].Absent || nodes.applied["made"].ExpectUID != 1001 {
			t.Errorf("%s: removed %+v", what, nodes.applied)
		}
		for _, name := range []string{"unreached", "gone", "replaced", "never", "foreign"} {
			if !slices.ContainsFunc(diags.Warnings(), func(d diag.Diagnostic) bool { return strings.Contains(d.Summary(), name) }) {
				t.Errorf("%s: no warning names %s: %v", what, name, diags)
			}
		}
	}
	var diags diag.Diagnostics
	if err := state.Remove(t.Context(), nodes, all, private, &diags); err != nil {
		t.Fatal(err)
	}
	check("destroy", diags)
	nodes.applied, diags = nil, nil
	plan := modelOf(nil)
	if err := plan.Install(t.Context(), session.Change[nodeAccountModel]{Nodes: nodes, Leave: all, State: state, Private: private}, &diags); err != nil {
		t.Fatal(err)
	}
	check("leaving", diags)
}

// TestWithdrawnLater: a key and a group that were withdrawn while a node did not answer go as soon as it does.
func TestWithdrawnLater(t *testing.T) {
	t.Parallel()
	additiveWith := func(groups []string, keys ...string) *nodeAccountModel {
		return modelOf(func(m *nodeAccountModel) {
			m.GroupMembership, m.KeyMembership, m.Groups, m.Keys = types.StringValue(additive), types.StringValue(additive), values.StringSet(groups), keysOf(keys...)
		})
	}
	here := account(1001, func(a *node.LocalAccount) {
		a.Groups, a.Keys = []string{"ops"}, map[string]node.KeyState{"authorized_keys": {Exists: true, Content: []byte("no-pty " + dayKey + "\n" + nightKey + "\n")}}
	})
	nodes := &recorder{accounts: map[string]node.LocalAccount{"up": here, "down": here}}
	state := additiveWith([]string{"ops"}, nightKey, dayKey)
	deployed := types.MapValueMust(deployedType, map[string]attr.Value{"up": entry(t, state, true, here), "down": entry(t, state, true, here)})
	state.Deployed = deployed
	private := memory{uidsKey: []byte(`{"up": 1001, "down": 1001}`)}
	var diags diag.Diagnostics
	plan := additiveWith(nil, nightKey)
	if err := plan.Install(t.Context(), session.Change[nodeAccountModel]{Nodes: nodes, Targets: at("up"), State: state, Private: private}, &diags); err != nil {
		t.Fatal(err)
	}
	gone := func(name string) {
		if change := nodes.applied[name]; strings.Contains(string(change.Keys.Content), "HUPmVC4d3jW8") || !slices.Equal(change.DropGroups, []string{"ops"}) {
			t.Errorf("%s keeps what was withdrawn: %s, without %v", name, change.Keys.Content, change.DropGroups)
		}
	}
	gone("up")
	plan.Applied(t.Context(), private, &diags)
	// The next apply: the state has the key no more.
	plan.Deployed = deployed
	next := additiveWith(nil, nightKey)
	next.readWithdrawn(t.Context(), private, &diags)
	if object := next.planned(t.Context(), plan, "down", &diags); object.Attributes()["groups"].Equal(values.StringSet([]string{"ops"})) {
		t.Error("the plan does not show that the group goes")
	}
	if err := next.Install(t.Context(), session.Change[nodeAccountModel]{Nodes: nodes, Targets: at("up", "down"), State: plan, Private: private}, &diags); err != nil {
		t.Fatal(err)
	}
	gone("down")
	if diags.HasError() {
		t.Error(diags)
	}
	next.Applied(t.Context(), private, &diags)
	if string(private[withdrawnKey]) != "{}" {
		t.Errorf("still to be taken away: %s", private[withdrawnKey])
	}
}

// TestPasswordLater: a password that changed while a node did not answer is set there as soon as it does, and the plan
// says so. A reading only tells that the node has one.
func TestPasswordLater(t *testing.T) {
	t.Parallel()
	here := account(1001, func(a *node.LocalAccount) { a.Password = node.PasswordSet })
	nodes := &recorder{accounts: map[string]node.LocalAccount{"up": here, "down": here}}
	private := memory{uidsKey: []byte(`{"up": 1001, "down": 1001}`)} // as an older version left it
	deployed := types.MapValueMust(deployedType, map[string]attr.Value{"up": entry(t, modelOf(nil), true, here), "down": entry(t, modelOf(nil), true, here)})
	version := func(number int64) *nodeAccountModel {
		return modelOf(func(m *nodeAccountModel) {
			m.hash, m.Deployed = "$y$j9T$hash", deployed
			if number != 0 {
				m.PasswordVersion = values.WholeValue(number)
			}
		})
	}
	state := version(1)
	// Each step is a plan and an apply of a version, and who gets the password by it.
	for i, step := range []struct {
		version int64
		reached []string
		set     []string
	}{
		{2, []string{"up"}, []string{"up"}},
		{2, []string{"up", "down"}, []string{"down"}},
		{2, []string{"up", "down"}, nil},
		{3, []string{"up"}, []string{"up"}},
		{2, []string{"up"}, []string{"up"}}, // the number of the one that the other node has, and another password
		{2, []string{"up", "down"}, []string{"down"}},
		{0, []string{"up"}, nil},
		{2, []string{"up", "down"}, []string{"up", "down"}},
	} {
		var diags diag.Diagnostics
		plan := version(step.version)
		plan.readPasswords(t.Context(), private, &diags)
		open := map[string]bool{}
		for _, name := range step.reached {
			open[name] = plan.planned(t.Context(), state, name, &diags).Attributes()["password"].IsUnknown()
		}
		if err := plan.Install(t.Context(), session.Change[nodeAccountModel]{Nodes: nodes, Targets: at(step.reached...), State: state, Private: private}, &diags); err != nil {
			t.Fatal(err)
		}
		for _, name := range step.reached {
			want := slices.Contains(step.set, name)
			if got := nodes.applied[name].Password == node.SetPassword; got != want || open[name] != want {
				t.Errorf("step %d: %s gets the password: %v, planned: %v, want %v", i, name, got, open[name], want)
			}
		}
		plan.Applied(t.Context(), private, &diags)
		if diags.HasError() {
			t.Fatal(diags)
		}
		state = plan
		state.Deployed = deployed
	}
}

// TestPrimaryGroupIsDrift: another primary group than the account's own shows in deployed, and the plan makes it the
// own one.
func TestPrimaryGroupIsDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		group string
		gid   int
		want  string
	}{"sudo": {"sudo", 27, "sudo"}, "no name": {"", 4444, "4444"}, "own": {"agent", 1001, "agent"}} {
		state := modelOf(nil)
		found := entry(t, state, true, account(1001, func(a *node.LocalAccount) { a.Group, a.GID = c.group, c.gid }))
		state.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{"n": found})
		var diags diag.Diagnostics
		planned := modelOf(nil).planned(t.Context(), state, "n", &diags)
		if got := found.Attributes()["primary_group"]; !got.Equal(types.StringValue(c.want)) {
			t.Errorf("%s: shown as %s", name, got)
		}
		if got := planned.Attributes()["primary_group"]; !got.Equal(types.StringValue("agent")) || planned.Equal(found) != (c.want == "agent") {
			t.Errorf("%s: planned as %s, drift %v", name, got, !planned.Equal(found))
		}
		if diags.HasError() {
			t.Error(diags)
		}
	}
}

// TestTakesOverOnlyWhatItMade: an account that a refresh shows on a node that did not answer at the apply is somebody
// else's, and only adopt takes it over.
func TestTakesOverOnlyWhatItMade(t *testing.T) {
	t.Parallel()
	state := modelOf(nil)
	state.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{"made": entry(t, state, true, account(1001, nil)), "foreign": entry(t, state, true, account(1001, nil))})
	nodes := &recorder{accounts: map[string]node.LocalAccount{"made": account(1001, nil), "foreign": account(1001, nil)}}
	for _, adopts := range []bool{false, true} {
		private := memory{uidsKey: []byte(`{"made": 1001}`)}
		plan := modelOf(func(m *nodeAccountModel) { m.Adopts, m.Deployed = types.BoolValue(adopts), state.Deployed })
		var diags diag.Diagnostics
		if err := plan.Install(t.Context(), session.Change[nodeAccountModel]{Nodes: nodes, Targets: at("made", "foreign"), State: state, Private: private}, &diags); err != nil || diags.HasError() {
			t.Fatal(err, diags)
		}
		// The node refuses one that is to be absent.
		if got := nodes.applied["foreign"].Expect == node.AbsentAccount; got == adopts {
			t.Errorf("adopt %v: %+v", adopts, nodes.applied["foreign"])
		}
		if got := nodes.applied["made"]; got.Expect != "" || got.ExpectUID != 1001 {
			t.Errorf("its own: %+v", got)
		}
	}
}

// TestRecordsWhatItMade: an apply records the nodes that it reached, an import those that have the account, and a
// refresh what could not be read back; no other.
func TestRecordsWhatItMade(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	seen := map[string]*hardening.AccountState{"a": {Present: true, LocalAccount: account(1001, nil)}, "b": {}, "c": {Present: true, LocalAccount: account(1003, nil)}}
	for name, c := range map[string]struct {
		private memory
		want    string
	}{
		"import": {memory{}, `{"a":1001,"c":1003}`}, "not read back": {memory{uidsKey: []byte(`{"a":0}`)}, `{"a":1001}`}, "nothing new": {memory{uidsKey: []byte(`{"a":1009}`)}, `{"a":1009}`},
	} {
		modelOf(nil).Took(t.Context(), session.Reading[hardening.AccountState]{Seen: seen, Refresh: true, Private: c.private}, &diags)
		if got := string(c.private[uidsKey]); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	applied := modelOf(func(m *nodeAccountModel) {
		m.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{
			"a": entry(t, m, true, account(1001, nil)), "skipped": entry(t, m, true, account(1002, nil)), "before": entry(t, m, true, account(1009, nil)), "open": entry(t, m, false, node.LocalAccount{}),
		})
		m.uids, m.reached = map[string]int64{"before": 1003, "left": 1004}, at("a", "open")
	})
	private := memory{}
	applied.Applied(t.Context(), private, &diags)
	if got, want := string(private[uidsKey]), `{"a":1001,"before":1003,"open":0}`; got != want {
		t.Errorf("an apply: %s, want %s", got, want)
	}
	if diags.HasError() {
		t.Error(diags)
	}
}

// TestRisksLater: where Terraform learns later what is accepted, or why, the findings are open, and nothing is refused
// for them yet.
func TestRisksLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		accepted types.Map
		open     bool
	}{
		"none":            {types.MapNull(types.StringType), false},
		"the map later":   {types.MapUnknown(types.StringType), true},
		"a reason later":  {types.MapValueMust(types.StringType, map[string]attr.Value{"PVESEC-A0001": types.StringUnknown()}), true},
		"another one now": {types.MapValueMust(types.StringType, map[string]attr.Value{"PVESEC-A0001": types.StringValue("meant")}), false},
	} {
		m := modelOf(func(m *nodeAccountModel) {
			m.Groups, m.AcceptedRisks = values.StringSet([]string{"sudo", "docker"}), c.accepted
		})
		var diags diag.Diagnostics
		m.showFindings(t.Context(), &diags)
		if diags.HasError() || m.Findings.IsUnknown() != c.open || !c.open && len(m.Findings.Elements()) == 0 {
			t.Errorf("%s: %v, %v", name, m.Findings, diags)
		}
		if (&nodeAccountResource{}).judge(t.Context(), m, nil, &diags); diags.HasError() == c.open {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// TestTolerated: a group that nobody accepts is a warning where the account has it already and the change asks for
// nothing more, and an error everywhere else.
func TestTolerated(t *testing.T) {
	t.Parallel()
	base := func(change func(*nodeAccountModel)) *nodeAccountModel {
		return modelOf(func(m *nodeAccountModel) {
			m.Groups, m.Nodes = values.StringSet([]string{"sudo", "audio"}), values.StringSet([]string{"pve1", "pve2"})
			m.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{"pve1": types.ObjectNull(deployedType.AttrTypes), "pve2": types.ObjectNull(deployedType.AttrTypes)})
			if change != nil {
				change(m)
			}
		})
	}
	accepted := types.MapValueMust(types.StringType, map[string]attr.Value{"PVESEC-A0001": types.StringValue("meant")})
	for name, c := range map[string]struct {
		state, plan func(*nodeAccountModel)
		refused     bool
	}{
		"the same":              {},
		"fewer groups":          {plan: func(m *nodeAccountModel) { m.Groups = values.StringSet([]string{"sudo"}) }},
		"fewer nodes":           {plan: func(m *nodeAccountModel) { m.Nodes = values.StringSet([]string{"pve2"}) }},
		"another comment":       {plan: func(m *nodeAccountModel) { m.Comment = types.StringValue("x") }},
		"another node":          {plan: func(m *nodeAccountModel) { m.Nodes = values.StringSet([]string{"pve1", "pve3"}) }, refused: true},
		"all nodes":             {plan: func(m *nodeAccountModel) { m.Nodes = types.SetNull(types.StringType) }, refused: true},
		"another group":         {plan: func(m *nodeAccountModel) { m.Groups = values.StringSet([]string{"sudo", "video"}) }, refused: true},
		"a key":                 {plan: func(m *nodeAccountModel) { m.Keys = keysOf(nightKey) }, refused: true},
		"a password":            {plan: func(m *nodeAccountModel) { m.PasswordVersion = values.WholeValue(1) }, refused: true},
		"a shell":               {plan: func(m *nodeAccountModel) { m.Shell = types.StringValue("/bin/sh") }, refused: true},
		"for longer":            {state: func(m *nodeAccountModel) { m.Expires = types.StringValue("2031-01-01") }, plan: func(m *nodeAccountModel) { m.Expires = types.StringValue("2099-01-01") }, refused: true},
		"no shell":              {plan: func(m *nodeAccountModel) { m.Shell = types.StringValue("/usr/sbin/nologin") }},
		"until a day":           {state: func(m *nodeAccountModel) { m.Expires = types.StringNull() }, plan: func(m *nodeAccountModel) { m.Expires = types.StringValue("2031-01-01") }},
		"without an end":        {state: func(m *nodeAccountModel) { m.Expires = types.StringValue("2031-01-01") }, plan: func(m *nodeAccountModel) { m.Expires = types.StringNull() }, refused: true},
		"no longer accepted":    {state: func(m *nodeAccountModel) { m.AcceptedRisks = accepted }, refused: true},
		"accepted from now on":  {plan: func(m *nodeAccountModel) { m.AcceptedRisks = accepted }},
		"an account without it": {state: func(m *nodeAccountModel) { m.Groups = values.StringSet([]string{"audio"}) }, refused: true},
	} {
		var diags diag.Diagnostics
		if (&nodeAccountResource{}).judge(t.Context(), base(c.plan), base(c.state), &diags); diags.HasError() != c.refused {
			t.Errorf("%s: refused %t, want %t: %v", name, diags.HasError(), c.refused, diags)
		}
	}
}
