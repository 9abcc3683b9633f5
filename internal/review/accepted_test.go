package review

import (
	"slices"
	"testing"
	"time"
)

func TestAcceptanceEndsWithItsLastDay(t *testing.T) {
	t.Parallel()
	until := func(id, day string) map[string]string { return map[string]string{id: day} }
	accepted := map[string]string{"PVESEC-E0107": "reviewed"}
	for _, c := range []struct {
		now   string
		until map[string]string
		want  int
		wrong bool
	}{
		{"2027-03-31T23:59:59Z", until("PVESEC-E0107", "2027-03-31"), 1, false},
		{"2027-04-01T00:00:00Z", until("PVESEC-E0107", "2027-03-31"), 0, false},
		{"2027-04-01T00:00:00Z", nil, 1, false},
		{"2027-03-01T00:00:00Z", until("PVESEC-E0106", "2027-03-31"), 1, true},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got, unaccepted := AcceptancesAt(accepted, c.until, now)
		if len(got.Reasons) != c.want || len(got.Over) != 1-c.want || len(unaccepted) > 0 != c.wrong {
			t.Errorf("at %s: %v, %v", c.now, got, unaccepted)
		}
		if text := got.Over["PVESEC-E0107"]; c.want == 0 && text != "PVESEC-E0107 was accepted until 2027-03-31; the reason given was: reviewed" {
			t.Errorf("at %s: %q", c.now, text)
		}
	}
	if len(accepted) != 1 {
		t.Error("the acceptances themselves were changed")
	}
}

// TestIdleAcceptances: what accepts nothing in a policy is told, but not what may be about other files, or about what
// no file says.
func TestIdleAcceptances(t *testing.T) {
	t.Parallel()
	p, errs := ParsePolicy("agent", "agent", "agent ALL=(root) /usr/bin/less /var/log/syslog\n")
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{
		"interactive": "", "/usr/bin/less": "", p.Analysis().Findings[0].ID: "", "PVESEC-E0001 in /etc/sudoers": "", "PVESEC-E0007": "", "PVESEC-E0008": "",
		"mounts": "", "/usr/bin/more": "", "PVESEC-E0001": "",
	}
	if got, want := p.Idle(said), []string{"/usr/bin/more", "PVESEC-E0001", "mounts"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAcceptedOptions: an acceptance of an option accepts no other. One of the id alone accepts all, and is told with
// what it accepts.
func TestAcceptedOptions(t *testing.T) {
	t.Parallel()
	p, errs := ParsePolicy("agent", "agent", "Defaults:agent logfile=/tmp/log, timestampdir=/tmp/ts\nagent ALL=(root) /usr/sbin/qm list\n")
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	refused := func(said map[string]string) []string {
		var keys []string
		for _, f := range p.Analysis().Findings {
			if _, ok := AcceptedWhole(said, f); !ok {
				keys = append(keys, f.Key())
			}
		}
		return keys
	}
	const logfile, timestampdir = "PVESEC-E0023 logfile", "PVESEC-E0023 timestampdir"
	for _, c := range []struct {
		said []string
		want []string
	}{
		{nil, []string{logfile, timestampdir}}, {[]string{logfile}, []string{timestampdir}}, {[]string{logfile, timestampdir}, nil}, {[]string{"PVESEC-E0023"}, nil},
	} {
		said := map[string]string{}
		for _, key := range c.said {
			said[key] = "why"
		}
		if got := refused(said); !slices.Equal(got, c.want) {
			t.Errorf("%q leaves %q, want %q", c.said, got, c.want)
		}
	}
	if got := Broad(map[string]string{"PVESEC-E0023": "", logfile: ""}, p.Analysis().Findings...); len(got) != 1 || !slices.Equal(got["PVESEC-E0023"], []string{logfile, timestampdir}) {
		t.Error(got)
	}
	if got := p.Idle(map[string]string{"PVESEC-E0023 umask": "", logfile: ""}); !slices.Equal(got, []string{"PVESEC-E0023 umask"}) {
		t.Error(got)
	}
}
