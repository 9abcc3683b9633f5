package sudo

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/document"
)

// render fills in content, sha256, grants and lint from what the configuration says, as far as it is known, and reports
// what is wrong with it at the very attribute, with line and column. It returns the parsed policy, nil while it is not
// known or wrong.
func render(ctx context.Context, m *sudoersPolicyModel, diags *diag.Diagnostics) *review.Policy {
	m.SHA256 = types.StringUnknown()
	m.Grants = types.ListUnknown(types.StringType)
	m.Lint = types.ListUnknown(lintType)
	raw := m.Rules.IsNull() && m.Document.IsNull() && !m.Content.IsNull()
	if m.Name.IsUnknown() || m.Subject.IsUnknown() || !values.FullyKnown(m.Rules) || !values.FullyKnown(m.Defaults) || !values.FullyKnown(m.Elsewhere) || m.Document.IsUnknown() || m.Content.IsUnknown() {
		if !raw {
			m.Content = types.StringUnknown()
		}
		return nil
	}
	var file *sudoers.File
	switch {
	case raw:
		file = parseContent(m, diags)
	case !m.Document.IsNull():
		file = buildDocument(m, diags)
	default:
		file = buildRules(ctx, m, diags)
	}
	if file == nil {
		return nil
	}
	text := review.PolicyOf(file, m.Subject.ValueString(), m.Content.ValueString())
	text.Vouched, text.Elsewhere = m.vouched(diags), m.elsewhere()
	m.SHA256 = types.StringValue(hardening.Digest(text.Text))
	m.Grants = values.StringList(text.Grants())
	m.Lint = lintValue(ctx, text, diags)
	return text
}

// parseContent parses a hand-written text. What makes it unfit as a policy although sudo accepts it is noted, see
// [sudoersPolicyModel.refuseUnfit].
func parseContent(m *sudoersPolicyModel, diags *diag.Diagnostics) *sudoers.File {
	text := m.Content.ValueString()
	file, problems := sudoers.Parse(m.Name.ValueString(), text, review.PlanVersion)
	for _, problem := range problems {
		found := contentProblem(problem, text)
		diags.AddAttributeError(found.at, found.summary, found.detail)
	}
	if len(problems) > 0 {
		return nil
	}
	m.unfit = hardening.CheckContent(file, m.Subject.ValueString())
	return file
}

func contentProblem(found *sudoers.Error, text string) problem {
	summary := fmt.Sprintf("Line %d, column %d: %s", found.Pos.Line, found.Pos.Col, found.Msg)
	return problem{path.Root("content"), summary, problemDetail(found, text), []string{strings.ToLower(summary[:1]) + summary[1:]}}
}

// refuseUnfit refuses a text that is unfit as a policy: rules about others, options that give everyone more, other
// files, and patterns that never match. Of a text that was applied as it is, by a release that did not know this,
// nobody is kept from destroying it, nor from taking something out of it.
func (m *sudoersPolicyModel) refuseUnfit(state *sudoersPolicyModel, diags *diag.Diagnostics) {
	if len(m.unfit) == 0 {
		return
	}
	text := m.Content.ValueString()
	known := map[string]bool{}
	said := func(found *sudoers.Error, text string) string {
		lines := strings.Split(text, "\n")
		return found.Msg + "\n" + lines[min(max(found.Pos.Line-1, 0), len(lines)-1)]
	}
	if state != nil && state.Name.Equal(m.Name) {
		earlier := state.Content.ValueString()
		if file, problems := sudoers.Parse(m.Name.ValueString(), earlier, review.PlanVersion); len(problems) == 0 {
			for _, found := range hardening.CheckContent(file, m.Subject.ValueString()) {
				known[said(found, earlier)] = true
			}
		}
	}
	for _, found := range m.unfit {
		judged := values.Refused
		if m.unchanged || known[said(found, text)] {
			judged = m.ofFindings()
		}
		m.add(judged, contentProblem(found, text), diags)
	}
}

// problemDetail shows the line with a caret, and what to write instead.
func problemDetail(problem *sudoers.Error, text string) string {
	var b strings.Builder
	if excerpt := problem.Excerpt(text); excerpt != "" {
		b.WriteString("  " + strings.ReplaceAll(excerpt, "\n", "\n  ") + "\n\n")
	}
	if problem.Hint != "" {
		b.WriteString(values.UpperFirst(problem.Hint) + ".")
	}
	return b.String()
}

