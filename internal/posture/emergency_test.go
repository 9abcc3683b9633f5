package posture_test

import (
	"strings"
	"testing"
	"time"
)

// TestRunningEmergency: an emergency access is told with its name and its end, in the attributes and in the report. A
// file that only has its header is a grant like others.
func TestRunningEmergency(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	const file = "/etc/sudoers.d/zz-pvesec-emergency-night"
	access := func(ends string) string {
		return "# Managed by Terraform: pvesec_break_glass \"night\".\nDefaults:bob use_pty, !log_passwords, !ignore_audit_errors, !ignore_iolog_errors, !ignore_logfile_errors\n" +
			"bob ALL=(ALL : ALL) NOTAFTER=" + ends + " LOG_INPUT: LOG_OUTPUT: ALL\n"
	}
	for name, test := range map[string]struct{ text, emergency, ends string }{
		"running":        {access("20270301140000Z"), "night", "2027-03-01T14:00:00Z"},
		"of ten years":   {access("20370301140000Z"), "", "2037-03-01T14:00:00Z"},
		"without an end": {"# Managed by Terraform: pvesec_break_glass \"night\".\nbob ALL=(ALL : ALL) LOG_INPUT: LOG_OUTPUT: ALL\n", "", ""},
		"no time at all": {access("20270301140000Z") + "bob ALL=(ALL) ALL\n", "", "2027-03-01T14:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := report(t, &fake{Files: map[string]string{"/etc/sudoers": "@include " + file + "\n", file: test.text}, Clock: now.Unix()})
			found := false
			for _, s := range r.Subjects {
				if s.Name != "bob" || len(s.Sudo) == 0 {
					continue
				}
				found = true
				if g := s.Sudo[0]; g.Emergency != test.emergency || g.Ends != test.ends || !s.Root {
					t.Errorf("%+v, root %v", g, s.Root)
				}
			}
			if shown := strings.Contains(r.Markdown(), "## Emergency access\n\n| Who | On | Name | Until | Grant |"); !found || shown != (test.emergency != "") {
				t.Errorf("found %v, in the report %v:\n%s", found, shown, r.Markdown())
			}
		})
	}
}
