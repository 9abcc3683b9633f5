package opatest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// mutation is a plan that says less, or something else, than Terraform said.
type mutation struct {
	what string
	plan map[string]any
}

// TestMutationsStayRefused: no value that becomes unknown, no key that is renamed, no severity that is lowered and no
// move into a module makes a policy that refuses a plan say nothing. Each resource is judged alone, and for each rule
// that refuses it all others are excepted: so none hides behind another one.
func TestMutationsStayRefused(t *testing.T) {
	t.Parallel()
	none := newEngine(t, nil)
	count := 0
	for name, recorded := range recordedPlans(t) {
		for _, plan := range alone(t, recorded) {
			for rule, excepted := range exceptOthers(none.judge(t, plan).Deny) {
				judge := newEngine(t, excepted)
				if len(judge.judge(t, plan).Deny) == 0 {
					t.Errorf("%s: %s is not refused by itself", name, rule)
				}
				for _, mutated := range mutations(t, plan) {
					count++
					if said := judge.judge(t, mutated.plan); len(said.Deny) == 0 {
						t.Errorf("%s, refused by %s: nothing stands against the plan with %s", name, rule, mutated.what)
					}
				}
			}
		}
	}
	if count < 1000 {
		t.Errorf("%d mutations, which is too few", count)
	}
	t.Logf("%d mutations", count)
}

// alone are the plans in which each resource of a plan stands alone.
func alone(t *testing.T, plan map[string]any) (plans []map[string]any) {
	t.Helper()
	changes, _ := plan["resource_changes"].([]any)
	if len(changes) < 2 {
		return []map[string]any{plan}
	}
	for _, change := range changes {
		one := generic(t, plan).(map[string]any)
		one["resource_changes"] = []any{generic(t, change)}
		one["planned_values"] = map[string]any{"root_module": map[string]any{}}
		delete(one, "resource_drift")
		plans = append(plans, one)
	}
	return plans
}

// exceptOthers are, for each rule that refuses a plan, exceptions for all the others.
func exceptOthers(denied []string) map[string][]exception {
	rules := map[string]bool{}
	for _, message := range denied {
		rules[ruleOf(message)] = true
	}
	sets := map[string][]exception{}
	for rule := range rules {
		sets[rule] = []exception{}
		for other := range rules {
			if other != rule && other != "plan" {
				sets[rule] = append(sets[rule], exception{Address: "*", Rule: other, Reason: "another rule is tested", Until: "2030-01-01"})
			}
		}
	}
	return sets
}

// ruleOf is the rule of a message, which follows the address.
func ruleOf(message string) string {
	_, rest, _ := strings.Cut(message, ": ")
	rule, _, _ := strings.Cut(rest, ": ")
	return rule
}

// mutations are all of a plan. What only repeats the change (planned_values, resource_drift), and how things were
// before, is left as it is.
func mutations(t *testing.T, plan map[string]any) (all []mutation) {
	t.Helper()
	add := func(what string, change func(map[string]any)) {
		copied := generic(t, plan).(map[string]any)
		change(copied)
		all = append(all, mutation{what, copied})
	}
	for _, key := range sortedKeys(plan) {
		if key != "timestamp" && key != "terraform_version" && key != "applyable" && key != "resource_drift" && key != "errored" {
			add(fmt.Sprintf("the key %s renamed", key), func(p map[string]any) { rename(p, key) })
		}
	}
	changes, _ := plan["resource_changes"].([]any)
	for i, entry := range changes {
		rc := entry.(map[string]any)
		at := func(p map[string]any) map[string]any { return p["resource_changes"].([]any)[i].(map[string]any) }
		changeOf := func(p map[string]any) map[string]any { return at(p)["change"].(map[string]any) }
		for _, key := range []string{"address", "type", "provider_name", "mode", "change"} {
			add(fmt.Sprintf("the key %s renamed", key), func(p map[string]any) { rename(at(p), key) })
		}
		for _, key := range []string{"actions", "after"} {
			add(fmt.Sprintf("the key change.%s renamed", key), func(p map[string]any) { rename(changeOf(p), key) })
		}
		for _, path := range paths(rc["change"].(map[string]any)["after"]) {
			where := fmt.Sprint(path)
			add("the key "+where+" renamed", func(p map[string]any) {
				if parent, is := step(changeOf(p)["after"], path[:len(path)-1]).(map[string]any); is {
					rename(parent, path[len(path)-1].(string))
				}
			})
			add(where+" unknown", func(p map[string]any) { makeUnknown(changeOf(p), path) })
			if path[len(path)-1] == "severity" {
				for _, lower := range []any{"high", "medium", "low", "", nil} {
					add(fmt.Sprintf("%s %v", where, lower), func(p map[string]any) {
						step(changeOf(p)["after"], path[:len(path)-1]).(map[string]any)["severity"] = lower
					})
				}
			}
		}
		add("all within a module", func(p map[string]any) {
			moved := "module.deep[\"down\"].module.below[0]."
			at(p)["address"] = moved + at(p)["address"].(string)
			at(p)["module_address"] = strings.TrimSuffix(moved, ".")
			p["planned_values"] = map[string]any{"root_module": map[string]any{}}
		})
		add("a count", func(p map[string]any) {
			at(p)["address"] = at(p)["address"].(string) + "[3]"
			at(p)["index"] = 3.0
			delete(p, "planned_values")
			p["planned_values"] = map[string]any{}
		})
		add("an import", func(p map[string]any) { changeOf(p)["importing"] = map[string]any{"id": "x"} })
		add("another provider", func(p map[string]any) { at(p)["provider_name"] = "registry.terraform.io/someone/pvesec" })
		add("another type", func(p map[string]any) { at(p)["type"] = "pvesec_unheard_of" })
	}
	return all
}

func rename(in map[string]any, key string) {
	if value, is := in[key]; is {
		delete(in, key)
		in[key+"_x"] = value
	}
}

// paths are the ways to every key within a value, through lists too.
func paths(value any) (all [][]any) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, []any{key})
			for _, path := range paths(value[key]) {
				all = append(all, append([]any{key}, path...))
			}
		}
	case []any:
		for i, inner := range value {
			for _, path := range paths(inner) {
				all = append(all, append([]any{i}, path...))
			}
		}
	}
	return all
}

// step follows a path, nil where it ends early.
func step(value any, path []any) any {
	for _, one := range path {
		switch at := one.(type) {
		case string:
			inner, _ := value.(map[string]any)
			value = inner[at]
		case int:
			inner, _ := value.([]any)
			if at >= len(inner) {
				return nil
			}
			value = inner[at]
		}
	}
	return value
}

// makeUnknown leaves a value out of after and marks it in after_unknown, as Terraform does.
func makeUnknown(change map[string]any, path []any) {
	parent, is := step(change["after"], path[:len(path)-1]).(map[string]any)
	if !is {
		return
	}
	delete(parent, path[len(path)-1].(string))
	change["after_unknown"] = marked(change["after_unknown"], path)
}

// marked is a part of after_unknown with a mark at a path.
func marked(value any, path []any) any {
	if len(path) == 0 {
		return true
	}
	switch at := path[0].(type) {
	case string:
		inner, _ := value.(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		inner[at] = marked(inner[at], path[1:])
		return inner
	case int:
		inner, _ := value.([]any)
		for len(inner) <= at {
			inner = append(inner, map[string]any{})
		}
		inner[at] = marked(inner[at], path[1:])
		return inner
	}
	return value
}
