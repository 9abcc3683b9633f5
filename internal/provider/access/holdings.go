package access

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

const (
	userType      = session.TypeName + "_restricted_user"
	tokenTypeName = session.TypeName + "_api_token"
)

// userName and tokenName are how users and tokens are called among the holdings of a run.
func userName(userID string) string           { return "user " + userID }
func tokenName(userID, tokenID string) string { return "token " + userID + "!" + tokenID }

// nameOf is what a state holds, "" for a resource of another type.
func nameOf(typeName string, state map[string]any) string {
	user, _ := state["user_id"].(string)
	switch typeName {
	case userType:
		return userName(user)
	case tokenTypeName:
		token, _ := state["token_id"].(string)
		return tokenName(user, token)
	}
	return ""
}

// watched notes what the requests of a run say about the users and tokens that states hold, and tells the resources.
type watched struct {
	memo.Framework
	shared func() *session.Clients // nil before the provider is configured
}

// Watch puts the notes of a run before a server.
func Watch(server memo.Framework, shared func() *session.Clients) memo.Framework {
	return &watched{Framework: server, shared: shared}
}

func (w *watched) holdings() *session.Holdings {
	if shared := w.shared(); shared != nil {
		return shared.Holdings()
	}
	return &session.Holdings{} // before the provider is configured nothing is planned
}

// UpgradeResourceState notes what is in a state, however old its form.
func (w *watched) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	w.holdings().NoteState()
	var state map[string]any
	if (req.TypeName == userType || req.TypeName == tokenTypeName) && req.RawState != nil && json.Unmarshal(req.RawState.JSON, &state) == nil {
		w.holdings().NoteHeld(nameOf(req.TypeName, state))
	}
	return w.Framework.UpgradeResourceState(ctx, req)
}

// ReadResource notes that an object was refreshed.
func (w *watched) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if name := nameIn(req.TypeName, req.CurrentState); name != "" {
		w.holdings().NoteHeld(name)
		w.holdings().NoteRead(name)
	}
	return w.Framework.ReadResource(ctx, req)
}

// PlanResourceChange also tells the resource whether an object replaces another one of the same resource.
func (w *watched) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if req.TypeName != userType && req.TypeName != tokenTypeName {
		return w.Framework.PlanResourceChange(ctx, req)
	}
	if isNull(req.PriorState) {
		if len(req.PriorPrivate) > 0 {
			ctx = session.WithReplacement(ctx)
		}
		return w.Framework.PlanResourceChange(ctx, req)
	}
	if name := nameIn(req.TypeName, req.PriorState); name != "" {
		w.holdings().NotePlanned(name)
	}
	resp, err := w.Framework.PlanResourceChange(ctx, req)
	if resp != nil && len(resp.PlannedPrivate) == 0 {
		resp.PlannedPrivate = plannedPrivate
	}
	return resp, err
}

func nameIn(typeName string, state *tfprotov6.DynamicValue) string {
	if typeName != userType && typeName != tokenTypeName || state == nil || len(state.MsgPack) == 0 {
		return ""
	}
	var fields map[string]any
	if msgpack.Unmarshal(state.MsgPack, &fields) != nil || fields == nil {
		return ""
	}
	return nameOf(typeName, fields)
}

// isNull tells whether a state is none.
func isNull(state *tfprotov6.DynamicValue) bool {
	return state != nil && len(state.MsgPack) == 1 && state.MsgPack[0] == 0xc0
}

// plannedKey is in the private part of every plan of an object, so that it is never empty: when Terraform plans what
// comes after an object that is to be replaced, it hands this on although it says that there was none.
const plannedKey = "planned"

var plannedPrivate = mustEncode(map[string][]byte{plannedKey: []byte("true")})

func mustEncode(private map[string][]byte) []byte {
	encoded, err := json.Marshal(private)
	if err != nil {
		panic(err) // the value is fixed
	}
	return encoded
}
