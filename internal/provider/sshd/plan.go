package sshd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// planDeployed is what each node holds after an apply. Nodes that do not answer are open. Replaces is the policy whose
// place this one takes, changed tells that the configuration differs from the state.
func (r *policyResource) planDeployed(ctx context.Context, plan, state *policyModel, replaces string, changed bool, targets []node.Target, diags *diag.Diagnostics) types.Map {
	nodes, err := r.Clients.Nodes()
	if !session.PlanReached(err, path.Root("nodes"), diags) {
		return types.MapUnknown(deployedType)
	}
	policy := plan.policy(ctx, diags)
	policy.Replaces, policy.Makes = replaces, r.Clients.PlansAccount
	entries, judged := map[string]attr.Value{}, map[string]*hardening.SshdPlan{}
	for _, one := range session.Each(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.SshdPlan, error) {
		return policy.Plan(ctx, nodes, target)
	}) {
		name := one.Target.Name
		if one.Err == nil {
			judged[name] = one.Value
			if awaits := one.Value.Awaits; awaits != nil {
				sayAwaits(awaits, diags)
			}
			continue
		}
		entries[name] = types.ObjectUnknown(deployedType.AttrTypes)
		var silent *node.UnreachableError
		if !errors.As(one.Err, &silent) || plan.OnUnreachable.ValueString() != "skip" {
			refuse(one.Err, diags)
		}
	}
	maps.Copy(entries, plannedEntries(ctx, judged, state, changed || len(entries) > 0, diags))
	return types.MapValueMust(deployedType, entries)
}

// plannedEntries are the entries of deployed of the nodes that were judged, as an apply leaves them. Where nothing
// changes they are what was judged, and Terraform does nothing. Where anything does, Terraform plans again before it
// applies, and wants the same: what another resource of the run, or another place to run from, can change until then is
// open on all nodes. Lines of other files stay, so that where there are any the list comes with the apply, and the plan
// is not empty.
func plannedEntries(ctx context.Context, judged map[string]*hardening.SshdPlan, state *policyModel, changed bool, diags *diag.Diagnostics) map[string]attr.Value {
	recorded := map[string]attr.Value{}
	if state != nil {
		recorded = state.Deployed.Elements()
	}
	entries := map[string]attr.Value{}
	changed = changed || state == nil || len(recorded) != len(judged)
	for name, plan := range judged {
		entries[name] = entryOf(ctx, plan.State, diags)
		changed = changed || recorded[name] == nil || !entries[name].Equal(recorded[name]) || len(plan.State.Overruled) > 0
	}
	if !changed {
		return entries
	}
	for name, plan := range judged {
		attributes := entries[name].(types.Object).Attributes() //nolint:errcheck,forcetypeassert // entryOf gives objects
		if recorded[name] == nil || plan.Open.Shared {
			attributes["effective_without"] = types.MapUnknown(keywordsType)
		} else {
			attributes["effective_without"] = opened(attributes["effective_without"], plan.Open.Logins)
		}
		if plan.Open.Shared {
			attributes["effective"] = types.MapUnknown(keywordsType)
		} else {
			attributes["effective"] = opened(attributes["effective"], plan.Open.Logins)
		}
		if plan.Open.Shared || len(plan.Open.Logins) > 0 || len(plan.State.Overruled) > 0 || overruledIn(recorded[name]) {
			attributes["overruled"] = types.ListUnknown(types.StringType)
		}
		entries[name] = types.ObjectValueMust(deployedType.AttrTypes, attributes)
	}
	return entries
}

// overruledIn tells whether an entry of deployed lists lines of other files.
func overruledIn(entry attr.Value) bool {
	lines, listed := attributeOf(entry, "overruled").(types.List)
	return listed && len(lines.Elements()) > 0
}

// opened is a map by login with some of them open.
func opened(all attr.Value, logins []string) attr.Value {
	byLogin, is := all.(types.Map)
	if !is || len(logins) == 0 {
		return all
	}
	elements := byLogin.Elements()
	for _, name := range logins {
		if _, has := elements[name]; has {
			elements[name] = types.MapUnknown(types.StringType)
		}
	}
	return types.MapValueMust(keywordsType, elements)
}

