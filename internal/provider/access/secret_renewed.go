package access

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// renewedKey is where private state keeps the id of a token to which somebody else gave another secret. Its successor
// has no overlap with it: the wrong person has that secret.
const renewedKey = "renewed"

func readRenewed(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) string {
	text, problems := private.GetKey(ctx, renewedKey)
	diags.Append(problems...)
	var id string
	if len(text) > 0 && json.Unmarshal(text, &id) != nil {
		return ""
	}
	return id
}

func writeRenewed(ctx context.Context, private values.PrivateWriter, id string, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, renewedKey, []byte(fmt.Sprintf("%q", id)))...)
}

// renewedElsewhere reports whether someone gave a token another secret than the one in the state. PVE does not show
// this, so the function tries the secret. Without an answer of PVE it returns false.
func renewedElsewhere(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, id, secret string, diags *diag.Diagnostics) bool {
	works, known, err := pve.SecretWorks(ctx, user, id, secret)
	if err != nil {
		diags.AddWarning("Unable to verify the secret of "+user.Token(id), values.UpperFirst(err.Error())+"\n\nThe next refresh tries again.")
		return false
	}
	return known && !works
}

const renewedDetail = "PVE has the token but does not accept the secret in the state: someone renewed the secret, or created the token again. The next apply gives the token a new secret."

// renewedTokens returns the ids of a user's tokens whose recorded secrets PVE no longer accepts.
func renewedTokens(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, secrets map[string]attr.Value, diags *diag.Diagnostics) []string {
	var renewed []string
	for _, id := range slices.Sorted(maps.Keys(secrets)) {
		if secret, ok := secrets[id].(types.String); ok && !secret.IsNull() && renewedElsewhere(ctx, pve, user, id, secret.ValueString(), diags) {
			renewed = append(renewed, id)
		}
	}
	if len(renewed) > 0 {
		diags.AddWarning("Someone renewed secrets of "+string(user)+": "+strings.Join(renewed, ", "), renewedDetail)
	}
	return renewed
}
