package memo

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

const typeName = "pvesec_thing"

// thing is a resource of which a server says one word.
type thing struct{ word *string }

func (t thing) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = typeName
}
func (t thing) Schema(context.Context, resource.SchemaRequest, *resource.SchemaResponse) {}
func (t thing) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (t thing) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (t thing) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (t thing) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (t thing) Recall(context.Context, *session.Clients, []byte) (any, bool) {
	return *t.word, *t.word != "worth saying"
}

// settling is a thing of which an attribute tells of the last change, and of which a plan may have something to say.
type settling struct {
	thing
	planned *int
	loud    *bool
}

func (s settling) Fades() []string { return []string{"name"} }

func (s settling) Planned(_ *session.Clients, about []byte) (map[string][]byte, bool) {
	if string(about) != `"the thing"` || *s.loud {
		return nil, false
	}
	*s.planned++
	return map[string][]byte{"planned": []byte("true")}, true
}

// inner stands for the framework. It counts what it is asked, writes what a resource would, and finds the configuration
// "bad" invalid.
type inner struct {
	Framework
	t      *testing.T
	word   *string
	schema *tfprotov6.Schema
	asked  []string
}

func (f *inner) ask(what string) { f.asked = append(f.asked, what) }

func (f *inner) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{ResourceSchemas: map[string]*tfprotov6.Schema{typeName: f.schema}}, nil
}

func (f *inner) private() []byte {
	keys := keysOf{}
	var diags diag.Diagnostics
	Write(f.t.Context(), keys, "the thing", *f.word, &diags)
	keys["other"] = []byte(`"beside"`)
	text, err := json.Marshal(keys)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

type keysOf map[string][]byte

func (k keysOf) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	k[key] = value
	return nil
}

func (f *inner) ReadResource(_ context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	f.ask("read")
	return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: f.private()}, nil
}

func (f *inner) ValidateResourceConfig(_ context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	f.ask("validate")
	answer := &tfprotov6.ValidateResourceConfigResponse{}
	if strings.Contains(string(req.Config.MsgPack), "bad") {
		answer.Diagnostics = []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "bad"}}
	}
	return answer, nil
}

func (f *inner) UpgradeResourceState(context.Context, *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	f.ask("upgrade")
	return &tfprotov6.UpgradeResourceStateResponse{}, nil
}

func (f *inner) PlanResourceChange(_ context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	f.ask("plan")
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState, PlannedPrivate: req.PriorPrivate}, nil
}

func (f *inner) ApplyResourceChange(_ context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	f.ask("apply")
	return &tfprotov6.ApplyResourceChangeResponse{NewState: req.PlannedState, Private: f.private()}, nil
}

func attributes(names ...string) *tfprotov6.Schema {
	s := &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}}
	for _, name := range names {
		s.Block.Attributes = append(s.Block.Attributes, &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true, WriteOnly: name == "password"})
	}
	s.Block.Attributes = append(s.Block.Attributes, &tfprotov6.SchemaAttribute{Name: "set", Type: tftypes.Set{ElementType: tftypes.String}, Optional: true})
	return s
}

// withBlock is a schema with a block, and one more in it, that holds an attribute.
func withBlock(inner *tfprotov6.SchemaAttribute) *tfprotov6.Schema {
	s := attributes("name")
	nested := &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{inner}}
	outer := &tfprotov6.SchemaBlock{BlockTypes: []*tfprotov6.SchemaNestedBlock{{TypeName: "inner", Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, Block: nested}}}
	s.Block.BlockTypes = []*tfprotov6.SchemaNestedBlock{{TypeName: "outer", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, Block: outer}}
	return s
}

