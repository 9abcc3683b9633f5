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
const notReached = "not reached: what the node holds is not known"

// noNodeAnswered is said where skipping would leave nothing.
const noNodeAnswered = "No node answered, and an apply that skips every node would only look as if it had done something. Nothing was changed."

// onUnreachableAttribute describes on_unreachable, which each resource on nodes has.
func onUnreachableAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "What happens when a node does not answer: `fail` (default) changes no node at all; `skip` goes on with the others, says the node by name, and keeps " +
			"what is recorded of it, so that every later plan shows what it lacks until an apply reaches it. A node that answers and refuses, for its host key or the login, " +
			"is an error either way. With `skip`, a plan shows changed nodes as known after apply. Destroying and taking a node off `nodes` never skip: what stayed behind would be forgotten.",
		Optional:   true,
		Computed:   true,
		Default:    stringdefault.StaticString(failUnreachable),
		Validators: []validator.String{stringvalidator.OneOf(failUnreachable, skipUnreachable)},
	}
}

// Reachable are the targets that can be reached. With "fail" that is not asked: the operation itself fails where a node does not answer.
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
	diags.AddAttributeWarning(path.Root("on_unreachable"), "Skipped: "+strings.Join(names, ", "),
		detail.String()+"Nothing was read or changed there (on_unreachable = \"skip\"). What the state records is kept, and the next plan shows what is missing.")
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
