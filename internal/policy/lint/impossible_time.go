package lint

import (
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// impossibleTime looks for times that no calendar has. sudo takes them by timegm(3), which carries over what is out of
// range.
var impossibleTime = Rule{
	ID: "PVESEC-S0023", Name: "impossible-time", Severity: Error,
	Summary: "NOTBEFORE or NOTAFTER has a date or a time of day that does not exist.",
	Why:     "sudo counts on into the next month or day without an error, so the rule begins or ends at another time than is written.",
	Bad:     "alice ALL = NOTAFTER=20300231000000Z /usr/bin/id",
	Good:    "alice ALL = NOTAFTER=20300228000000Z /usr/bin/id",
	check: func(l *linter, r *Rule) {
		l.specs(func(s *sudoers.UserSpec) {
			for i := range s.Privileges {
				for j := range s.Privileges[i].Commands {
					for _, option := range s.Privileges[i].Commands[j].Options {
						if option.Kind != sudoers.OptionNotBefore && option.Kind != sudoers.OptionNotAfter || !sudoers.ImpossibleTime(option.Value) {
							continue
						}
						if at, err := sudoers.ParseTime(option.Value, time.UTC); err == nil {
							l.report(r, option.Pos, string(option.Kind)+"="+option.Value+" does not exist, and sudo takes it for "+at.UTC().Format(time.RFC3339), "write the day and the time that are meant")
						}
					}
				}
			}
		})
	},
}
