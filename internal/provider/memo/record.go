package memo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Key is where private state holds the memo.
const Key = "memo"

// Resource is a resource that leaves memos.
type Resource interface {
	resource.Resource
	// Recall asks the server what a memo is about, and gives what the resource keeps of the answers, in the form in
	// which [Write] got it. It is false where the server does not answer, or where the framework would have something
	// to say of the resource.
	Recall(ctx context.Context, shared *session.Clients, about []byte) (said any, silent bool)
}

// Planner is a [Resource] of which a plan says something of the last change, or notes something for the rest of the
// run, also where nothing changes.
type Planner interface {
	Resource
	// Fades names attributes that tell of the change that was applied last. A reading makes them null.
	Fades() []string
	// Planned notes that a resource was planned as it is. It gives what the private state of the plan has beside, and
	// is false where the framework would have something to say of the plan; then it notes nothing.
	Planned(shared *session.Clients, about []byte) (beside map[string][]byte, silent bool)
}

// record is a memo. The resource writes what the server was asked and what it said; the rest is added where the whole
// answer is known.
type record struct {
	About json.RawMessage `json:"about"`
	Said  string          `json:"said"`
	// Build is the digest of the provider's build and the schema, empty in a record that was not completed, which
	// counts for nothing.
	Build  string `json:"build,omitempty"`
	State  string `json:"state,omitempty"`
	Config string `json:"config,omitempty"`
	// Rest is the digest of the private state beside the memo.
	Rest     string `json:"rest,omitempty"`
	Identity []byte `json:"identity,omitempty"`
}

// Write notes in private state what the server was asked about a resource, and what it said, or would say now that it
// was written. Both must be the same text in JSON whenever they mean the same.
func Write(ctx context.Context, private values.PrivateWriter, about, said any, diags *diag.Diagnostics) {
	question, err := json.Marshal(about)
	var encoded []byte
	if err == nil {
		encoded, err = json.Marshal(record{About: question, Said: digestOf(said)})
	}
	if err != nil {
		panic(err) // only texts, numbers, flags and lists: nothing that JSON can't hold
	}
	diags.Append(private.SetKey(ctx, Key, encoded)...)
}

// Drop removes the memo from private state.
func Drop(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, Key, []byte("null"))...)
}

// digestOf is the digest of a value's JSON, "" for what has none.
func digestOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return digest(text)
}

func digest(parts ...[]byte) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// readRecord gives the memo of a private state, and the digest of the rest of it.
func readRecord(private []byte) (memo record, rest string, found bool) {
	keys := map[string][]byte{}
	if len(private) == 0 || json.Unmarshal(private, &keys) != nil {
		return record{}, "", false
	}
	text := keys[Key]
	if len(text) == 0 || json.Unmarshal(text, &memo) != nil || memo.Said == "" {
		return record{}, "", false
	}
	delete(keys, Key)
	return memo, digestOf(keys), true
}

// writeRecord puts a memo into a private state.
func writeRecord(private []byte, memo record) []byte {
	keys := map[string][]byte{}
	if len(private) > 0 && json.Unmarshal(private, &keys) != nil {
		return private
	}
	delete(keys, Key)
	memo.Rest = digestOf(keys)
	text, err := json.Marshal(memo)
	if err != nil {
		return private
	}
	keys[Key] = text
	whole, err := json.Marshal(keys)
	if err != nil {
		return private
	}
	return whole
}

// Sorted is a sorted copy, for what is said as a set.
func Sorted(texts []string) []string {
	sorted := append([]string{}, texts...)
	slices.Sort(sorted)
	return sorted
}
