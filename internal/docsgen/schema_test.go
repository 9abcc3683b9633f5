package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// schemaServer is a provider of which only the schemas are asked.
type schemaServer struct {
	tfprotov6.ProviderServer
	schema     tfprotov6.GetProviderSchemaResponse
	identities tfprotov6.GetResourceIdentitySchemasResponse
}

func (s *schemaServer) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &s.schema, nil
}

func (s *schemaServer) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &s.identities, nil
}

// one returns a schema with a single attribute.
func one(attribute *tfprotov6.SchemaAttribute) *tfprotov6.Schema {
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{attribute}}}
}

// TestExportSchemas compares the export with what `terraform providers schema -json` prints for the same schema.
func TestExportSchemas(t *testing.T) {
	t.Parallel()

	text := &tfprotov6.SchemaAttribute{Name: "text", Type: tftypes.String, Optional: true}
	server := &schemaServer{
		schema: tfprotov6.GetProviderSchemaResponse{
			Provider: one(&tfprotov6.SchemaAttribute{
				Name: "token", Type: tftypes.String, Optional: true, Sensitive: true,
				Description: "The *token*.", DescriptionKind: tfprotov6.StringKindMarkdown,
			}),
			ResourceSchemas: map[string]*tfprotov6.Schema{"x_thing": {
				Version: 3,
				Block: &tfprotov6.SchemaBlock{
					Description: "A thing.",
					Deprecated:  true,
					Attributes: []*tfprotov6.SchemaAttribute{
						{Name: "secret_wo", Type: tftypes.String, Required: true, WriteOnly: true},
						{Name: "old", Type: tftypes.Bool, Computed: true, Deprecated: true},
						{Name: "rules", Optional: true, NestedType: &tfprotov6.SchemaObject{
							Nesting:    tfprotov6.SchemaObjectNestingModeList,
							Attributes: []*tfprotov6.SchemaAttribute{text},
						}},
					},
					BlockTypes: []*tfprotov6.SchemaNestedBlock{{
						TypeName: "timeouts", Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, MinItems: 1, MaxItems: 2,
						Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{text}},
					}},
				},
			}},
			DataSourceSchemas:        map[string]*tfprotov6.Schema{"x_data": one(text)},
			EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"x_ephemeral": one(text)},
			ListResourceSchemas:      map[string]*tfprotov6.Schema{"x_list": one(text)},
			ActionSchemas:            map[string]*tfprotov6.ActionSchema{"x_action": {Schema: one(text)}},
			Functions: map[string]*tfprotov6.Function{"f": {
				Summary: "Does.", Description: "Does it.", DeprecationMessage: "No more.",
				Parameters:        []*tfprotov6.FunctionParameter{{Name: "a", Type: tftypes.Number, AllowNullValue: true, Description: "First."}},
				VariadicParameter: &tfprotov6.FunctionParameter{Name: "rest", Type: tftypes.DynamicPseudoType},
				Return:            &tfprotov6.FunctionReturn{Type: tftypes.Bool},
			}},
		},
		identities: tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{"x_thing": {
			Version: 1,
			IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
				{Name: "id", Type: tftypes.String, RequiredForImport: true, Description: "The id."},
				{Name: "node", Type: tftypes.String, OptionalForImport: true},
			},
		}}},
	}

	const block = `{"version": 0, "block": {"description_kind": "plain", "attributes": {
		"text": {"type": "string", "optional": true, "description_kind": "plain"}}}}`
	want := `{"format_version": "1.0", "provider_schemas": {"x": {
		"provider": {"version": 0, "block": {"description_kind": "plain", "attributes": {
			"token": {"type": "string", "optional": true, "sensitive": true, "description": "The *token*.", "description_kind": "markdown"}}}},
		"resource_schemas": {"x_thing": {"version": 3, "block": {
			"description": "A thing.", "description_kind": "plain", "deprecated": true,
			"attributes": {
				"secret_wo": {"type": "string", "required": true, "write_only": true, "description_kind": "plain"},
				"old": {"type": "bool", "computed": true, "deprecated": true, "description_kind": "plain"},
				"rules": {"optional": true, "description_kind": "plain", "nested_type": {"nesting_mode": "list",
					"attributes": {"text": {"type": "string", "optional": true, "description_kind": "plain"}}}}},
			"block_types": {"timeouts": {"nesting_mode": "set", "min_items": 1, "max_items": 2, "block": {
				"description_kind": "plain",
				"attributes": {"text": {"type": "string", "optional": true, "description_kind": "plain"}}}}}}}},
		"data_source_schemas": {"x_data": ` + block + `},
		"ephemeral_resource_schemas": {"x_ephemeral": ` + block + `},
		"list_resource_schemas": {"x_list": ` + block + `},
		"action_schemas": {"x_action": {"block": {"description_kind": "plain", "attributes": {
			"text": {"type": "string", "optional": true, "description_kind": "plain"}}}}},
		"functions": {"f": {"summary": "Does.", "description": "Does it.", "deprecation_message": "No more.",
			"return_type": "bool",
			"parameters": [{"name": "a", "type": "number", "is_nullable": true, "description": "First."}],
			"variadic_parameter": {"name": "rest", "type": "dynamic"}}},
		"resource_identity_schemas": {"x_thing": {"version": 1, "attributes": {
			"id": {"type": "string", "required_for_import": true, "description": "The id."},
			"node": {"type": "string", "optional_for_import": true}}}}
	}}}`

	schemas, err := exportSchemas(t.Context(), server, "x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(schemas)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decode(t, []byte(want)), decode(t, got)); diff != "" {
		t.Errorf("schemas (-want +got):\n%s", diff)
	}
	// What the renderer does first.
	if err := new(tfjson.ProviderSchemas).UnmarshalJSON(got); err != nil {
		t.Errorf("the export cannot be read back: %v", err)
	}
}

