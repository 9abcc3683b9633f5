package hardening

import (
	"context"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// ownWayOptions are those that decide whether pvesec gets in by its rule: sudo may ask it for a terminal or for a
// password that it does not have, record the secrets that it sends, keep its program from starting others, end it, or
// run it elsewhere.
var ownWayOptions = []string{
	"authenticate", "command_timeout", "exempt_group", "intercept", "log_input", "log_stdin", "noexec", "requiretty", "rootpw", "runaspw", "runchroot", "runcwd", "targetpw",
}

// hindrances are what keeps a user from what pvesec runs.
func (t *sudoersTree) hindrances(user string, password bool) []string {
	decision := t.decide(user)
	if decision.Verdict != policy.Allowed || decision.Rule == nil {
		return []string{"no rule"}
	}
	var list []string
	add := func(hinders bool, what string) {
		if hinders {
			list = append(list, what)
		}
	}
	isSet := func(option, value string) bool {
		return value != "" || decision.Settings[option] != "" && decision.Settings[option] != "off"
	}
	of := decision.Rule.Effective
	add(!decision.NoPasswd && !password, "a password")
	for _, option := range []string{"rootpw", "runaspw", "targetpw"} {
		add(!decision.NoPasswd && decision.Settings[option] == "on", option)
	}
	add(decision.Settings["requiretty"] == "on", "requiretty")
	add(recordsInput(decision), "a recording of secrets")
	add(decision.Tags.NoExec.IsYes(), "noexec")
	add(decision.Tags.Intercept.IsYes(), "intercept")
	add(isSet("command_timeout", of.Timeout), "command_timeout")
	add(isSet("runchroot", of.Chroot), "runchroot")
	add(isSet("runcwd", of.Cwd), "runcwd")
	return list
}

// holdOwnWay holds the rule and the options by which pvesec itself gets in, where nothing else lets it. Of those about
// others too it holds what they say of pvesec's own user.
func (s *sorting) holdOwnWay(ctx context.Context, after *sudoersTree) bool {
	if s.operator == "root" {
		return false
	}
	before := s.t.decide(s.operator)
	if before.Verdict != policy.Allowed || before.Rule == nil {
		return false // the access comes from elsewhere
	}
	had := s.t.hindrances(s.operator, s.password)
	hindered := func(t *sudoersTree) int {
		return len(slices.DeleteFunc(t.hindrances(s.operator, s.password), func(what string) bool { return slices.Contains(had, what) }))
	}
	now := hindered(after)
	if now == 0 {
		return false
	}
	why := fmt.Sprintf("pvesec itself gets in by it, as %q", s.operator)
	shadows := s.shadows(after)
	concerned := s.going(func(line *foreignLine) bool {
		options, is := line.entry.(*sudoers.Defaults)
		return line.entry == sudoers.Entry(before.Rule.Spec) || slices.Contains(shadows, line) ||
			is && slices.ContainsFunc(options.Settings, func(option sudoers.Setting) bool { return slices.Contains(ownWayOptions, option.Name) })
	})
	for _, line := range concerned {
		if ctx.Err() != nil {
			return false
		}
		if hindered(s.t.after(s.changeWith(line))) < now {
			return s.keepOwnWay(why, func() bool { return hindered(s.t.after(s.change())) < now }, line)
		}
	}
	return s.keepOwnWay(why, func() bool { return hindered(s.t.after(s.change())) < now }, concerned...)
}

// keepOwnWay holds lines by which pvesec gets in. What they say of others goes, as long as pvesec gets in by the rest.
func (s *sorting) keepOwnWay(why string, enough func() bool, lines ...*foreignLine) bool {
	news := false
	for _, line := range lines {
		if part := s.forOperator(line.entry); part == nil {
			news = s.keep(why, line) || news
		} else {
			news = s.keepPart(line, &line.way, part) || news
		}
	}
	if news && enough() {
		return true
	}
	return s.keep(why, lines...)
}

// forOperator is what a line says of the user that pvesec logs in as, for it alone. It is nil where the line says
// nothing else.
func (s *sorting) forOperator(entry sudoers.Entry) sudoers.Entry {
	alone := []sudoers.Member{{Kind: sudoers.MemberWord, Name: s.operator}}
	switch entry := entry.(type) {
	case *sudoers.UserSpec:
		part := *entry
		part.HasTrailing, part.Users = false, alone
		if canonicalEntry(&part) != canonicalEntry(entry) {
			return &part
		}
	case *sudoers.Defaults:
		part := *entry
		part.HasTrailing = false
		if entry.Scope != sudoers.ScopeRunAs && entry.Scope != sudoers.ScopeCommand { // those have the last word
			part.Scope, part.Members = sudoers.ScopeUser, alone
		}
		part.Settings = slices.DeleteFunc(slices.Clone(entry.Settings), func(option sudoers.Setting) bool {
			return !slices.Contains(ownWayOptions, option.Name) || s.t.skips(&option)
		})
		if canonicalEntry(&part) != canonicalEntry(entry) {
			return &part
		}
	}
	return nil
}
