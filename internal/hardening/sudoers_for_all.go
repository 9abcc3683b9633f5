package hardening

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// strictest is what another file may set, so that a value which only restrains beside the one that sudo is built with
// loosens: no time for a password, and variables that sudo lets through with env_reset alone.
func strictest() *optionsBeside {
	in := &optionsIn{of: map[optionLine]map[optionFact]bool{}, lines: map[optionFact]int{}}
	in.add(optionLine{}, &sudoers.Defaults{Scope: sudoers.ScopeUser, Settings: []sudoers.Setting{
		{Name: "timestamp_timeout", Operator: sudoers.OpFalse}, {Name: "env_keep", Operator: sudoers.OpAdd, Value: "PYTHONPATH"},
	}}, func(*sudoers.Setting) bool { return false })
	return &optionsBeside{in: in}
}

// looserForAll reports the options of a policy that are bound to no user and may give more. They also reach users of
// other sudoers files, and no plan of this policy looks at those. Binding an option to a command, a host or an account
// to run as does not change that.
func looserForAll(file *sudoers.File, subject string) (problems []*sudoers.Error) {
	whom := subject
	if whom == "" {
		whom = "user"
	}
	others := strictest()
	for _, entry := range file.Entries {
		options, is := entry.(*sudoers.Defaults)
		if !is || options.Scope == sudoers.ScopeUser {
			continue
		}
		for i := range options.Settings {
			option := &options.Settings[i]
			if is := senseOf(option, others); is == restrains || is == shows {
				continue
			}
			problems = append(problems, &sudoers.Error{
				Pos:  option.Pos,
				Msg:  fmt.Sprintf("the option %s is not bound to a user, so it may give others more, whom no plan of this policy looks at", option.Name),
				Hint: fmt.Sprintf("bind it to whom the policy is about: Defaults:%s %s", whom, option),
			})
		}
	}
	return problems
}
