package hardening

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// What a node's kernel does with audit rules. Any other text says what is wrong.
const (
	AuditInForce   = "in force"
	AuditLocked    = "in force, and locked until the next boot"
	AuditAfterBoot = "from the next boot on"
)

// rulesAreLoaded tells whether the kernel has the rules, of which found is what it does.
func rulesAreLoaded(found string) bool { return found == AuditInForce || found == AuditLocked }

// locked is what [node.AuditStatus.Enabled] is where the kernel takes no rules.
const locked = 2

// inForce says what the kernel does with the rules of the settings, "" where they have none.
func (a AuditLogging) inForce(seen *node.Observation) string {
	status := seen.Audit
	switch {
	case a.AuditRules == nil || status == nil:
		return ""
	case status.Missing:
		return "auditctl is missing"
	case status.Problem != "":
		return "the kernel does not answer: " + status.Problem
	case status.Enabled == 0:
		return "auditing is off"
	}
	wrong := a.notInForce(seen)
	switch {
	case status.Enabled == locked && wrong != "":
		return AuditAfterBoot
	case status.Enabled == locked:
		return AuditLocked
	case wrong != "":
		return wrong
	}
	return AuditInForce
}

// notInForce says how many of the rules the kernel has, "" where it has all. The kernel knows users by number: a rule
// about one whom the node does not have is in force nowhere.
func (a AuditLogging) notInForce(seen *node.Observation) string {
	have := map[string]int{}
	for _, rule := range seen.Audit.Rules {
		have[comparableRule(rule)]++
	}
	want := a.comparableRules(seen)
	found := 0
	for _, rule := range want {
		if have[rule] > 0 {
			have[rule]--
			found++
		}
	}
	if found < len(want) {
		return fmt.Sprintf("%d of %d rules", found, len(want))
	}
	return ""
}

// comparableRules are the rules of the settings as the kernel of a node has them.
func (a AuditLogging) comparableRules(seen *node.Observation) []string {
	numbers := []string{"auid!=unset", "auid!=-1"}
	for _, name := range a.ruleAccounts() {
		if account := seen.Accounts[name]; account.Exists {
			numbers = append(numbers, "auid="+name+" ", fmt.Sprintf("auid=%d ", account.UID))
		}
	}
	numbered := strings.NewReplacer(numbers...)
	rules := a.auditRules()
	for i, rule := range rules {
		rules[i] = comparableRule(numbered.Replace(rule))
	}
	return rules
}

// ruleAccounts are the users whom rules name.
func (a AuditLogging) ruleAccounts() []string {
	if a.AuditRules == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.Subjects), func(name string) bool { return strings.HasPrefix(name, "%") })
}

// overruledRules lists the lines of other files of audit rules that switch auditing off or set another limit than the
// kernel should have, as "file:line: what".
func (a AuditLogging) overruledRules(seen *node.Observation) []string {
	if a.AuditRules == nil || seen.Audit == nil || seen.Audit.Missing || seen.Audit.Problem != "" {
		return nil
	}
	others := map[string]bool{
		"-b": seen.Audit.Backlog != a.AuditRules.Backlog,
		"-f": seen.Audit.Failure != int64(slices.Index(failures, a.AuditRules.Failure)),
		"-r": seen.Audit.Rate != 0,
	}
	var lines []string
	for _, name := range seen.Entries(auditRulesDir) {
		if name == a.AuditRulesPath() || !strings.HasSuffix(name, ".rules") {
			continue
		}
		for i, line := range strings.Split(string(seen.Files[name].Content), "\n") {
			if option, _, _ := strings.Cut(strings.TrimSpace(line), " "); others[option] || switchesOff.MatchString(line) {
				lines = append(lines, printable(fmt.Sprintf("%s:%d: %s", name, i+1, strings.TrimSpace(line))))
			}
		}
	}
	return lines
}

// PlannedAuditRules is what a node's kernel does with the rules after an apply. Found is what it did before, and
// changed tells that the apply writes other rules. A kernel whose rules are locked keeps what it has.
func PlannedAuditRules(found string, changed bool) string {
	switch {
	case found == AuditAfterBoot:
		return AuditAfterBoot
	case found == AuditLocked && changed:
		return AuditAfterBoot
	case found == AuditLocked:
		return AuditLocked
	}
	return AuditInForce
}

var (
	switchesOff = regexp.MustCompile(`^\s*(-e\s*0|-[aA]\s+(never,task|task,never))(\s|$)`)
	ruleCalls   = regexp.MustCompile(` -S (\S+)`)
)

// comparableRule is a rule such that the text in a file, with numbers for users, and what the kernel tells of it are
// the same.
func comparableRule(rule string) string {
	// The calls that a permission stands for are the kernel's own matter.
	if strings.Contains(rule, "-F perm=") {
		return ruleCalls.ReplaceAllString(rule, "")
	}
	return ruleCalls.ReplaceAllStringFunc(rule, func(calls string) string {
		names := strings.Split(strings.TrimPrefix(calls, " -S "), ",")
		slices.Sort(names)
		return " -S " + strings.Join(names, ",")
	})
}

// AskAuditRules asks a node what its kernel does with the audit rules of the settings. Problem is why it cannot have
// any, "" where it can.
func (a AuditLogging) AskAuditRules(ctx context.Context, nodes Nodes, target node.Target) (found, problem string, err error) {
	seen, err := nodes.Observe(ctx, target, node.Query{Audit: true, Accounts: a.ruleAccounts()})
	if err != nil {
		return "", "", err
	}
	if seen.Audit != nil {
		problem = seen.Audit.Problem
	}
	return a.inForce(seen), problem, nil
}
