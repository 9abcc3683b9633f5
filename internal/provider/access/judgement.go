package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// judgement decides whether a problem in a plan is an error. Terraform plans everything once before it destroys, and a provider cannot tell
// that plan from another one: an error in it would prevent the removal of access. So only a new request in the configuration is an error of the
// plan.
type judgement int

const (
	refused   judgement = iota // an error of the plan
	deferred                   // the configuration did not change: a warning, and an error of an apply that writes
	tolerated                  // the change grants nothing: a warning
)

// add reports a problem as the judgement demands. quiet is set in the plan that Terraform makes while it applies: it has shown the warnings before.
func (j judgement) add(diags *diag.Diagnostics, quiet bool, at path.Path, summary, detail string) {
	switch {
	case j == refused:
		diags.AddAttributeError(at, summary, detail)
	case quiet:
	case j == deferred:
		diags.AddAttributeWarning(at, summary, detail+"\n\nThe configuration did not change, so this is only a warning. An apply that writes fails; removing access and destroying work.")
	default:
		diags.AddAttributeWarning(at, summary, detail+"\n\nThis change grants nothing, so it is not refused.")
	}
}

// addRefusal says what PVE would refuse. What grants nothing is no error of the plan either, since a destroy plans it too; an apply is one.
func (j judgement) addRefusal(diags *diag.Diagnostics, quiet bool, at path.Path, summary, detail string) {
	if j != tolerated {
		j.add(diags, quiet, at, summary, detail)
	} else if !quiet {
		diags.AddAttributeWarning(at, summary, detail+"\n\nThe plan goes on, since Terraform makes it before a destroy too. An apply is refused.")
	}
}

// appliedKey is where private state keeps the digest of what was applied last.
const appliedKey = "applied"

// digest returns a digest of everything in a user's configuration that PVE stores. The end of a token with expires_in is computed, so it is not part of it.
func (m *restrictedUserModel) digest(ctx context.Context, diags *diag.Diagnostics) string {
	want := m.principal(ctx, diags)
	for id, token := range want.Tokens {
		if in := m.token(ctx, id, diags).ExpiresIn; !in.IsNull() {
			token.Expire, token.Comment = 0, token.Comment+"\n"+in.ValueString()
			want.Tokens[id] = token
		}
	}
	return appliedDigest(want, values.AcceptedRisks(ctx, m.AcceptedRisks, diags))
}

func appliedDigest(want proxmox.Principal, accepted map[string]string) string {
	encoded, err := json.Marshal(struct {
		Principal proxmox.Principal
		Accepted  map[string]string
	}{want, accepted})
	if err != nil {
		return "" // equals no digest
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

func readApplied(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) string {
	text, problems := private.GetKey(ctx, appliedKey)
	diags.Append(problems...)
	var digest string
	if len(text) > 0 && json.Unmarshal(text, &digest) != nil {
		return ""
	}
	return digest
}

func writeApplied(ctx context.Context, private values.PrivateWriter, digest string, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, appliedKey, []byte(fmt.Sprintf("%q", digest)))...)
}

// judge decides about the planned user with its tokens, or a planned token. have is the recorded state, nil for a new object;
// tainted is set if it replaces a tainted object, last is the digest of the last apply.
func judge(ctx context.Context, pve *proxmox.Client, have *proxmox.Principal, want proxmox.Principal, tainted bool, last, digest string) judgement {
	switch {
	case have != nil && grantsNothing(ctx, pve, *have, want):
		return tolerated
	case tainted, have != nil && last != "" && last == digest:
		return deferred
	}
	return refused
}

// grantsNothing reports that a change gives no one more privileges. If this is unknown, it returns false.
func grantsNothing(ctx context.Context, pve *proxmox.Client, have, want proxmox.Principal) bool {
	if want.Revives(have) {
		return false
	}
	today, err := pve.RightsOf(ctx, want.UserID, nil)
	if err != nil {
		return false
	}
	planned, err := pve.RightsOf(ctx, want.UserID, &want)
	if err != nil || !planned.Within(today, string(want.UserID)) {
		return false
	}
	for id := range want.Tokens {
		if !planned.Within(today, want.UserID.Token(id)) {
			return false
		}
	}
	return true
}
