package assessment

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

const (
	toolName = "pvesec"
	toolURI  = "https://registry.terraform.io/providers/pvesec/pvesec/latest/docs"
)

// SARIF is the assessment in the Static Analysis Results Interchange Format 2.1.0. file is where code scanning shows
// the results, relative to the root of the repository: the configuration that has the data source. What does not apply
// is left out; what is waived is suppressed, with the reason.
func (a *Assessment) SARIF(file string) (string, error) {
	run := sarif.NewRunWithInformationURI(toolName, toolURI)
	for i := range a.Results {
		r := &a.Results[i]
		if r.Outcome.Status == check.NotApplicable {
			continue
		}
		addRule(run, r.Check)
		run.AddResult(sarifResult(r, file))
	}
	report := sarif.NewReport()
	report.AddRun(run)
	var b bytes.Buffer
	if err := report.PrettyWrite(&b); err != nil {
		return "", fmt.Errorf("writing SARIF: %w", err)
	}
	return b.String(), nil
}

// addRule describes a check, once.
func addRule(run *sarif.Run, c *check.Check) {
	if run.GetRuleIndex(c.ID) >= 0 {
		return
	}
	references := make([]string, len(c.References))
	for i, r := range c.References {
		references[i] = r.String()
	}
	properties := sarif.NewPropertyBag()
	properties.Add("tags", []string{"security", string(c.Family)})
	properties.Add("security-severity", map[check.Severity]string{check.Critical: "9.5", check.High: "8.0", check.Medium: "5.0", check.Low: "2.0"}[c.Severity]) // the bands of code hosts
	help := fmt.Sprintf("%s. Expected: %s.\n\nRemedy: %s\n\nReferences: %s.", c.Why, c.Expected, c.Remedy, strings.Join(references, "; "))
	run.AddRule(c.ID).WithName(c.ID).WithShortDescription(sarif.NewMultiformatMessageString().WithText(c.Title)).WithFullDescription(sarif.NewMultiformatMessageString().WithText(c.Title + ". " + c.Why + ".")).
		WithHelp(sarif.NewMultiformatMessageString().WithText(help)).WithProperties(properties)
}

// sarifResult is one result. Its fingerprint is the check with the node, so that code scanning knows it again whatever
// was observed.
func sarifResult(r *Result, file string) *sarif.Result {
	result := sarif.NewRuleResult(r.Check.ID).WithMessage(sarif.NewTextMessage(fmt.Sprintf("%s: %s. Observed: %s", r.Node, r.Check.Title, strings.Join(r.Outcome.Observed, "; "))))
	switch r.Outcome.Status {
	case check.Pass:
		result.WithKind("pass").WithLevel("none")
	case check.Unknown:
		result.WithKind("open").WithLevel("none")
	default:
		result.WithKind("fail").WithLevel(map[check.Severity]string{check.Critical: "error", check.High: "error", check.Medium: "warning", check.Low: "note"}[r.Check.Severity])
	}
	if r.Waived != "" {
		result.WithSuppressions([]*sarif.Suppression{sarif.NewSuppression().WithKind("external").WithJustification(r.Waived)})
	}
	location := sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewArtifactLocation().WithURI(file)).WithRegion(sarif.NewRegion().WithStartLine(1)))
	location.WithLogicalLocations([]*sarif.LogicalLocation{sarif.NewLogicalLocation().WithName(r.Node).WithKind("resource")})
	return result.WithLocations([]*sarif.Location{location}).WithPartialFingerprints(map[string]string{"pvesecCheckOnNode/v1": r.Check.ID + "/" + r.Node})
}
