package review

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestRefusalTellsACauseOnce: a program by both of its paths, and the shells that an expression has, are one thing to
// mend. What a reader accepts for one program stays refused for the others.
func TestRefusalTellsACauseOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, accepted string
		findings       int
		also           string
	}{
		{"agent ALL=(root) NOPASSWD: /usr/bin/ip *", "", 1, "The same grant allows the same with /usr/sbin/ip."},
		{"agent ALL=(root) NOPASSWD: /usr/bin/ip *", "/usr/bin/ip", 1, ""},
		{"agent ALL=(root) NOPASSWD: ^/usr/bin/(bash|dash|zsh|tcsh)$", "", 2, "The same grant allows the same with /usr/bin/dash, /usr/bin/tcsh, /usr/bin/zsh."},
		{"agent ALL=(root) NOPASSWD: /usr/bin/bash, /usr/bin/dash", "", 2, ""},
	} {
		file, errs := sudoers.Parse("policy", c.text+"\n", sudoers.PVE9)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		q := escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}
		a := escalation.AnalyseReleases(sudoers.TreeOf(file), q, sudoers.PVE8, sudoers.PVE9)
		accepted := Acceptances{}
		if c.accepted != "" {
			accepted.Reasons = map[string]string{c.accepted: "reviewed"}
		}
		r := refusedIn(c.text, a.Findings, accepted)
		if got := len(r.Lines()); got != c.findings {
			t.Errorf("%s: %d findings, want %d: %q", c.text, got, c.findings, r.Lines())
		}
		if detail := r.Detail(""); c.also == "" == strings.Contains(detail, "allows the same") || !strings.Contains(detail, c.also) {
			t.Errorf("%s: %s", c.text, detail)
		}
	}
}

// TestRefusalTellsAll: of many findings each is told on one line with its id and an example, since a refused plan shows
// no attributes. Of a few the reasons are told too.
func TestRefusalTellsAll(t *testing.T) {
	t.Parallel()
	grants := []string{
		"/usr/bin/bash", "/usr/bin/dash", "/usr/sbin/qm set *", "/usr/bin/apt-get *", "/usr/bin/vim", "/usr/bin/tar *", "/usr/bin/python3 *", "/usr/bin/find *", "/usr/bin/dd *", "/usr/sbin/visudo", "/usr/bin/systemctl *",
		"/usr/bin/mount *", "/usr/bin/chmod *", "/usr/bin/cp *", "/usr/bin/less *",
	}
	for _, number := range []int{1, 3, len(grants)} {
		text := "agent ALL=(root) NOPASSWD: " + strings.Join(grants[:number], ", ") + "\n"
		p, malformed := ParsePolicy("policy", "agent", text)
		if p == nil {
			t.Fatal(malformed)
		}
		refused := p.Refused(Acceptances{})
		detail := refused.Detail("")
		lines := strings.Split(detail, "\n")
		told := 0
		for _, f := range p.Analysis().Findings {
			if !f.Root() {
				continue
			}
			told++
			on := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, f.ID+" (") })
			if on < 0 || !strings.Contains(detail, f.Example) {
				t.Errorf("%d grants: %s (%s) is not told:\n%s", number, f.ID, f.Example, detail)
			}
			if whole, few := strings.Contains(detail, f.Why), len(refused.Lines()) <= mostWhole; whole != few {
				t.Errorf("%d grants: %s is told with its reason: %v, among %d", number, f.ID, whole, len(refused.Lines()))
			}
		}
		if many := len(refused.Lines()) > mostWhole; many != strings.Contains(detail, "pvesec_sudoers_analysis") || number == len(grants) && told < 15 {
			t.Errorf("%d grants, %d findings:\n%s", number, told, detail)
		}
	}
}
