package acctest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// Why an attribute has no case of a kind. A new attribute gets a case, or a line here.
const (
	shown     = "it is shown, not configured"
	writeOnly = "what is write-only, and its version, are never remembered nor read"
	ours      = "PVE knows nothing of it"
	identity  = "a resource with another one is another resource"
	secret    = "PVE tells it once"
	dangerous = "a plan refuses what has findings; TestFindingThroughDrift and the comparison with the framework have some"
	listed    = "the comparison with the framework has a token with grants of its own"
)

var withoutCase = map[string]map[string]map[string]string{
	"pvesec_restricted_user": {
		"memo": {"password": writeOnly, "password_version": writeOnly, "timeouts.read": ours, "timeouts.update": ours, "timeouts.delete": ours},
		"drift": {"user_id": identity, "token_secrets": "TestRestrictedUserSecretInState removes a token with a secret", "password": writeOnly, "password_version": writeOnly, "group_membership": ours, "external_tokens": ours, "secret_in_state": ours,
			"accepted_risks": ours, "timeouts": ours, "token.expires_in": ours, "token.inherit_grants": "the comparison with the framework has a token that does not inherit", "findings.accepted": ours},
		"import": {"password": writeOnly, "password_version": writeOnly, "external_tokens": ours, "secret_in_state": ours, "token_secrets": secret, "accepted_risks": ours,
			"timeouts": ours, "token.expires_in": ours, "findings": dangerous, "group_membership": ours, "token.grant": listed, "token.inherit_grants": listed},
	},
	"pvesec_api_token": {
		"memo": {"timeouts.create": ours, "timeouts.update": ours, "timeouts.delete": ours},
		"drift": {"user_id": identity, "token_id": identity, "expires_in": ours, "never_expires": ours, "rotation_id": ours, "rotate_before": ours, "rotation": ours, "overlap": ours,
			"recipients": ours, "encrypted_secret": secret, "secret_in_state": ours, "secret": secret, "accepted_risks": ours, "timeouts": ours, "findings": dangerous,
			"current_token_id": "TestAPITokenRotation removes the token that a rotation made", "full_token_id": "as current_token_id", "previous": "as current_token_id",
			"rotation_due": "TestAPITokenRotation lets a token become due"},
		"import": {"expires_in": ours, "rotation_id": ours, "rotate_before": ours, "rotation": ours, "overlap": ours, "recipients": ours, "encrypted_secret": secret, "secret_in_state": ours,
			"secret": secret, "accepted_risks": ours, "timeouts": ours, "previous": "PVE does not tell which token was before", "findings": dangerous,
			"never_expires": "TestAPITokenLifeCycle imports a token that never expires"},
	},
}

// TestEveryAttributeHasACase demands that each attribute of users and tokens is in a configuration of the comparison
// with the framework, in an import, and in a drift where it can drift.
func TestEveryAttributeHasACase(t *testing.T) {
	t.Parallel()
	for kind, typeName := range map[string]string{"user": "pvesec_restricted_user", "token": "pvesec_api_token"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newProtocol(t, userAPI(t, pvesim.Version91))
			attributes := configuredWith(p.schemas.ResourceSchemas[typeName].Block)
			met := map[string]map[string]bool{"memo": {}, "drift": driftsMeet(t, kind, attributes), "import": importMeets(t, kind, attributes)}
			configs := unchangedConfigs
			if kind == "token" {
				configs = unchangedTokens
			}
			met["memo"]["user_id"], met["memo"]["token_id"] = true, true // in each of them
			for _, config := range configs {
				for name, values := range parts(attributes, config) {
					met["memo"][name] = met["memo"][name] || len(values) > 0
				}
			}
			for _, name := range leaves(attributes, "") {
				for what, found := range met {
					reason := excuse(withoutCase[typeName][what], name)
					if what == "memo" && reason == "" && !configurable(attributes, name) {
						reason = shown
					}
					switch {
					case !found[name] && reason == "":
						t.Errorf("%s has no case: %s", name, what)
					case found[name] && withoutCase[typeName][what][name] != "":
						t.Errorf("%s has a case (%s), and a reason for having none: %q", name, what, reason)
					}
				}
			}
		})
	}
}

