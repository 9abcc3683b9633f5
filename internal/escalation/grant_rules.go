package escalation

// GrantRule is knowledge about what is wrong with a grant whatever its command does.
type GrantRule struct {
	ID       string
	Severity Severity
	About    string
	Why      string
	Example  string // a line of sudoers that is found
	Fix      string
}

// root tells whether what the rule is about is as good as root.
func (r *GrantRule) root() bool { return r.Severity == Critical || r.Severity == High }

// The rules about grants, by what they are about.
var (
	everything = &GrantRule{
		ID: "PVESEC-E0001", Severity: Critical, About: "every command is granted",
		Why:     "ALL has every program of the node, and every program that the subject can put onto it under whatever name. Denials after it name some of the ways; the others stay.",
		Example: "agent ALL=(root) NOPASSWD: ALL",
		Fix:     "Grant the commands that are needed, each with its arguments: the presets of pvesec_sudoers_document are a start.",
	}
	manyCommands = &GrantRule{
		ID: "PVESEC-E0002", Severity: Critical, About: "a directory or a pattern of paths is granted",
		Why:     "It has every program that is there, and every one that is put there later; in directories of the system there are shells among them.",
		Example: "agent ALL=(root) /usr/bin/",
		Fix:     "Name each program by its path.",
	}
	unknownProgram = &GrantRule{
		ID: "PVESEC-E0003", Severity: High, About: "a program that pvesec does not know takes options or files of the caller's choice",
		Why:     "Most programs can be made to run others, or to read or write any file, by some option or file. Nothing is known of this one, and unknown is not safe.",
		Example: "agent ALL=(root) /usr/local/sbin/report *",
		Fix:     `Pin the arguments: "" for none, or an anchored expression whose words cannot start with "-" or "/": ^[a-z0-9]{1,32}$.`,
	}
	foreignPath = &GrantRule{
		ID: "PVESEC-E0004", Severity: Critical, About: "the program is in a place where others than root write",
		Why:     "Whoever writes the file, or renames a directory on the way to it, runs as root what he likes.",
		Example: "agent ALL=(root) /home/agent/bin/backup",
		Fix:     "Install the program as root where only root writes, for example in /usr/local/sbin.",
	}
	freeEnvironment = &GrantRule{
		ID: "PVESEC-E0005", Severity: Critical, About: "the caller may set the environment (SETENV)",
		Why:     "LD_PRELOAD, PERL5LIB, PATH and many others make nearly any program load or run code of the caller's.",
		Example: "agent ALL=(root) SETENV: /usr/sbin/qm list",
		Fix:     "Leave SETENV and the option setenv out. A variable that is needed can be kept by name with env_keep, if its value cannot name code or files.",
	}
	keptEnvironment = &GrantRule{
		ID: "PVESEC-E0006", Severity: Critical, About: "the environment of the caller is kept",
		Why:     "Without env_reset, or with a variable in env_keep that names code, programs or files, the caller makes the granted programs run his own code.",
		Example: "Defaults:agent !env_reset",
		Fix:     "Keep env_reset on, and keep only variables such as LANG and TZ.",
	}
	noPTY = &GrantRule{
		ID: "PVESEC-E0007", Severity: Medium, About: "commands run on the caller's own terminal (no use_pty)",
		Why:     "A program that root was tricked into running, or that stays behind, can type into the caller's terminal; and what is shown cannot be recorded.",
		Example: "Defaults:agent !use_pty",
		Fix:     "Leave use_pty on, as Debian sets it in /etc/sudoers: Defaults use_pty.",
	}
	noSecurePath = &GrantRule{
		ID: "PVESEC-E0008", Severity: Medium, About: "programs are looked for in the caller's own PATH (no secure_path)",
		Why:     "Scripts that start programs by name find those of the caller first.",
		Example: "Defaults:agent !secure_path",
		Fix:     "Leave secure_path as Debian sets it in /etc/sudoers.",
	}
	unlogged = &GrantRule{
		ID: "PVESEC-E0009", Severity: Medium, About: "what is run is not logged",
		Why:     "With syslog off and no logfile, or with log_allowed off, nobody can tell afterwards what the subject did.",
		Example: "Defaults:agent !syslog",
		Fix:     "Leave syslog and log_allowed on; pvesec_audit_logging adds a file and recordings.",
	}
	undecided = &GrantRule{
		ID: "PVESEC-E0010", Severity: High, About: "pvesec cannot tell what a rule allows",
		Why:     "A rule that is not understood may allow anything, and unknown is not safe.",
		Example: "agent ALL=(root) ^/usr/bin/.*$",
		Fix:     "Write the rule in a plainer way: a literal path, and an anchored expression without back-references for the arguments.",
	}
	mightyTarget = &GrantRule{
		ID: "PVESEC-E0011", Severity: High, About: "commands run as another account that may be as good as root",
		Why:     "Of system accounts and of lists that leave the choice to the caller nobody but the node can say what they may do; www-data owns PVE's web server, and members of disk or shadow read any file.",
		Example: "agent ALL=(www-data) /usr/bin/id",
		Fix:     "Name an account of its own that owns nothing else.",
	}
	openEdit = &GrantRule{
		ID: "PVESEC-E0012", Severity: High, About: "sudoedit takes files of the caller's choice",
		Why:     "A wildcard in the path of a file also matches files that the caller has put there, or the next directory's.",
		Example: "agent ALL=(root) sudoedit /etc/*/motd",
		Fix:     "Name each file, in a directory that only root writes to.",
	}
	idleDenial = &GrantRule{
		ID: "PVESEC-E0013", Severity: Medium, About: "a denial does not hold: the same program still leads to root",
		Why:     "A denial forbids spellings, not acts. Options can be shortened, reordered, joined with \"=\", or doubled blanks put between words, and what is left of the grant is as good as root anyway.",
		Example: "agent ALL=(root) /usr/sbin/qm set *, !/usr/sbin/qm * --args *",
		Fix:     "Leave the denial out, and grant only what is meant: an anchored expression that lists what may follow.",
	}
	knownProgram = &GrantRule{
		ID: "PVESEC-E0014", Severity: Critical, About: "a program that is known to give root takes options or files of the caller's choice, or is used from within",
		Why:     "Which of its arguments are dangerous is not written down here one by one: there are too many, and it was not made to withhold anything from its caller.",
		Example: "agent ALL=(root) /usr/bin/sqlite3",
		Fix:     "Put the one task that is needed into a script owned by root that takes no arguments, and grant that: /usr/local/sbin/task \"\".",
	}
)

// GrantRules are all rules about grants in the order of their ids.
func GrantRules() []*GrantRule {
	return []*GrantRule{
		everything, manyCommands, unknownProgram, foreignPath, freeEnvironment, keptEnvironment,
		noPTY, noSecurePath, unlogged, undecided, mightyTarget, openEdit, idleDenial, knownProgram,
		callersRoot, callersDirectory, hazardousOption,
	}
}
