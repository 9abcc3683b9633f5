package assessment

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

//go:embed report.html.tmpl
var reportTemplate string

// page is the template of the report. html/template escapes each text for its place: what nodes tell is never markup.
var page = template.Must(template.New("report").Parse(reportTemplate))

// pageOf is what the template shows.
type pageOf struct {
	*Assessment
	Score        int
	Total        Tally
	Worst        []Result
	Waived, Rest []Result
	Compliant    bool
}

// HTML is the assessment as one page that needs nothing from elsewhere and has no script. It is dark or light as its
// reader's system is, and prints on paper.
func (a *Assessment) HTML() (string, error) {
	p := pageOf{Assessment: a, Total: a.Total(), Score: a.Total().Score(), Worst: a.Worst(), Compliant: a.Compliant()}
	for i := range a.Results {
		switch r := a.Results[i]; {
		case r.Waived != "":
			p.Waived = append(p.Waived, r)
		case r.Outcome.Status == check.Pass || r.Outcome.Status == check.NotApplicable:
			p.Rest = append(p.Rest, r)
		}
	}
	var b strings.Builder
	if err := page.Execute(&b, p); err != nil {
		return "", fmt.Errorf("writing HTML: %w", err)
	}
	return b.String(), nil
}
