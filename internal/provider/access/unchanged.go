package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// FrameworkServer is what the framework serves: the protocol with what it knows of lists.
type FrameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
}

// NewUnchanged puts the shorter way before the framework's server; shared gives what the provider was configured with, nil before that.
func NewUnchanged(server FrameworkServer, shared func() *session.Clients) tfprotov6.ProviderServer {
	return &unchanged{FrameworkServer: server, shared: shared, shape: newUserShape()}
}

// unchanged answers Terraform where the answer is what Terraform said: a user in PVE is as state has it, its configuration asks for nothing else,
// and nothing is to be said about it. These are nearly all users in nearly every run, and the framework takes milliseconds for each, since it
// resolves every path of every value from the root of the schema, several times. Everything else, every doubt and every message is the
// framework's: an answer from here is the one that the framework would give, which the tests compare.
type unchanged struct {
	FrameworkServer
	shared func() *session.Clients // nil before the provider is configured
	shape  *userShape

	mu   sync.Mutex
	seen map[[sha256.Size]byte]recordedUser // by what state holds: users that were found so in this run
}

const userType = session.TypeName + "_restricted_user"

// ValidateResourceConfig answers for a configuration of a user in which nothing is wrong.
func (u *unchanged) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if req.TypeName == userType {
		if config, known := readPlain(req.Config); known && u.shape.valid(ctx, config) {
			return &tfprotov6.ValidateResourceConfigResponse{}, nil
		}
	}
	return u.FrameworkServer.ValidateResourceConfig(ctx, req)
}

// UpgradeResourceState answers for a state of a user that has today's form already.
func (u *unchanged) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if req.TypeName == userType && req.Version == u.shape.schema.Version && req.RawState != nil && len(req.RawState.Flatmap) == 0 {
		var state map[string]any
		if err := json.Unmarshal(req.RawState.JSON, &state); err == nil && state != nil && fits(u.shape.typ, state) {
			return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
		}
	}
	return u.FrameworkServer.UpgradeResourceState(ctx, req)
}

// ReadResource answers for a user that is as state has it.
func (u *unchanged) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if req.TypeName == userType {
		if user, found := u.found(ctx, req); found {
			u.note(req.CurrentState, req.Private, user)
			if identity, err := msgpack.Marshal(map[string]string{"user_id": string(user.UserID)}); err == nil {
				return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private,
					NewIdentity: &tfprotov6.ResourceIdentityData{IdentityData: &tfprotov6.DynamicValue{MsgPack: identity}}}, nil
			}
		}
	}
	return u.FrameworkServer.ReadResource(ctx, req)
}

// found reads a user and tells whether everything that state records is so.
func (u *unchanged) found(ctx context.Context, req *tfprotov6.ReadResourceRequest) (recordedUser, bool) {
	state, known := readPlain(req.CurrentState)
	if !known || state["timeouts"] != nil || u.shared() == nil {
		return recordedUser{}, false
	}
	user, complete := recorded(state, req.Private)
	if !complete || !sameIdentity(req.CurrentIdentity, user.UserID) {
		return recordedUser{}, false
	}
	pve, err := u.shared().PVE()
	if err != nil {
		return recordedUser{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, session.DefaultTimeout)
	defer cancel()
	holds, err := pve.ReadPrincipal(ctx, user.UserID, user.managedRole())
	if err != nil || holds == nil || !user.is(*holds) {
		return recordedUser{}, false
	}
	review, err := reviewAccess(ctx, pve, user.UserID, string(user.UserID), nil)
	if err != nil || !user.reviewed(review) {
		return recordedUser{}, false
	}
	return user, true
}

// sameIdentity tells whether an identity, if Terraform has one, is that of the user.
func sameIdentity(identity *tfprotov6.ResourceIdentityData, id proxmox.UserID) bool {
	if identity == nil || identity.IdentityData == nil {
		return true
	}
	have, known := readPlain(identity.IdentityData)
	return known && (have["user_id"] == nil || have.text("user_id") == string(id))
}

// PlanResourceChange answers for a user that was found in this run as state has it, and of which nothing else is wanted.
func (u *unchanged) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if req.TypeName == userType && req.ProviderMeta == nil && sameBytes(req.PriorState, req.ProposedNewState) {
		user, found := u.noted(req.PriorState, req.PriorPrivate)
		if config, known := readPlain(req.Config); found && known && u.shape.asksNothing(config, user) && u.nothingToSay(ctx, user) {
			return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity}, nil
		}
	}
	return u.FrameworkServer.PlanResourceChange(ctx, req)
}

// nothingToSay tells that the server would take the user as it is, and that every way to root is accepted.
func (u *unchanged) nothingToSay(ctx context.Context, user recordedUser) bool {
	for _, finding := range user.state.list("findings") {
		if fields, ok := finding.(map[string]any); !ok || fields["accepted"] == nil {
			return false
		}
	}
	pve, err := u.shared().PVE()
	return err == nil && len(pve.CheckPrincipal(ctx, user.Principal)) == 0
}

func sameBytes(a, b *tfprotov6.DynamicValue) bool {
	return a != nil && b != nil && len(a.MsgPack) > 0 && string(a.MsgPack) == string(b.MsgPack)
}

func digest(state *tfprotov6.DynamicValue, private []byte) [sha256.Size]byte {
	sum := sha256.New()
	sum.Write(state.MsgPack)
	sum.Write(private)
	return [sha256.Size]byte(sum.Sum(nil))
}

func (u *unchanged) note(state *tfprotov6.DynamicValue, private []byte, user recordedUser) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.seen == nil {
		u.seen = map[[sha256.Size]byte]recordedUser{}
	}
	u.seen[digest(state, private)] = user
}

// noted returns a user that was found so, once: nobody asks twice, and hundreds need not be kept.
func (u *unchanged) noted(state *tfprotov6.DynamicValue, private []byte) (recordedUser, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	key := digest(state, private)
	user, found := u.seen[key]
	delete(u.seen, key)
	return user, found
}
