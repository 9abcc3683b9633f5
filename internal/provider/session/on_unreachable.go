package session

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// What on_unreachable may say.
const (
	failUnreachable = "fail"
	skipUnreachable = "skip"
)

// notReached is what the entry of a skipped node says in changes.
const notReached = "not reached: the state of the node is unknown"

// noNodeAnswered is the error for an apply that would skip every node.
const noNodeAnswered = "No node answered, so pvesec changed nothing. Check the network and the addresses of the nodes, then apply again."

// onUnreachableAttribute describes on_unreachable, which each resource on nodes has.
func onUnreachableAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "What to do when a node does not answer. `fail` (default) changes no node. `skip` continues with the other nodes, warns about the skipped one and keeps " +
			"its last known state; plans show the pending change until an apply reaches it, as known after apply. A wrong host key or a refused login " +
			"is an error with both. Destroying the resource and removing a node from `nodes` never skip a node, because the state would forget what stays there.",
		Optional:   true,
		Computed:   true,
		Default:    stringdefault.StaticString(failUnreachable),
		Validators: []validator.String{stringvalidator.OneOf(failUnreachable, skipUnreachable)},
	}
}

// Reachable returns the targets that answer. With "fail" it returns all: the operation itself then fails if a node does not answer.
func (c *Configured) Reachable(ctx context.Context, targets []node.Target, onUnreachable types.String, diags *diag.Diagnostics) []node.Target {
	if onUnreachable.ValueString() != skipUnreachable || c.Clients == nil || c.Clients.pool == nil {
		return targets
	}
	silent := c.Clients.pool.Unreachable(ctx, targets)
	if len(silent) == 0 {
		return targets
	}
	var reached []node.Target
	for _, target := range targets {
		if silent[target.Name] == nil {
			reached = append(reached, target)
		}
	}
	names := make([]string, 0, len(silent))
	for name := range silent {
		names = append(names, name)
	}
	sort.Strings(names)
	var detail strings.Builder
	for _, name := range names {
		fmt.Fprintf(&detail, "%s\n\n", values.UpperFirst(silent[name].Error()))
	}
	diags.AddAttributeWarning(path.Root("on_unreachable"), "Unable to reach "+strings.Join(names, ", ")+", skipped",
		detail.String()+"pvesec read and changed nothing there (on_unreachable = \"skip\"). The state keeps the last known values, and plans show the pending change until an apply reaches the node.")
	return reached
}

// Undecided makes the planned entries unknown that differ from what is recorded: an apply that skips may leave them as they are.
func Undecided(ctx context.Context, planned, recorded types.Map, onUnreachable types.String, diags *diag.Diagnostics) types.Map {
	if onUnreachable.ValueString() != skipUnreachable && !onUnreachable.IsUnknown() || planned.IsNull() || planned.IsUnknown() {
		return planned
	}
	entries := planned.Elements()
	for name, entry := range entries {
		if before, ok := recorded.Elements()[name]; !ok || !before.Equal(entry) {
			if object, is := planned.ElementType(ctx).(types.ObjectType); is {
				entries[name] = types.ObjectUnknown(object.AttrTypes)
			}
		}
	}
	result, problems := types.MapValue(planned.ElementType(ctx), entries)
	diags.Append(problems...)
	return result
}

// Decided are the entries of a map of objects that are known.
func Decided(value types.Map) types.Map {
	if value.IsNull() || value.IsUnknown() {
		return value
	}
	entries := value.Elements()
	for name, entry := range entries {
		if entry.IsUnknown() {
			delete(entries, name)
		}
	}
	return types.MapValueMust(value.ElementType(context.Background()), entries)
}
