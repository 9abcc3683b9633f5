package review

import (
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// endsText writes ends as "earliest latest".
func endsText(ends Ends) string {
	day := func(at time.Time) string {
		if at.IsZero() {
			return "-"
		}
		return at.Format(time.DateOnly)
	}
	return day(ends.Earliest) + " " + day(ends.Latest)
}

// TestEnds: a policy ends with its last grant, unless one never does. An account that ends before a rule ends what the
// rule grants, on its node.
func TestEnds(t *testing.T) {
	t.Parallel()
	on := func(day string) map[string]time.Time {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return nil
		}
		return map[string]time.Time{"agent": at, "carol": at.AddDate(10, 0, 0)}
	}
	const never, both = "agent ALL=(root) /usr/bin/id\n", "agent ALL=(root) NOTAFTER=20270101000000Z /usr/bin/id\nagent ALL=(root) NOTAFTER=20260101000000Z /usr/bin/w\n"
	one := "agent ALL=(root) NOTAFTER=20270101000000Z /usr/bin/id\nagent ALL=(root) /usr/bin/w\n"
	for _, test := range []struct {
		text  string
		nodes []map[string]time.Time
		want  string
	}{
		{never, nil, "- -"},
		{both, nil, "2026-01-01 2027-01-01"},
		{one, nil, "2027-01-01 -"},
		{"agent ALL=(root) NOTAFTER=2027010100Z !/usr/bin/id\n", nil, "- -"},
		{never, []map[string]time.Time{on("2030-01-01")}, "2030-01-01 2030-01-01"},
		{never, []map[string]time.Time{on("2030-01-01"), on("2031-01-01")}, "2030-01-01 2031-01-01"},
		{never, []map[string]time.Time{on("2030-01-01"), on("")}, "2030-01-01 -"},
		{both, []map[string]time.Time{on("2026-06-01")}, "2026-01-01 2026-06-01"},
		{both, []map[string]time.Time{on("2025-01-01")}, "2025-01-01 2025-01-01"},
		{one, []map[string]time.Time{on("2030-01-01")}, "2027-01-01 2030-01-01"},
		{"%ops ALL=(root) /usr/bin/id\n", []map[string]time.Time{on("2030-01-01")}, "- -"},
		{"agent, carol ALL=(root) /usr/bin/id\n", []map[string]time.Time{on("2030-01-01")}, "2030-01-01 2040-01-01"},
	} {
		p, errs := ParsePolicy("agent", "", test.text)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		if len(test.nodes) == 0 {
			test.nodes = []map[string]time.Time{nil}
		}
		if got := endsText(p.EndsOn(test.nodes)); got != test.want {
			t.Errorf("%q on %v: %s, want %s", test.text, test.nodes, got, test.want)
		}
	}
}

// TestAccountEnds: the end of an account counts unless an option of any file has sudo not ask about it.
func TestAccountEnds(t *testing.T) {
	t.Parallel()
	end := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for options, counts := range map[string]bool{
		"":                                          true,
		"Defaults pam_acct_mgmt":                    true,
		"Defaults !pam_acct_mgmt":                   false,
		"Defaults:agent !pam_acct_mgmt":             false,
		"Defaults!/usr/bin/id !pam_acct_mgmt":       false,
		"Defaults !rootpw":                          true,
		"Defaults rootpw":                           false,
		"Defaults runaspw":                          false,
		"Defaults targetpw":                         false,
		"Defaults pam_service=su":                   false,
		"Defaults pam_login_service=other":          false,
		"Defaults pam_askpass_service=other":        false,
		"Defaults pam_setcred, log_output, !syslog": true,
	} {
		around := hardening.Surroundings{
			SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent"}}, Ends: map[string]time.Time{"agent": end},
			Files: map[string]string{"/etc/sudoers": "@includedir /etc/sudoers.d\n", "/etc/sudoers.d/options": options + "\n"},
		}
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
		if got := AccountEnds(p, around)["agent"]; got.Equal(end) != counts {
			t.Errorf("%q: %s", options, got)
		}
	}
}
