package sudo

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// policyAbout is what the memo of a policy asks the nodes.
type policyAbout struct {
	Policy hardening.SudoersPolicy
	// Nodes are those that the configuration names, null for all. On are those that the policy is on.
	Nodes, On []string
	// Programs are those of which a plan warns where no node has them.
	Programs []string `json:",omitempty"`
	// What and HeldAs name the policy among the holdings of a run, and Applied is the digest of what was applied.
	What, HeldAs, Applied string
}

// saidOf is everything that a node says of a policy, as [hardening.SudoersState] has it, in a form that stays the same
// while it means the same: files of which no line concerns the subjects come and go with other policies.
func saidOf(seen *hardening.SudoersState) hardening.SudoersState {
	said := *seen
	said.Clock = 0
	said.Around.Files = maps.Clone(said.Around.Files)
	maps.DeleteFunc(said.Around.Files, func(_, text string) bool { return strings.TrimSpace(text) == "" })
	said.Around.Policies = slices.DeleteFunc(slices.Clone(said.Around.Policies), func(name string) bool { return said.Around.Files[name] == "" })
	slices.Sort(said.Around.Policies)
	return said
}

// plain tells that a node holds the policy and nothing else of its subjects, and that there is nothing to say of it now
// or, as time goes by, later.
func plain(seen *hardening.SudoersState) bool {
	return seen.File.Present && !seen.Unfinished && !seen.Leftover &&
		len(seen.Foreign)+len(seen.Unreached)+len(seen.Problems)+len(seen.Lacks)+len(seen.Around.Ends) == 0
}

// remember leaves a memo of a policy that was applied, and whose nodes were read back. It leaves none where a refresh
// or a plan would find anything else than what is recorded, or would have something to say, or might have later.
func (m *sudoersPolicyModel) remember(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	reading := m.readBack
	if reading == nil || !m.lasts() || !m.staysAsRead(ctx, *reading) {
		memo.Drop(ctx, private, diags)
		return
	}
	about := policyAbout{Policy: m.policy(), Nodes: session.NodeNames(ctx, m.Nodes, diags), On: slices.Sorted(maps.Keys(reading.Seen)), Programs: m.text().Programs(),
		What: m.What(), HeldAs: m.HeldAs(m.What()), Applied: m.digest(ctx)}
	slices.Sort(about.Nodes)
	said := map[string]hardening.SudoersState{}
	for name, seen := range reading.Seen {
		said[name] = saidOf(seen)
	}
	memo.Write(ctx, private, about, said, diags)
}

// forget takes away the memo of a policy, where there is one: a refresh found that it does not hold.
func forget(ctx context.Context, private values.PrivateState, diags *diag.Diagnostics) {
	if text, _ := private.GetKey(ctx, memo.Key); len(text) > 0 {
		memo.Drop(ctx, private, diags)
	}
}

// lasts tells that nothing of the configuration ends or depends on nodes that may be left out.
func (m *sudoersPolicyModel) lasts() bool {
	ends := m.Expires.Attributes()
	return m.Timeouts.IsNull() && m.text() != nil && m.digest(context.Background()) != "" && m.Enforcement.ValueString() == enforceRefuse &&
		m.NeedsAll() && len(m.NodesSkipped.Elements()) == 0 && len(m.AcceptedUntil.Elements()) == 0 &&
		len(m.SharedWith.Elements()) == 0 && !m.namesElsewhere() && m.MissingPackages.IsNull() &&
		values.FullyKnown(m.Expires) && ends["earliest"] != nil && ends["earliest"].IsNull() &&
		!slices.ContainsFunc(m.text().GrantEnds(), func(end review.GrantEnd) bool { return !end.At.IsZero() })
}

