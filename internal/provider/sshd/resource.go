package sshd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var (
	_ resource.ResourceWithConfigure      = (*policyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*policyResource)(nil)
	_ resource.ResourceWithImportState    = (*policyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*policyResource)(nil)
)

type policyResource struct {
	session.OnNodes[policyModel, hardening.SshdState, *policyModel]
}

// NewResource is resource pvesec_sshd_policy.
func NewResource() resource.Resource { return &policyResource{} }

func (r *policyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sshd_policy"
}

// ValidateConfig refuses a policy that says nothing, and blocks that sshd would take for something else.
func (r *policyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model policyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !model.known() {
		return
	}
	policy := model.policy(ctx, &resp.Diagnostics)
	if len(policy.Settings) == 0 && !policy.Strict && len(policy.Matches) == 0 {
		resp.Diagnostics.AddAttributeError(path.Root("name"), "Missing settings", "The policy sets nothing. Write a setting, such as password_authentication = false, or remove the resource.")
	}
	for i, match := range policy.Matches {
		at := path.Root("match").AtListIndex(i)
		switch {
		case len(match.Users)+len(match.Groups)+len(match.Addresses) == 0:
			resp.Diagnostics.AddAttributeError(at, "Missing users, groups or addresses", "A match block needs at least one of them. Write users, groups or addresses into it, or write its settings outside of it for everyone.")
		case len(match.Settings) == 0:
			resp.Diagnostics.AddAttributeError(at, "Missing settings", "The match block sets nothing. Write a setting into it, or remove it.")
		}
		for name, all := range map[string][]string{"users": match.Users, "groups": match.Groups, "addresses": match.Addresses} {
			if len(all) > 0 && !slices.ContainsFunc(all, func(one string) bool { return !strings.HasPrefix(one, "!") }) {
				resp.Diagnostics.AddAttributeError(at.AtName(name), "Invalid "+name+": nobody matches",
					fmt.Sprintf("Each of %s has a \"!\", which leaves it out, and nothing is left. Add \"*\" or, for addresses, 0.0.0.0/0 and ::/0.", name))
			}
		}
	}
	seen := map[string]bool{}
	for i, connection := range policy.Connections {
		if seen[connection.Name] {
			resp.Diagnostics.AddAttributeError(path.Root("login").AtListIndex(i).AtName("name"), "Invalid name: another login has it", fmt.Sprintf("Two login blocks are called %q. Give each a name of its own.", connection.Name))
		}
		seen[connection.Name] = true
		if strings.HasPrefix(connection.Name, "cluster ") {
			resp.Diagnostics.AddAttributeError(path.Root("login").AtListIndex(i).AtName("name"), "Invalid name: it is of the cluster",
				fmt.Sprintf("deployed calls an address of the cluster for which sshd decides otherwise %q with the address behind it. Give the login %q another name.", "cluster", connection.Name))
		}
	}
	if err := policy.Check(); err != nil && !resp.Diagnostics.HasError() {
		resp.Diagnostics.AddError("Invalid sshd policy", values.UpperFirst(err.Error())+".")
	}
}