// driftsMeet are the attributes that some drift changes.
func driftsMeet(t *testing.T, kind string, attributes []*tfprotov6.SchemaAttribute) map[string]bool {
	t.Helper()
	met := map[string]bool{}
	for name, drift := range everyDrift()[kind] {
		r, before := made(t, kind)
		harness.Tamper(t, r.api.AddGroup("others"), drift(r.api))
		now, err := r.fresh(t).refresh(t.Context(), r.it)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if now.state.IsNull() {
			continue
		}
		after := parts(attributes, asJSON(t, now.state))
		for part := range maps.Keys(before) {
			met[part] = met[part] || !slices.Equal(before[part], after[part])
		}
		for part := range maps.Keys(after) {
			met[part] = met[part] || !slices.Equal(before[part], after[part])
		}
	}
	return met
}

// importMeets are the attributes that an import finds as they were applied. What it finds otherwise is an error.
func importMeets(t *testing.T, kind string, attributes []*tfprotov6.SchemaAttribute) map[string]bool {
	t.Helper()
	r, before := made(t, kind)
	p := r.fresh(t)
	id := map[string]string{"user": "agent@pve", "token": "deploy@pve!ci"}[kind]
	answer, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: r.typeName, ID: id})
	if err == nil {
		err = diagnosed(answer.Diagnostics)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := instance{typeName: r.typeName, private: answer.ImportedResources[0].Private}
	if found.state, err = answer.ImportedResources[0].State.Unmarshal(p.typeOf(r.typeName)); err != nil {
		t.Fatal(err)
	}
	if found, err = p.refresh(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	after, met := parts(attributes, asJSON(t, found.state)), map[string]bool{}
	for _, name := range leaves(attributes, "") {
		if excuse(withoutCase[r.typeName]["import"], name) != "" {
			continue
		}
		if !slices.Equal(before[name], after[name]) {
			t.Errorf("an import finds %s as %v, applied was %v", name, after[name], before[name])
		}
		met[name] = len(before[name]) > 0
	}
	return met
}

// made is a user or a token with one of everything, with the parts of its state.
func made(t *testing.T, kind string) (*faultRun, map[string][]string) {
	t.Helper()
	c := accessCases[kind]
	c.first = map[string]map[string]any{"user": fullUser(), "token": fullToken()}[kind]
	r := newFaultRun(t, c, pvesim.Version91)
	if err := r.prepare(t, "update"); err != nil {
		t.Fatal(err)
	}
	return r, parts(configuredWith(r.fresh(t).schemas.ResourceSchemas[c.typeName].Block), asJSON(t, r.it.state))
}

// configuredWith are the attributes of a block, with its blocks as if they were attributes.
func configuredWith(block *tfprotov6.SchemaBlock) []*tfprotov6.SchemaAttribute {
	modes := map[tfprotov6.SchemaNestedBlockNestingMode]tfprotov6.SchemaObjectNestingMode{
		tfprotov6.SchemaNestedBlockNestingModeSingle: tfprotov6.SchemaObjectNestingModeSingle, tfprotov6.SchemaNestedBlockNestingModeSet: tfprotov6.SchemaObjectNestingModeSet,
		tfprotov6.SchemaNestedBlockNestingModeList: tfprotov6.SchemaObjectNestingModeList,
	}
	attributes := slices.Clone(block.Attributes)
	for _, nested := range block.BlockTypes {
		attributes = append(attributes, &tfprotov6.SchemaAttribute{Name: nested.TypeName, Optional: true,
			NestedType: &tfprotov6.SchemaObject{Attributes: configuredWith(nested.Block), Nesting: modes[nested.Nesting]}})
	}
	return attributes
}

// excuse is the reason for which an attribute, or one that it is part of, has no case.
func excuse(reasons map[string]string, name string) string {
	for {
		if reason := reasons[name]; reason != "" {
			return reason
		}
		cut := strings.LastIndexByte(name, '.')
		if cut < 0 {
			return ""
		}
		name = name[:cut]
	}
}

// leaves are the attributes with nothing in them, by their names in the schema: tokens.comment.
func leaves(attributes []*tfprotov6.SchemaAttribute, within string) []string {
	var names []string
	for _, a := range attributes {
		if a.NestedType != nil {
			names = append(names, leaves(a.NestedType.Attributes, within+a.Name+".")...)
			continue
		}
		if object, ok := a.Type.(tftypes.Object); ok { // timeouts
			for _, name := range slices.Sorted(maps.Keys(object.AttributeTypes)) {
				names = append(names, within+a.Name+"."+name)
			}
			continue
		}
		names = append(names, within+a.Name)
	}
	return names
}

func configurable(attributes []*tfprotov6.SchemaAttribute, name string) bool {
	first, rest, nested := strings.Cut(name, ".")
	for _, a := range attributes {
		if a.Name != first {
			continue
		}
		if nested && a.NestedType != nil {
			return (a.Optional || a.Required) && configurable(a.NestedType.Attributes, rest)
		}
		return a.Optional || a.Required
	}
	return false
}

// parts are the values of a state or configuration by the attributes that they belong to, sorted. Null is none.
func parts(attributes []*tfprotov6.SchemaAttribute, value any) map[string][]string {
	found := map[string][]string{}
	var collect func(attributes []*tfprotov6.SchemaAttribute, within string, value any)
	collect = func(attributes []*tfprotov6.SchemaAttribute, within string, value any) {
		fields, _ := value.(map[string]any)
		for _, a := range attributes {
			field := fields[a.Name]
			if field == nil {
				continue
			}
			object, isObject := a.Type.(tftypes.Object)
			switch {
			case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeMap:
				entries, _ := field.(map[string]any)
				for _, entry := range entries {
					collect(a.NestedType.Attributes, within+a.Name+".", entry)
				}
			case a.NestedType != nil && a.NestedType.Nesting != tfprotov6.SchemaObjectNestingModeSingle:
				items, _ := field.([]any)
				for _, item := range items {
					collect(a.NestedType.Attributes, within+a.Name+".", item)
				}
			case a.NestedType != nil:
				collect(a.NestedType.Attributes, within+a.Name+".", field)
			case isObject:
				inner, _ := field.(map[string]any)
				for name := range object.AttributeTypes {
					if inner[name] != nil {
						found[within+a.Name+"."+name] = append(found[within+a.Name+"."+name], fmt.Sprint(inner[name]))
					}
				}
			default:
				text, err := json.Marshal(field)
				if err != nil {
					text = []byte(err.Error())
				}
				found[within+a.Name] = append(found[within+a.Name], string(text))
			}
		}
	}
	collect(attributes, "", value)
	for _, values := range found {
		slices.Sort(values)
	}
	return found
}

// TestEveryAttributeOnNodesIsTested demands that each attribute of the resources on nodes is written in some test of
// them.
func TestEveryAttributeOnNodesIsTested(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, pattern := range []string{"onnodes/*_test.go", "harness/configurations.go", "sudoers_*_test.go", "audit_*_test.go", "attributes_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(content)
		}
	}
	p := newProtocol(t, userAPI(t, pvesim.Version91))
	for _, typeName := range []string{"pvesec_sudoers_policy", "pvesec_audit_logging", "pvesec_node_account", "pvesec_break_glass", "pvesec_sshd_policy", "pvesec_sudoers_exclusive"} {
		for _, name := range leaves(configuredWith(p.schemas.ResourceSchemas[typeName].Block), "") {
			last := name[strings.LastIndexByte(name, '.')+1:]
			if !regexp.MustCompile(`\b` + last + `\b`).MatchString(text.String()) {
				t.Errorf("no test names %s of %s", name, typeName)
			}
		}
	}
	for typeName := range p.schemas.ResourceSchemas {
		if !slices.Contains([]string{"pvesec_sudoers_policy", "pvesec_audit_logging", "pvesec_node_account", "pvesec_break_glass", "pvesec_sshd_policy", "pvesec_sudoers_exclusive", "pvesec_restricted_user", "pvesec_api_token"}, typeName) {
			t.Errorf("%s has no test that demands a case for each of its attributes: add it here", typeName)
		}
	}
}

