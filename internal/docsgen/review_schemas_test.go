package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReviewSchemas checks what a policy engine relies on: every resource has a JSON Schema, in which every object is
// closed, words that are fixed are listed, and null is named where a value can be null.
func TestReviewSchemas(t *testing.T) {
	t.Parallel()

	files, err := reviewSchemas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := func(file string, steps ...string) any {
		t.Helper()
		value := decode(t, files[file])
		for _, step := range steps {
			inner, is := value.(map[string]any)
			if !is || inner[step] == nil {
				t.Fatalf("%s has no %s", file, strings.Join(steps, "."))
			}
			value = inner[step]
		}
		return value
	}
	const policySchema = "pvesec_sudoers_policy.schema.json"
	finding := []string{"properties", "analysis", "properties", "findings", "items", "properties"}
	for _, want := range []struct {
		file  string
		steps []string
		value string
	}{
		{policySchema, []string{"$schema"}, `"https://json-schema.org/draft/2020-12/schema"`},
		{policySchema, []string{"additionalProperties"}, `false`},
		{policySchema, []string{"properties", "name", "type"}, `"string"`},
		{policySchema, []string{"properties", "enforcement", "enum"}, `["refuse", "warn", null]`},
		{policySchema, []string{"properties", "on_new_access", "enum"}, `["warn", "deny", null]`},
		{policySchema, []string{"properties", "change", "type"}, `["object", "null"]`},
		{policySchema, []string{"properties", "change", "additionalProperties"}, `false`},
		{policySchema, []string{"properties", "change", "properties", "verdict", "type"}, `"string"`},
		{policySchema, []string{"properties", "change", "properties", "verdict", "enum"}, `["equal", "narrower", "wider", "incomparable", "unknown"]`},
		{policySchema, slices.Concat(finding, []string{"severity", "enum"}), `["critical", "high", "medium"]`},
		{policySchema, slices.Concat(finding, []string{"accepted", "type"}), `["string", "null"]`},
		{policySchema, slices.Concat(finding, []string{"id", "type"}), `"string"`},
		{policySchema, slices.Concat(finding, []string{"line", "type"}), `"integer"`},
		{policySchema, []string{"properties", "deployed", "additionalProperties", "properties", "root_equivalent", "type"}, `"boolean"`},
		{policySchema, []string{"properties", "overruled", "additionalProperties", "items", "type"}, `"string"`},
		{policySchema, []string{"properties", "rule", "items", "additionalProperties"}, `false`},
		{"pvesec_restricted_user.schema.json", []string{"properties", "token", "uniqueItems"}, `true`},
		{"pvesec_api_token.schema.json", []string{"properties", "never_expires", "type"}, `["boolean", "null"]`},
		{"pvesec_audit_logging.schema.json", []string{"properties", "nodes_skipped", "items", "type"}, `"string"`},
	} {
		if diff := cmp.Diff(decode(t, []byte(want.value)), at(want.file, want.steps...)); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", strings.Join(want.steps, "."), want.file, diff)
		}
	}
	for name, text := range files {
		closed(t, name, decode(t, text))
		if !json.Valid(text) || strings.Contains(string(text), `\u003c`) {
			t.Errorf("%s is not plain JSON", name)
		}
	}
}

// TestFindingsInAPlanAreShort: a plan shows what was found and where. Why it matters and what to grant instead is in
// the guides and in data source pvesec_sudoers_analysis, so that a plan with many findings stays readable.
func TestFindingsInAPlanAreShort(t *testing.T) {
	t.Parallel()

	files, err := reviewSchemas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	short := []string{"id", "severity", "rule", "about", "example", "line", "file", "nodes", "privileges_held", "root_equivalent", "accepted"}
	seen := 0
	var walk func(at string, value any)
	walk = func(at string, value any) {
		inner, is := value.(map[string]any)
		if !is {
			return
		}
		if properties, is := inner["properties"].(map[string]any); is && properties["id"] != nil && properties["severity"] != nil && !strings.HasSuffix(at, ".lint.items") {
			seen++
			for name := range properties {
				if !slices.Contains(short, name) {
					t.Errorf("%s shows %s of a finding", at, name)
				}
			}
		}
		for name, value := range inner {
			walk(at+"."+name, value)
		}
	}
	for name, text := range files {
		walk(name, decode(t, text))
	}
	if seen < 5 {
		t.Errorf("%d attributes with findings, of two of a policy, a user, a token and an account", seen)
	}
}

// closed checks that an object with named properties allows no others.
func closed(t *testing.T, at string, value any) {
	t.Helper()
	inner, is := value.(map[string]any)
	if !is {
		return
	}
	if of, is := inner["type"].([]any); inner["type"] == "object" || is && slices.Contains(of, any("object")) {
		if _, mapped := inner["additionalProperties"].(map[string]any); !mapped && inner["additionalProperties"] != false {
			t.Errorf("%s allows properties that nobody described", at)
		}
	}
	for name, value := range inner {
		closed(t, at+"."+name, value)
	}
}
