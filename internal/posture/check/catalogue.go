package check

import "slices"

// Check is one thing that is expected of a node or of the cluster.
type Check struct {
	// ID is stable: "PVESEC-C" and four digits. An id is never given to another check.
	ID string
	// Title states what is true where it passes.
	Title    string
	Family   Family
	Severity Severity
	// Level is the lowest profile that has the check.
	Level Level
	// Why says what can happen otherwise, in a sentence.
	Why string
	// Expected is what passes.
	Expected string
	// Remedy names the resource and its attribute, or the command, that makes it so.
	Remedy     string
	References []Reference

	node    func(*Node) Outcome
	cluster func(*Cluster) Outcome
}

// OfCluster tells whether the check is about the cluster, and not about each node.
func (c *Check) OfCluster() bool { return c.cluster != nil }

// Severity says how bad a failure is.
type Severity string

// The severities, the worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Severities lists them, the worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low} }

// Level is a profile.
type Level int

// The profiles. Level2 has all checks of Level1 and those that cost comfort or suit high demands.
const (
	Level1 Level = 1
	Level2 Level = 2
)

// Reference is where an expectation comes from.
type Reference struct{ Source, Section string }

// String is the reference on one line.
func (r Reference) String() string {
	if r.Section == "" {
		return r.Source
	}
	return r.Source + ", " + r.Section
}

// Status is what a check says of a node or of the cluster.
type Status string

// The statuses.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	NotApplicable Status = "not_applicable"
	Unknown       Status = "unknown"
)

// Statuses lists them.
func Statuses() []Status { return []Status{Fail, Unknown, Pass, NotApplicable} }

// Outcome is a status with what was observed.
type Outcome struct {
	Status Status
	// Observed is the evidence, fit to be read.
	Observed []string
}

// Catalogue lists all checks in the order of their ids.
func Catalogue() []Check {
	list := slices.Concat(sudoStatements(), sudoGrants(), sudoOptions(), ways(), loggingChecks(), sshdChecks(), accountChecks(), modeChecks(), packageChecks(), serviceChecks(), timeChecks(), kernelChecks(),
		firewallChecks(), proxyChecks(), guestChecks(), backupChecks(), userChecks(), tokenChecks(), roleChecks(), realmChecks())
	slices.SortFunc(list, func(a, b Check) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return list
}
