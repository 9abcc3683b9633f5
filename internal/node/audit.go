package node

import (
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// AuditStatus is what the kernel of a node says of auditing, auditctl(8).
type AuditStatus struct {
	// Missing says that the node has no auditctl, so that the kernel was not asked.
	Missing bool
	// Problem is why the kernel does not answer: the node is a container, or its kernel runs without audit. Nothing
	// else is known then.
	Problem string
	// Enabled is 0 for off, 1 for on, 2 for on with rules that cannot change before the next boot.
	Enabled int64
	// Failure is what the kernel does where it loses a record: 0 nothing, 1 a line in its log, 2 it stops the node.
	Failure int64
	// Backlog is how many records may wait, Rate how many the kernel makes in a second, 0 for any number.
	Backlog, Rate int64
	// Lost is how many records were lost since the node booted.
	Lost int64
	// Rules are those in force, as `auditctl -l` prints them.
	Rules []string
}

// parseAuditStatus reads what `auditctl -s` and `auditctl -l` print.
func parseAuditStatus(status, rules string) *AuditStatus {
	a := &AuditStatus{}
	numbers := map[string]*int64{"enabled": &a.Enabled, "failure": &a.Failure, "backlog_limit": &a.Backlog, "rate_limit": &a.Rate, "lost": &a.Lost}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if number := numbers[name]; number != nil {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return &AuditStatus{Problem: untrusted.Line("auditctl -s answered " + strconv.Quote(line))}
			}
			*number = n
			delete(numbers, name)
		}
	}
	if len(numbers) > 0 {
		return &AuditStatus{Problem: untrusted.Line("auditctl -s answered " + strconv.Quote(status))}
	}
	for line := range strings.Lines(rules) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "-") {
			a.Rules = append(a.Rules, untrusted.Line(line))
		}
	}
	return a
}
