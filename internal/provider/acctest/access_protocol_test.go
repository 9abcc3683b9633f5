package acctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// protocol does what Terraform does with one provider process, without Terraform: for tests that need thousands of
// runs, or the calls that the installed Terraform does not know yet.
type protocol struct {
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// instance is a resource as Terraform's state file holds it.
type instance struct {
	typeName string
	state    tftypes.Value
	private  []byte
	tainted  bool
}

// newProtocol starts a provider for an API.
func newProtocol(tb testing.TB, server *pvesim.Server) *protocol {
	tb.Helper()
	return protocolOf(tb, server, provider.Server("test"))
}

func protocolOf(tb testing.TB, server *pvesim.Server, started tfprotov6.ProviderServer) *protocol {
	tb.Helper()
	p := &protocol{server: started}
	var err error
	if p.schemas, err = started.GetProviderSchema(tb.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		tb.Fatal(err)
	}
	config := build(p.schemas.Provider.ValueType(), map[string]any{"endpoint": server.URL(), "api_token": server.RootToken(),
		"tls": map[string]any{"fingerprint_sha256": server.Fingerprint()}})
	answer, err := started.ConfigureProvider(tb.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: dynamic(config)})
	if err == nil {
		err = diagnosed(answer.Diagnostics)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// build makes a value of a type; what is not given is null, and blocks of which there may be several are none.
func build(typ tftypes.Type, given any) tftypes.Value {
	if given == nil {
		return tftypes.NewValue(typ, nil)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		fields, _ := given.(map[string]any)
		values := map[string]tftypes.Value{}
		for name, inner := range typ.AttributeTypes {
			if fields[name] == nil && repeated[name] {
				values[name] = build(inner, []any{})
				continue
			}
			values[name] = build(inner, fields[name])
		}
		return tftypes.NewValue(typ, values)
	case tftypes.Map:
		fields, _ := given.(map[string]any)
		values := map[string]tftypes.Value{}
		for name, inner := range fields {
			values[name] = build(typ.ElementType, inner)
		}
		return tftypes.NewValue(typ, values)
	case tftypes.Set:
		return tftypes.NewValue(typ, buildAll(typ.ElementType, given))
	case tftypes.List:
		return tftypes.NewValue(typ, buildAll(typ.ElementType, given))
	}
	return tftypes.NewValue(typ, given)
}

// repeated are the blocks of which there may be several: Terraform sends an empty collection where there is none.
var repeated = map[string]bool{"grant": true, "token": true, "rule": true, "node": true, "jump_host": true}

func buildAll(element tftypes.Type, given any) []tftypes.Value {
	items, _ := given.([]any)
	values := []tftypes.Value{}
	for _, item := range items {
		values = append(values, build(element, item))
	}
	return values
}

// dynamic encodes a value. Terraform has one order for the elements of a set and one for the keys of a map, wherever it
// sends them.
func dynamic(value tftypes.Value) *tfprotov6.DynamicValue {
	value, err := tftypes.Transform(value, func(_ *tftypes.AttributePath, inner tftypes.Value) (tftypes.Value, error) {
		if !inner.Type().Is(tftypes.Set{}) || inner.IsNull() || !inner.IsKnown() {
			return inner, nil
		}
		var elements []tftypes.Value
		if err := inner.As(&elements); err != nil {
			return inner, err
		}
		slices.SortFunc(elements, func(a, b tftypes.Value) int { return strings.Compare(a.String(), b.String()) })
		return tftypes.NewValue(inner.Type(), elements), nil
	})
	if err != nil {
		panic(err)
	}
	encoded, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		panic(err) // a value of its own type
	}
	var entries map[string]any
	if !value.IsFullyKnown() || msgpack.Unmarshal(encoded.MsgPack, &entries) != nil || entries == nil {
		return &encoded
	}
	var sorted bytes.Buffer
	encoder := msgpack.NewEncoder(&sorted)
	encoder.SetSortMapKeys(true)
	if err := encoder.Encode(entries); err != nil {
		panic(err)
	}
	encoded.MsgPack = sorted.Bytes()
	return &encoded
}

// diagnosed joins the errors among diagnostics.
func diagnosed(diagnostics []*tfprotov6.Diagnostic) error {
	var all []error
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			all = append(all, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(all...)
}

func (p *protocol) typeOf(name string) tftypes.Type {
	return p.schemas.ResourceSchemas[name].ValueType()
}

// absent is a resource that was never created.
func (p *protocol) absent(name string) instance {
	return instance{typeName: name, state: tftypes.NewValue(p.typeOf(name), nil)}
}

// refresh reads a resource. It returns the error and the instance as it was when reading fails.
func (p *protocol) refresh(ctx context.Context, was instance) (instance, error) {
	if was.state.IsNull() {
		return was, nil
	}
	answer, err := p.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: was.typeName, CurrentState: dynamic(was.state), Private: was.private})
	if err == nil {
		err = diagnosed(answer.Diagnostics)
	}
	if err != nil {
		return was, err
	}
	if was.state, err = answer.NewState.Unmarshal(p.typeOf(was.typeName)); err != nil {
		return was, err
	}
	was.private = answer.Private
	if was.state.IsNull() {
		was.tainted = false
	}
	return was, nil
}

