package escalation

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

func writableByOthers(file string) bool { return policy.WritableByOthers(file) }

// exploit shows what a kept variable is good for: the name as a caller sets it.
func exploit(word string) string {
	name, _, _ := strings.Cut(word, "=")
	switch {
	case name == "*", strings.HasPrefix(name, "LD_"), strings.HasPrefix(name, "*_PRELOAD"), name == "L*":
		return "LD_PRELOAD=./x.so"
	case strings.HasPrefix(name, "PERL5LIB"):
		return "PERL5LIB=."
	case strings.HasPrefix(name, "PERL5OPT"), strings.HasPrefix(name, "PERL"):
		return "PERL5OPT=-Mlib=."
	case strings.HasPrefix(name, "PY"):
		return "PYTHONPATH=."
	case name == "PATH":
		return "PATH=.:/usr/bin"
	}
	return strings.NewReplacer("*", "X", "?", "X").Replace(name) + "=./x"
}

// environment looks at what surrounds a command that is allowed. Of a fragment only what it says itself is found: that
// it does not repeat what the main file of the node sets is no fault of it.
func (a *analyser) environment(at grantAt) {
	g, s, line := at.grant(), at.access.Settings, at.example
	for _, w := range surroundings(g, s, a.uses, at.request.Subject, "root", line) {
		a.addWay(at, w)
	}
	if a.whole {
		a.missing(line, s)
	}
	with := func(variable string) string { return "sudo " + variable + " " + strings.TrimPrefix(line(), "sudo ") }
	if g.Tags.Setenv == sudoers.Yes || g.Tags.Setenv == sudoers.Unset && s["setenv"] == "on" {
		a.addWay(at, freeEnvironment.way(with("LD_PRELOAD=./x.so"), ""))
	}
	kept, checked := policy.OpenVariable(s["env_keep"]), policy.OpenVariable(s["env_check"])
	switch {
	case s["env_reset"] == "off":
		a.addWay(at, keptEnvironment.way(with("PYTHONPATH=."), ""))
	case kept != "":
		a.addWay(at, keptEnvironment.way(with(exploit(kept)), "env_keep has "+kept+". "+keptEnvironment.Why))
	case checked != "":
		a.addWay(at, keptEnvironment.way(with(exploit(checked)), "env_check has "+checked+", and a value without % and / passes it. "+keptEnvironment.Why))
	}
	if group := s["exempt_group"]; group != "" && group != "off" { // sudo's env.c sets no secure_path for exempt users
		a.addWay(at, noSecurePath.way(line(), "secure_path does not hold for members of the group "+group+" (exempt_group). "+noSecurePath.Why))
	}
	for _, option := range []struct {
		found bool
		rule  *GrantRule
	}{
		{s["use_pty"] == "off", noPTY},
		{s["secure_path"] == "off", noSecurePath},
		{(s["syslog"] == "off" || s["syslog_goodpri"] == "off" || s["syslog_goodpri"] == "none") && (s["logfile"] == "" || s["logfile"] == "off") || s["log_allowed"] == "off", unlogged},
		{at.access.Path == "sudoedit" && (s["sudoedit_checkdir"] == "off" || s["sudoedit_follow"] == "on" || g.Tags.Follow == sudoers.Yes), foreignEdit},
	} {
		if option.found {
			a.addWay(at, option.rule.way(line(), ""))
		}
	}
}

// ptyByDefault is the version since which use_pty is on where nothing is said (sudo's NEWS, 1.9.14).
var ptyByDefault = sudoers.Version{Major: 1, Minor: 9, Patch: 14}

// missing looks for options that protect the node and that neither the files nor sudo itself set. env_reset and the log
// to syslog are on by default (sudoers(5), "SUDOERS OPTIONS"); secure_path is not, and use_pty only in newer versions.
// Each is told once.
func (a *analyser) missing(line func() string, s policy.Settings) {
	if s["use_pty"] == "" && !a.version().AtLeast(ptyByDefault) {
		a.addGrant(noPTY, nil, "", line(), "No file of the node sets use_pty, and sudo "+a.version().String()+" has it off by default. "+noPTY.Why)
	}
	if s["secure_path"] == "" {
		a.addGrant(noSecurePath, nil, "", line(), "No file of the node sets secure_path, and sudo has none by default. "+noSecurePath.Why)
	}
}

// version returns the version of sudo that the question is about.
func (a *analyser) version() sudoers.Version {
	if a.question.Env == nil {
		return sudoers.Version{}
	}
	return a.question.Env.Version
}
