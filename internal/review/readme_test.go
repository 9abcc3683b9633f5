package review

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// shownError is the error that README shows, with the line that it is about.
var shownError = regexp.MustCompile("(?s)```text\nError: The policy makes \"agent\" root-equivalent\n\n(.*?)\n```")

// TestReadmeShowsWhatIsSaid: the error in README is how that begins which a plan says of the line that it shows.
func TestReadmeShowsWhatIsSaid(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := shownError.FindSubmatch(readme)
	if shown == nil {
		t.Fatal("README shows no such error")
	}
	text := "# Managed by Terraform\n\n\nagent ALL=(root) NOPASSWD: /usr/sbin/qm set *\n"
	file, errs := sudoers.Parse("policy", text, sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	q := escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}
	a := escalation.AnalyseReleases(sudoers.TreeOf(file), q, sudoers.PVE8, sudoers.PVE9)
	said := refusedIn(text, a.Findings, Acceptances{}).Detail("")
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if !strings.HasPrefix(words(said), strings.TrimSuffix(words(string(shown[1])), " …")) {
		t.Errorf("README shows\n%s\n\na plan says\n%s", shown[1], said)
	}
}
