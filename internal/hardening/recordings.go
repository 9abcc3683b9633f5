package hardening

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Bounds keep recordings from filling a disk: sudo itself knows only how many there may be (sudoers(5), maxseq). A
// field of 0 is no bound.
type Bounds struct {
	// MaxAgeDays is after how many days a recording is removed.
	MaxAgeDays int64
	// MaxSizeMiB is how much all recordings of the directory may take.
	MaxSizeMiB int64
	// MinFreePercent is how much of the file system they must leave free.
	MinFreePercent int64
}

// recordingsProgram removes recordings beyond the bounds. What stands before its first assignment is the header of the
// file.
//
//go:embed recordings.sh
var recordingsProgram string

const unitsDir = "/etc/systemd/system"

// recordingsDir is where a file says that the target of all timers wants ours, as `systemctl enable` does with a link.
const recordingsDir = unitsDir + "/timers.target.d"

func (a AuditLogging) recordingsName() string { return "pvesec-recordings-" + a.Name }

// RecordingsPath is the program that keeps the recordings within their bounds.
func (a AuditLogging) RecordingsPath() string { return unitsDir + "/" + a.recordingsName() + ".sh" }

// bounded tells whether recordings are made and kept within bounds.
func (a AuditLogging) bounded() bool { return a.IOLogs != nil && a.IOLogs.Bounds != Bounds{} }

// recordings lists the files that keep recordings within bounds: a program, the service that runs it, its timer, and
// what starts the timer at boot.
func (a AuditLogging) recordings() []managedFile {
	name := a.recordingsName()
	program := managedFile{path: a.RecordingsPath(), mode: 0o644, owner: "root", group: "root", command: "awk"}
	service := managedFile{path: unitsDir + "/" + name + ".service", mode: 0o644, owner: "root", group: "root", command: "systemctl"}
	timer := managedFile{path: unitsDir + "/" + name + ".timer", mode: 0o644, owner: "root", group: "root", command: "systemctl", service: name + ".timer"}
	wanted := managedFile{path: recordingsDir + "/" + name + ".conf", mode: 0o644, owner: "root", group: "root", command: "systemctl"}
	if a.bounded() {
		program.text, service.text, timer.text = a.renderRecordings(), a.renderRecordingsService(), a.renderRecordingsTimer()
		wanted.text = a.header() + "[Unit]\nWants=" + name + ".timer\n"
	}
	return []managedFile{program, service, timer, wanted}
}

func (a AuditLogging) renderRecordings() string {
	bounds := a.IOLogs.Bounds
	return a.header() + fmt.Sprintf("directory=%s\nmax_age_days=%d\nmax_size_mib=%d\nmin_free_percent=%d\n", a.IOLogs.Directory, bounds.MaxAgeDays, bounds.MaxSizeMiB, bounds.MinFreePercent) +
		recordingsProgram
}

// renderRecordingsService has the program see nothing but what it needs, systemd.exec(5).
func (a AuditLogging) renderRecordingsService() string {
	return a.header() + fmt.Sprintf(`[Unit]
Description=Keep the recordings of sudo within bounds
[Service]
Type=exec
ExecStart=/bin/sh %s
Nice=19
IOSchedulingClass=idle
NoNewPrivileges=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
ReadWritePaths=-%s
`, a.RecordingsPath(), a.IOLogs.Directory)
}

// renderRecordingsTimer counts from one run to the next, whatever the clock says.
func (a AuditLogging) renderRecordingsTimer() string {
	return a.header() + `[Unit]
Description=Keep the recordings of sudo within bounds
[Timer]
OnBootSec=1min
OnUnitInactiveSec=5min
AccuracySec=30s
`
}

var recordingsBounds = regexp.MustCompile(`(?m)^max_age_days=([0-9]+)\nmax_size_mib=([0-9]+)\nmin_free_percent=([0-9]+)$`)

// parseBounds reads the bounds back from the program.
func parseBounds(text string) (Bounds, error) {
	found := recordingsBounds.FindStringSubmatch(text)
	if found == nil {
		return Bounds{}, fmt.Errorf("%q has no bounds", strings.TrimSpace(text))
	}
	var numbers [3]int64
	for i := range numbers {
		n, err := strconv.ParseInt(found[i+1], 10, 64)
		if err != nil {
			return Bounds{}, err
		}
		numbers[i] = n
	}
	return Bounds{numbers[0], numbers[1], numbers[2]}, nil
}