// TestBlocks: what is in blocks is a part of the memo as attributes are, and something write-only in them leaves none
// of a configuration.
func TestBlocks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	value := func(texts ...any) *tfprotov6.DynamicValue {
		var inner []any
		for _, text := range texts {
			inner = append(inner, map[string]any{"text": text})
		}
		return object(t, map[string]any{"name": "a", "set": nil, "outer": []any{map[string]any{"inner": inner}}})
	}
	for name, c := range map[string]struct {
		inner  *tfprotov6.SchemaAttribute
		config *tfprotov6.DynamicValue
		want   string
	}{
		"the same":         {&tfprotov6.SchemaAttribute{Name: "text", Type: tftypes.String, Optional: true}, value("x", "y"), ""},
		"in another order": {&tfprotov6.SchemaAttribute{Name: "text", Type: tftypes.String, Optional: true}, value("y", "x"), ""},
		"another one":      {&tfprotov6.SchemaAttribute{Name: "text", Type: tftypes.String, Optional: true}, value("x", "z"), "validate plan"},
		"one less":         {&tfprotov6.SchemaAttribute{Name: "text", Type: tftypes.String, Optional: true}, value("x"), "validate plan"},
		"write-only":       {&tfprotov6.SchemaAttribute{Name: "text", Type: tftypes.String, Optional: true, WriteOnly: true}, value(nil, nil), "validate plan"},
	} {
		_, first := run(t, "1", "word", withBlock(c.inner))
		state := value("x", "y")
		if c.inner.WriteOnly {
			state = value(nil, nil)
		}
		made, err := first.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: typeName, PlannedState: state, Config: state})
		if err != nil {
			t.Fatal(err)
		}
		f, again := run(t, "1", "word", withBlock(c.inner))
		read, err := again.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: made.NewState, Private: made.Private})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: typeName, Config: c.config}); err != nil {
			t.Fatal(err)
		}
		if _, err := again.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: typeName, PriorState: read.NewState, ProposedNewState: read.NewState, PriorPrivate: read.Private, Config: c.config}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.asked, " "); got != c.want {
			t.Errorf("%s: the framework was asked %q, want %q", name, got, c.want)
		}
	}
}

func object(t *testing.T, fields map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	text, err := msgpack.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.DynamicValue{MsgPack: text}
}

// run is one run of Terraform: a provider process.
func run(t *testing.T, build, word string, schema *tfprotov6.Schema) (*inner, tfprotov6.ProviderServer) {
	t.Helper()
	f := &inner{t: t, word: &word, schema: schema}
	return f, Server(f, build, func() *session.Clients { return &session.Clients{} }, []func() resource.Resource{func() resource.Resource { return thing{&word} }})
}

