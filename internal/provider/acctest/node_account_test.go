package acctest

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestNodeAccountInAPlan: what an account is by default, its findings, and what is refused before a node is asked.
func TestNodeAccountInAPlan(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, userAPI(t, pvesim.Version91))
	const typeName = "pvesec_node_account"
	key := map[string]any{"key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k nightowl@example"}
	plan := func(config map[string]any) (string, error) {
		answer, _, err := p.plan(t.Context(), p.absent(typeName), build(p.typeOf(typeName), config))
		if err != nil {
			return "", err
		}
		state, err := answer.PlannedState.Unmarshal(p.typeOf(typeName))
		if err != nil {
			t.Fatal(err)
		}
		return canonical(t, state), nil
	}
	got, err := plan(map[string]any{"name": "nightowl", "groups": []any{"sudo"}, "accepted_risks": map[string]any{"PVESEC-A0001": "it is the administrator"}, "authorized_key": []any{key}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"home": "/home/nightowl"`, `"shell": "/bin/bash"`, `"comment": ""`, `"group_membership": "exclusive"`, `"key_membership": "exclusive"`, `"adopt": false`, `"remove_home": false`, `"end_sessions": false`,
		`"id": "PVESEC-A0001"`, `"accepted": "it is the administrator"`, `"id": "PVESEC-A0101"`, `"severity": "medium"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in the plan:\n%s", want, got)
		}
	}
	for says, config := range map[string]map[string]any{
		"PVESEC-A0001": {"name": "nightowl", "groups": []any{"sudo"}},
		"PVESEC-A0010": {"name": "nightowl", "groups": []any{"adm"}, "accepted_risks": map[string]any{"PVESEC-A0001": "another one"}},
	} {
		if _, err := plan(config); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s is not refused: %v", says, err)
		}
	}
}

// TestNodeAccountFindingsAreDocumented: who sees an id finds it in the documentation.
func TestNodeAccountFindingsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../templates/resources/node_account.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range hardening.AccountFindingIDs() {
		if !strings.Contains(string(text), "`"+id+"`") {
			t.Errorf("%s is not documented", id)
		}
	}
	groups := regexp.MustCompile("`PVESEC-A00[0-9]{2}` \\| `([a-z-]+)`").FindAllStringSubmatch(string(text), -1)
	if len(groups) < 20 {
		t.Errorf("the table has %d groups", len(groups))
	}
	for _, group := range groups {
		found := hardening.NodeAccount{Name: "nightowl", Groups: []string{group[1]}}.Findings()
		if len(found) != 1 || !strings.Contains(string(text), "| "+found[0].Severity+" | "+found[0].Why+" |") {
			t.Errorf("the table does not say what is found of group %s: %v", group[1], found)
		}
	}
}
