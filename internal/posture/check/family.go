package check

// Family is a group of checks about one subject.
type Family string

// The families, in the order of a report.
const (
	RootProtection  Family = "root protection"
	CommandCoverage Family = "command coverage"
	GrantMinimality Family = "grant minimality"
	Environment     Family = "environment"
	Escalation      Family = "escalation"
	Bypass          Family = "bypass"
	Terminal        Family = "terminal and shell"
	Logging         Family = "audit and logging"
	SSHD            Family = "sshd"
	Accounts        Family = "accounts and keys"
	PVEAccess       Family = "PVE access"
	FileModes       Family = "file modes"
	Packages        Family = "packages"
	Services        Family = "services"
	Time            Family = "time"
	Kernel          Family = "kernel"
	Network         Family = "PVE network and certificates"
	Guests          Family = "guests and backups"
)

// Families lists them.
func Families() []Family {
	return []Family{RootProtection, CommandCoverage, GrantMinimality, Environment, Escalation, Bypass, Terminal, Logging, SSHD, Accounts, PVEAccess, FileModes, Packages, Services, Time, Kernel, Network, Guests}
}
