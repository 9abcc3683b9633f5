package review

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestRefusalTellsACauseOnce: a program by both of its paths, and the shells that an expression has, are one thing to mend. What a reader accepts for one
// program stays refused for the others.
func TestRefusalTellsACauseOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, accepted string
		findings       int
		also           string
	}{
		{"agent ALL=(root) NOPASSWD: /usr/bin/ip *", "", 1, "The same grant allows the same with /usr/sbin/ip."},
		{"agent ALL=(root) NOPASSWD: /usr/bin/ip *", "/usr/bin/ip", 1, ""},
		{"agent ALL=(root) NOPASSWD: ^/usr/bin/(bash|dash|zsh|tcsh)$", "", 1, "The same grant allows the same with /usr/bin/dash, /usr/bin/tcsh, /usr/bin/zsh."},
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
