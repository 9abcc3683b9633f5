package nodeaccount

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

type keyModel struct {
	Key        types.String `tfsdk:"key"`
	Restrict   types.Bool   `tfsdk:"restrict"`
	PTY        types.Bool   `tfsdk:"pty"`
	From       types.List   `tfsdk:"from"`
	Command    types.String `tfsdk:"command"`
	ExpiryTime types.String `tfsdk:"expiry_time"`
}

func (m *nodeAccountModel) keys(ctx context.Context, diags *diag.Diagnostics) []hardening.AuthorizedKey {
	var models []keyModel
	diags.Append(values.Present(m.Keys).ElementsAs(ctx, &models, false)...)
	keys := make([]hardening.AuthorizedKey, 0, len(models))
	for _, k := range models {
		keys = append(keys, hardening.AuthorizedKey{
			Key: k.Key.ValueString(), Restrict: k.Restrict.ValueBool(), PTY: k.PTY.ValueBool(), From: values.StringsInList(ctx, values.PresentInList(k.From), diags), Command: k.Command.ValueString(),
			ExpiryTime: k.ExpiryTime.ValueString(),
		})
	}
	slices.SortFunc(keys, func(a, b hardening.AuthorizedKey) int { return strings.Compare(a.Line(), b.Line()) })
	return keys
}

// keyTexts are the keys as deployed shows them.
func keyTexts(keys []hardening.AuthorizedKey) []string {
	texts := make([]string, 0, len(keys))
	for _, key := range keys {
		texts = append(texts, key.String())
	}
	return texts
}

// setKeys writes keys of a node into a model that is being imported. Those that blocks cannot say are left out, and
// show as drift.
func (m *nodeAccountModel) setKeys(ctx context.Context, lines []hardening.KeyLine, diags *diag.Diagnostics) {
	elements := []attr.Value{}
	for _, line := range lines {
		key, ok := line.Parse()
		if !ok {
			continue
		}
		model := keyModel{Key: types.StringValue(key.Key), From: types.ListNull(types.StringType)}
		if key.Restrict {
			model.Restrict = types.BoolValue(true)
		}
		if key.PTY {
			model.PTY = types.BoolValue(true)
		}
		if len(key.From) > 0 {
			model.From = values.StringList(key.From)
		}
		if key.Command != "" {
			model.Command = types.StringValue(key.Command)
		}
		if key.ExpiryTime != "" {
			model.ExpiryTime = types.StringValue(key.ExpiryTime)
		}
		elements = append(elements, values.WriteObject(ctx, keyType.AttrTypes, model, diags))
	}
	m.Keys = types.SetValueMust(keyType, elements)
}
