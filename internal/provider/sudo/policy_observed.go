package sudo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// observedKey is the key in private state for the facts about each node that deployed does not show.
const observedKey = "observed"

// observedNode is the record of a node in private state.
type observedNode struct {
	// Kept are the foreign grants that exclusive = true cannot remove, so that a plan can say what will be left.
	Kept []string `json:"kept"`
	// Cuts are those that it does remove, so that an apply removes what its plan showed; nil in a record of a version
	// that did not know them.
	Cuts []string `json:"cuts"`
	// SHA256 is the digest of the file on the node, "" for none and for anything but a regular file. If the file
	// differs from the recorded text in form alone, deployed shows the digest of the text.
	SHA256 string `json:"sha256"`
	// Content is the file's text, with which a plan compares.
	Content string `json:"content,omitempty"`
	// Around is what the other files say, with which a plan judges the policy.
	Around *hardening.Surroundings `json:"around,omitempty"`
}

// setObserved records what was read of the nodes. Of a node of the policy that was left out, since it did not answer,
// what was read last stays: it is judged with that until it answers. It gives all that is recorded.
func (m *sudoersPolicyModel) setObserved(ctx context.Context, private values.PrivateState, seen map[string]*hardening.SudoersState, diags *diag.Diagnostics) map[string]observedNode {
	var unreadable diag.Diagnostics // then it is written anew
	observed := getObserved(ctx, private, &unreadable)
	maps.DeleteFunc(observed, func(name string, _ observedNode) bool { return m.Deployed.Elements()[name] == nil })
	for name, found := range seen {
		entry := observedNode{Kept: []string{}, Cuts: removable(found), SHA256: found.File.SHA256, Content: found.Content, Around: &found.Around}
		for _, grant := range found.Foreign {
			if !grant.Removable {
				entry.Kept = append(entry.Kept, grant.String())
			}
		}
		observed[name] = entry
	}
	encoded, err := json.Marshal(observed)
	if err != nil {
		panic(err) // only texts and numbers: nothing that JSON can't hold
	}
	diags.Append(private.SetKey(ctx, observedKey, encoded)...)
	return observed
}

func getObserved(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) map[string]observedNode {
	observed := map[string]observedNode{}
	encoded, problems := private.GetKey(ctx, observedKey)
	diags.Append(problems...)
	if encoded != nil {
		if err := json.Unmarshal(encoded, &observed); err != nil {
			diags.AddError("Invalid private state", fmt.Sprintf("pvesec cannot read its record of the nodes' files: %v. Run terraform apply -refresh-only to write it again.", err))
		}
	}
	return observed
}
