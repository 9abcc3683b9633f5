package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoersRuleType is the element of rules as Terraform types it.
var sudoersRuleType = map[string]attr.Type{
	"commands":      types.ListType{ElemType: types.StringType},
	"run_as_users":  types.ListType{ElemType: types.StringType},
	"run_as_groups": types.ListType{ElemType: types.StringType},
	"hosts":         types.ListType{ElemType: types.StringType},
	"nopasswd":      types.BoolType,
	"noexec":        types.BoolType,
	"setenv":        types.BoolType,
	"log_input":     types.BoolType,
	"log_output":    types.BoolType,
	"timeout":       types.StringType,
	"not_before":    types.StringType,
	"not_after":     types.StringType,
	"cwd":           types.StringType,
}

// planVersion is the sudo that a text is judged for while planning: the newest, which knows all that older ones know. The node's own visudo
// judges it again for the sudo that will read it.
var planVersion = sudoers.Version{}

// render fills in content, sha256 and grants from what the configuration says, as far as it is known, and reports what is wrong with it at the very
// attribute, with line and column.
func render(ctx context.Context, m *sudoersPolicyModel, diags *diag.Diagnostics) {
	m.SHA256 = types.StringUnknown()
	m.Grants = types.ListUnknown(types.StringType)
	if m.Rules.IsNull() && m.Content.IsNull() {
		return // the schema's validators say that one of both is missing
	}
	if m.Name.IsUnknown() || m.Subject.IsUnknown() || !fullyKnown(m.Rules) || !fullyKnown(m.Defaults) || m.Content.IsUnknown() {
		if !m.Rules.IsNull() {
			m.Content = types.StringUnknown()
		}
		return
	}
	var file *sudoers.File
	if m.Rules.IsNull() {
		file = parseContent(m, diags)
	} else {
		file = buildRules(ctx, m, diags)
	}
	if file == nil {
		return
	}
	m.SHA256 = types.StringValue(hardening.Digest(m.Content.ValueString()))
	m.Grants = stringList(ownGrants(file, m.Subject.ValueString()))
}

// parseContent parses a hand-written text.
func parseContent(m *sudoersPolicyModel, diags *diag.Diagnostics) *sudoers.File {
	text := m.Content.ValueString()
	file, problems := sudoers.Parse(m.Name.ValueString(), text, planVersion)
	if len(problems) == 0 {
		problems = hardening.CheckContent(file, m.Subject.ValueString())
	}
	for _, problem := range problems {
		diags.AddAttributeError(path.Root("content"), fmt.Sprintf("Line %d, column %d: %s", problem.Pos.Line, problem.Pos.Col, problem.Msg), problemDetail(problem, text))
	}
	if len(problems) > 0 {
		return nil
	}
	return file
}

// problemDetail shows the line with a caret, and what to write instead.
func problemDetail(problem *sudoers.Error, text string) string {
	var b strings.Builder
	if excerpt := problem.Excerpt(text); excerpt != "" {
		b.WriteString("  " + strings.ReplaceAll(excerpt, "\n", "\n  ") + "\n\n")
	}
	if problem.Hint != "" {
		b.WriteString(upperFirst(problem.Hint) + ".")
	}
	return b.String()
}

// buildRules renders rules and defaults into content.
func buildRules(ctx context.Context, m *sudoersPolicyModel, diags *diag.Diagnostics) *sudoers.File {
	structured := sudoers.Policy{
		Name:    m.Name.ValueString(),
		Subject: m.Subject.ValueString(),
		Header: fmt.Sprintf("Managed by Terraform: pvesec_sudoers_policy %q.\nA change made here is shown as drift and undone by the next apply.",
			m.Name.ValueString()),
	}
	if !m.Defaults.IsNull() {
		diags.Append(m.Defaults.ElementsAs(ctx, &structured.Defaults, false)...)
	}
	var rules []sudoersRuleModel
	diags.Append(m.Rules.ElementsAs(ctx, &rules, false)...)
	var origins []origin
	for i, model := range rules {
		rule := model.rule(ctx, diags)
		for j, command := range rule.Commands {
			// A line of its own for each command: a plan then shows one line for one command gained or lost.
			single := rule
			single.Commands = []string{command}
			structured.Rules = append(structured.Rules, single)
			origins = append(origins, origin{rule: i, command: j})
		}
	}
	if diags.HasError() {
		return nil
	}
	file, problems := sudoers.Build(structured, planVersion)
	for _, problem := range problems {
		at := rulePath(problem, origins)
		// Terraform points at the resource for a path this deep, so the text names the element.
		diags.AddAttributeError(at, upperFirst(problem.Err.Msg), fmt.Sprintf("In %s:\n\n%s", at, ruleDetail(problem, structured)))
	}
	if len(problems) > 0 {
		return nil
	}
	m.Content = types.StringValue(sudoers.Print(file))
	return file
}

