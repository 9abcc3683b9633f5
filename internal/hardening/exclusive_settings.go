package hardening

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// scopedSetting is a setting with whom it is about, and its line.
type scopedSetting struct {
	*sudoers.Setting
	scope      sudoers.Scope
	file, line string
}

// skips tells that the node's sudo skips a setting, and goes by the others of its line.
func (t *sudoersTree) skips(option *sudoers.Setting) bool {
	problem, _ := option.Check(t.version)
	return problem != ""
}

// settingsOf are the settings of a tree, without those that sudo skips.
func settingsOf(t *sudoersTree) []scopedSetting {
	var list []scopedSetting
	for _, entry := range t.tree.Entries {
		options, is := entry.(*sudoers.Defaults)
		if !is {
			continue
		}
		line := canonicalEntry(options)
		for i := range options.Settings {
			if !t.skips(&options.Settings[i]) {
				list = append(list, scopedSetting{&options.Settings[i], options.Scope, options.At.File, line})
			}
		}
	}
	return list
}

// but are settings without those of one line, and of what stays of it since pvesec gets in by it.
func but(list []scopedSetting, line *foreignLine) []scopedSetting {
	text, way := canonicalEntry(line.entry), ""
	if line.way != nil {
		way = canonicalEntry(line.way)
	}
	return slices.DeleteFunc(slices.Clone(list), func(s scopedSetting) bool {
		return s.line == text && s.file == line.file || way != "" && s.line == way && s.file == line.unit.file
	})
}

// forAll reports whether a remaining line gives an option a value for all users.
func forAll(name string, staying []scopedSetting) bool {
	return slices.ContainsFunc(staying, func(s scopedSetting) bool {
		return s.Name == name && s.Operator == sudoers.OpAssign && s.scope == sudoers.ScopeGlobal
	})
}

// given reports whether a remaining line gives an option a value for anybody.
func given(name string, staying []scopedSetting) bool {
	return slices.ContainsFunc(staying, func(s scopedSetting) bool { return s.Name == name && s.Operator == sudoers.OpAssign })
}

// unlogged reports whether by a remaining line something is not in the system log, so that a log file may have the only record of it.
func unlogged(staying []scopedSetting) bool {
	return slices.ContainsFunc(staying, func(s scopedSetting) bool {
		return s.Name == "syslog" && s.Operator == sudoers.OpFalse || (s.Name == "syslog_goodpri" || s.Name == "syslog_badpri") && (s.Operator == sudoers.OpFalse || s.Value == "none")
	})
}
