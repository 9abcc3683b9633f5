package sshd

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Beside the state is recorded what was applied last, by node: the digest of the file, and the lines of other files that were there then. A plan shows those that are new.
const (
	appliedKey  = "applied_files"
	acceptedKey = "applied_beside"
)

// recorded reads what is recorded under a key. What cannot be read is nothing: copies are called "found" then, and every line is new.
func recorded[T any](ctx context.Context, private values.PrivateReader, key string, diags *diag.Diagnostics) map[string]T {
	all := map[string]T{}
	if private == nil {
		return all
	}
	text, problems := private.GetKey(ctx, key)
	diags.Append(problems...)
	if len(text) > 0 && json.Unmarshal(text, &all) != nil {
		return map[string]T{}
	}
	return all
}

func appliedFiles(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) map[string]string {
	return recorded[string](ctx, private, appliedKey, diags)
}

func acceptedLines(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) map[string][]string {
	return recorded[[]string](ctx, private, acceptedKey, diags)
}

func record[T any](ctx context.Context, private values.PrivateWriter, key string, all map[string]T, diags *diag.Diagnostics) {
	if text, err := json.Marshal(all); err == nil {
		diags.Append(private.SetKey(ctx, key, text)...)
	}
}

// Applied fills in deployed, and records what was applied. What was planned as known stays: where a node has something else already, the next plan shows it. What could not be read back is as it was judged.
func (m *policyModel) Applied(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	applied, accepted, entries := map[string]string{}, map[string][]string{}, m.Deployed.Elements()
	for name, plan := range m.installed {
		applied[name] = plan.State.File.SHA256
		judged := entryOf(ctx, plan.State, diags)
		found := judged
		if entry, is := entries[name].(types.Object); is && !entry.Equal(entryOf(ctx, &hardening.SshdState{}, diags)) {
			found = entry
		}
		settled := settle(m.planned[name], found, judged)
		entries[name] = settled
		if entry, is := settled.(types.Object); is {
			if lines, is := entry.Attributes()["overruled"].(types.List); is {
				accepted[name] = values.StringsInList(ctx, lines, diags)
			}
		}
	}
	m.Deployed = types.MapValueMust(deployedType, entries)
	record(ctx, private, appliedKey, applied, diags)
	record(ctx, private, acceptedKey, accepted, diags)
}

// settle keeps what was planned as known, and takes what was open from what was found, or from what was judged where nothing was.
func settle(planned, found, judged attr.Value) attr.Value {
	if planned == nil || planned.IsUnknown() || planned.IsNull() {
		if found == nil {
			return judged
		}
		return found
	}
	switch planned := planned.(type) {
	case types.Object:
		attributes := planned.Attributes()
		for name, value := range attributes {
			attributes[name] = settle(value, attributeOf(found, name), attributeOf(judged, name))
		}
		return types.ObjectValueMust(deployedType.AttrTypes, attributes)
	case types.Map:
		elements := planned.Elements()
		for name, value := range elements {
			settled := settle(value, elementOf(found, name), elementOf(judged, name))
			if settled == nil {
				settled = values.StringMap(nil) // a login of which nothing is known has no values
			}
			elements[name] = settled
		}
		return types.MapValueMust(planned.ElementType(context.Background()), elements)
	}
	return planned
}

func attributeOf(value attr.Value, name string) attr.Value {
	if object, is := value.(types.Object); is {
		return object.Attributes()[name]
	}
	return nil
}

func elementOf(value attr.Value, name string) attr.Value {
	if all, is := value.(types.Map); is {
		return all.Elements()[name]
	}
	return nil
}
