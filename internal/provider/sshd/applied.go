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

// appliedKey is where the digests of what was applied last are recorded, by node.
const appliedKey = "applied_files"

func appliedFiles(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) map[string]string {
	applied := map[string]string{}
	if private == nil {
		return applied
	}
	text, problems := private.GetKey(ctx, appliedKey)
	diags.Append(problems...)
	if len(text) > 0 && json.Unmarshal(text, &applied) != nil {
		return map[string]string{} // copies are called "found" then
	}
	return applied
}

// Applied fills in deployed, and records what was applied. What was planned as known stays: where a node has something
// else already, the next plan shows it. What could not be read back is as it was judged.
func (m *policyModel) Applied(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	applied, entries := map[string]string{}, m.Deployed.Elements()
	for name, plan := range m.installed {
		applied[name] = plan.State.File.SHA256
		judged := entryOf(ctx, plan.State, diags)
		found := judged
		if entry, is := entries[name].(types.Object); is && !entry.Equal(entryOf(ctx, &hardening.SshdState{}, diags)) {
			found = entry
		}
		entries[name] = settle(m.planned[name], found, judged)
	}
	m.Deployed = types.MapValueMust(deployedType, entries)
	if text, err := json.Marshal(applied); err == nil {
		diags.Append(private.SetKey(ctx, appliedKey, text)...)
	}
}

// settle keeps what was planned as known, and takes what was open from what was found, or from what was judged where
// nothing was.
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
