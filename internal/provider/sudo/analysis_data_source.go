package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/document"
)

var _ datasource.DataSource = (*sudoersAnalysisDataSource)(nil)

// sudoersAnalysisDataSource analyses a policy. It needs neither a node nor PVE.
type sudoersAnalysisDataSource struct{}

// NewAnalysisDataSource is data source pvesec_sudoers_analysis.
func NewAnalysisDataSource() datasource.DataSource { return &sudoersAnalysisDataSource{} }

// sudoersAnalysisDataModel is data source pvesec_sudoers_analysis.
type sudoersAnalysisDataModel struct {
	Policy         types.String            `tfsdk:"policy"`
	Files          types.Map               `tfsdk:"files"`
	Document       types.String            `tfsdk:"document"`
	Subject        types.String            `tfsdk:"subject"`
	Groups         types.List              `tfsdk:"groups"`
	Host           types.String            `tfsdk:"host"`
	SudoVersion    types.String            `tfsdk:"sudo_version"`
	Commands       types.List              `tfsdk:"commands"`
	Never          types.List              `tfsdk:"never"`
	Always         types.List              `tfsdk:"always"`
	CompareWith    types.String            `tfsdk:"compare_with"`
	Vouched        types.Map               `tfsdk:"vouched"`
	VouchedEffects types.Map               `tfsdk:"vouched_effects"`
	Decisions      []decisionModel         `tfsdk:"decisions"`
	Findings       []explainedFindingModel `tfsdk:"findings"`
	Disruptive     []string                `tfsdk:"disruptive"`
	RootEquivalent types.Bool              `tfsdk:"root_equivalent"`
	Denials        types.String            `tfsdk:"denials"`
	Proofs         []proofModel            `tfsdk:"proofs"`
	Change         *sudoersChangeModel     `tfsdk:"change"`
	Lint           []explainedLintModel    `tfsdk:"lint"`
	Assumptions    []string                `tfsdk:"assumptions"`
	Compliant      types.Bool              `tfsdk:"compliant"`
}

// mainFile is the file that sudo begins with.
const mainFile = "/etc/sudoers"

// decisionModel is the answer to one command line.
type decisionModel struct {
	Command  string `tfsdk:"command"`
	Allowed  bool   `tfsdk:"allowed"`
	Rule     string `tfsdk:"rule"`
	Line     int64  `tfsdk:"line"`
	NoPasswd bool   `tfsdk:"nopasswd"`
	RunAs    string `tfsdk:"run_as"`
	// DependsOn is what no policy says, and decides.
	DependsOn []string `tfsdk:"depends_on"`
}

// proofModel is the answer to one statement.
type proofModel struct {
	Statement      string `tfsdk:"statement"`
	Kind           string `tfsdk:"kind"`
	Proven         bool   `tfsdk:"proven"`
	Verdict        string `tfsdk:"verdict"`
	Counterexample string `tfsdk:"counterexample"`
	Line           int64  `tfsdk:"line"`
}

func (d *sudoersAnalysisDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sudoers_analysis"
}