// proposed merges configuration and state as Terraform core does.
func (p *protocol) proposed(was instance, config tftypes.Value) tftypes.Value {
	var configured, before map[string]tftypes.Value
	if err := config.As(&configured); err != nil {
		panic(err)
	}
	if !was.state.IsNull() {
		if err := was.state.As(&before); err != nil {
			panic(err)
		}
	}
	return tftypes.NewValue(config.Type(), mergedBlock(p.schemas.ResourceSchemas[was.typeName].Block, configured, before))
}

// mergedBlock merges a block. Blocks of which there may be several have nothing that is computed here, and are as they
// are configured.
func mergedBlock(block *tfprotov6.SchemaBlock, configured, before map[string]tftypes.Value) map[string]tftypes.Value {
	merged := mergedAttributes(block.Attributes, configured, before)
	for _, nested := range block.BlockTypes {
		value := configured[nested.TypeName]
		if nested.Nesting == tfprotov6.SchemaNestedBlockNestingModeSingle && before != nil && !value.IsNull() {
			value = mergedObject(nested.Block.Attributes, value, before[nested.TypeName])
		}
		merged[nested.TypeName] = value
	}
	return merged
}

func mergedAttributes(attributes []*tfprotov6.SchemaAttribute, configured, before map[string]tftypes.Value) map[string]tftypes.Value {
	merged := map[string]tftypes.Value{}
	for _, attribute := range attributes {
		value := configured[attribute.Name]
		if value.IsNull() && attribute.Computed {
			if value = tftypes.NewValue(value.Type(), tftypes.UnknownValue); before != nil {
				value = before[attribute.Name]
			}
		} else if nested := attribute.NestedType; nested != nil && before != nil && nested.Nesting == tfprotov6.SchemaObjectNestingModeMap {
			value = mergedEntries(nested.Attributes, value, before[attribute.Name])
		} else if nested != nil && before != nil && nested.Nesting == tfprotov6.SchemaObjectNestingModeSingle && !value.IsNull() {
			value = mergedObject(nested.Attributes, value, before[attribute.Name])
		}
		if attribute.WriteOnly {
			value = tftypes.NewValue(value.Type(), nil)
		}
		merged[attribute.Name] = value
	}
	return merged
}

// mergedEntries merges the entries of a map of objects that are in both.
func mergedEntries(attributes []*tfprotov6.SchemaAttribute, configured, before tftypes.Value) tftypes.Value {
	var wanted, had map[string]tftypes.Value
	if configured.As(&wanted) != nil || before.As(&had) != nil {
		return configured
	}
	merged := map[string]tftypes.Value{}
	for key, entry := range wanted {
		previous, exists := had[key]
		if !exists {
			previous = tftypes.NewValue(entry.Type(), nil)
		}
		merged[key] = mergedObject(attributes, entry, previous)
	}
	return tftypes.NewValue(configured.Type(), merged)
}