// TestPolicyAttributesInAPlan: every attribute of a rule is in the text that is planned, and every field of a finding
// is filled in.
func TestPolicyAttributesInAPlan(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, userAPI(t, pvesim.Version91))
	planned := func(typeName string, config map[string]any) string {
		answer, _, err := p.plan(t.Context(), p.absent(typeName), build(p.typeOf(typeName), config))
		if err != nil {
			t.Fatal(err)
		}
		state, err := answer.PlannedState.Unmarshal(p.typeOf(typeName))
		if err != nil {
			t.Fatal(err)
		}
		return canonical(t, state)
	}
	policy := planned("pvesec_sudoers_policy", map[string]any{"name": "agent", "subject": "agent", "timeouts": map[string]any{"delete": "3m"},
		"accepted_risks": map[string]any{"PVESEC-E0011": "reviewed", "PVESEC-E0106": "reviewed"},
		"rule": []any{map[string]any{"commands": []any{"/usr/bin/id"}, "run_as_users": []any{"nobody"}, "run_as_groups": []any{"adm"}, "hosts": []any{"pve1"}, "nopasswd": true, "noexec": true, "setenv": false,
			"log_input": true, "log_output": false, "timeout": "1h", "not_before": "20260101000000Z", "cwd": "/root"},
			map[string]any{"commands": []any{"/usr/bin/uptime"}, "not_after": "20400101000000Z"},
			map[string]any{"commands": []any{"/usr/sbin/qm ^set 100 --args [a-z]+$"}}}})
	for _, want := range []string{"agent pve1=(nobody : adm)", "CWD=/root", "TIMEOUT=1h", "NOTBEFORE=20260101000000Z", "NOTAFTER=20400101000000Z", "NOEXEC:", "NOSETENV:", "LOG_INPUT:", "NOLOG_OUTPUT:", "NOPASSWD:",
		`"sha256": "`, `"rule": "`, `"example": "`, `"accepted": "reviewed"`} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in the plan", want)
		}
	}
	logging := planned("pvesec_audit_logging", map[string]any{"require_logging": false, "timeouts": map[string]any{"delete": "3m"}})
	if !strings.Contains(logging, " ignore_logfile_errors") || strings.Contains(logging, "!ignore_logfile_errors") {
		t.Error("sudo insists on logging although require_logging is off")
	}
	if t.Failed() {
		t.Log(policy)
	}
}

