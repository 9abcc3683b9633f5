package hardening

import (
	"fmt"
	"slices"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// health judges what a node answered to [AuditLogging.askHealth].
func (a AuditLogging) health(seen *node.Observation, whole bool) AuditHealth {
	h := AuditHealth{Logs: map[string]LogHealth{}, Free: map[string]float64{}}
	h.units(a, seen)
	h.rules(a, seen)
	facts, err := parseHealth(seen.Scripts[a.healthScript(whole)])
	if err != nil {
		h.add("how the logs do is not known: %v", err)
		return h
	}
	h.forwarding(a, facts, seen)
	h.Clock, h.JournalSince, h.Recordings = facts.clock, facts.oldest.seconds(), facts.recordings
	for name := range a.logFiles() {
		if file, there := facts.files[name]; there {
			h.Logs[name] = LogHealth{Written: file.written, Size: file.size}
		}
	}
	h.space(a, facts)
	h.places(a, facts)
	h.collector(a, facts)
	h.events(a, facts)
	h.recordings(a)
	slices.Sort(h.Problems)
	h.Problems = slices.Compact(h.Problems)
	return h
}

func (h *AuditHealth) add(format string, args ...any) {
	h.Problems = append(h.Problems, printable(fmt.Sprintf(format, args...)))
}

// units looks at the services.
func (h *AuditHealth) units(a AuditLogging, seen *node.Observation) {
	for name, without := range a.healthUnits() {
		unit := seen.Services[name]
		state := serviceState(unit)
		if state == "active" || name == a.forwardService() && retrying(unit) {
			continue
		}
		if unit.Load == "masked" {
			state = "masked"
		}
		h.add("%s is %s: %s", name, state, without)
	}
	if a.bounded() && seen.Services[a.recordingsService()].Active == "failed" {
		h.add("%s has failed: the recordings are not within their bounds, and the journal says why", a.recordingsService())
	}
}

// rules looks at what the kernel has of the audit rules, and at what keeps them all from doing anything. Rules that
// wait for the next boot are told elsewhere.
func (h *AuditHealth) rules(a AuditLogging, seen *node.Observation) {
	switch found := a.inForce(seen); {
	case found == "" || found == AuditAfterBoot:
		return
	case !rulesAreLoaded(found):
		h.add("the audit rules of %s are not in force: %s", a.AuditRulesPath(), found)
		return
	}
	all, some := a.silencing(seen)
	for _, rule := range all {
		h.add("the kernel has a rule that keeps audit rules from recording anything: %s", rule)
	}
	for _, rule := range some {
		h.add("the kernel has a rule that keeps the audit rules of %s from recording some of what they are about: %s", a.AuditRulesPath(), rule)
	}
}

// space looks at the file systems.
func (h *AuditHealth) space(a AuditLogging, facts healthFacts) {
	for _, dir := range a.watchedDirectories() {
		s, there := facts.space[dir]
		if !there {
			continue
		}
		for i, what := range []string{"space", "inodes"} {
			all, free := s[2*i], s[2*i+1]
			if all <= 0 {
				continue // a file system that makes inodes as it needs them
			}
			percent := 100 * float64(free) / float64(all)
			if what == "space" {
				h.Free[dir] = percent
			}
			if percent < leastFree {
				h.add("less than %d %% of the %s of the file system of %s is free", leastFree, what, dir)
			}
		}
	}
}

// Types of files in what stat(1) calls the raw mode.
const (
	modeType      = 0o170000
	modeDirectory = 0o040000
	modeLink      = 0o120000
)

// places looks at the directories: everyone who may write to one can put something else in the place of a log.
func (h *AuditHealth) places(a AuditLogging, facts healthFacts) {
	for _, dir := range a.watchedDirectories() {
		file, there := facts.files[dir]
		switch {
		case !there:
			h.add("%s is not there", dir)
		case file.uid != 0:
			h.add("%s belongs to user %d, who can put something else in the place of the logs", dir, file.uid)
		case file.mode&modeType == modeLink && dir != "/var/log":
			h.add("%s is a symbolic link and not a directory", dir)
		case file.mode&modeType != modeDirectory && file.mode&modeType != modeLink:
			h.add("%s is not a directory", dir)
		case file.mode&modeType == modeDirectory && file.mode&0o002 != 0 && file.mode&0o1000 == 0:
			h.add("everyone may write to %s and put something else in the place of the logs", dir)
		case file.mode&modeType == modeDirectory && file.mode&0o020 != 0 && file.mode&0o1000 == 0 && file.gid != 0:
			h.add("group %d may write to %s and put something else in the place of the logs", file.gid, dir)
		}
	}
}

// collector looks at whether the security log has what the journal has.
func (h *AuditHealth) collector(a AuditLogging, facts healthFacts) {
	if a.SecurityLog == nil {
		return
	}
	log := a.SecurityLog.Path
	if facts.pending > 0 {
		if waits := time.Duration(facts.clock-facts.pending.seconds()) * time.Second; waits > 0 {
			h.Behind = waits
		}
	}
	behind := h.Behind > mostBehind
	if behind {
		h.add("records of the journal are not in %s after more than a minute", log)
	}
	if behind && facts.last > 0 && facts.oldest > facts.last {
		h.add("the journal begins later than %s ends: what came between is lost", log)
	}
	if late := facts.latest.seconds() - facts.clock; late > int64(mostBehind/time.Second) {
		h.add("one of the last records of %s has a time that is yet to come: the clock of the node has gone back", log)
	}
}

// events looks at whether sudo writes its log where it makes recordings. Only root can write either.
func (h *AuditHealth) events(a AuditLogging, facts healthFacts) {
	for log, counter := range a.counters() {
		counted, there := facts.files[counter]
		if written := facts.files[log].written; there && counted.written > written+int64(mostBehind/time.Second) {
			h.add("sudo has made recordings since it last wrote to %s", log)
		}
	}
	for log := range a.logFiles() {
		if facts.files[log].written > facts.clock+int64(mostBehind/time.Second) {
			h.add("%s was written at a time that is yet to come: the clock of the node has gone back", log)
		}
	}
}

// recordings looks at their bounds, where the recordings were looked at.
func (h *AuditHealth) recordings(a AuditLogging) {
	if h.Recordings == nil || !a.bounded() {
		return
	}
	const day = 24 * 60 * 60
	// A clock that jumped puts the removal off for two days, and the newest of each user stay whatever they take.
	if most := a.IOLogs.Bounds.MaxAgeDays; most > 0 && h.Recordings.Oldest > 0 && h.Clock-h.Recordings.Oldest > (most+3)*day {
		h.add("there are recordings in %s that are older than %d days", a.IOLogs.Directory, most)
	}
}