// mergedObject merges one object, which may not have been there before.
func mergedObject(attributes []*tfprotov6.SchemaAttribute, configured, before tftypes.Value) tftypes.Value {
	var wanted, had map[string]tftypes.Value
	if err := configured.As(&wanted); err != nil {
		panic(err)
	}
	if !before.IsNull() {
		if err := before.As(&had); err != nil {
			panic(err)
		}
	}
	return tftypes.NewValue(configured.Type(), mergedAttributes(attributes, wanted, had))
}

// plan returns the planned state with its private part, and whether anything is to be done.
func (p *protocol) plan(ctx context.Context, was instance, config tftypes.Value) (planned *tfprotov6.PlanResourceChangeResponse, changes bool, err error) {
	planned, err = p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: was.typeName, PriorState: dynamic(was.state),
		ProposedNewState: dynamic(p.proposed(was, config)), Config: dynamic(config), PriorPrivate: was.private})
	if err == nil {
		err = diagnosed(planned.Diagnostics)
	}
	if err != nil {
		return nil, false, err
	}
	value, err := planned.PlannedState.Unmarshal(p.typeOf(was.typeName))
	return planned, err == nil && !value.Equal(was.state), err
}

// apply refreshes, plans, and applies: created again when it is tainted.
func (p *protocol) apply(ctx context.Context, was instance, attributes map[string]any) (instance, error) {
	config := build(p.typeOf(was.typeName), attributes)
	was, err := p.refresh(ctx, was)
	if err != nil {
		return was, err
	}
	if was.tainted {
		if was, err = p.destroy(ctx, was); err != nil {
			return was, err
		}
	}
	planned, changes, err := p.plan(ctx, was, config)
	if err != nil || !changes {
		return was, err
	}
	return p.change(ctx, was, config, planned.PlannedState, planned.PlannedPrivate)
}

// change applies what was planned, keeping state as Terraform does when that fails.
func (p *protocol) change(ctx context.Context, was instance, config tftypes.Value, planned *tfprotov6.DynamicValue, private []byte) (instance, error) {
	answer, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: was.typeName, PriorState: dynamic(was.state),
		PlannedState: planned, Config: dynamic(config), PlannedPrivate: private})
	if err != nil {
		return was, err
	}
	creating := was.state.IsNull()
	err = diagnosed(answer.Diagnostics)
	state, problem := answer.NewState.Unmarshal(p.typeOf(was.typeName))
	if problem != nil {
		return was, problem
	}
	if err == nil && !state.IsFullyKnown() {
		return was, errors.New("the new state is not fully known")
	}
	was.state, was.private = state, answer.Private
	was.tainted = err != nil && creating && !state.IsNull()
	return was, err
}

// destroy removes a resource without refreshing it first.
func (p *protocol) destroy(ctx context.Context, was instance) (instance, error) {
	if was.state.IsNull() {
		return was, nil
	}
	nothing := tftypes.NewValue(p.typeOf(was.typeName), nil)
	after, err := p.change(ctx, was, nothing, dynamic(nothing), was.private)
	if err == nil && !after.state.IsNull() {
		err = errors.New("destroyed, and still in state")
	}
	after.tainted = was.tainted
	return after, err
}

// text reads a text at a path of attributes and map keys of the state, "" for none.
func (i instance) text(path ...string) string {
	value := i.state
	for _, step := range path {
		var fields map[string]tftypes.Value
		if value.IsNull() || !value.IsKnown() || value.As(&fields) != nil {
			return ""
		}
		value = fields[step]
	}
	var text string
	if value.IsNull() || value.As(&text) != nil {
		return ""
	}
	return text
}

// keys are the keys of a map in the state.
func (i instance) keys(attribute string) []string {
	var fields, entries map[string]tftypes.Value
	if i.state.IsNull() || i.state.As(&fields) != nil || fields[attribute].As(&entries) != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	return names
}

// lines are the lines of user.cfg without those that a comparison must not see.
func lines(config string) string {
	var kept []string
	for _, line := range strings.Split(config, "\n") {
		if strings.TrimSpace(line) != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// validate asks for what is wrong with a configuration by itself.
func (p *protocol) validate(ctx context.Context, typeName string, config tftypes.Value) (found, err error) {
	answer, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: typeName, Config: dynamic(config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true}})
	if err != nil {
		return nil, err
	}
	return diagnosed(answer.Diagnostics), nil
}
