package policy

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// condition is something that goes with an allowed command.
type condition struct {
	name string
	of   func(g *Grant, s Settings) string
	// looser orders the values of some conditions: those that give the subject more are larger. Nil, no value gives more than another.
	looser map[string]int
}

var (
	gives = map[string]int{off: 0, on: 1}
	takes = map[string]int{on: 0, off: 1}
)

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
	{"env_reset", func(_ *Grant, s Settings) string { return flagText(s.flag("env_reset", true)) }, takes},
	{"use_pty", func(_ *Grant, s Settings) string { return flagText(s.flag("use_pty", true)) }, takes},
	{"env_keep", func(_ *Grant, s Settings) string { return s["env_keep"] }, nil},
	{"secure_path", func(_ *Grant, s Settings) string { return s["secure_path"] }, nil},
	{"timeout", func(g *Grant, s Settings) string { return g.Effective.Timeout + s["command_timeout"] }, nil},
	{"not_before", func(g *Grant, _ Settings) string { return g.Effective.NotBefore }, nil},
	{"not_after", func(g *Grant, _ Settings) string { return g.Effective.NotAfter }, nil},
	{"cwd", func(g *Grant, s Settings) string { return g.Effective.Cwd + s["runcwd"] }, nil},
	{"chroot", func(g *Grant, s Settings) string { return g.Effective.Chroot + s["runchroot"] }, nil},
	{"role", func(g *Grant, _ Settings) string { return g.Effective.Role + g.Effective.Type }, nil},
	{"apparmor_profile", func(g *Grant, s Settings) string { return g.Effective.AppArmorProfile + s["apparmor_profile"] }, nil},
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
