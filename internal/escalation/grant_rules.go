package escalation

import "cmp"

// GrantRule is knowledge about what is wrong with a grant whatever its command does.
type GrantRule struct {
	ID       string
	Severity Severity
	About    string // a clause in the third person
	Why      string
	Example  string // a line of sudoers that is found
	Fix      string
	// Missing tells that it is also found where no file of a node sets an option, so that no file is the place of it.
	Missing bool
	// Options tells that it is about the value of any of several options.
	Options bool
}

// way is what the rule finds. Why stands for the rule's own, if it says more.
func (r *GrantRule) way(example, why string) Way {
	return Way{ID: r.ID, Severity: r.Severity, Does: r.About, Example: example, Why: cmp.Or(why, r.Why), Fix: r.Fix}
}

// The rules about grants, by what they are about.
var (
	everything = &GrantRule{
		ID: "PVESEC-E0001", Severity: Critical, About: "grants every command",
		Why:     "ALL matches every program on the node, including any the user copies there under another name. Denials after it name some of the ways; the others stay.",
		Example: "agent ALL=(root) NOPASSWD: ALL",
		Fix:     "Grant the commands that are needed, each with its arguments. The presets of pvesec_sudoers_document are a start.",
	}
	manyCommands = &GrantRule{
		ID: "PVESEC-E0002", Severity: Critical, About: "grants a directory or a pattern of paths",
		Why:     "It matches every program in that place, and every program that is put there later. Directories of the system hold shells.",
		Example: "agent ALL=(root) /usr/bin/",
		Fix:     "Name each program by its path.",
	}
	unknownProgram = &GrantRule{
		ID: "PVESEC-E0003", Severity: High, About: "runs a program that nobody has described",
		Why:     "Most programs can be made to run others, or to read or write any file. pvesec does not know this one, and unknown is not safe.",
		Example: "agent ALL=(root) /usr/local/sbin/report *",
		Fix:     `Put the task into a script that only root writes, for example /usr/local/sbin/report, and grant it with fixed arguments: /usr/local/sbin/report "".`,
	}
	foreignPath = &GrantRule{
		ID: "PVESEC-E0004", Severity: Critical, About: "runs a program from a place where others than root write",
		Why:     "A user who can write the file, or rename a directory above it, chooses what runs as root.",
		Example: "agent ALL=(root) /home/agent/bin/backup",
		Fix:     "Install the program as root where only root writes, for example in /usr/local/sbin.",
	}
	freeEnvironment = &GrantRule{
		ID: "PVESEC-E0005", Severity: Critical, About: "lets the caller set the environment (SETENV)",
		Why:     "LD_PRELOAD, PERL5LIB, PATH and many others make nearly any program load or run code of the caller.",
		Example: "agent ALL=(root) SETENV: /usr/sbin/qm list",
		Fix:     "Leave out SETENV and the option setenv. If a variable is needed and its value cannot name code or files, keep it by name with env_keep.",
	}
	keptEnvironment = &GrantRule{
		ID: "PVESEC-E0006", Severity: Critical, About: "keeps variables of the caller that name code, programs or files",
		Why:     "Without env_reset, or with such a variable in env_keep or env_check, the caller makes the granted programs run his own code.",
		Example: "Defaults:agent !env_reset",
		Fix:     "Keep env_reset on, and keep only variables such as LANG and TZ.",
	}
	noPTY = &GrantRule{
		ID: "PVESEC-E0007", Severity: Medium, Missing: true, About: "runs commands on the caller's own terminal (no use_pty)",
		Why:     "A program that stays behind can type into the caller's terminal, and what it shows cannot be recorded.",
		Example: "Defaults:agent !use_pty",
		Fix:     "Leave use_pty on, as Debian sets it in /etc/sudoers: Defaults use_pty.",
	}
	noSecurePath = &GrantRule{
		ID: "PVESEC-E0008", Severity: High, Missing: true, About: "looks for programs in the caller's own PATH (no secure_path)",
		Why:     "A script that starts programs by name finds those of the caller first.",
		Example: "Defaults:agent !secure_path",
		Fix:     "Leave secure_path as Debian sets it in /etc/sudoers.",
	}
	unlogged = &GrantRule{
		ID: "PVESEC-E0009", Severity: Medium, About: "runs commands that are not logged",
		Why:     "With syslog off and no logfile, or with log_allowed off, nobody can tell afterwards what the subject did.",
		Example: "Defaults:agent !syslog",
		Fix:     "Leave syslog and log_allowed on. pvesec_audit_logging adds a file and recordings.",
	}
	undecided = &GrantRule{
		ID: "PVESEC-E0010", Severity: High, About: "allows what pvesec cannot tell",
		Why:     "A rule that is not understood may allow anything, and unknown is not safe.",
		Example: "agent ALL=(root) ^/usr/bin/.*$",
		Fix:     "Write the rule in a plainer way: a literal path, and an anchored expression without back-references for the arguments.",
	}
	mightyAccount = &GrantRule{
		ID: "PVESEC-E0011", Severity: High, About: "runs commands as another account that may lead to root",
		Why:     "System accounts own services and sockets by which the node is taken over: www-data is the web server of Proxmox VE, and members of disk or shadow read any file. Where the list leaves the choice to the caller, he chooses such an account.",
		Example: "agent ALL=(www-data) /usr/bin/bash",
		Fix:     "Name an account of its own that owns nothing else.",
	}
	idleDenial = &GrantRule{
		ID: "PVESEC-E0013", Severity: Medium, About: "denies a spelling, and the same program still leads to root",
		Why:     "A denial forbids spellings, not acts. Options can be shortened, reordered or joined with \"=\", and what is left of the grant still leads to root.",
		Example: "agent ALL=(root) /usr/sbin/qm set *, !/usr/sbin/qm * --args *",
		Fix:     "Remove the denial, and grant only what is meant: an anchored expression that lists what may follow.",
	}
	foreignSearchPath = &GrantRule{
		ID: "PVESEC-E0015", Severity: Critical, About: "looks for programs in a directory where others than root write (secure_path)",
		Why:     "A script that starts programs by name finds those of the caller first.",
		Example: `Defaults secure_path="/home/agent/bin:/usr/sbin:/usr/bin"`,
		Fix:     "Set secure_path to directories of root only: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin.",
	}
	grantsNothing = &GrantRule{
		ID: "PVESEC-E0017", Severity: Medium, About: "grants nothing: no command line matches it",
		Why:     "The expression is malformed, or can match no path: sudo passes over it. What was meant is not allowed.",
		Example: "agent ALL=(root) ^systemctl$ ^status .*$",
		Fix:     "Write the command as an absolute path, and its arguments as one expression from ^ to $: /usr/bin/systemctl ^status (nginx|haproxy)$.",
	}
	foreignEdit = &GrantRule{
		ID: "PVESEC-E0016", Severity: Critical, About: "edits files below directories that others write (sudoedit without its check)",
		Why:     "Without sudoedit_checkdir, or with links followed, the caller replaces a directory by a link and edits any file of root.",
		Example: "Defaults !sudoedit_checkdir",
		Fix:     "Leave sudoedit_checkdir on and sudoedit_follow off, and grant files in directories that only root writes.",
	}
)

// GrantRules are all rules about grants in the order of their ids.
func GrantRules() []*GrantRule {
	return []*GrantRule{
		everything, manyCommands, unknownProgram, foreignPath, freeEnvironment, keptEnvironment,
		noPTY, noSecurePath, unlogged, undecided, mightyAccount, idleDenial, foreignSearchPath, foreignEdit, grantsNothing,
		callersRoot, callersDirectory, hazardousOption, typedPath,
	}
}
