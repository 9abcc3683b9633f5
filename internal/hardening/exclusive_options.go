package hardening

import (
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sense is what a setting does to those whom it is about, compared with what is in force without it.
type sense uint8

const (
	mayRestrain sense = iota // nobody knows, so it may hold somebody back
	restrains                // it only asks or records more, or leaves the caller less
	loosens                  // it only asks or records less, or gives the caller more
	shows                    // it only changes text that people read
	skipped                  // sudo does not know it, or not with this value, and skips it with a warning
	mixed                    // some words of its list give the caller more, and the others may hold somebody back
)

// looseFlags are the flags of which one way gives the caller more, asks less of him or records less, and the other way
// the opposite: here is the loose one. What each does is in sudoers(5), "SUDOERS OPTIONS". A flag of which neither can
// be said, such as rootpw, is not here.
var looseFlags = map[string]sudoers.Operator{
	"authenticate": sudoers.OpFalse, "env_reset": sudoers.OpFalse, "ignore_dot": sudoers.OpFalse, "intercept": sudoers.OpFalse, "intercept_authenticate": sudoers.OpFalse,
	"intercept_verify": sudoers.OpFalse, "log_allowed": sudoers.OpFalse, "log_denied": sudoers.OpFalse, "log_exit_status": sudoers.OpFalse, "log_host": sudoers.OpFalse, "log_input": sudoers.OpFalse,
	"log_output": sudoers.OpFalse, "log_server_verify": sudoers.OpFalse, "log_stderr": sudoers.OpFalse, "log_stdin": sudoers.OpFalse, "log_stdout": sudoers.OpFalse, "log_subcmds": sudoers.OpFalse,
	"log_ttyin": sudoers.OpFalse, "log_ttyout": sudoers.OpFalse, "log_year": sudoers.OpFalse, "mail_all_cmnds": sudoers.OpFalse, "mail_always": sudoers.OpFalse, "mail_badpass": sudoers.OpFalse,
	"mail_no_host": sudoers.OpFalse, "mail_no_perms": sudoers.OpFalse, "mail_no_user": sudoers.OpFalse, "noexec": sudoers.OpFalse, "pam_acct_mgmt": sudoers.OpFalse, "pam_session": sudoers.OpFalse,
	"requiretty": sudoers.OpFalse, "sudoedit_checkdir": sudoers.OpFalse, "use_pty": sudoers.OpFalse,

	"closefrom_override": sudoers.OpTrue, "env_editor": sudoers.OpTrue, "ignore_audit_errors": sudoers.OpTrue, "ignore_iolog_errors": sudoers.OpTrue, "ignore_logfile_errors": sudoers.OpTrue,
	"ignore_unknown_defaults": sudoers.OpTrue, "intercept_allow_setid": sudoers.OpTrue, "runas_allow_unknown_id": sudoers.OpTrue, "setenv": sudoers.OpTrue, "sudoedit_follow": sudoers.OpTrue,
	"visiblepw": sudoers.OpTrue,
}

// looseValues are the values of other options that give at least as much as every other value.
var looseValues = map[string]string{
	"listpw": "never", "runchroot": "*", "runcwd": "*", "syslog_badpri": "none", "syslog_goodpri": "none", "timestamp_type": "global", "verifypw": "never",
}

// looseOff are the other options that give at least as much where they are off as in every other way.
var looseOff = []string{"command_timeout", "env_delete", "listpw", "logfile", "mailto", "secure_path", "syslog", "tty_tickets", "verifypw"}

// looseAlone are the options that give more with a value than without one: where no line that stays sets them, sudo has
// none, or root's.
var looseAlone = []string{"exempt_group", "iolog_group", "iolog_user", "lecture_file", "timestampowner"}

// looseAnyway are the options that say where sudo writes as root, and hold nobody back: what sudo writes there it
// writes elsewhere without them.
var looseAnyway = []string{"iolog_dir", "iolog_file"}

// holdOptions holds the options that are not known to loosen: nobody else can tell what a removal gives.
func (s *sorting) holdOptions(after *sudoersTree) bool {
	held := false
	in := optionsOf(after)
	for _, line := range s.going(func(*foreignLine) bool { return true }) {
		if why := s.restraint(line, in); why != "" {
			held = s.keepOptions(why, line, in) || held
		}
	}
	return held
}

// keepOptions holds a line of options. Of one with options that loosen, or that sudo skips, the others stay, in its
// place; none that stayed in an earlier round goes after all.
func (s *sorting) keepOptions(why string, line *foreignLine, in *optionsIn) bool {
	options, is := line.entry.(*sudoers.Defaults)
	if !is {
		return s.keep(why, line)
	}
	part := *options
	part.HasTrailing, part.Settings = false, nil
	stayed := map[sudoers.Setting]bool{}
	if before, is := line.part.(*sudoers.Defaults); is {
		for _, option := range before.Settings {
			stayed[option] = true
		}
	}
	staying := in.but(line)
	for _, option := range options.Settings {
		is := s.senseOf(&option, staying)
		if is == mixed {
			option = closed(option)
		}
		if stayed[option] || is != loosens && is != skipped {
			part.Settings = append(part.Settings, option)
		}
	}
	if slices.Equal(part.Settings, options.Settings) {
		return s.keep(why, line)
	}
	return s.keepPart(line, &line.part, &part)
}

// onlyRestrains is why a line of nothing but restraints stays.
const onlyRestrains = "it only restrains, so its removal would give more"

// markHarmless marks the lines of options that stay and give nobody anything.
func (s *sorting) markHarmless(after *sudoersTree) {
	in := optionsOf(after)
	for _, line := range s.lines {
		if line.held == onlyRestrains {
			line.held = s.restraint(line, in)
			line.harmless = line.held == onlyRestrains
		}
	}
}

// restraint gives the reason why a line of options stays. It is "" for a line that only gives more, and for a line that
// sets no options.
func (s *sorting) restraint(line *foreignLine, in *optionsIn) string {
	options, is := line.entry.(*sudoers.Defaults)
	if !is {
		return ""
	}
	all, doubtful := map[sense]bool{}, ""
	staying := in.but(line)
	for i := range options.Settings {
		option := &options.Settings[i]
		is := s.senseOf(option, staying)
		all[is] = true
		if doubtful == "" && (is == mayRestrain || is == restrains || is == mixed) {
			doubtful = option.Name
		}
	}
	switch {
	case doubtful == "":
		return ""
	case !all[mayRestrain] && !all[loosens] && !all[mixed] && line.unit == line:
		return onlyRestrains
	case line.unit == line:
		return "its option " + printable(doubtful) + " may hold somebody back"
	}
	return "the option " + printable(doubtful) + " of " + printable(line.file) + ":" + strconv.Itoa(line.at) + " may hold somebody back"
}

// senseOf tells what a setting does, compared with those that stay.
func (s *sorting) senseOf(option *sudoers.Setting, staying *optionsBeside) sense {
	if s.t.skips(option) {
		return skipped
	}
	return senseOf(option, staying)
}

// senseOf tells what a setting that sudo goes by does.
func senseOf(option *sudoers.Setting, staying *optionsBeside) sense {
	name, assigned := option.Name, option.Operator == sudoers.OpAssign
	if loose, is := looseFlags[name]; is {
		switch {
		case name == "env_reset" && staying.say(factOpens, "env_keep"): // env_keep lets through what env_delete keeps out without env_reset
			return mayRestrain
		case option.Operator == loose:
			return loosens
		case option.Operator == sudoers.OpTrue || option.Operator == sudoers.OpFalse:
			return restrains
		}
		return mayRestrain
	}
	known := false
	switch {
	case name == "timestamp_timeout":
		return timeoutSense(option, staying)
	case sudoers.OnlyShows(name):
		return shows
	case assigned && policy.InOthersHands(name, option.Value) != "":
		return loosens
	case option.Operator == sudoers.OpFalse:
		known = slices.Contains(looseOff, name)
	case name == "env_keep" && option.Operator == sudoers.OpAdd:
		known = true
	case name == "env_keep", name == "env_check":
		return variablesSense(option, staying)
	case name == "env_delete":
		known = option.Operator == sudoers.OpRemove
	case !assigned:
	case name == "logfile":
		known = staying.say(factForAll, name) || !staying.say(factUnlogged, "") && !strings.HasPrefix(path.Clean(option.Value), "/var/log/")
	case name == "secure_path":
		known = beyond(option.Value, staying)
	default:
		known = looseValues[name] == option.Value && option.Value != "" || slices.Contains(looseAnyway, name) || slices.Contains(looseAlone, name) && !staying.say(factGiven, name)
	}
	if known {
		return loosens
	}
	return mayRestrain
}

// beyond reports whether secure_path names a directory that is in no remaining secure_path, and a remaining one applies
// to all users. Removing the line then only takes such directories away.
func beyond(path string, staying *optionsBeside) bool {
	return staying.say(factForAll, "secure_path") && slices.ContainsFunc(strings.Split(path, ":"), func(dir string) bool { return !staying.say(factDir, dir) })
}

// sudosTimeout is the timestamp_timeout that Debian builds sudo with, in minutes.
const sudosTimeout = 15

// timeoutMinutes is for how long a password holds by a setting.
func timeoutMinutes(s *sudoers.Setting) (float64, bool) {
	if s.Operator == sudoers.OpFalse {
		return 0, true
	}
	value, err := strconv.ParseFloat(s.Value, 64)
	if value < 0 {
		value = math.Inf(1) // until the node restarts
	}
	return value, err == nil && s.Operator == sudoers.OpAssign
}

// timeoutSense compares for how long a password holds with every time that may be in force without the setting.
func timeoutSense(option *sudoers.Setting, staying *optionsBeside) sense {
	least, most := staying.times()
	switch value, is := timeoutMinutes(option); {
	case !is:
		return mayRestrain
	case value >= most:
		return loosens
	case value <= least:
		return restrains
	}
	return mayRestrain
}
