package hardening

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

var (
	// silences are rules of the kernel, as auditctl prints them, after which nothing of a program is recorded that
	// starts later.
	silences = regexp.MustCompile(`^-a (never,task|task,never)( -S all)?$`)
	// neverExit are rules by which the kernel records nothing of a call, where no earlier rule matches it.
	neverExit = regexp.MustCompile(`^(-a (never,exit|exit,never)|-A (never,exit|exit,never)) `)
	// excludes are rules by which it drops records, whatever their action is.
	excludes = regexp.MustCompile(`^-a ([a-z]+,exclude|exclude,[a-z]+)( |$)`)
	// ofAService are rules about an account other than root that is not logged in: so guides to the audit of time leave
	// out what chrony does.
	ofAService = []*regexp.Regexp{regexp.MustCompile(` -F auid=(unset|-1|4294967295)( |$)`), regexp.MustCompile(` -F uid=([1-9][0-9]*|[a-z_][a-z0-9_-]*)( |$)`)}
	// excluded is the one type of records that such a rule is about.
	excluded = regexp.MustCompile(` -F msgtype=([A-Z_]+)( |$)`)
)

// needed are the types of records of which what our rules write down consists, and what tells of changes of the rules.
// Another type may be dropped.
var needed = []string{"SYSCALL", "PATH", "CWD", "EXECVE", "PROCTITLE", "CONFIG_CHANGE"}

// silencing lists the rules of the kernel that keep ours from recording. Of the calls of programs the first rule that
// matches decides: those that come after all of ours take nothing away.
func (a AuditLogging) silencing(seen *node.Observation) (all, some []string) {
	last := -1
	wanted := a.comparableRules(seen)
	for i, rule := range seen.Audit.Rules {
		if slices.Contains(wanted, comparableRule(rule)) {
			last = i
		}
	}
	for i, rule := range seen.Audit.Rules {
		switch kind := excluded.FindStringSubmatch(rule); {
		case silences.MatchString(rule):
			all = append(all, rule)
		case neverExit.MatchString(rule) && i < last && !isOfAService(rule), excludes.MatchString(rule) && (kind == nil || slices.Contains(needed, kind[1])):
			some = append(some, rule)
		}
	}
	return all, some
}

// isOfAService tells whether a rule is about a service that does not run as root.
func isOfAService(rule string) bool {
	return !slices.ContainsFunc(ofAService, func(part *regexp.Regexp) bool { return !part.MatchString(rule) }) && !strings.Contains(rule, " -F uid=root")
}