func (d *sudoersAnalysisDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model sudoersAnalysisDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	version, err := sudoers.ParseVersion(model.SudoVersion.ValueString()) // others than none are checked
	releases := []sudoers.Version{version}
	if err != nil {
		releases = review.TargetVersions
	}
	files := model.files(ctx, version, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	tree := sudoers.TreeOf(files...)
	questions := model.questions(ctx, tree, version, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	analyses := model.analyse(tree, questions, vouchedOf(model.Vouched, model.VouchedEffects, &resp.Diagnostics), releases)
	model.Decisions = []decisionModel{}
	if len(questions) == 1 {
		model.decide(ctx, tree, questions[0], &resp.Diagnostics)
	}
	model.prove(ctx, tree, questions, analyses, releases, &resp.Diagnostics)
	if !model.CompareWith.IsNull() {
		if before := parseAt(path.Root("compare_with"), "compare_with", model.CompareWith.ValueString(), version, &resp.Diagnostics); before != nil {
			found := sudoersChangeModel(review.CompareAll(sudoers.TreeOf(before), tree, questions))
			model.Change = &found
		}
	}
	model.Lint = explainedLint(lint.Lint(tree, lint.Options{Version: version, Fragment: true}))
	if resp.Diagnostics.HasError() {
		return
	}
	compliant := !model.RootEquivalent.ValueBool()
	for _, proof := range model.Proofs {
		compliant = compliant && proof.Proven
	}
	model.Compliant = types.BoolValue(compliant)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// questions are what is asked about the subject, or about everyone whom the rules name.
func (m *sudoersAnalysisDataModel) questions(ctx context.Context, tree *sudoers.Tree, version sudoers.Version, diags *diag.Diagnostics) []policy.Question {
	names := []string{m.Subject.ValueString()}
	if m.Subject.IsNull() {
		var unfit []*sudoers.Error
		names, unfit = hardening.Subjects(tree.Entries)
		for _, problem := range unfit {
			diags.AddAttributeError(path.Root("subject"), "Missing subject", fmt.Sprintf("%s, line %d, column %d: %s. Write whom it is asked about: subject = \"agent\".", problem.Pos.File, problem.Pos.Line, problem.Pos.Col, problem.Msg))
		}
		if len(names) != 1 && len(m.Commands.Elements()) > 0 {
			diags.AddAttributeError(path.Root("commands"), "Missing subject", fmt.Sprintf("The rules name %d users and groups, and each may have another answer. Write whom it is asked about: subject = \"agent\".", len(names)))
		}
	}
	groups := values.StringsInList(ctx, m.Groups, diags)
	questions := make([]policy.Question, len(names))
	for i, name := range names {
		questions[i] = policy.Question{Subject: policy.Subject{Name: name, Groups: groups}, Host: m.Host.ValueString(), Env: policy.Debian(version)}
	}
	return questions
}

// files parses what the configuration gives.
func (m *sudoersAnalysisDataModel) files(ctx context.Context, version sudoers.Version, diags *diag.Diagnostics) []*sudoers.File {
	var files []*sudoers.File
	switch {
	case !m.Policy.IsNull():
		return []*sudoers.File{parseAt(path.Root("policy"), "policy", m.Policy.ValueString(), version, diags)}
	case !m.Document.IsNull():
		doc, err := document.Parse(m.Document.ValueString())
		if err != nil {
			diags.AddAttributeError(path.Root("document"), "Invalid document", values.UpperFirst(err.Error())+".")
			return nil
		}
		if m.Subject.IsNull() {
			diags.AddAttributeError(path.Root("subject"), "Missing subject", "A document names nobody. Write whom it is asked about: subject = \"agent\".")
			return nil
		}
		file, problems, origins := doc.Build("document", m.Subject.ValueString(), "")
		reportRules(problems, origins, doc, path.Root("document"), diags)
		if len(problems) > 0 {
			return nil
		}
		return []*sudoers.File{parseAt(path.Root("document"), "document", sudoers.Print(file), version, diags)}
	}
	texts := map[string]string{}
	diags.Append(values.PresentInMap(m.Files).ElementsAs(ctx, &texts, false)...)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		files = append(files, parseAt(path.Root("files").AtMapKey(name), name, texts[name], version, diags))
	}
	return files
}

// parseAt parses a text and reports what is malformed at its attribute.
func parseAt(at path.Path, name, text string, version sudoers.Version, diags *diag.Diagnostics) *sudoers.File {
	file, problems := sudoers.Parse(name, text, version)
	for _, problem := range problems {
		diags.AddAttributeError(at, fmt.Sprintf("Line %d, column %d: %s", problem.Pos.Line, problem.Pos.Col, problem.Msg), problemDetail(problem, text))
	}
	if len(problems) > 0 {
		return nil
	}
	return file
}

// analyse sets what the policy means, and gives the analysis of each subject on which statements are proven: of what
// the policy says itself.
func (m *sudoersAnalysisDataModel) analyse(tree *sudoers.Tree, questions []policy.Question, vouched escalation.Vouched, releases []sudoers.Version) func(of int) escalation.Analysis {
	_, whole := m.Files.Elements()[mainFile]
	of := func(whole bool) []escalation.Analysis {
		list := make([]escalation.Analysis, len(questions))
		for i, q := range questions {
			list[i] = review.AnalyseTree(tree, escalation.Question{Question: q, Vouched: vouched}, whole, releases...)
		}
		return list
	}
	all := of(whole)
	analysis := escalation.Merge(all...)
	m.Findings = explained(analysis.Findings)
	m.Disruptive = disruptions(analysis)
	m.RootEquivalent = types.BoolValue(analysis.Root())
	m.Denials = types.StringValue("")
	if analysis.Denials.Count > 0 {
		m.Denials = types.StringValue(analysis.Denials.String())
	}
	m.Assumptions = append([]string{}, analysis.Assumptions...)
	own := sync.OnceValue(func() []escalation.Analysis {
		if whole {
			return of(false)
		}
		return all
	})
	return func(of int) escalation.Analysis { return own()[of] }
}

func (m *sudoersAnalysisDataModel) decide(ctx context.Context, tree *sudoers.Tree, q policy.Question, diags *diag.Diagnostics) {
	for i, text := range values.StringsInList(ctx, m.Commands, diags) {
		words, err := review.SplitCommand(text)
		if err != nil {
			diags.AddAttributeError(path.Root("commands").AtListIndex(i), "Invalid command line", values.UpperFirst(err.Error())+".")
			continue
		}
		d := policy.Decide(tree, policy.Request{Subject: q.Subject, Host: q.Host, Env: q.Env, Command: words[0], Args: words[1:]})
		decision := decisionModel{Command: text, Allowed: d.Verdict == policy.Allowed || d.Verdict == policy.Unknown, NoPasswd: d.NoPasswd, DependsOn: append([]string{}, d.If...)}
		if d.Rule != nil {
			decision.Rule, decision.Line = d.Rule.Text, int64(d.Rule.Pos.Line)
			if d.Rule.RunAs != nil {
				decision.RunAs = d.Rule.RunAs.String()
			}
		}
		m.Decisions = append(m.Decisions, decision)
	}
}

func (m *sudoersAnalysisDataModel) prove(ctx context.Context, tree *sudoers.Tree, questions []policy.Question, analysis func(of int) escalation.Analysis, releases []sudoers.Version, diags *diag.Diagnostics) {
	m.Proofs = []proofModel{}
	var shared *regular.SharedBudget // for all statements
	for i := range questions {
		questions[i].Budget.Shared = shared
		questions[i] = questions[i].WithSharedBudget(tree)
		shared = questions[i].Budget.Shared
	}
	add := func(text, kind string, proof review.Proof) {
		m.Proofs = append(m.Proofs, proofModel{
			Statement: text, Kind: kind, Proven: proof.Verdict == regular.Yes, Verdict: proof.Verdict.String(), Counterexample: proof.Counterexample, Line: int64(proof.Line),
		})
	}
	for i, text := range values.StringsInList(ctx, m.Never, diags) {
		proof, err := review.ForEach(questions, func(of int, q policy.Question) (review.Proof, error) {
			return review.ProveNever(tree, q, func() escalation.Analysis { return analysis(of) }, text, releases...)
		})
		if err != nil {
			diags.AddAttributeError(path.Root("never").AtListIndex(i), "Invalid statement", values.UpperFirst(err.Error())+".")
			continue
		}
		add(text, "never", proof)
	}
	for i, text := range values.StringsInList(ctx, m.Always, diags) {
		words, err := review.SplitCommand(text)
		if err != nil {
			diags.AddAttributeError(path.Root("always").AtListIndex(i), "Invalid command line", values.UpperFirst(err.Error())+".")
			continue
		}
		proof, _ := review.ForEach(questions, func(_ int, q policy.Question) (review.Proof, error) {
			return review.ProveAlways(tree, q, words, releases...), nil
		})
		add(text, "always", proof)
	}
}
