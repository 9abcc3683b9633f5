package memo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

// Framework is all that the framework's server does. Whatever it gains is to be added here, so that a server with memos
// hides nothing of it.
type Framework interface {
	tfprotov6.ProviderServerWithListResource //nolint:staticcheck // what a server can do is asked by these until they move
	tfprotov6.ProviderServerWithActions      //nolint:staticcheck // likewise
	tfprotov6.ProviderServerWithStateStores  //nolint:staticcheck // likewise
}

// server is the framework's with answers of its own.
type server struct {
	Framework
	build     string
	shared    func() *session.Clients
	resources map[string]Resource
	schemas   func() map[string]*schema

	mu sync.Mutex
	// valid are the configurations with which the resources that were read in this run were applied without a word:
	// "TYPE DIGEST".
	valid map[string]bool
	// read are the states that were found unchanged in this run, with what is known of them.
	read map[string]found
}

// found is a state that was found unchanged: the digest of the configuration that it came from, and what its memo is
// about.
type found struct {
	config string
	about  []byte
}

// schema is what is known of a resource type.
type schema struct {
	version   int64
	build     string
	typ       tftypes.Type
	writeOnly []string // at the top
	opaque    bool     // something write-only is deeper
	fades     []string // see [Planner]
}

// Server puts memos before the framework's server. Build tells this build of the provider from others; shared gives
// what the provider was configured with, nil before. Resources that leave no memos are left to the framework.
func Server(framework Framework, build string, shared func() *session.Clients, all []func() resource.Resource) tfprotov6.ProviderServer {
	s := &server{Framework: framework, build: build, shared: shared, resources: map[string]Resource{}, valid: map[string]bool{}, read: map[string]found{}}
	for _, made := range all {
		if r, ok := made().(Resource); ok {
			var named resource.MetadataResponse
			r.Metadata(context.Background(), resource.MetadataRequest{ProviderTypeName: session.TypeName}, &named)
			s.resources[named.TypeName] = r
		}
	}
	s.schemas = sync.OnceValue(s.readSchemas)
	return s
}

// readSchemas asks the framework for its schemas. A type that is not in the answer has no memos.
func (s *server) readSchemas() map[string]*schema {
	known := map[string]*schema{}
	answer, err := s.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return known
	}
	for name, given := range answer.ResourceSchemas {
		text, err := json.Marshal(given)
		if err != nil {
			continue
		}
		one := &schema{version: given.Version, typ: given.ValueType(), build: digest([]byte(s.build), text), opaque: hasWriteOnlyBlock(given.Block.BlockTypes)}
		for _, attribute := range given.Block.Attributes {
			if attribute.WriteOnly {
				one.writeOnly = append(one.writeOnly, attribute.Name)
			}
			if nested := attribute.NestedType; nested != nil && hasWriteOnly(nested.Attributes) {
				one.opaque = true
			}
		}
		if planner, is := s.resources[name].(Planner); is {
			one.fades = planner.Fades()
		}
		known[name] = one
	}
	return known
}

func hasWriteOnly(attributes []*tfprotov6.SchemaAttribute) bool {
	for _, attribute := range attributes {
		if attribute.WriteOnly || attribute.NestedType != nil && hasWriteOnly(attribute.NestedType.Attributes) {
			return true
		}
	}
	return false
}

// hasWriteOnlyBlock tells whether something in blocks, however deep, is write-only.
func hasWriteOnlyBlock(blocks []*tfprotov6.SchemaNestedBlock) bool {
	for _, nested := range blocks {
		if hasWriteOnly(nested.Block.Attributes) || hasWriteOnlyBlock(nested.Block.BlockTypes) {
			return true
		}
	}
	return false
}

// of is the schema of a type whose resource leaves memos, nil for others.
func (s *server) of(typeName string) *schema {
	if s.resources[typeName] == nil {
		return nil
	}
	return s.schemas()[typeName]
}

// configDigest is the digest of a configuration. One with something write-only has none: it would tell whether a guess
// at a password is right.
func (s *schema) configDigest(config *tfprotov6.DynamicValue) (string, bool) {
	if s.opaque {
		return "", false
	}
	if len(s.writeOnly) > 0 {
		decoded, _ := decode(config)
		fields, ok := decoded.(map[string]any)
		for _, name := range s.writeOnly {
			ok = ok && fields[name] == nil
		}
		if !ok {
			return "", false
		}
	}
	return digestValue(s.typ, config)
}

