package review

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestManyFindings: findings of many commands are shown by their cause, with their number and as severe as they are;
// each of them is refused or accepted by itself; and the texts about them have a bound.
func TestManyFindings(t *testing.T) { //nolint:paralleltest // what others allocate would count
	const n = 60_000
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("/usr/bin/program%d x", i)
	}
	text := "agent ALL=(root) " + strings.Join(names, ", ") + ", /usr/bin/bash\n"
	findings := make([]escalation.CommandFinding, n, n+1)
	for i := range findings {
		findings[i] = findingAt(i, fmt.Sprintf("/usr/bin/program%d", i), escalation.Way{ID: "PVESEC-E0003", Severity: escalation.High, Does: "runs a program that nobody has described"})
	}
	findings = append(findings, findingAt(n, "/usr/bin/bash", escalation.Way{ID: "PVESEC-E0100", Severity: escalation.Critical, Does: "runs any program"}))
	// 300 programs by path, all others and no shell by id.
	accepted := map[string]string{"PVESEC-E0003": "known"}
	for i := range 300 {
		accepted[fmt.Sprintf("/usr/bin/program%d", i)] = "looked at"
	}
	for name, test := range map[string]struct {
		accepted    map[string]string
		shown, more []int // of unknown programs and of others: how many are shown, and for how many more they stand
		refused     bool
	}{
		"nobody accepts":        {nil, []int{mostOfACause + 1, 1}, []int{n - mostOfACause - 1, 0}, true},
		"all but the shell":     {accepted, []int{mostOfACause + 1, 1}, []int{n - mostOfACause - 1, 0}, true},
		"programs by path only": {without(accepted, "PVESEC-E0003"), []int{2 * (mostOfACause + 1), 1}, []int{n - 2*(mostOfACause+1), 0}, true},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // as above
			budget.Linear(t, len(text), budget.PerByte{Memory: 2000}, func() {
				var shown, more [2]int
				for _, s := range ShownOf(findings, test.accepted) {
					other := 0
					if s.ID != "PVESEC-E0003" {
						other = 1
					}
					if !s.Root() {
						t.Errorf("%s is no way to root", s.ID)
					}
					shown[other]++
					more[other] += s.More
				}
				if !slices.Equal(shown[:], test.shown) || !slices.Equal(more[:], test.more) {
					t.Errorf("%d are shown, for %d more", shown, more)
				}
				r := refusedIn(text, findings, Acceptances{Reasons: test.accepted})
				if r.Any() != test.refused {
					t.Errorf("refused: %v", r.Any())
				}
				if detail := r.Detail(""); len(detail) > 100_000 || !strings.Contains(detail, "PVESEC-E0100") {
					t.Errorf("%d bytes: %.2000s", len(detail), detail)
				}
			})
		})
	}
}

// TestManyForeignFindings: findings of many commands in other files are shown by their cause, apart for each file and
// the nodes that have it.
func TestManyForeignFindings(t *testing.T) {
	t.Parallel()
	var findings []ForeignFinding
	for _, where := range []struct {
		file  string
		nodes []string
	}{{"/etc/sudoers.d/x", []string{"pve1", "pve2"}}, {"/etc/sudoers.d/x", []string{"pve3"}}, {"/etc/sudoers.d/y", []string{"pve1", "pve2"}}} {
		for i := range 1000 {
			f := findingAt(i, fmt.Sprintf("/usr/bin/program%d", i), escalation.Way{ID: "PVESEC-E0003", Severity: escalation.High, Does: "runs a program that nobody has described"})
			f.Pos.File = where.file
			findings = append(findings, ForeignFinding{f, where.nodes})
		}
	}
	count, more := map[string]int{}, map[string]int{}
	for _, s := range ShownForeignOf(findings, nil) {
		key := s.Pos.File + " " + strings.Join(s.Nodes, ",")
		count[key]++
		more[key] += s.More
	}
	for _, key := range []string{"/etc/sudoers.d/x pve1,pve2", "/etc/sudoers.d/x pve3", "/etc/sudoers.d/y pve1,pve2"} {
		if count[key] != mostOfACause+1 || more[key] != 1000-mostOfACause-1 {
			t.Errorf("%s: %d are shown, for %d more", key, count[key], more[key])
		}
	}
}

// findingAt is a finding about one command of a long line.
func findingAt(i int, command string, w escalation.Way) escalation.CommandFinding {
	place := escalation.Place{Pos: sudoers.Pos{File: "policy", Line: 1, Col: 20 * i}, Grant: command}
	return escalation.CommandFinding{Way: w, Place: place, Command: command, Ways: []escalation.Way{w}, Places: []escalation.Place{place}}
}

// without is a map without a key.
func without(m map[string]string, key string) map[string]string {
	left := map[string]string{}
	for k, v := range m {
		if k != key {
			left[k] = v
		}
	}
	return left
}