// buildRules renders rules and defaults into content.
func buildRules(ctx context.Context, m *sudoersPolicyModel, diags *diag.Diagnostics) *sudoers.File {
	document := documentOf(ctx, m.Rules, m.Defaults, diags)
	if diags.HasError() {
		return nil
	}
	return m.build(document, path.Empty(), diags)
}

// buildDocument renders a composed document into content.
func buildDocument(m *sudoersPolicyModel, diags *diag.Diagnostics) *sudoers.File {
	doc, err := document.Parse(m.Document.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("document"), "Invalid document", values.UpperFirst(err.Error())+".")
		return nil
	}
	return m.build(doc, path.Root("document"), diags)
}

// documentOf is the document that rules and defaults of a configuration make.
func documentOf(ctx context.Context, rules, defaults types.List, diags *diag.Diagnostics) *document.Document {
	doc := &document.Document{Version: document.Version, Defaults: values.StringsInList(ctx, defaults, diags)}
	var models []sudoersRuleModel
	diags.Append(rules.ElementsAs(ctx, &models, false)...)
	for _, model := range models {
		doc.Rules = append(doc.Rules, model.rule(ctx, diags))
	}
	return doc
}

// build renders a document into content. Its errors are reported at the attribute given or, for rules of the resource's
// own, at the element.
func (m *sudoersPolicyModel) build(doc *document.Document, at path.Path, diags *diag.Diagnostics) *sudoers.File {
	header := hardening.PolicyHeader(m.Name.ValueString()) + "\nA change made here is shown as drift and undone by the next apply."
	file, problems, origins := doc.Build(m.Name.ValueString(), m.Subject.ValueString(), header)
	reportRules(problems, origins, doc, at, diags)
	if len(problems) > 0 {
		return nil
	}
	m.Content = types.StringValue(sudoers.Print(file))
	return file
}

// reportRules reports errors of structured rules. Terraform points at the resource for a path as deep as theirs, so the
// text names the element.
func reportRules(problems []*sudoers.RuleError, origins []document.Origin, doc *document.Document, at path.Path, diags *diag.Diagnostics) {
	for _, problem := range problems {
		element := rulePath(problem, origins)
		detail := fmt.Sprintf("In %s:\n\n%s", element, ruleDetail(problem, origins, doc))
		if !at.Equal(path.Empty()) {
			element = at
		}
		diags.AddAttributeError(element, values.UpperFirst(problem.Err.Msg), detail)
	}
}

// ruleAttributes maps a field of sudoers.Rule to the attribute that holds it.
var ruleAttributes = map[string]string{
	"Commands": "commands", "RunAsUsers": "run_as_users", "RunAsGroups": "run_as_groups", "Hosts": "hosts",
	"Timeout": "timeout", "NotBefore": "not_before", "NotAfter": "not_after", "Cwd": "cwd",
}

// rulePath is the attribute that an error in structured rules concerns.
func rulePath(problem *sudoers.RuleError, origins []document.Origin) path.Path {
	switch {
	case problem.Field == "Subject":
		return path.Root("subject")
	case problem.Field == "Defaults" && problem.Index >= 0:
		return path.Root("defaults").AtListIndex(problem.Index)
	case problem.Rule < 0:
		return path.Root("rule")
	}
	from := origins[problem.Rule]
	at := path.Root("rule").AtListIndex(from.Rule).AtName(ruleAttributes[problem.Field])
	switch {
	case problem.Index < 0:
		return at
	case problem.Field == "Commands":
		return at.AtListIndex(from.Command)
	}
	return at.AtListIndex(problem.Index)
}

// ruleOption is the text of an option of a rule, by the field of sudoers.Rule.
func ruleOption(rule document.Rule, field string) string {
	return map[string]string{"Timeout": rule.Timeout, "NotBefore": rule.NotBefore, "NotAfter": rule.NotAfter, "Cwd": rule.Cwd}[field]
}

// ruleDetail shows the element with a caret, and what to write instead.
func ruleDetail(problem *sudoers.RuleError, origins []document.Origin, doc *document.Document) string {
	text := ""
	switch {
	case problem.Index < 0 && problem.Rule >= 0:
		if value := ruleOption(doc.Rules[origins[problem.Rule].Rule], problem.Field); value != "" {
			return fmt.Sprintf("The value is %q.\n\n%s", value, problemDetail(problem.Err, text))
		}
	case problem.Index < 0:
	case problem.Field == "Defaults":
		text = doc.Defaults[problem.Index]
	case problem.Field == "Commands":
		from := origins[problem.Rule]
		text = doc.Rules[from.Rule].Commands[from.Command]
	}
	return problemDetail(problem.Err, text)
}