// TestBreakGlassAttributesInAPlan: what the commands lead to is known while planning, and when the access ends only
// after the apply.
func TestBreakGlassAttributesInAPlan(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, userAPI(t, pvesim.Version91))
	plans := 0
	planned := func(more map[string]any) (string, error) {
		plans++ // one run takes no two of a name
		config := map[string]any{"name": fmt.Sprintf("db%d", plans), "subject": "agent", "reason": "the database is down", "duration": "2h", "require_logging": false, "timeouts": map[string]any{"delete": "3m"}}
		maps.Copy(config, more)
		answer, _, err := p.plan(t.Context(), p.absent("pvesec_break_glass"), build(p.typeOf("pvesec_break_glass"), config))
		if err != nil {
			return "", err
		}
		state, err := answer.PlannedState.Unmarshal(p.typeOf("pvesec_break_glass"))
		if err != nil {
			return "", err
		}
		return canonical(t, state), nil
	}
	for name, test := range map[string]struct {
		more map[string]any
		want string
	}{
		"everything is root":       {map[string]any{"all_commands": true}, `"root_equivalent": true`},
		"its finding is shown":     {map[string]any{"all_commands": true}, `PVESEC-E0001 critical: `},
		"a harmless command":       {map[string]any{"commands": []any{"/usr/bin/uptime"}}, `"root_equivalent": false`},
		"the password is asked":    {map[string]any{"all_commands": true}, `"require_password": true`},
		"a begin that is past":     {map[string]any{"all_commands": true, "starts_at": "2020-01-01T00:00:00Z"}, `"starts_at": "2020-01-01T00:00:00Z"`},
		"nodes that do not answer": {map[string]any{"all_commands": true}, `"on_unreachable": "skip"`},
	} {
		plan, err := planned(test.more)
		if err != nil || !strings.Contains(plan, test.want) {
			t.Errorf("%s: no %s in the plan (%v):\n%s", name, test.want, err, plan)
		}
	}
	for name, test := range map[string]struct {
		more map[string]any
		want string
	}{
		"longer than the limit": {map[string]any{"all_commands": true, "duration": "9h"}, "longer than the provider allows"},
		"too far away":          {map[string]any{"all_commands": true, "starts_at": "2090-01-01T00:00:00Z"}, "too far away"},
	} {
		if plan, err := planned(test.more); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v\n%s", name, err, plan)
		}
	}
}