// TestExportSchemasRefused makes sure that a provider with a broken schema gets no pages.
func TestExportSchemasRefused(t *testing.T) {
	t.Parallel()

	diagnostics := []*tfprotov6.Diagnostic{
		{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "Odd", Detail: "but fine"},
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Bad schema", Detail: "two of a name"},
	}
	good := tfprotov6.GetProviderSchemaResponse{Provider: one(&tfprotov6.SchemaAttribute{Name: "a", Type: tftypes.String})}
	for name, server := range map[string]*schemaServer{
		"schema":   {schema: tfprotov6.GetProviderSchemaResponse{Diagnostics: diagnostics}},
		"identity": {schema: good, identities: tfprotov6.GetResourceIdentitySchemasResponse{Diagnostics: diagnostics}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := exportSchemas(t.Context(), server, "x")
			if err == nil || !strings.Contains(err.Error(), "Bad schema: two of a name") {
				t.Errorf("error %v, want the provider's own", err)
			}
		})
	}
}

func TestTypeJSON(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		from tftypes.Type
		want string
	}{
		"string":  {tftypes.String, `"string"`},
		"number":  {tftypes.Number, `"number"`},
		"bool":    {tftypes.Bool, `"bool"`},
		"dynamic": {tftypes.DynamicPseudoType, `"dynamic"`},
		"list":    {tftypes.List{ElementType: tftypes.String}, `["list","string"]`},
		"set":     {tftypes.Set{ElementType: tftypes.Number}, `["set","number"]`},
		"map":     {tftypes.Map{ElementType: tftypes.List{ElementType: tftypes.Bool}}, `["map",["list","bool"]]`},
		"tuple":   {tftypes.Tuple{ElementTypes: []tftypes.Type{tftypes.String, tftypes.Bool}}, `["tuple",["string","bool"]]`},
		"object": {
			tftypes.Object{AttributeTypes: map[string]tftypes.Type{"b": tftypes.Bool, "a": tftypes.Set{ElementType: tftypes.String}}},
			`["object",{"a":["set","string"],"b":"bool"}]`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			converted, err := typeJSON(test.from)
			if err != nil {
				t.Fatal(err)
			}
			got, err := converted.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestNoJSONForm makes sure that what cannot be said in JSON is an error that names the attribute.
func TestNoJSONForm(t *testing.T) {
	t.Parallel()

	for name, attribute := range map[string]*tfprotov6.SchemaAttribute{
		"no type":            {Name: "broken"},
		"no element type":    {Name: "broken", Type: tftypes.List{}},
		"no nesting mode":    {Name: "broken", NestedType: &tfprotov6.SchemaObject{}},
		"object of no type":  {Name: "broken", Type: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": nil}}},
		"element of a tuple": {Name: "broken", Type: tftypes.Tuple{ElementTypes: []tftypes.Type{nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			server := &schemaServer{schema: tfprotov6.GetProviderSchemaResponse{
				ResourceSchemas: map[string]*tfprotov6.Schema{"x_thing": one(attribute)},
			}}
			_, err := exportSchemas(t.Context(), server, "x")
			if err == nil || !strings.HasPrefix(err.Error(), "x_thing: broken: ") {
				t.Errorf("error %v, want one about x_thing: broken", err)
			}
		})
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()

	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
