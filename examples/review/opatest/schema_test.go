package opatest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestPlansFollowTheSchemas: every value of a pvesec resource in every recorded plan follows the JSON Schema of its
// type.
func TestPlansFollowTheSchemas(t *testing.T) {
	t.Parallel()
	schemas := resourceSchemas(t)
	checked := map[string]int{}
	check := func(plan, at string, of any, value any) {
		name, _ := of.(string)
		if value == nil || !strings.HasPrefix(name, "pvesec_") {
			return
		}
		schema, known := schemas[name]
		if !known {
			t.Fatalf("%s: no JSON Schema of %s", plan, name)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %s: %v", plan, at, err)
		}
		checked[name]++
	}
	for name, plan := range recordedPlans(t) {
		for _, key := range []string{"resource_changes", "resource_drift"} {
			changes, _ := plan[key].([]any)
			for _, one := range changes {
				entry := one.(map[string]any)
				change := entry["change"].(map[string]any)
				at := entry["address"].(string)
				check(name, at+" before", entry["type"], change["before"])
				check(name, at+" after", entry["type"], change["after"])
			}
		}
		eachResource(plan["planned_values"], func(resource map[string]any) { check(name, "planned_values", resource["type"], resource["values"]) })
	}
	for name := range schemas {
		if checked[name] == 0 {
			t.Errorf("no recorded plan has a %s", name)
		}
	}
}

// TestSchemasRefuse: the schemas are closed, and hold words to their vocabulary.
func TestSchemasRefuse(t *testing.T) {
	t.Parallel()
	schema := resourceSchemas(t)["pvesec_sudoers_policy"]
	for text, valid := range map[string]bool{
		`{}`:                        true,
		`{"name": "x"}`:             true,
		`{"name": null}`:            false,
		`{"nam": "x"}`:              false,
		`{"enforcement": "warn"}`:   true,
		`{"enforcement": "ignore"}`: false,
		`{"change": null}`:          true,
		`{"change": {"verdict": "wider", "newly_allowed": ["sudo /usr/bin/id"]}}`:         true,
		`{"change": {"verdict": "better"}}`:                                               false,
		`{"change": {"verdict": null}}`:                                                   false,
		`{"analysis": {"findings": [{"severity": "critical", "accepted": null}]}}`:        true,
		`{"analysis": {"findings": [{"severity": "low"}]}}`:                               false,
		`{"analysis": {"findings": [{"lines": ["1"]}]}}`:                                  false,
		`{"deployed": {"pve1": {"root_equivalent": true, "beyond": ["sudo /bin/bash"]}}}`: true,
		`{"deployed": {"pve1": {"root": true}}}`:                                          false,
		`{"overruled": {"pve1": ["denied"]}}`:                                             true,
		`{"nodes_skipped": "pve1"}`:                                                       false,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err == nil) != valid {
			t.Errorf("%s: valid %t wanted, and it says %v", text, valid, err)
		}
	}
}

// resourceSchemas are the compiled schemas of docs/schemas by resource type.
func resourceSchemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "docs", "schemas", "*.schema.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, file := range files {
		opened, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(opened)
		if closed := opened.Close(); err != nil || closed != nil {
			t.Fatal(err, closed)
		}
		compiler := jsonschema.NewCompiler()
		compiler.DefaultDraft(jsonschema.Draft2020)
		if err := compiler.AddResource(file, document); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile(file)
		if err != nil {
			t.Fatal(err)
		}
		schemas[strings.TrimSuffix(filepath.Base(file), ".schema.json")] = schema
	}
	return schemas
}

// eachResource calls a function with every resource of planned_values.
func eachResource(value any, call func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		if _, is := value["values"].(map[string]any); is && value["address"] != nil {
			call(value)
			return
		}
		for _, inner := range value {
			eachResource(inner, call)
		}
	case []any:
		for _, inner := range value {
			eachResource(inner, call)
		}
	}
}