// TestMemo asks after an apply what a run asks, where something is other than it was. What the framework is asked is
// what the memo does not answer.
func TestMemo(t *testing.T) {
	t.Parallel()
	state := map[string]any{"name": "a", "password": nil, "set": []any{"x", "y"}}
	reordered := map[string]any{"name": "a", "password": nil, "set": []any{"y", "x"}}
	config := map[string]any{"name": "a", "password": nil, "set": []any{"x", "y"}}
	other := map[string]any{"name": "b", "password": nil, "set": []any{"x", "y"}}
	secret := map[string]any{"name": "a", "password": "s3cr3t", "set": []any{"x", "y"}}
	for name, c := range map[string]struct {
		build, word            string
		schema                 *tfprotov6.Schema
		applied, state, config map[string]any
		private                func([]byte) []byte
		want                   string
	}{
		"nothing":                {want: ""},
		"a set in another order": {state: reordered, want: ""},
		"another build":          {build: "2", want: "read validate plan"},
		"another schema":         {schema: attributes("name", "password", "more"), state: map[string]any{"name": "a", "password": nil, "more": nil, "set": []any{"x", "y"}}, want: "read validate plan"},
		"another word":           {word: "other", want: "read validate plan"},
		"something to say":       {word: "worth saying", want: "read validate plan"},
		"another state":          {state: other, want: "read validate plan"},
		"another configuration":  {config: other, want: "validate plan"},
		"a password":             {config: secret, want: "validate plan"},
		"applied with one":       {applied: secret, want: "validate plan"},
		"another private state":  {private: func(p []byte) []byte { return []byte(strings.Replace(string(p), "ImJlc2lkZSI=", "ImJlc2lkZXMi", 1)) }, want: "read validate plan"},
		"no private state":       {private: func([]byte) []byte { return nil }, want: "read validate plan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			or := func(given, fallback map[string]any) *tfprotov6.DynamicValue {
				if given == nil {
					given = fallback
				}
				return object(t, given)
			}
			_, first := run(t, "1", "word", attributes("name", "password"))
			made, err := first.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: typeName, PlannedState: object(t, state), Config: or(c.applied, config)})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(made.Private), "s3cr3t") {
				t.Error("the memo holds a secret")
			}
			private := made.Private
			if c.private != nil {
				private = c.private(private)
			}
			build, word, schema := "1", "word", attributes("name", "password")
			if c.build != "" {
				build = c.build
			}
			if c.word != "" {
				word = c.word
			}
			if c.schema != nil {
				schema = c.schema
			}
			f, again := run(t, build, word, schema)
			read, err := again.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: or(c.state, state), Private: private})
			if err != nil {
				t.Fatal(err)
			}
			wanted := or(c.config, config)
			if _, err := again.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: typeName, Config: wanted}); err != nil {
				t.Fatal(err)
			}
			if _, err := again.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: typeName, PriorState: read.NewState, ProposedNewState: read.NewState, PriorPrivate: read.Private, Config: wanted}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(f.asked, " "); got != c.want {
				t.Errorf("the framework was asked %q, want %q", got, c.want)
			}
		})
	}
}

// TestPlanner: what tells of the last change is gone after a reading, a plan of what did not change is noted, and one
// that has something to say is the framework's.
func TestPlanner(t *testing.T) {
	t.Parallel()
	ctx, word := t.Context(), "word"
	for loud, want := range map[bool]string{false: "", true: "validate plan"} {
		planned := 0
		serve := func() (*inner, tfprotov6.ProviderServer) {
			f := &inner{t: t, word: &word, schema: attributes("name", "text")}
			return f, Server(f, "1", func() *session.Clients { return &session.Clients{} }, []func() resource.Resource{func() resource.Resource { return settling{thing{&word}, &planned, &loud} }})
		}
		_, first := serve()
		changed, settled := object(t, map[string]any{"name": "changed", "text": "a", "set": nil}), map[string]any{"name": nil, "text": "a", "set": nil}
		made, err := first.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: typeName, PlannedState: changed, Config: object(t, settled)})
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range []*tfprotov6.DynamicValue{made.NewState, object(t, settled)} {
			f, again := serve()
			read, err := again.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: state, Private: made.Private})
			if err != nil {
				t.Fatal(err)
			}
			if decoded, _ := decode(read.NewState); !reflect.DeepEqual(decoded, any(settled)) {
				t.Errorf("a reading gives %v, want %v", decoded, settled)
			}
			plan, err := again.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: typeName, PriorState: read.NewState, ProposedNewState: read.NewState, PriorPrivate: read.Private, Config: object(t, settled)})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(f.asked, " "); got != want {
				t.Errorf("loud %t: the framework was asked %q, want %q", loud, got, want)
			}
			keys := map[string][]byte{}
			if err := json.Unmarshal(plan.PlannedPrivate, &keys); err != nil || (string(keys["planned"]) == "true") == loud {
				t.Errorf("loud %t: the private state of the plan is %s (%v)", loud, plan.PlannedPrivate, err)
			}
		}
		if (planned == 2) == loud {
			t.Errorf("loud %t: %d plans were noted", loud, planned)
		}
	}
}

