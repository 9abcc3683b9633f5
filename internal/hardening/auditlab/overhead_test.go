package auditlab_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// Rounds and calls of a measurement.
const (
	rounds = 10
	calls  = 20
)

// spent is what dash prints for the children of a shell: minutes and seconds of processor time, their own and the
// kernel's for them.
var spent = regexp.MustCompile(`^(\S+) ([0-9]+)m([0-9.]+)s ([0-9]+)m([0-9.]+)s$`)

// processor has each user make calls of sudo in turns, and gives how many seconds of processor time one took. The time
// that passes says little: the first run of this benchmark had a log file make sudo faster, which was what else the
// machine did. A call with a log file makes two system calls more than one without.
func processor(a *audited, users []string) map[string]float64 {
	a.t.Helper()
	out := a.run(fmt.Sprintf(`for round in $(seq %d); do for user in %s; do
		runuser -u "$user" -- sh -c 'for i in $(seq %d); do sudo -n /usr/bin/id >/dev/null; done; times' | sed -n "2s/^/$user /p"
	done; done`, rounds, strings.Join(users, " "), calls))
	sum := map[string]float64{}
	for line := range strings.Lines(out) {
		found := spent.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			a.t.Fatalf("times printed %q", line)
		}
		for i, unit := range []float64{60, 1, 60, 1} {
			number, err := strconv.ParseFloat(found[i+2], 64)
			if err != nil {
				a.t.Fatalf("%q: %v", line, err)
			}
			sum[found[1]] += number * unit / rounds / calls
		}
	}
	return sum
}

// BenchmarkSudo measures how much more processor time a call of sudo takes with each kind of logging than without any,
// on each release; with audit rules on a node with a kernel of its own.
func BenchmarkSudo(b *testing.B) {
	kinds := []struct {
		user   string
		change func(*hardening.AuditLogging)
	}{
		{"event", func(a *hardening.AuditLogging) { a.IOLogs = nil }},
		{"output", func(*hardening.AuditLogging) {}},
		{"input", func(a *hardening.AuditLogging) { a.IOLogs.Input = true }},
	}
	for _, suite := range lab.Suites() {
		for _, kernel := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/kernel=%v", suite, kernel), func(b *testing.B) {
				none := hardening.AuditLogging{Name: "ops", Subjects: []string{"agent"}, SecurityLog: logging().SecurityLog}
				a := install(b, lab.NodeSpec{Name: "pve1", Suite: suite, Kernel: kernel}, none)
				users := []string{"agent"}
				for _, kind := range kinds {
					users = append(users, kind.user)
					a.run(fmt.Sprintf("useradd -m %[1]s; echo '%[1]s ALL=(root) NOPASSWD: /usr/bin/id' >>/etc/sudoers.d/test", kind.user))
					one := logging(kind.user)
					one.Name, one.SecurityLog = kind.user, nil
					kind.change(&one)
					a.audit = one
					a.apply()
				}
				for b.Loop() {
					b.ReportMetric(0, "ns/op") // not what is measured
					without := processor(a, users)
					for _, kind := range kinds {
						b.ReportMetric(without[kind.user]/without["agent"], "x-"+kind.user)
					}
					if !kernel {
						continue
					}
					none.AuditRules = &hardening.AuditRules{Areas: hardening.AuditAreas(), Backlog: 8192, Failure: "log"}
					a.audit = none
					a.apply()
					ruled := processor(a, users)
					b.ReportMetric(ruled["agent"]/without["agent"], "x-rules")
					b.ReportMetric(ruled["output"]/without["agent"], "x-output-and-rules")
				}
			})
		}
	}
}