// staysAsRead tells that a refresh and a plan would find what is recorded and have nothing to say.
func (m *sudoersPolicyModel) staysAsRead(ctx context.Context, reading session.Reading[hardening.SudoersState]) bool {
	if len(reading.Seen) != len(m.Deployed.Elements()) {
		return false
	}
	var said diag.Diagnostics
	again := m.anew()
	for name, seen := range reading.Seen {
		entry := m.Deployed.Elements()[name]
		if entry == nil || !plain(seen) || !again.Found(ctx, seen, &said).Equal(entry) {
			return false
		}
	}
	private := scratch{}
	values.WriteApplied(ctx, private, m.digest(ctx), &said)
	reading.Refresh, reading.Private = true, private
	again.Took(ctx, reading, &said)
	if len(said) > 0 || !again.shows(m) {
		return false
	}
	plan, text, around := m.anew(), m.text(), surroundingsOf(reading.Seen)
	plan.judging = judging{unchanged: true, now: reading.Shared.Now}
	plan.analyse(ctx, text, &said)
	plan.prove(ctx, text, &said)
	plan.judgeAliases(m, around, &said)
	plan.judgeAround(ctx, text, around, &said)
	plan.proveAround(ctx, text, around, &said)
	targets := make([]node.Target, 0, len(reading.Seen))
	for name := range reading.Seen {
		targets = append(targets, node.Target{Name: name})
	}
	plan.warnOfIdleAround(ctx, text, around, targets, &said)
	plan.showLogged(ctx, around, true, "", &said)
	plan.showOverruled(ctx, text, around, true, m, nil, &said)
	return len(said) == 0 && len(plan.refused)+len(plan.notEnforced) == 0 && plan.shows(m)
}

// anew is the policy as it is recorded, without what was found out about it.
func (m *sudoersPolicyModel) anew() *sudoersPolicyModel {
	again := *m
	again.judging, again.readers, again.readBack = judging{}, nil, nil
	return &again
}

// shows tells that everything that comes from nodes is as in another model.
func (m *sudoersPolicyModel) shows(as *sudoersPolicyModel) bool {
	return slices.EqualFunc(m.fromNodes(), as.fromNodes(), func(a, b attr.Value) bool { return values.FullyKnown(a) && a.Equal(b) })
}

func (m *sudoersPolicyModel) fromNodes() []attr.Value {
	return []attr.Value{m.Analysis, m.Logged, m.Overruled, m.Expires, m.Deployed}
}

// Fades are the attributes that tell of the change that was applied last.
func (r *sudoersPolicyResource) Fades() []string {
	return []string{"change", "removed_grants", "refused", "not_enforced"}
}

// Recall asks the nodes for everything that they say of a policy.
func (r *sudoersPolicyResource) Recall(ctx context.Context, shared *session.Clients, question []byte) (said any, silent bool) {
	var about policyAbout
	if json.Unmarshal(question, &about) != nil {
		return nil, false
	}
	targets, err := shared.Targets(ctx, about.Nodes)
	if err != nil || !slices.Equal(slices.Sorted(slices.Values(session.TargetNames(targets))), about.On) {
		return nil, false
	}
	nodes, err := shared.Nodes()
	if err != nil {
		return nil, false
	}
	seen, err := session.Observe(ctx, nodes, targets, about.Policy.Observe)
	if err != nil || !anyHas(ctx, nodes, targets, about.Programs) {
		return nil, false
	}
	all := map[string]hardening.SudoersState{}
	for name, found := range seen {
		if !plain(found) {
			return nil, false
		}
		all[name] = saidOf(found)
	}
	holdings := shared.Holdings()
	holdings.NoteHeld(about.HeldAs)
	holdings.NoteApplied(about.HeldAs, about.Applied)
	holdings.NoteRead(about.What)
	holdings.NoteTold(about.HeldAs, nil)
	return all, true
}

// anyHas tells that each of some programs is on one of the nodes at least.
func anyHas(ctx context.Context, nodes hardening.Nodes, targets []node.Target, programs []string) bool {
	if len(programs) == 0 {
		return true
	}
	seen, err := session.Observe(ctx, nodes, targets, hardening.Programs(programs).Missing)
	if err != nil {
		return false
	}
	for _, missing := range seen {
		programs = slices.DeleteFunc(slices.Clone(programs), func(path string) bool { return !slices.Contains(*missing, path) })
	}
	return len(programs) == 0
}

// Planned notes a policy that a plan leaves as it is.
func (r *sudoersPolicyResource) Planned(shared *session.Clients, question []byte) (beside map[string][]byte, silent bool) {
	var about policyAbout
	if json.Unmarshal(question, &about) != nil {
		return nil, false
	}
	return shared.PlannedAgain(about.What, about.HeldAs, about.Nodes)
}

// scratch is private state that nobody keeps.
type scratch map[string][]byte

// GetKey gives what was set.
func (s scratch) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return s[key], nil }

// SetKey sets a key.
func (s scratch) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	s[key] = value
	return nil
}