// UpgradeResourceState answers for a state that has today's form already. It knows the form from the schema alone.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if known := s.of(req.TypeName); known != nil && req.Version == known.version && req.RawState != nil && len(req.RawState.Flatmap) == 0 && fits(known.typ, req.RawState.JSON) {
		return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
	}
	return s.Framework.UpgradeResourceState(ctx, req)
}

// ReadResource answers for a resource whose memo says the same as the server says now. After a reading by the framework
// that found nothing new it completes the memo.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	known := s.of(req.TypeName)
	if known == nil {
		return s.Framework.ReadResource(ctx, req)
	}
	current, ok := known.faded(req.CurrentState)
	if !ok {
		return s.Framework.ReadResource(ctx, req)
	}
	before, ok := digestValue(known.typ, current)
	if !ok {
		return s.Framework.ReadResource(ctx, req)
	}
	memo, rest, found := readRecord(req.Private)
	found = found && memo.Build == known.build && memo.State == before && memo.Rest == rest && sameIdentity(req.CurrentIdentity, memo.Identity)
	if found && s.recall(ctx, req.TypeName, memo, readLimit(req.CurrentState)) {
		s.note(req.TypeName, memo, req.Private)
		return &tfprotov6.ReadResourceResponse{NewState: current, Private: req.Private, NewIdentity: identityOf(memo.Identity)}, nil
	}
	answer, err := s.Framework.ReadResource(ctx, req)
	if err != nil || len(answer.Diagnostics) > 0 || answer.Deferred != nil {
		return answer, err
	}
	fresh, _, written := readRecord(answer.Private)
	if after, ok := digestValue(known.typ, answer.NewState); !written || !ok || after != before {
		return answer, nil // an incomplete memo counts for nothing
	}
	config := ""
	if found && fresh.Said == memo.Said {
		config = memo.Config
	}
	answer.Private = seal(answer.Private, fresh, known, before, config, answer.NewIdentity)
	return answer, nil
}

// readLimit is for how long the timeouts in a state let a reading take.
func readLimit(state *tfprotov6.DynamicValue) time.Duration {
	decoded, _ := decode(state)
	fields, _ := decoded.(map[string]any)
	timeouts, _ := fields["timeouts"].(map[string]any)
	text, _ := timeouts["read"].(string)
	if limit, err := time.ParseDuration(text); err == nil {
		return limit
	}
	return session.DefaultTimeout
}

// recall asks the server what a memo is about and compares.
func (s *server) recall(ctx context.Context, typeName string, memo record, limit time.Duration) bool {
	shared := s.shared()
	if shared == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	said, silent := s.resources[typeName].Recall(ctx, shared, memo.About)

	return silent && digestOf(said) == memo.Said
}

func seal(private []byte, memo record, known *schema, state, config string, identity *tfprotov6.ResourceIdentityData) []byte {
	memo.Build, memo.State, memo.Config = known.build, state, config
	if identity != nil && identity.IdentityData != nil {
		memo.Identity = identity.IdentityData.MsgPack
	}
	return writeRecord(private, memo)
}

// sameIdentity tells whether the identity that Terraform has, if it has one, is the recorded one.
func sameIdentity(current *tfprotov6.ResourceIdentityData, recorded []byte) bool {
	if current == nil || current.IdentityData == nil {
		return true
	}
	have, ok := decode(current.IdentityData)
	want, fine := decode(&tfprotov6.DynamicValue{MsgPack: recorded})
	return ok && (have == nil || fine && digestOf(have) == digestOf(want))
}

func identityOf(recorded []byte) *tfprotov6.ResourceIdentityData {
	if len(recorded) == 0 {
		return nil
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &tfprotov6.DynamicValue{MsgPack: recorded}}
}

// note remembers for the rest of the run what was found unchanged.
func (s *server) note(typeName string, memo record, private []byte) {
	if memo.Config == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid[typeName+" "+memo.Config] = true
	s.read[digest([]byte(typeName), []byte(memo.State), private)] = found{memo.Config, memo.About}
}

