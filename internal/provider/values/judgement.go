package values

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// Judgement decides whether a problem in a plan is an error. Terraform plans everything once before it destroys, and a
// provider cannot tell that plan from another one: an error in it would prevent the removal of access. So only a new
// request in the configuration is an error of the plan.
type Judgement int

// What a problem in a plan is.
const (
	Refused   Judgement = iota // an error of the plan
	Deferred                   // the configuration did not change: a warning, and an error of an apply that writes
	Tolerated                  // the change grants nothing: a warning
)

// Report reports a problem as the judgement demands. quiet is set in the plan that Terraform makes while it applies: it
// has shown the warnings before.
func (j Judgement) Report(diags *diag.Diagnostics, quiet bool, at path.Path, summary, detail string) {
	switch {
	case j == Refused:
		diags.AddAttributeError(at, summary, detail)
	case quiet:
	case j == Deferred:
		diags.AddAttributeWarning(at, summary, detail+"\n\n"+NotRefusedYet)
	default:
		diags.AddAttributeWarning(at, summary, detail+"\n\nThis change grants nothing, so it is not refused.")
	}
}

// NotRefusedYet says of a problem why it is a warning while nobody changes the configuration, and what it is in an
// apply.
const NotRefusedYet = "The configuration did not change, so this is only a warning. An apply that writes is refused. Removing access and destroying the resource are not."

// appliedKey is where private state keeps the digest of what was applied last.
const appliedKey = "applied"

// AppliedDigest is the digest of a configuration, "" for what JSON cannot hold: that equals no digest.
func AppliedDigest(configuration any) string {
	encoded, err := json.Marshal(configuration)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// ReadApplied reads the digest of what was applied last from private state, "" where there is none.
func ReadApplied(ctx context.Context, private PrivateReader, diags *diag.Diagnostics) string {
	text, problems := private.GetKey(ctx, appliedKey)
	diags.Append(problems...)
	var digest string
	if len(text) > 0 && json.Unmarshal(text, &digest) != nil {
		return ""
	}
	return digest
}

// WriteApplied records the digest of what was applied.
func WriteApplied(ctx context.Context, private PrivateWriter, digest string, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, appliedKey, []byte(fmt.Sprintf("%q", digest)))...)
}
