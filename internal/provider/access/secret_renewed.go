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

// renewedKey is where private state keeps the id of a token to which somebody else gave another secret. Its successor has no overlap with it:
// whoever has that secret is not who is to have one.
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

// renewedElsewhere tells whether somebody gave a token another secret than the one that state keeps. PVE shows no sign of it; it is asked with the
// secret itself. Where it does not answer, nothing is said to be so.
func renewedElsewhere(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, id, secret string, diags *diag.Diagnostics) bool {
	works, known, err := pve.SecretWorks(ctx, user, id, secret)
	if err != nil {
		diags.AddWarning("The secret of "+user.Token(id)+" was not tried", values.UpperFirst(err.Error())+"\n\nThe next refresh tries it again.")
		return false
	}
	return known && !works
}

const renewedDetail = "PVE has the token and does not accept the secret that state keeps: somebody renewed it, or made the token anew. The apply gives it another secret."

// renewedTokens are the ids of a user's tokens whose recorded secrets PVE does not accept any more.
func renewedTokens(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, secrets map[string]attr.Value, diags *diag.Diagnostics) []string {
	var renewed []string
	for _, id := range slices.Sorted(maps.Keys(secrets)) {
		if secret, ok := secrets[id].(types.String); ok && !secret.IsNull() && renewedElsewhere(ctx, pve, user, id, secret.ValueString(), diags) {
			renewed = append(renewed, id)
		}
	}
	if len(renewed) > 0 {
		diags.AddWarning("Secrets of "+string(user)+" were renewed elsewhere: "+strings.Join(renewed, ", "), renewedDetail)
	}
	return renewed
}
