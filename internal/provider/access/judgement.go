package access

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// reportRefusal says what PVE would refuse. What grants nothing is no error of the plan either, since a destroy plans
// it too; an apply is one.
func reportRefusal(j values.Judgement, diags *diag.Diagnostics, quiet bool, at path.Path, summary, detail string) {
	if j != values.Tolerated {
		j.Report(diags, quiet, at, summary, detail)
	} else if !quiet {
		diags.AddAttributeWarning(at, summary, detail+"\n\nThe plan goes on, since Terraform makes it before a destroy too. An apply is refused.")
	}
}

// digest returns a digest of everything in a user's configuration that PVE stores. The end of a token with expires_in
// is computed, so it is not part of it.
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
	return values.AppliedDigest(struct {
		Principal proxmox.Principal
		Accepted  map[string]string
	}{want, accepted})
}

// judge decides about the planned user with its tokens, or a planned token. have is the recorded state, nil for a new
// object; tainted is set if it replaces a tainted object, last is the digest of the last apply.
func judge(ctx context.Context, pve *proxmox.Client, have *proxmox.Principal, want proxmox.Principal, tainted bool, last, digest string) values.Judgement {
	switch {
	case have != nil && grantsNothing(ctx, pve, *have, want):
		return values.Tolerated
	case tainted, have != nil && last != "" && last == digest:
		return values.Deferred
	}
	return values.Refused
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
