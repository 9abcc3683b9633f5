package policy

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Settings are the Defaults in force for one decision, by name. A list holds its
// words separated by spaces.
type Settings map[string]string

// Values of options that are on or off.
const (
	on  = "on"
	off = "off"
)

// flag gives an option that is on or off, or what sudo takes without it.
func (s Settings) flag(name string, otherwise bool) bool {
	switch s[name] {
	case on:
		return true
	case off:
		return false
	}
	return otherwise
}

// parts are the options that another one sets all at once (defaults.c, the callbacks of log_input and log_output).
var parts = map[string][]string{"log_input": {"log_stdin", "log_ttyin"}, "log_output": {"log_stdout", "log_stderr", "log_ttyout"}}

// set applies one setting.
func (s Settings) set(d *sudoers.Setting) {
	for _, part := range parts[d.Name] {
		delete(s, part)
	}
	switch d.Operator {
	case sudoers.OpTrue:
		s[d.Name] = on
	case sudoers.OpFalse:
		s[d.Name] = off
	case sudoers.OpAssign:
		s[d.Name] = d.Value
	case sudoers.OpAdd, sudoers.OpRemove:
		words := strings.Fields(strings.TrimPrefix(s[d.Name], off))
		for _, w := range strings.Fields(d.Value) {
			words = without(words, w)
			if d.Operator == sudoers.OpAdd {
				words = append(words, w)
			}
		}
		s[d.Name] = strings.Join(words, " ")
	}
}

func without(words []string, w string) []string {
	kept := words[:0]
	for _, have := range words {
		if have != w {
			kept = append(kept, have)
		}
	}
	return kept
}

// early are the options that are applied before all others (defaults.c,
// early_defaults).
var early = map[string]bool{
	"ignore_unknown_defaults": true, "fqdn": true, "match_group_by_gid": true,
	"group_plugin": true, "runas_default": true, "sudoers_locale": true,
}

// decisive are the options that change what lists and patterns match.
var decisive = map[string]bool{
	"fast_glob": true, "runas_default": true, "case_insensitive_user": true, "case_insensitive_group": true, "match_group_by_gid": true, "sudoers_locale": true,
	"runchroot": true, "use_netgroups": true,
}

// applySettings sets what decides how names are compared, from the Defaults that
// bind to the subject, whatever the host.
func (m *matcher) applySettings(tree *sudoers.Tree, s Subject) Settings {
	m.subject, m.known = s, nil
	settings := Settings{}
	m.collect(tree, settings, func(d *sudoers.Defaults) bool {
		switch d.Scope {
		case sudoers.ScopeGlobal:
			return true
		case sudoers.ScopeUser:
			v, _ := m.users(d.Members, sudoers.UserAlias, s)
			return v == allow
		}
		return false
	})
	return settings
}

// use takes over the settings that matter for matching.
func (m *matcher) use(s Settings) {
	m.known = nil
	m.foldUser = s.flag("case_insensitive_user", true)
	m.foldGroup = s.flag("case_insensitive_group", true)
	m.groupByID = s.flag("match_group_by_gid", false)
	m.fastGlob = s.flag("fast_glob", false)
	m.netgroups = s.flag("use_netgroups", true)
	m.locale = s.locale()
	m.runchroot = ""
	if dir := s["runchroot"]; dir != off {
		m.runchroot = dir
	}
	m.runasDefault = "root"
	if user := s["runas_default"]; user != "" {
		m.runasDefault = user
	}
}

// collect applies the Defaults whose binding matches, in the order of the policy
// whatever their binding, but the early ones first (defaults.c, update_defaults).
// Settings that sudo would reject are passed over, as sudo does.
func (m *matcher) collect(tree *sudoers.Tree, s Settings, binds func(*sudoers.Defaults) bool) {
	m.apply(tree, s, true, binds)
	m.retarget()
	m.apply(tree, s, false, binds)
	m.use(s)
}

// retarget makes runas_default the target if the request names none. Bindings to target users that are looked at later
// see the new one. Where no account has the name root stays (sudoers.c, cb_runas_default).
func (m *matcher) retarget() {
	if !m.env.mayHave(m.runasDefault) {
		return
	}
	if !m.runAs.userGiven && !m.runAs.groupGiven && m.runAs.user.Name != m.runasDefault {
		m.runAs.user = m.env.account(m.runasDefault)
		m.known = nil
	}
}

// apply applies the early options, or the others.
func (m *matcher) apply(tree *sudoers.Tree, s Settings, earlyOnes bool, binds func(*sudoers.Defaults) bool) {
	for _, e := range tree.Entries {
		d, ok := e.(*sudoers.Defaults)
		if !ok {
			continue
		}
		bound, asked := false, false
		for i := range d.Settings {
			if early[d.Settings[i].Name] != earlyOnes {
				continue
			}
			if !asked {
				bound, asked = binds(d), true
			}
			if msg, _ := d.Settings[i].Check(m.env.Version); !bound || msg != "" {
				continue
			}
			s.set(&d.Settings[i])
			if decisive[d.Settings[i].Name] {
				// sudo asks for each setting of a line anew whom the line is about, by what the settings before it say.
				m.use(s)
				asked = false
			}
		}
	}
}
