package policy

import (
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// foreignDirectories are those in which others than root make files on a Debian node.
var foreignDirectories = []string{"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/home", "/run/user", "/var/run/user", "/run/lock", "/var/lock", "/run/screen", "/mnt", "/media", "/proc"}

// WritableByOthers tells whether a path is one of those directories or below it. A path that is not absolute is.
func WritableByOthers(name string) bool {
	if !path.IsAbs(name) {
		return true
	}
	return slices.ContainsFunc(foreignDirectories, func(dir string) bool { return isBelow(path.Clean(name), dir) })
}

func isBelow(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// CallersDirectory returns the reason why the caller or another account than root controls a directory of CHROOT, CWD, runchroot or runcwd, "" if nothing is
// known against it. A "~" is the home of the target, "~name" the home of an account (sudoers' expand_tilde).
func CallersDirectory(value, target string) string {
	home, tilde := strings.CutPrefix(value, "~")
	account, _, _ := strings.Cut(home, "/")
	switch {
	case value == "" || value == off:
		return ""
	case value == "*":
		return "the caller chooses the directory"
	case tilde && account == "" && target == "root", tilde && account == "root":
		return ""
	case tilde:
		return "what is in the home of an account is its own"
	case WritableByOthers(value):
		return "others than root make files in " + value
	}
	return ""
}

// Hazard is a setting by which a caller comes to root or to its files.
type Hazard struct {
	Option, Value string
	// Effect is what the option does, Why what is wrong with the value.
	Effect sudoers.Effect
	Why    string
}

// Hazards looks through the settings in force for those that are dangerous with the value that they have, by the name of the option. Subject is the caller.
func Hazards(s Settings, subject string) []Hazard {
	var list []Hazard
	for option, h := range hazards {
		value := s[option]
		if value == "" || value == on || value == off {
			continue
		}
		why := h.why(value, subject)
		if why == "" {
			continue
		}
		d, _ := sudoers.LookupDefault(option)
		effect := slices.IndexFunc(d.Effects, func(e sudoers.Effect) bool { return e.Kind == h.kind })
		list = append(list, Hazard{Option: option, Value: value, Effect: d.Effects[effect], Why: why})
	}
	slices.SortFunc(list, func(x, y Hazard) int { return strings.Compare(x.Option, y.Option) })
	return list
}

type hazard struct {
	kind sudoers.EffectKind
	why  func(value, subject string) string
}

// hazards are the options whose values matter. What an option does is in the catalogue; here is which values are dangerous. The mailer is not among them:
// Debian's sudo runs it as the caller, as it makes the file of admin_flag.
var hazards = map[string]hazard{
	"lecture_file":        {sudoers.EffectReads, unlessPublic},
	"env_file":            {sudoers.EffectReads, foreignPlace},
	"restricted_env_file": {sudoers.EffectReads, foreignPlace},
	"log_server_cabundle": {sudoers.EffectReads, foreignPlace},
	"editor":              {sudoers.EffectRuns, foreignElement},
	"secure_path":         {sudoers.EffectRuns, foreignElement},
	"group_plugin":        {sudoers.EffectRuns, foreignWord},
	"noexec_file":         {sudoers.EffectRuns, foreignPlace},
	"askpass":             {sudoers.EffectRuns, foreignPlace},
	"logfile":             {sudoers.EffectWrites, unlessForLogs},
	"iolog_dir":           {sudoers.EffectWrites, unlessForLogs},
	"iolog_file":          {sudoers.EffectWrites, climbs},
	"timestampdir":        {sudoers.EffectWrites, unlessForLogs},
	"lecture_status_dir":  {sudoers.EffectWrites, unlessForLogs},
	"timestampowner":      {sudoers.EffectAuthenticates, unlessRoot},
	"iolog_user":          {sudoers.EffectRecords, subjectsOwn},
}

func foreignPlace(value, _ string) string {
	if WritableByOthers(value) {
		return "others than root write " + value
	}
	return ""
}

// foreignElement looks through a list with colons.
func foreignElement(value, _ string) string {
	for element := range strings.SplitSeq(value, ":") {
		program, _, _ := strings.Cut(element, " ")
		if WritableByOthers(program) {
			return "others than root write " + program
		}
	}
	return ""
}

// foreignWord looks through the words of a plug-in and its arguments. A name without a slash is in sudo's own directory of plug-ins.
func foreignWord(value, _ string) string {
	for _, word := range strings.Fields(value) {
		if strings.Contains(word, "/") && WritableByOthers(word) {
			return "others than root write " + word
		}
	}
	return ""
}

// unlessPublic lets files pass that are made for everyone's eyes.
func unlessPublic(value, _ string) string {
	name := path.Clean(value)
	if path.Dir(name) == "/etc" && (strings.Contains(path.Base(name), "lecture") || slices.Contains([]string{"issue", "issue.net", "motd"}, path.Base(name))) || isBelow(name, "/usr/share") {
		return ""
	}
	return "sudo reads " + value + " as root and shows it to the caller"
}

// Where sudo and other programs keep logs and state, and what of it is none.
var (
	logPlaces  = []string{"/var/log", "/var/lib", "/var/db", "/var/adm", "/var/spool", "/run/sudo", "/var/run/sudo", "/srv", "/data"}
	notForLogs = []string{"/var/spool/cron", "/var/spool/at", "/var/lib/dpkg", "/var/lib/pve-cluster", "/var/lib/systemd"}
)

func unlessForLogs(value, _ string) string {
	name := path.Clean(value)
	in := func(dir string) bool { return isBelow(name, dir) }
	if slices.ContainsFunc(logPlaces, in) && !slices.ContainsFunc(notForLogs, in) {
		return ""
	}
	return value + " is no place for logs and records: what sudo writes there, others write or programs read"
}

// climbs tells whether a file below iolog_dir leads out of it.
func climbs(value, _ string) string {
	if slices.Contains(strings.Split(value, "/"), "..") {
		return value + " leads out of iolog_dir"
	}
	return ""
}

func unlessRoot(value, _ string) string {
	if value == "root" || value == "#0" {
		return ""
	}
	return value + " writes the records by which sudo asks for no password"
}

func subjectsOwn(value, subject string) string {
	if value == subject {
		return "the caller owns the records of what he does"
	}
	return ""
}
