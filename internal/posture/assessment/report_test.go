package assessment_test

import (
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"golang.org/x/net/html"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/assessment"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// mixed has results of every status, one of them waived.
func mixed(t *testing.T) *assessment.Assessment {
	t.Helper()
	return assessment.New([]*posture.Node{collected(t, "pve1", "yes"), collected(t, "pve2", "yes")}, nil, []posture.Gap{{Node: "pve3", Reason: "no answer"}}, assessment.Options{
		Level: check.Level1, Now: now, Waivers: []assessment.Waiver{{Check: passwords, Nodes: []string{"pve2"}, Reason: "migration", Until: now}}})
}

// TestSARIF: the report is SARIF 2.1.0 by the official schema, has every result that applies, points into the
// configuration, and suppresses what is waived.
func TestSARIF(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*assessment.Assessment{"mixed": mixed(t), "hostile": hostile(t)} {
		text, err := a.SARIF("stacks/prod/posture.tf")
		if err != nil {
			t.Fatal(err)
		}
		report, err := sarif.FromString(text, sarif.WithStrictValidation())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := report.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		total := a.Total()
		if run := report.Runs[0]; len(report.Runs) != 1 || len(run.Results) != len(a.Results)-total.NotApplicable {
			t.Errorf("%s: %d runs, %d results of %d", name, len(report.Runs), len(run.Results), len(a.Results))
		}
		for _, r := range report.Runs[0].Results {
			location := r.Locations[0]
			node := *location.LogicalLocations[0].Name
			if *location.PhysicalLocation.ArtifactLocation.URI != "stacks/prod/posture.tf" || r.PartialFingerprints["pvesecCheckOnNode/v1"] != *r.RuleID+"/"+node {
				t.Errorf("%s: %s is shown at %+v, with %v", name, *r.RuleID, location, r.PartialFingerprints)
			}
			if *r.RuleID == passwords && name == "mixed" && (len(r.Suppressions) == 1) != (node == "pve2") {
				t.Errorf("%s on %s has %d suppressions", *r.RuleID, node, len(r.Suppressions))
			}
			if failed := r.Kind == "fail"; failed != (r.Level != "none") {
				t.Errorf("%s: kind %s, level %s", *r.RuleID, r.Kind, r.Level)
			}
		}
	}
	if bad, err := sarif.FromString(`{"version":"2.1.0","runs":[{"results":[{"message":{"text":"x"},"level":"terrible"}]}]}`, sarif.WithStrictValidation()); err != nil || bad.Validate() == nil {
		t.Errorf("the schema takes a run without a tool and a level that is none, %v: it judges nothing", err)
	}
}

// TestHTML: the page is well-formed, has no script, no handler and nothing from elsewhere, knows dark, light and paper,
// and shows what a node tells as text.
func TestHTML(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*assessment.Assessment{"mixed": mixed(t), "hostile": hostile(t)} {
		text, err := a.HTML()
		if err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		open, rows, all := 0, 0, strings.Builder{}
		for n := range root.Descendants() {
			switch {
			case n.Type == html.TextNode:
				all.WriteString(n.Data)
			case n.Type == html.ElementNode && (n.Data == "script" || n.Data == "iframe" || n.Data == "link" || n.Data == "img" || n.Data == "object" || n.Data == "b" || n.Data == "base"):
				t.Errorf("%s: the page has <%s>", name, n.Data)
			case n.Type == html.ElementNode && n.Data == "details":
				open++
			case n.Type == html.ElementNode && n.Data == "tr":
				rows++
			}
			for _, attribute := range n.Attr {
				if strings.HasPrefix(attribute.Key, "on") || attribute.Key == "src" || attribute.Key == "href" || strings.Contains(attribute.Val, "://") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, attribute.Key, attribute.Val)
				}
			}
		}
		if worst := len(a.Worst()); open != worst || rows < len(a.Results)-worst {
			t.Errorf("%s: %d of %d results to mend, %d rows for %d results", name, open, worst, rows, len(a.Results))
		}
		for _, want := range []string{"prefers-color-scheme: dark", "@media print", "default-src 'none'", `lang="en"`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
		if strings.Contains(text, "url(") || strings.Contains(text, "@import") {
			t.Errorf("%s: the style takes something from elsewhere", name)
		}
		if name == "hostile" && !strings.Contains(all.String(), "<script>alert(1)</script>|x`y [a](javascript:1)") {
			t.Error("what the node told is not shown as text")
		}
	}
}