func (r sudoersRuleModel) rule(ctx context.Context, diags *diag.Diagnostics) sudoers.Rule {
	rule := sudoers.Rule{
		NoPasswd:  tri(r.NoPasswd),
		NoExec:    tri(r.NoExec),
		Setenv:    tri(r.SetEnv),
		LogInput:  tri(r.LogInput),
		LogOutput: tri(r.LogOutput),
		Timeout:   r.Timeout.ValueString(),
		NotBefore: r.NotBefore.ValueString(),
		NotAfter:  r.NotAfter.ValueString(),
		Cwd:       r.Cwd.ValueString(),
	}
	for list, target := range map[*types.List]*[]string{&r.Commands: &rule.Commands, &r.RunAsUsers: &rule.RunAsUsers, &r.RunAsGroups: &rule.RunAsGroups, &r.Hosts: &rule.Hosts} {
		if !list.IsNull() {
			diags.Append(list.ElementsAs(ctx, target, false)...)
		}
	}
	return rule
}

func tri(value types.Bool) sudoers.Tri {
	switch {
	case value.IsNull():
		return sudoers.Unset
	case value.ValueBool():
		return sudoers.Yes
	}
	return sudoers.No
}

// ruleAttributes maps a field of sudoers.Rule to the attribute that holds it.
var ruleAttributes = map[string]string{
	"Commands": "commands", "RunAsUsers": "run_as_users", "RunAsGroups": "run_as_groups", "Hosts": "hosts",
	"Timeout": "timeout", "NotBefore": "not_before", "NotAfter": "not_after", "Cwd": "cwd",
}

// origin is the element of rules, and of its commands, that a rendered line comes from.
type origin struct{ rule, command int }

// rulePath is the attribute that an error in structured rules concerns.
func rulePath(problem *sudoers.RuleError, origins []origin) path.Path {
	switch {
	case problem.Field == "Subject":
		return path.Root("subject")
	case problem.Field == "Defaults" && problem.Index >= 0:
		return path.Root("defaults").AtListIndex(problem.Index)
	case problem.Rule < 0:
		return path.Root("rules")
	}
	from := origins[problem.Rule]
	at := path.Root("rules").AtListIndex(from.rule).AtName(ruleAttributes[problem.Field])
	switch {
	case problem.Index < 0:
		return at
	case problem.Field == "Commands":
		return at.AtListIndex(from.command)
	}
	return at.AtListIndex(problem.Index)
}

// ruleDetail shows the element with a caret, and what to write instead.
func ruleDetail(problem *sudoers.RuleError, structured sudoers.Policy) string {
	text := ""
	switch {
	case problem.Index < 0:
	case problem.Field == "Defaults":
		text = structured.Defaults[problem.Index]
	case problem.Field == "Commands":
		text = structured.Rules[problem.Rule].Commands[problem.Index]
	}
	return problemDetail(problem.Err, text)
}

// ownGrants lists what the file alone grants its subject.
func ownGrants(file *sudoers.File, subject string) []string {
	tree := sudoers.TreeOf(file)
	var granted []string
	for _, grant := range policy.Grants(tree, policy.Subject{Name: subject}) {
		granted = append(granted, grant.Text)
	}
	return granted
}
