package policy

import (
	"cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// condition is something that goes with an allowed command.
type condition struct {
	name string
	of   func(g *Grant, s Settings) string
	// looser tells whether another value gives the subject more (1) or less (-1); nil, that cannot be said.
	looser func(from, to string) int
}

// gives is what the subject has more by, if it is on.
func gives(_, to string) int {
	if to == on {
		return 1
	}
	return -1
}

// takes is what the subject has less by.
func takes(from, to string) int { return -gives(from, to) }

// bounds is what limits it while it is set at all.
func bounds(from, to string) int {
	switch {
	case from == "":
		return -1
	case to == "":
		return 1
	}
	return 0
}

// covered are the options that the conditions look at, and those that only change what is shown.
var covered = map[string]bool{
	"authenticate": true, "setenv": true, "noexec": true, "intercept": true, "log_input": true, "log_output": true, "sudoedit_follow": true, "mail_all_cmnds": true,
	"env_editor": true, "env_reset": true, "use_pty": true, "env_keep": true, "secure_path": true, "command_timeout": true, "runcwd": true, "runchroot": true, "role": true, "type": true,
	"apparmor_profile": true,

	"insults": true, "lecture": true, "passprompt": true, "badpass_message": true, "authfail_message": true, "cmddenial_message": true, "mailsub": true,
	"long_otp_prompt": true, "pwfeedback": true,
}

// conditions are all of them, in the order in which they are told.
var conditions = []condition{
	{"nopasswd", func(g *Grant, s Settings) string {
		if g.Tags.NoPasswd == sudoers.Unset {
			return flagText(!s.flag("authenticate", true))
		}
		return triText(g.Tags.NoPasswd)
	}, gives},
	{"setenv", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.Setenv }, "setenv"), gives},
	{"noexec", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.NoExec }, "noexec"), takes},
	{"intercept", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.Intercept }, "intercept"), takes},
	{"log_input", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.LogInput }, "log_input"), takes},
	{"log_output", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.LogOutput }, "log_output"), takes},
	{"follow", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.Follow }, "sudoedit_follow"), gives},
	{"mail", tagOr(func(t *sudoers.TagSet) sudoers.Tri { return t.Mail }, "mail_all_cmnds"), takes},
	{"env_editor", func(_ *Grant, s Settings) string { return flagText(s.flag("env_editor", true)) }, gives},
	{"env_reset", func(_ *Grant, s Settings) string { return flagText(s.flag("env_reset", true)) }, takes},
	{"use_pty", func(_ *Grant, s Settings) string { return flagText(s.flag("use_pty", true)) }, takes},
	{"env_keep", func(_ *Grant, s Settings) string { return s["env_keep"] }, nil},
	{"secure_path", func(_ *Grant, s Settings) string { return s["secure_path"] }, nil},
	{"timeout", func(g *Grant, s Settings) string { return cmp.Or(g.Effective.Timeout, s["command_timeout"]) }, nil},
	{"not_before", func(g *Grant, _ Settings) string { return g.Effective.NotBefore }, bounds},
	{"not_after", func(g *Grant, _ Settings) string { return g.Effective.NotAfter }, bounds},
	{"cwd", func(g *Grant, s Settings) string { return cmp.Or(g.Effective.Cwd, s["runcwd"]) }, nil},
	{"chroot", func(g *Grant, s Settings) string { return cmp.Or(g.Effective.Chroot, s["runchroot"]) }, nil},
	{"role", func(g *Grant, s Settings) string { return cmp.Or(g.Effective.Role, s["role"]) }, nil},
	{"type", func(g *Grant, s Settings) string { return cmp.Or(g.Effective.Type, s["type"]) }, nil},
	{"apparmor_profile", func(g *Grant, s Settings) string { return cmp.Or(g.Effective.AppArmorProfile, s["apparmor_profile"]) }, nil},
}

func tagOr(tag func(*sudoers.TagSet) sudoers.Tri, setting string) func(*Grant, Settings) string {
	return func(g *Grant, s Settings) string {
		if t := tag(&g.Tags); t != sudoers.Unset {
			return triText(t)
		}
		return flagText(s.flag(setting, false))
	}
}

func triText(t sudoers.Tri) string { return flagText(t.IsYes()) }

func flagText(b bool) string {
	if b {
		return on
	}
	return off
}
