package escalation

import (
	"cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// Rules about where a command runs, and about options that are dangerous with the value they have.
var (
	callersRoot = &GrantRule{
		ID: "PVESEC-E0021", Severity: Critical, About: "runs below a root directory that is in the caller's hands (CHROOT)",
		Why:     "Below it the program is whatever the caller put there under its name, with libraries of his, and it runs as root. Leaving the directory again is easy for root.",
		Example: "agent ALL=(root) CHROOT=* /usr/bin/id",
		Fix:     "Leave CHROOT and runchroot out, or name a directory that only root writes, with all directories above it.",
	}
	callersDirectory = &GrantRule{
		ID: "PVESEC-E0022", Severity: Medium, About: "lets the caller choose the directory in which a command runs (CWD=*)",
		Why:     "With -D the command runs in any directory, also in one that the caller cannot enter: file names without a directory are looked for there, and some programs read settings there.",
		Example: "agent ALL=(root) CWD=* /usr/bin/make check",
		Fix:     "Leave CWD=* and runcwd=* out, or name the one directory that is needed.",
	}
	typedPath = &GrantRule{
		ID: "PVESEC-E0024", Severity: Critical, About: "runs a path as the caller typed it, after comparing what it leads to",
		Why:     "Since sudo 1.9.14 (Debian 13, Proxmox VE 9) an expression, and with fast_glob a pattern, is compared with the resolved path, but sudo runs the path that was typed. The caller types the path through a link in his home, turns the link to a directory of his while sudo asks for the password, and his own program runs as root.",
		Example: "agent ALL=(root) ^/usr/sbin/(qm|pct)$ ^status [0-9]+$",
		Fix:     "Write a rule for each program with its literal path: /usr/sbin/qm ^status [0-9]+$, /usr/sbin/pct ^status [0-9]+$. An expression for the arguments is fine.",
	}
	hazardousOption = &GrantRule{
		ID: "PVESEC-E0023", Severity: High, Options: true, About: "sets an option to a value that is dangerous, or that nobody has vetted",
		Why:     "sudo is root while it works: the files and programs that its options name are read, written and run as root. Other options change what a command of root's leaves behind.",
		Example: "Defaults:agent lecture_file=/etc/shadow, lecture=always",
		Fix:     "Leave the option out, or give it a value that passes. The guide to root findings lists these values for each option.",
	}
)

// surroundings looks at where a granted command runs, and at the options in force for it. Line gives a command line
// that is granted.
func surroundings(g *policy.Grant, s policy.Settings, uses policy.Uses, subject policy.Subject, target string, line func() string) []Way {
	var ways []Way
	if why := policy.CallersDirectory(cmp.Or(g.Effective.Chroot, s["runchroot"]), target); why != "" {
		ways = append(ways, callersRoot.way(line(), "CHROOT or runchroot: "+why+". "+callersRoot.Why))
	}
	if cmp.Or(g.Effective.Cwd, s["runcwd"]) == "*" {
		ways = append(ways, callersDirectory.way(line(), ""))
	}
	for _, h := range policy.Hazards(s, uses, subject) {
		ways = append(ways, ofHazard(&h, line()))
	}
	return ways
}

// optionsOfSudo looks at the options by which sudo itself does harm, which is root whichever account the command runs
// as.
func (a *analyser) optionsOfSudo(at grantAt) {
	for _, h := range policy.Hazards(at.access.Settings, a.uses, at.request.Subject) {
		if h.InSudo {
			w := ofHazard(&h, at.example())
			a.outcomes = append(a.outcomes, effectAt{way: w, place: at.place()})
			a.found.add(at.place(), "", w)
		}
	}
}

// optionsForOthers looks at the options of a root grant of everything: by those that only the caller can use he gets
// nothing more.
func (a *analyser) optionsForOthers(at grantAt) {
	for _, h := range policy.Hazards(at.access.Settings, a.uses, at.request.Subject) {
		if h.ForOthers {
			a.addWay(at, ofHazard(&h, at.example()))
		}
	}
}

// ruleOfOption is the rule by which a dangerous value of an option is found.
func ruleOfOption(name string) *GrantRule {
	switch name {
	case "env_file":
		return keptEnvironment
	case "secure_path":
		return foreignSearchPath
	case "runchroot":
		return callersRoot
	}
	return hazardousOption
}

// ofHazard is what an option lets through. What needs something else is no way to root by itself, and what the policy
// does not use is none.
func ofHazard(h *policy.Hazard, line string) Way {
	rule := ruleOfOption(h.Option)
	w := rule.way(line, h.Option+"="+h.Value+": "+h.Effect.What+". Here "+h.Why+".")
	w.Condition = h.Condition
	if rule != foreignSearchPath && rule != callersRoot {
		w.Fix = h.Fix
	}
	if rule == hazardousOption {
		w.Detail, w.Does = h.Option, "sets "+h.Option+" to a value that is dangerous, or that nobody has vetted"
	}
	switch {
	case h.Idle, h.Minor:
		w.Severity = Medium
	case h.Condition != "":
		w.Severity = High
	}
	if h.Condition != "" {
		w.Why += " This needs more: " + h.Condition + "."
	}
	return w
}
