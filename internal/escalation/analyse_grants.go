package escalation

import (
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// foreignDirectories are those in which others than root make files on a Debian node.
var foreignDirectories = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/home/", "/run/user/", "/run/lock/", "/mnt/", "/media/", "/proc/"}

func writableByOthers(command string) bool {
	return slices.ContainsFunc(foreignDirectories, func(d string) bool { return strings.HasPrefix(command, d) })
}

// openArguments has arguments with a word that nobody would have thought of: where one of them is allowed, the caller chooses
// an option or a file.
var openArguments = sync.OnceValue(func() regular.Expr {
	joined, err := regular.Compile(regular.ERE{Pattern: `(^| )(--pvesec-of-the-callers-choice|/pvesec/of-the-callers-choice)( |$)`})
	if err != nil {
		panic(err) // a pattern written here
	}
	e, err := regular.Arguments(joined)
	if err != nil {
		panic(err)
	}
	return e
})

// open tells whether the caller chooses an option or a file, and shows arguments.
func (a *analyser) open(p *policy.PathAccess, grant int) (args string, open bool) {
	if !regular.MayMeet(p.Rules[grant].Args, openArguments()) {
		return "", false
	}
	answer := regular.Disjoint(p.AllowedBy(grant), openArguments(), a.question.Budget)
	return answer.Witness, answer.Verdict != regular.Yes
}

// unknown looks at a program of which no rule says which arguments are dangerous.
func (a *analyser) unknown(request policy.Request, p *policy.PathAccess, grant int, witness string) {
	rule, why := unknownProgram, ""
	use, known := a.known.useOf(p.Path)
	switch {
	case p.Path == "sudoedit":
		rule = openEdit
	case known:
		rule, why = knownProgram, use.because()+" "+knownProgram.Why
	}
	if args, open := a.open(p, grant); open {
		a.addGrant(rule, p.Rules[grant].Grant, p.Path, a.shell(request, p, args), why)
	} else if use.interactive {
		a.addGrant(rule, p.Rules[grant].Grant, p.Path, a.shell(request, p, witness), why)
	}
}

// keptVariables name code, programs or files to programs that are commonly granted. Those with a star are prefixes.
var keptVariables = []string{
	"LD_*", "PATH", "IFS", "ENV", "BASH_*", "SHELLOPTS", "PS4", "PERL*", "PYTHON*", "RUBY*", "NODE_*", "LUA_*", "JAVA_TOOL_OPTIONS", "GCONV_PATH", "LOCPATH", "NLSPATH", "MALLOC_*",
	"PAGER", "*_PAGER", "LESS*", "MANPAGER", "EDITOR", "VISUAL", "SUDO_EDITOR", "SYSTEMD_*", "GIT_*", "TERMINFO*", "TERMCAP", "HOME", "XDG_*", "TMPDIR",
	"LVM_*", "ZPOOL_*", "ZFS_*", "PVE_*", "RSYNC_RSH", "TAR_OPTIONS", "DEBCONF_*", "DPKG_*", "APT_CONFIG", "OPENSSL_*", "SSH_AUTH_SOCK", "DBUS_*", "PBS_*", "http_proxy", "https_proxy",
}

// dangerous gives the first word of a list of variables that lets the caller bring in code.
func dangerous(list string) string {
	for _, word := range strings.Fields(list) {
		name, _, _ := strings.Cut(word, "=")
		for _, kept := range keptVariables {
			suffix, atEnd := strings.CutPrefix(kept, "*")
			prefix, atStart := strings.CutSuffix(kept, "*")
			if name == kept || name == "*" || atStart && strings.HasPrefix(name, prefix) || atEnd && strings.HasSuffix(name, suffix) {
				return word
			}
		}
	}
	return ""
}

// environment looks at what surrounds a command that is allowed. Of a fragment only what it says itself is found: that it does
// not repeat what the main file of the node sets is no fault of it.
func (a *analyser) environment(request policy.Request, p *policy.PathAccess, grant int, witness string) {
	g, s := p.Rules[grant].Grant, p.Settings
	line := a.shell(request, p, witness)
	for _, w := range surroundings(g, s, request.Subject.Name, "root") {
		a.addGrant(w.rule, g, p.Path, line, w.why)
	}
	if a.whole {
		a.missing(p, line)
	}
	with := func(variable string) string { return "sudo " + variable + " " + strings.TrimPrefix(line, "sudo ") }
	if g.Tags.Setenv == sudoers.Yes || g.Tags.Setenv == sudoers.Unset && s["setenv"] == "on" {
		a.addGrant(freeEnvironment, g, p.Path, with("LD_PRELOAD=/tmp/x.so"), "")
	}
	switch kept := dangerous(s["env_keep"]); {
	case s["env_reset"] == "off":
		a.addGrant(keptEnvironment, g, p.Path, line, "")
	case kept != "":
		a.addGrant(keptEnvironment, g, p.Path, line, "env_keep has "+kept+". "+keptEnvironment.Why)
	case writableByOthers(s["env_file"]), writableByOthers(s["restricted_env_file"]):
		a.addGrant(keptEnvironment, g, p.Path, line, "The environment is read from a file in a place where others than root write.")
	}
	for _, option := range []struct {
		found bool
		rule  *GrantRule
	}{
		{s["use_pty"] == "off", noPTY},
		{s["secure_path"] == "off", noSecurePath},
		{s["syslog"] == "off" && (s["logfile"] == "" || s["logfile"] == "off") || s["log_allowed"] == "off", unlogged},
	} {
		if option.found {
			a.addGrant(option.rule, g, p.Path, line, "")
		}
	}
}

// leftOver looks at a grant that gives nothing as root on any host that was asked about: what it gives instead may not be known.
func (a *analyser) leftOver(g *policy.Grant) {
	if g.Negated || a.analysed[g.Pos] || g.RunAs == nil && a.question.Host != "" {
		return
	}
	if g.RunAs != nil && len(g.RunAs.Users) > 0 && ordinaryAccounts(g.RunAs.Users) && len(g.RunAs.Groups) == 0 {
		return
	}
	if g.RunAs != nil && (len(g.RunAs.Users) > 0 || len(g.RunAs.Groups) > 0) {
		a.addGrant(mightyTarget, g, "", "", "")
		return
	}
}

// mightyAccounts are accounts of Debian and PVE that own services or files by which the node is taken over.
var mightyAccounts = []string{"root", "www-data", "daemon", "bin", "sys", "backup", "postfix", "_chrony", "ceph", "systemd-network", "messagebus", "polkitd", "shadow", "disk"}

// ordinaryAccounts tells whether a run-as list names accounts that are not known to be mighty, and nothing else.
func ordinaryAccounts(users []sudoers.Member) bool {
	return !slices.ContainsFunc(users, func(u sudoers.Member) bool {
		return u.Kind != sudoers.MemberWord || u.Negated || strings.HasPrefix(u.Name, "#") || slices.Contains(mightyAccounts, u.Name)
	})
}