// TestForgedMemo: what a memo calls valid is validated before anything else than nothing is planned with it.
func TestForgedMemo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f, s := run(t, "1", "word", attributes("name"))
	state, bad := object(t, map[string]any{"name": "a", "set": nil}), object(t, map[string]any{"name": "bad", "set": nil})
	made, err := s.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: typeName, PlannedState: state, Config: state})
	if err != nil {
		t.Fatal(err)
	}
	memo, _, found := readRecord(made.Private)
	ours, ok := s.(*server)
	if !found || !ok {
		t.Fatal("there is no memo")
	}
	memo.Config, _ = ours.of(typeName).configDigest(bad)
	private := writeRecord(made.Private, memo)
	if _, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: state, Private: private}); err != nil {
		t.Fatal(err)
	}
	f.asked = nil
	planned, err := s.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: typeName, PriorState: state, ProposedNewState: bad, PriorPrivate: private, Config: bad})
	if err != nil || len(planned.Diagnostics) != 1 || strings.Join(f.asked, " ") != "validate" {
		t.Errorf("%v, %v, %v", planned, err, f.asked)
	}
}

// TestUpgrade: a state of today's form is answered as it is, and anything else is the framework's.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for text, quick := range map[string]bool{
		`{"name":"a","set":["x"]}`: true, `{"name":null,"set":null}`: true, `{"name":"a"}`: false, `{"name":"a","set":["x"],"more":1}`: false,
		`{"name":1,"set":["x"]}`: false, `{"name":"a","set":"x"}`: false, `null`: false, `{`: false,
	} {
		f, s := run(t, "1", "word", attributes("name"))
		answer, err := s.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{TypeName: typeName, RawState: &tfprotov6.RawState{JSON: []byte(text)}})
		if err != nil || (len(f.asked) == 0) != quick || quick && string(answer.UpgradedState.JSON) != text {
			t.Errorf("%s: %v, %v, %v", text, answer, err, f.asked)
		}
	}
}

// TestCanonical: values are written alike only when they mean the same.
func TestCanonical(t *testing.T) {
	t.Parallel()
	list, set := tftypes.List{ElementType: tftypes.String}, tftypes.Set{ElementType: tftypes.String}
	sum := func(typ tftypes.Type, value any) string {
		text, err := msgpack.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		found, _ := digestValue(typ, &tfprotov6.DynamicValue{MsgPack: text})
		return found
	}
	if sum(set, []any{"a", "b"}) != sum(set, []any{"b", "a"}) || sum(tftypes.Number, int8(5)) != sum(tftypes.Number, 5.0) {
		t.Error("the same is written differently")
	}
	different := []string{
		sum(list, []any{"a", "b"}), sum(list, []any{"b", "a"}), sum(list, []any{"ab"}), sum(list, []any{"a", "", "b"}), sum(list, []any{}), sum(list, nil), sum(set, []any{"a", "b"}),
		sum(tftypes.String, "5"), sum(tftypes.Number, 5), sum(tftypes.Bool, true), sum(tftypes.Bool, false), sum(tftypes.Map{ElementType: tftypes.String}, map[string]any{"a": "b"}),
	}
	for i, a := range different {
		for j, b := range different {
			if i != j && a == b || a == "" {
				t.Errorf("%d and %d are written alike: %q", i, j, a)
			}
		}
	}
	for _, typ := range []tftypes.Type{tftypes.Number, tftypes.DynamicPseudoType, list} {
		if sum(typ, "text") != "" {
			t.Errorf("a text is taken for %s", typ)
		}
	}
}

// TestReadLimit: a reading takes no longer than the timeouts in the state say.
func TestReadLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		timeouts any
		want     time.Duration
	}{
		"of its own":      {map[string]any{"create": nil, "read": "20s"}, 20 * time.Second},
		"of another kind": {map[string]any{"create": "20s", "read": nil}, session.DefaultTimeout},
		"none":            {nil, session.DefaultTimeout},
		"no time":         {map[string]any{"read": "soon"}, session.DefaultTimeout},
	} {
		if got := readLimit(object(t, map[string]any{"name": "a", "timeouts": c.timeouts})); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := readLimit(nil); got != session.DefaultTimeout {
		t.Errorf("without a state: %s", got)
	}
}