// ModifyPlan has the sshd of each node judge the policy, refuses what would lock somebody out, and plans what each node
// makes of logins.
func (r *policyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		var state policyModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if !resp.Diagnostics.HasError() {
			r.judgeLeaving(ctx, &state, nil, false, &resp.Diagnostics)
		}
		return
	}
	var plan policyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	changed := !req.Plan.Raw.Equal(req.State.Raw)
	if !plan.Name.IsUnknown() {
		plan.RefuseTwice(ctx, r.Clients, plan.What(), !req.State.Raw.IsNull(), req.Private, resp.Private, &resp.Diagnostics)
	}
	var state *policyModel
	if !req.State.Raw.IsNull() {
		state = &policyModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	replaces := replaced(ctx, &plan, state, req.Private, resp.Private, &resp.Diagnostics)
	plan.Deployed = types.MapUnknown(deployedType)
	plan.OpenPackages()
	if plan.known() {
		if targets, known := r.PlanTargets(ctx, plan.Nodes, &resp.Diagnostics); known {
			r.refuseTwice(ctx, &plan, &resp.Diagnostics)
			plan.Deployed = r.planDeployed(ctx, &plan, state, replaces, changed, targets, &resp.Diagnostics)
			if state != nil && r.Clients.Holdings().Read(state.What()) {
				r.judgeLeaving(ctx, state, targets, replaces != "", &resp.Diagnostics)
			}
			r.PlanPackages(ctx, &plan, state, targets, nil, &resp.Diagnostics)
		}
	}
	var recorded *session.Placed
	if state != nil {
		recorded = &state.Placed
	}
	plan.PlanSkipped(ctx, recorded, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// refuseTwice refuses two policies that set the same thing on the same node: sshd takes the first that it reads, and
// the other one would have no effect.
func (r *policyResource) refuseTwice(ctx context.Context, plan *policyModel, diags *diag.Diagnostics) {
	policy := plan.policy(ctx, diags)
	if len(policy.Words()) == 0 {
		return
	}
	for _, other := range r.Clients.Claim("sshd policy", policy.Name, policy.Words(), session.NodeNames(ctx, plan.Nodes, diags)) {
		diags.AddAttributeError(path.Root("name"), "Invalid sshd policy: another resource sets "+other.Subject,
			fmt.Sprintf("pvesec_sshd_policy %q and %q both set %s on the same nodes. sshd takes the first value that it reads, so one of the two would have no effect. Set it in one of them, with match blocks for some logins.",
				min(policy.Name, other.Name), max(policy.Name, other.Name), other.Subject))
	}
}

// What names the policy.
func (m *policyModel) What() string { return fmt.Sprintf("sshd policy %q", m.Name.ValueString()) }

// Observer reads the file of the policy and asks sshd.
func (m *policyModel) Observer(ctx context.Context, diags *diag.Diagnostics) session.Observer[hardening.SshdState] {
	return m.policy(ctx, diags).Observe
}

// Holds tells whether a node has the file.
func (m *policyModel) Holds(seen *hardening.SshdState) bool { return seen.File.Present }

// Unfinished tells whether an earlier change was interrupted, and whether it left files.
func (m *policyModel) Unfinished(seen *hardening.SshdState) (unfinished, leftover bool) {
	return seen.Unfinished, seen.Leftover
}

// Commands are the programs that a node needs.
func (m *policyModel) Commands(ctx context.Context, diags *diag.Diagnostics) []string {
	return m.policy(ctx, diags).Commands()
}

// Lacks are the packages that a node needs and does not have.
func (m *policyModel) Lacks(seen *hardening.SshdState) []string { return seen.Lacks }

// Found is a node's entry of deployed as it was read.
func (m *policyModel) Found(ctx context.Context, seen *hardening.SshdState, diags *diag.Diagnostics) types.Object {
	return entryOf(ctx, seen, diags)
}

// Installed is a node's entry of deployed after an apply: what was read back. Where that did not work, it is what was
// judged, without the lines of other files.
func (m *policyModel) Installed(ctx context.Context, seen *hardening.SshdState, diags *diag.Diagnostics) types.Object {
	if seen == nil {
		seen = &hardening.SshdState{}
	}
	return entryOf(ctx, seen, diags)
}

// ReadsBack tells that the nodes are read after every apply: sshd says what it really makes of logins.
func (m *policyModel) ReadsBack(bool) bool { return true }

// Took warns of what other files overrule.
func (m *policyModel) Took(_ context.Context, reading session.Reading[hardening.SshdState], diags *diag.Diagnostics) {
	nodes := map[string][]string{} // by what is said
	if !reading.Refresh && !m.created {
		return // the refresh has said so
	}
	for _, name := range slices.Sorted(maps.Keys(reading.Seen)) {
		if lines := reading.Seen[name].Overruled; len(lines) > 0 {
			detail := strings.Join(lines, "\n  ")
			nodes[detail] = append(nodes[detail], name)
		}
	}
	for _, detail := range slices.Sorted(maps.Keys(nodes)) {
		diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf("Other files overrule %s on %s", m.What(), strings.Join(nodes[detail], ", ")),
			"The policy's file is in place, but these lines of other files decide as well:\n\n  "+detail+
				"\n\nsshd takes the first value that it finds, a Match block overrules what stands outside of one, and lists of users and groups add up. Remove the lines from those files if they are not wanted. An apply does not, so every plan shows them.")
	}
}

// busy holds one while a policy is judged and put onto nodes: the files of all policies are part of the judgement of
// each.
var busy = make(chan struct{}, 1)

// alone waits until no other policy of this run is put onto nodes.
func alone(ctx context.Context) (done func(), err error) {
	select {
	case busy <- struct{}{}:
		return func() { <-busy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Install brings the policy onto nodes that are as they were when the change was planned. It is judged again first.
func (m *policyModel) Install(ctx context.Context, change session.Change[policyModel], diags *diag.Diagnostics) error {
	done, err := alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	policy := m.policy(ctx, diags)
	m.created, m.planned = change.State == nil, m.Deployed.Elements()
	seen, err := session.Observe(ctx, change.Nodes, change.Targets, func(ctx context.Context, nodes hardening.Nodes, target node.Target) (*hardening.SshdPlan, error) {
		return policy.Plan(ctx, nodes, target)
	})
	if err != nil {
		return err
	}
	m.installed = seen
	var plans []*hardening.SshdPlan
	for _, target := range change.Targets {
		plan := seen[target.Name]
		if entry, is := m.Deployed.Elements()[target.Name].(types.Object); is && !entry.IsUnknown() {
			if content, known := entry.Attributes()["content"].(types.String); known && !content.IsUnknown() && content.ValueString() != plan.State.Content {
				return &node.ConflictError{Node: target.Name, Path: policy.Path(), Expected: "the text that was planned", Found: "another one: the node's OpenSSH or its cluster changed"}
			}
		}
		recorded := hardening.FileStatus{}.String()
		if change.State != nil {
			if entry, is := change.State.Deployed.Elements()[target.Name].(types.Object); is {
				if file, known := entry.Attributes()["file"].(types.String); known {
					recorded = file.ValueString()
				}
			}
		}
		if found := plan.Found.String(); found != recorded {
			return &node.ConflictError{Node: target.Name, Path: policy.Path(), Expected: recorded, Found: found}
		}
		plans = append(plans, plan)
	}
	return policy.Install(ctx, change.Nodes, plans, change.Leave, appliedFiles(ctx, change.Private, diags), session.Progress(ctx))
}

// Remove takes the policy off nodes.
func (m *policyModel) Remove(ctx context.Context, nodes hardening.Nodes, targets []node.Target, private values.PrivateReader, diags *diag.Diagnostics) error {
	done, err := alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	return m.policy(ctx, diags).Remove(ctx, nodes, targets, appliedFiles(ctx, private, diags), session.Progress(ctx))
}

// Named sets the name.
func (m *policyModel) Named(name string) session.Observer[hardening.SshdState] {
	m.Name = types.StringValue(name)
	return hardening.SshdPolicy{Name: name}.Observe
}

// Adopt reads the settings out of the file of the first node that has it.
func (m *policyModel) Adopt(ctx context.Context, targets []node.Target, seen map[string]*hardening.SshdState, diags *diag.Diagnostics) {
	for _, target := range targets {
		if !m.Holds(seen[target.Name]) {
			continue
		}
		policy, err := hardening.ParseSshdPolicy(m.Name.ValueString(), seen[target.Name].Content)
		if err != nil {
			diags.AddError("Unable to import "+m.What(), values.UpperFirst(fmt.Sprintf("%v (node %s)", err, target.Name)))
			return
		}
		m.setPolicy(ctx, policy, diags)
		return
	}
}