// judgeLeaving tells whom sshd locks out on the nodes that the policy leaves, those of the state that are not in keep.
// One that gets another name leaves the others for a moment too.
func (r *policyResource) judgeLeaving(ctx context.Context, state *policyModel, keep []node.Target, renamed bool, diags *diag.Diagnostics) {
	if r.Clients == nil {
		return
	}
	var unknown diag.Diagnostics // an apply tells what cannot be reached
	nodes, err := r.Clients.Nodes()
	if err != nil {
		return
	}
	policy := state.policy(ctx, diags)
	for _, target := range r.RecordedTargets(ctx, slices.Sorted(maps.Keys(state.Deployed.Elements())), state.What(), &unknown) {
		say := sayLeaving
		if slices.ContainsFunc(keep, func(kept node.Target) bool { return kept.Name == target.Name }) {
			if !renamed {
				continue
			}
			say = sayBetween
		}
		if e := policy.Leaves(ctx, nodes, target); e != nil {
			say(state.What(), e, diags)
		}
	}
}

// sayLeaving says whom sshd locks out on a node that a policy leaves: an error where it is pvesec, since the apply
// would refuse, and a warning where it is another node.
func sayLeaving(what string, e *hardening.SshdLockoutError, diags *diag.Diagnostics) {
	if e.Own {
		diags.AddError("Unable to remove "+what+": "+e.Who+" would be locked out", values.UpperFirst(e.Error())+".\n\nChange that line on the node first.")
		return
	}
	diags.AddWarning("Removing "+what+" locks out "+e.Who, fmt.Sprintf("Without the policy, sshd of node %s does not let them in: %s. Migrations and consoles of other nodes need that. Change that line on the node first, or remove the policy and do without them.", e.Node, deciding(e)))
}

// sayAwaits says that the apply refuses a policy unless the run first makes the account, or the key, of an
// administrator.
func sayAwaits(e *hardening.SshdLockoutError, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("administrators"), "No administrator can log in to node "+e.Node+" yet", fmt.Sprintf("%s. The same configuration makes the account %s. The apply judges again, and refuses the policy where none of them can log in then.",
		values.UpperFirst(e.Why), strings.Join(e.Awaits, " and the account ")))
}

// sayBetween says whom sshd locks out on a node between the removal of a policy and the creation of the one with
// another name that takes its place. It is a warning, since nothing tells whether Terraform creates first.
func sayBetween(what string, e *hardening.SshdLockoutError, diags *diag.Diagnostics) {
	then := "Migrations and consoles of other nodes fail until the new one is there."
	if e.Own {
		then = "The apply refuses to remove the old one then."
	}
	diags.AddWarning("Another name for "+what+" locks out "+e.Who, fmt.Sprintf("Terraform removes the old policy before it creates the one with the new name. Between the two, sshd of node %s does not let them in: %s. %s "+
		"Have Terraform create the new one first:\n\n  lifecycle {\n    create_before_destroy = true\n  }", e.Node, deciding(e), then))
}

// deciding is why a login does not work, with the line that decides where one does.
func deciding(e *hardening.SshdLockoutError) string {
	if e.Line == "" {
		return e.Why
	}
	return e.Why + " (" + e.Line + ")"
}

// refuse reports why a node does not take a policy.
func refuse(err error, diags *diag.Diagnostics) {
	var lockout *hardening.SshdLockoutError
	var refused *hardening.SshdRefusedError
	switch {
	case errors.As(err, &lockout):
		at := path.Root("nodes")
		if name, _, _ := strings.Cut(lockout.Attribute, " "); name != "" {
			if _, is := (&policyResource{}).attribute(name); is {
				at = path.Root(name)
			}
		}
		diags.AddAttributeError(at, "Invalid sshd policy: it locks out "+lockout.Who, values.UpperFirst(err.Error())+".")
	case errors.As(err, &refused):
		diags.AddAttributeError(path.Root("nodes"), "Invalid sshd policy on "+refused.Node, values.UpperFirst(err.Error())+".")
	default:
		session.PlanReached(err, path.Root("nodes"), diags)
	}
}

// attribute finds an attribute of the resource.
func (r *policyResource) attribute(name string) (any, bool) {
	var resp resource.SchemaResponse
	r.Schema(context.Background(), resource.SchemaRequest{}, &resp)
	found, is := resp.Schema.Attributes[name]
	return found, is
}
