package hardening

import (
	_ "embed"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AuditHealth is how the audit trail of a node does. What changes from minute to minute is in figures; Problems are
// judged from them, and stay the same as long as nothing happens.
type AuditHealth struct {
	// Problems say why a record may not be where a reader looks for it, a sentence each.
	Problems []string
	// Logs tell of the log files that are there, by path.
	Logs map[string]LogHealth
	// Free is how much of the file system of each directory of logs is free, in percent.
	Free map[string]float64
	// Behind is for how long the oldest record of the journal waits that is not in the security log; 0 for none.
	Behind time.Duration
	// Unsent is for how long the oldest record of the journal waits that the collector has not acknowledged, in
	// seconds; nil without a collector.
	Unsent *int64
	// JournalSince is when the journal of the node begins, in Unix seconds; 0 where that is not known.
	JournalSince int64
	// Recordings are those of sudo, where they were asked for and are there.
	Recordings *RecordingsHealth
	// Clock is the time of the node when it was asked, in Unix seconds.
	Clock int64
}

// LogHealth tells of a log file.
type LogHealth struct {
	// Written is when it was last written to, in Unix seconds.
	Written, Size int64
}

// RecordingsHealth tells of sudo's recordings.
type RecordingsHealth struct {
	Count, KiB int64
	// Oldest and Newest are when they were made, in Unix seconds; 0 where there is none.
	Oldest, Newest int64
}

// Limits of the judgement. A record takes a moment on its way, and a log is being rotated for a moment.
const (
	mostBehind  = time.Minute
	leastFree   = 5 // percent
	journalUnit = "systemd-journald.service"
)

//go:embed audit_health.sh
var healthProgram string

// timelyProgram stands before both programs that ask how the trail does.
//
//go:embed timely.sh
var timelyProgram string

// securityMatches are the records of the journal that the collector copies, as its program names them.
var securityMatches = func() string {
	found := regexp.MustCompile(`(?m)^set -- (SYSLOG_FACILITY=.*)$`).FindStringSubmatch(securityProgram)
	if found == nil {
		panic("security_log.sh does not say which records it copies") // the text is fixed
	}
	return found[1]
}()

// healthScript asks a node how the trail does. How much is recorded is asked for with whole alone: it takes a walk over
// all recordings.
func (a AuditLogging) healthScript(whole bool) string {
	var b strings.Builder
	b.WriteString(timelyProgram + healthProgram)
	if a.Forward != nil {
		b.WriteString(forwardState)
	}
	call := func(name string, paths []string, more string) {
		b.WriteString(name)
		for _, one := range paths {
			b.WriteString(" " + shellWord(one))
		}
		b.WriteString(more + "\n")
	}
	logs := sortedKeys(a.logFiles())
	call("paths", slices.Concat(logs, a.watchedDirectories(), slices.Sorted(maps.Values(a.counters()))), "")
	call("space", a.watchedDirectories(), "")
	switch {
	case a.collects(Journald):
		call("collected", []string{a.SecurityLog.Path, "/var/lib/" + a.securityName() + "/begin"}, " "+securityMatches)
	case a.collects(Rsyslog):
		call("written", []string{a.SecurityLog.Path}, " SYSLOG_FACILITY=4 + SYSLOG_FACILITY=10")
	}
	if a.Forward != nil {
		call("forwarded", []string{a.statePath(), a.forwardService(), a.certificatePath(), a.keyPath()}, "")
	}
	if whole && a.IOLogs != nil {
		call("recordings", []string{a.IOLogs.Directory}, "")
	}
	b.WriteString("clock\n")
	return b.String()
}

// shellWord makes one word of sh of a path.
func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// watchedDirectories are those of all logs, and what is above them below /var/log.
func (a AuditLogging) watchedDirectories() []string {
	all := map[string]bool{}
	add := func(dir string) {
		for ; strings.HasPrefix(dir, "/var/log"); dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	for name := range a.logFiles() {
		add(path.Dir(name))
	}
	if a.IOLogs != nil {
		add(a.IOLogs.Directory)
	}
	return sortedKeys(all)
}

// counters are the files in which sudo counts the recordings of each subject that is a user and has a log of its own,
// by the log. sudo writes both at each command.
func (a AuditLogging) counters() map[string]string {
	counters := map[string]string{}
	if a.SudoLog == nil || a.IOLogs == nil {
		return counters
	}
	for _, subject := range a.Subjects {
		if !strings.HasPrefix(subject, "%") {
			counters[a.sudoLogPath(subject)] = path.Join(a.IOLogs.Directory, subject, "seq")
		}
	}
	return counters
}

// healthUnits are the units that the trail needs, with what stands still without them.
func (a AuditLogging) healthUnits() map[string]string {
	units := map[string]string{}
	if a.SecurityLog != nil {
		units[journalUnit] = "nothing is written to " + a.SecurityLog.Path
		collector := rsyslogService
		if a.collects(Journald) {
			collector = a.securityName() + ".service"
		}
		units[collector] = "nothing is written to " + a.SecurityLog.Path
	}
	if a.Forward != nil {
		units[a.forwardService()] = "nothing is sent to " + a.Forward.address()
	}
	if a.bounded() {
		units[a.recordingsName()+".timer"] = "no recording is ever removed"
	}
	return units
}

// recordingsService is what the timer runs. It rests most of the time, and has failed where it could not make room.
func (a AuditLogging) recordingsService() string { return a.recordingsName() + ".service" }

// askHealth adds to a query what is needed to judge the trail.
func (a AuditLogging) askHealth(query *node.Query, whole bool) {
	query.Scripts = append(query.Scripts, a.healthScript(whole))
	query.Services = append(query.Services, sortedKeys(a.healthUnits())...)
	if a.bounded() {
		query.Services = append(query.Services, a.recordingsService())
	}
}

// fileFacts are what stat(1) tells of a path.
type fileFacts struct {
	mode          uint32 // with the type
	uid, gid      int64
	written, size int64
}

// healthFacts are what a node answered.
type healthFacts struct {
	files           map[string]fileFacts
	space           map[string][4]int64
	last, latest    journalCursor // the last record of the security log, and the highest time of some before it
	pending, oldest journalCursor

	acknowledged, waiting journalCursor // of the collector
	says                  string        // why nothing could be sent
	unpaired              bool
	recordings            *RecordingsHealth
	clock                 int64
}

// A journalCursor is a place in the journal, systemd.journal-fields(7): when its record came, in microseconds. It is 0
// for no place.
type journalCursor int64

var cursorTime = regexp.MustCompile(`(?:^|;)t=([0-9a-f]{1,15})(?:;|$)`)

// parseCursor reads a place as journalctl writes it.
func parseCursor(text string) journalCursor {
	found := cursorTime.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	t, err := strconv.ParseInt(found[1], 16, 64)
	if err != nil {
		return 0
	}
	return journalCursor(t)
}

func (c journalCursor) seconds() int64 { return int64(c) / 1e6 }

// parseHealth reads the answer of the script. An answer without a clock is not whole.
func parseHealth(part node.Section) (healthFacts, error) {
	facts := healthFacts{files: map[string]fileFacts{}, space: map[string][4]int64{}}
	for line := range strings.Lines(string(part.Data)) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 7)
		var err error
		switch {
		case words[0] == "path" && len(words) == 7:
			var f fileFacts
			var mode int64
			if mode, err = strconv.ParseInt(words[1], 16, 32); err == nil {
				f.mode = uint32(mode)
				err = readNumbers(words[2:6], &f.uid, &f.gid, &f.written, &f.size)
			}
			facts.files[words[6]] = f
		case words[0] == "space" && len(words) == 6:
			var s [4]int64
			err = readNumbers(words[1:5], &s[0], &s[1], &s[2], &s[3])
			facts.space[words[5]] = s
		case words[0] == "recordings" && len(words) == 5:
			facts.recordings = &RecordingsHealth{}
			err = readNumbers(words[1:], &facts.recordings.Count, &facts.recordings.KiB, &facts.recordings.Oldest, &facts.recordings.Newest)
		case words[0] == "says":
			facts.says = strings.Join(words[1:], " ")
		case words[0] == "unpaired":
			facts.unpaired = true
		case words[0] == "clock" && len(words) == 2:
			err = readNumbers(words[1:], &facts.clock)
		case len(words) == 3 && words[1] == "cursor":
			place := map[string]*journalCursor{"last": &facts.last, "pending": &facts.pending, "oldest": &facts.oldest, "acknowledged": &facts.acknowledged, "waiting": &facts.waiting}[words[0]]
			if place == nil {
				err = fmt.Errorf("%q is not known", words[0])
			} else {
				*place = parseCursor(words[2])
				facts.latest = max(facts.latest, facts.last)
			}
		}
		if err != nil {
			return facts, fmt.Errorf("%q makes no sense: %w", strings.TrimSpace(line), err)
		}
	}
	if facts.clock == 0 {
		return facts, fmt.Errorf("the answer is not whole (status %d): %s", part.Status, strings.TrimSpace(part.Complaint))
	}
	return facts, nil
}

// readNumbers reads as many numbers as are wanted, from as many words.
func readNumbers(words []string, into ...*int64) error {
	for i, number := range into {
		n, err := strconv.ParseInt(words[i], 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", words[i])
		}
		*number = n
	}
	return nil
}
