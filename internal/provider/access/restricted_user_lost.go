package access

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// lostTokens are the ids of tokens that may exist although nobody has their secret: a run was to create them and was
// interrupted. State leaves them out, so that the next apply creates them again and their secrets are told.
type lostTokens []string

const lostTokensKey = "lost_tokens"

// untold are the tokens that a plan adds to state, less those whose secret came.
func untold(plan, state *restrictedUserModel, secrets proxmox.Secrets) lostTokens {
	lost := lostTokens{}
	for id := range plan.Tokens.Elements() {
		_, before := state.Tokens.Elements()[id]
		if _, told := secrets[id]; !before && !told {
			lost = append(lost, id)
		}
	}
	slices.Sort(lost)
	return lost
}

func readLostTokens(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) lostTokens {
	text, problems := private.GetKey(ctx, lostTokensKey)
	diags.Append(problems...)
	var lost lostTokens
	if len(text) > 0 && json.Unmarshal(text, &lost) != nil {
		return nil // written by something else than this provider
	}
	return lost
}

func (l lostTokens) write(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	text, err := json.Marshal(l)
	if err != nil {
		diags.AddError("Unable to record tokens", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, lostTokensKey, text)...)
}

// drop takes the tokens that are lost out of a model.
func (l lostTokens) drop(m *restrictedUserModel) {
	if len(l) == 0 || m.Tokens.IsUnknown() {
		return
	}
	read := maps.Clone(m.Tokens.Elements())
	for _, id := range l {
		delete(read, id)
	}
	m.Tokens = types.MapValueMust(tokenReadType, read)
	m.showEnds()
	m.TokenBlocks = types.SetValueMust(tokenType, slices.DeleteFunc(slices.Clone(m.TokenBlocks.Elements()), func(element attr.Value) bool {
		object, ok := element.(types.Object)
		if !ok {
			return false
		}
		name, ok := object.Attributes()["name"].(types.String)
		return ok && slices.Contains(l, name.ValueString())
	}))
}
