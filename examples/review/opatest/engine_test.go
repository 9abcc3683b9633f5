package opatest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// today is when the plans are judged.
var today = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

// judgement is what the policy says of a plan.
type judgement struct {
	Deny    []string `json:"deny"`
	Warn    []string `json:"warn"`
	Summary string   `json:"summary"`
}

// exception is an entry of data.pvesec.exceptions.
type exception struct {
	Address string `json:"address,omitempty"`
	Rule    string `json:"rule,omitempty"`
	Text    string `json:"text,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Until   string `json:"until,omitempty"`
}

// engine judges plans with one set of exceptions.
type engine struct{ query rego.PreparedEvalQuery }

// policyText is review.rego.
var policyText = sync.OnceValue(func() string {
	text, err := os.ReadFile(filepath.Join("..", "review.rego"))
	if err != nil {
		panic(err) // the test is run in its directory
	}
	return string(text)
})

// compiled is review.rego, compiled once for all sets of exceptions.
var compiled = sync.OnceValue(func() *ast.Compiler {
	return ast.MustCompileModules(map[string]string{"review.rego": policyText()})
})

// newEngine prepares the policy with exceptions; data of any other form can be given for them.
func newEngine(t *testing.T, exceptions any) engine {
	t.Helper()
	data := map[string]any{}
	if exceptions != nil {
		data["pvesec"] = map[string]any{"exceptions": generic(t, exceptions)}
	}
	query, err := rego.New(
		rego.Query(`said = {"deny": data.pvesec.review.deny, "warn": data.pvesec.review.warn, "summary": data.pvesec.review.summary}`),
		rego.Compiler(compiled()), rego.Store(inmem.NewFromObject(data)),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return engine{query}
}

// judge judges a plan. A policy that says nothing at all fails the test: a reviewer would take that for consent.
func (e engine) judge(t *testing.T, plan any) judgement {
	t.Helper()
	results, err := e.query.Eval(t.Context(), rego.EvalInput(plan), rego.EvalTime(today))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 1 {
		t.Fatalf("the policy says nothing: %v", results)
	}
	var said judgement
	encoded, err := json.Marshal(results[0].Bindings["said"])
	if err == nil {
		err = json.Unmarshal(encoded, &said)
	}
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// generic is a value as JSON has it.
func generic(t *testing.T, value any) (decoded any) {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(encoded, &decoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// recordedPlans are the plans of examples/review/plans by name.
func recordedPlans(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "plans", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	plans := map[string]map[string]any{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var plan map[string]any
		if err := json.Unmarshal(text, &plan); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		plans[strings.TrimSuffix(filepath.Base(file), ".json")] = plan
	}
	return plans
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
