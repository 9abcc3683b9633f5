package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// sincePlanned is said with what a node does not log of a new policy where Terraform may be applying: it plans such a
// policy once more then, and calls a node that logs less by now an inconsistent plan and a bug.
func (r *sudoersPolicyResource) sincePlanned(state *sudoersPolicyModel) string {
	if state != nil || !r.Clients.Holdings().MayApply() {
		return ""
	}
	return "\n\nIf this is the apply of a plan that did not say so, somebody switched the log off since then: plan again."
}

// refuseLessLogged refuses an apply on nodes that by now log less of the policy than its plan said. Taking access away
// is not refused.
func (m *sudoersPolicyModel) refuseLessLogged(ctx context.Context, change session.Change[sudoersPolicyModel]) error {
	var unreadable diag.Diagnostics // then it is no change that only takes away
	if change.State != nil && m.takesAway(ctx, m.text(), change.State, getObserved(ctx, change.Private, &unreadable), change.Targets) {
		return nil
	}
	targets := slices.Clone(change.Targets)
	planned := map[string]loggedModel{}
	for name, entry := range m.Logged.Elements() {
		if entry, is := entry.(types.Object); is && !entry.IsUnknown() && !entry.IsNull() {
			events, _ := entry.Attributes()["events"].(types.Bool)
			unlogged, _ := entry.Attributes()["unlogged"].(types.List)
			planned[name] = loggedModel{Events: events.ValueBool(), Unlogged: values.StringsInList(ctx, unlogged, &diag.Diagnostics{})}
		}
	}
	targets = slices.DeleteFunc(targets, func(t node.Target) bool { _, told := planned[t.Name]; return !told })
	if len(targets) == 0 {
		return nil
	}
	seen, err := session.Observe(ctx, change.Nodes, targets, m.policy().Observe)
	if err != nil {
		return err
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if lost := lessLogged(planned[name], review.LoggedOn(m.policy(), seen[name].Around)); len(lost) > 0 {
			lines = append(lines, name+": "+strings.Join(lost, "; "))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("less is logged now than the plan said:\n\n  %s\n\nSomebody changed the sudoers files since the plan. Nothing was changed on any node. Plan again, and apply what that plan shows", strings.Join(lines, "\n  "))
}

// lessLogged tells what is logged no longer that a plan said is: the lines that switch logs off, or what is not logged.
func lessLogged(planned loggedModel, now review.Logged) []string {
	more := slices.DeleteFunc(slices.Clone(now.Unlogged), func(line string) bool { return slices.Contains(planned.Unlogged, line) })
	switch {
	case (!planned.Events || now.Events) && len(more) == 0:
		return nil
	case len(now.Off) > 0:
		return now.Off
	case len(more) > 0:
		return more
	}
	return []string{"not every command is logged"}
}
