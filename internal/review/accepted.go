package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// AcceptedFor gives what is said of the acceptance of one way of a finding: by its id with the option that it is about,
// by the id alone, by the effect, or by the path of the program; in the file of the finding, or else in any.
func AcceptedFor(said map[string]string, f escalation.CommandFinding, w escalation.Way) (text string, ok bool) {
	for _, key := range []string{w.Key(), w.ID, string(w.Effect), f.Command} {
		if key == "" {
			continue
		}
		if text, ok = said[escalation.AcceptedIn(key, f.Pos.File)]; ok {
			return text, true
		}
		if text, ok = said[key]; ok {
			return text, true
		}
	}
	return "", false
}

// AcceptedWhole gives the reasons for which all ways of a finding are accepted that are ways to root, or all ways where
// none is; ok is false if one is not.
func AcceptedWhole(said map[string]string, f escalation.CommandFinding) (text string, ok bool) {
	var reasons []string
	for _, w := range f.Ways {
		if f.Root() && !w.Root() {
			continue
		}
		reason, accepted := AcceptedFor(said, f, w)
		if !accepted {
			return "", false
		}
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return strings.Join(reasons, "; "), true
}

// Unmatched are the acceptances, in order, that accept nothing in some findings.
func Unmatched(said map[string]string, findings ...escalation.CommandFinding) []string {
	var idle []string
	for _, key := range slices.Sorted(maps.Keys(said)) {
		used := slices.ContainsFunc(findings, func(f escalation.CommandFinding) bool {
			return slices.ContainsFunc(f.Ways, func(w escalation.Way) bool {
				_, ok := AcceptedFor(map[string]string{key: ""}, f, w)
				return ok
			})
		})
		if !used {
			idle = append(idle, key)
		}
	}
	return idle
}

// Broad are the acceptances, in order, by an id alone that is about options, with the keys that name the options that
// they accept in some findings.
func Broad(said map[string]string, findings ...escalation.CommandFinding) map[string][]string {
	broad := map[string][]string{}
	for _, f := range findings {
		for _, w := range f.Ways {
			if w.Detail == "" {
				continue
			}
			for key, narrow := range map[string]string{w.ID: w.Key(), escalation.AcceptedIn(w.ID, f.Pos.File): escalation.AcceptedIn(w.Key(), f.Pos.File)} {
				if _, ok := said[key]; ok && !slices.Contains(broad[key], narrow) {
					broad[key] = append(broad[key], narrow)
				}
			}
		}
	}
	return broad
}

// Idle are the acceptances, in order, that accept nothing in the policy itself. Those for another file of the nodes,
// and those of what no file says, are left out: only the nodes tell.
func (p *Policy) Idle(said map[string]string) []string {
	return slices.DeleteFunc(Unmatched(said, p.Analysis().Findings...), aboutNodes)
}

// IdleAround are the others, in order, that accept nothing in the policy and in what was found on all nodes.
func (p *Policy) IdleAround(said map[string]string, found []ForeignFinding) []string {
	findings := slices.Clone(p.Analysis().Findings)
	for _, f := range found {
		findings = append(findings, f.CommandFinding)
	}
	return slices.DeleteFunc(Unmatched(said, findings...), func(key string) bool { return !aboutNodes(key) })
}

// aboutNodes tells that only nodes tell what an acceptance accepts.
func aboutNodes(key string) bool {
	return strings.Contains(key, " in ") || !escalation.FoundInFile(key)
}

// Acceptances are the risks that a configuration accepts, by the id of the finding, or by id and file.
type Acceptances struct {
	// Reasons are those of the acceptances that hold.
	Reasons map[string]string
	// Over says of the others when they ended, and which reason they had.
	Over map[string]string
}

// AcceptancesAt are the acceptances of a configuration at a time, with the last day of some by the same key. It also
// names, in order, what has a day and is accepted by nobody.
func AcceptancesAt(accepted, until map[string]string, now time.Time) (a Acceptances, unaccepted []string) {
	a = Acceptances{Reasons: map[string]string{}, Over: map[string]string{}}
	for id, reason := range accepted {
		last, err := time.Parse(time.DateOnly, until[id])
		if until[id] != "" && (err != nil || !now.Before(last.AddDate(0, 0, 1))) {
			a.Over[id] = fmt.Sprintf("%s was accepted until %s; the reason given was: %s", id, until[id], reason)
			continue
		}
		a.Reasons[id] = reason
	}
	for id := range until {
		if _, ok := accepted[id]; !ok {
			unaccepted = append(unaccepted, id)
		}
	}
	slices.Sort(unaccepted)
	return a, unaccepted
}