// noted gives what is known of a state that was found unchanged, once: nobody asks twice, and hundreds need not be
// kept.
func (s *server) noted(typeName string, known *schema, state *tfprotov6.DynamicValue, private []byte) found {
	sum, ok := digestValue(known.typ, state)
	if !ok {
		return found{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := digest([]byte(typeName), []byte(sum), private)
	noted := s.read[key]
	delete(s.read, key)
	return noted
}

// ValidateResourceConfig answers for a configuration with which a resource that was read in this run was applied.
// Nobody had anything to say of it then.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if known := s.of(req.TypeName); known != nil && s.applied(req.TypeName, known, req.Config) {
		return &tfprotov6.ValidateResourceConfigResponse{}, nil
	}
	return s.Framework.ValidateResourceConfig(ctx, req)
}

func (s *server) applied(typeName string, known *schema, config *tfprotov6.DynamicValue) bool {
	s.mu.Lock()
	none := len(s.valid) == 0
	s.mu.Unlock()
	if none {
		return false
	}
	sum, ok := known.configDigest(config)
	s.mu.Lock()
	defer s.mu.Unlock()
	return ok && s.valid[typeName+" "+sum]
}

// PlanResourceChange answers for a resource that was found unchanged in this run, and of which nothing else is wanted
// than when it was applied.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	known := s.of(req.TypeName)
	if known == nil {
		return s.Framework.PlanResourceChange(ctx, req)
	}
	if req.ProviderMeta == nil && sameBytes(req.PriorState, req.ProposedNewState) {
		noted := s.noted(req.TypeName, known, req.PriorState, req.PriorPrivate)
		if sum, ok := known.configDigest(req.Config); ok && noted.config != "" && sum == noted.config {
			if private, silent := s.planned(req.TypeName, noted.about, req.PriorPrivate); silent {
				return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.PriorState, PlannedPrivate: private, PlannedIdentity: req.PriorIdentity}, nil
			}
		}
	}
	// A memo is as trustworthy as the state file. Nothing that it called valid is planned without having been looked
	// at.
	if s.applied(req.TypeName, known, req.Config) {
		answer, err := s.Framework.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: req.TypeName, Config: req.Config})
		if err != nil || failed(answer.Diagnostics) {
			if err != nil {
				return nil, fmt.Errorf("validating the configuration: %w", err)
			}
			return &tfprotov6.PlanResourceChangeResponse{Diagnostics: answer.Diagnostics, PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate}, nil
		}
	}
	return s.Framework.PlanResourceChange(ctx, req)
}

// planned has a resource note that it was planned, and gives the private state of the plan.
func (s *server) planned(typeName string, about, private []byte) ([]byte, bool) {
	planner, is := s.resources[typeName].(Planner)
	if !is {
		return private, true
	}
	beside, silent := planner.Planned(s.shared(), about)
	keys := map[string][]byte{}
	if !silent || json.Unmarshal(private, &keys) != nil {
		return nil, false
	}
	maps.Copy(keys, beside)
	whole, err := json.Marshal(keys)
	return whole, err == nil
}

func failed(diagnostics []*tfprotov6.Diagnostic) bool {
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

func sameBytes(a, b *tfprotov6.DynamicValue) bool {
	return a != nil && b != nil && len(a.MsgPack) > 0 && string(a.MsgPack) == string(b.MsgPack)
}

// ApplyResourceChange is the framework's. Where nobody had anything to say, neither of the apply nor of the
// configuration, it completes the memo.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	answer, err := s.Framework.ApplyResourceChange(ctx, req)
	known := s.of(req.TypeName)
	if err != nil || known == nil || len(answer.Diagnostics) > 0 {
		return answer, err
	}
	memo, _, written := readRecord(answer.Private)
	settled, ok := known.faded(answer.NewState)
	if !written || !ok {
		return answer, nil
	}
	state, ok := digestValue(known.typ, settled)
	if !ok {
		return answer, nil
	}
	config, ok := known.configDigest(req.Config)
	if ok {
		valid, err := s.Framework.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: req.TypeName, Config: req.Config})
		ok = err == nil && len(valid.Diagnostics) == 0
	}
	if !ok {
		config = ""
	}
	answer.Private = seal(answer.Private, memo, known, state, config, answer.NewIdentity)
	return answer, nil
}
