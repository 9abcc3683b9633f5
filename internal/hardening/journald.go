package hardening

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Journal is how journald keeps what it is sent, journald.conf(5). A number of 0 and a nil flag leave a setting to the
// node.
type Journal struct {
	// Storage is "persistent", "volatile" or "auto".
	Storage string
	// Compress and Seal are journald's own defaults, written down so that no other file decides.
	Compress, Seal bool
	// MaxUseMiB and KeepFreeMiB bound the space of all journals, MaxFileMiB each file.
	MaxUseMiB, KeepFreeMiB, MaxFileMiB int64
	// MaxAgeDays is after how many days records are removed.
	MaxAgeDays int64
	// RateSeconds and RateBurst are how many messages a service may send in how many seconds; both or none.
	RateSeconds, RateBurst int64
	// ForwardToSyslog hands every message to a syslog daemon.
	ForwardToSyslog *bool
}

const (
	journaldConfig  = "systemd/journald.conf"
	journaldDir     = "/etc/systemd/journald.conf.d"
	journaldService = "systemd-journald.service"
)

// JournaldPath is the drop-in of journald. systemd reads drop-ins in the order of their names, and Debian 12 has one
// with the name syslog.conf.
func (a AuditLogging) JournaldPath() string { return journaldDir + "/zz-" + a.fileName() + ".conf" }

// journald lists the drop-in.
func (a AuditLogging) journald() []managedFile {
	file := managedFile{path: a.JournaldPath(), mode: 0o644, owner: "root", group: "root", command: "systemd-analyze", service: journaldService}
	if a.Journal != nil {
		file.text = a.header() + "[Journal]\n"
		for _, setting := range a.Journal.settings() {
			file.text += setting.name + "=" + setting.value + "\n"
		}
	}
	return []managedFile{file}
}

type journalSetting struct{ name, value string }

// settings are the lines of the drop-in, in a fixed order.
func (j Journal) settings() []journalSetting {
	list := []journalSetting{{"Storage", j.Storage}, {"Compress", yes(j.Compress)}, {"Seal", yes(j.Seal)}}
	number := func(name string, n int64, unit string) {
		if n > 0 {
			list = append(list, journalSetting{name, strconv.FormatInt(n, 10) + unit})
		}
	}
	number("SystemMaxUse", j.MaxUseMiB, "M")
	number("SystemKeepFree", j.KeepFreeMiB, "M")
	number("SystemMaxFileSize", j.MaxFileMiB, "M")
	number("MaxRetentionSec", j.MaxAgeDays, "day")
	number("RateLimitIntervalSec", j.RateSeconds, "s")
	number("RateLimitBurst", j.RateBurst, "")
	if j.ForwardToSyslog != nil {
		list = append(list, journalSetting{"ForwardToSyslog", yes(*j.ForwardToSyslog)})
	}
	return list
}

// yes is a flag as systemd writes it.
func yes(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// overruledJournal lists the lines of other files that decide about a setting instead, as "file:line: what". The order
// of files is the one of systemd-analyze.
func (a AuditLogging) overruledJournal(effective string) []string {
	if a.Journal == nil {
		return nil
	}
	type place struct {
		file  string
		line  int
		value string
	}
	last := map[string]place{}
	file, line, section := "", 0, ""
	for text := range strings.Lines(effective) {
		text = strings.TrimSpace(text)
		line++
		if name, is := strings.CutPrefix(text, "# /"); is && strings.HasSuffix(name, ".conf") && !strings.Contains(name, " ") {
			file, line, section = "/"+name, 0, ""
			continue
		}
		if strings.HasPrefix(text, "[") {
			section = text
			continue
		}
		name, value, is := strings.Cut(text, "=")
		if !is || section != "[Journal]" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";") {
			continue
		}
		last[strings.TrimSpace(name)] = place{file, line, strings.TrimSpace(value)}
	}
	var lines []string
	for _, setting := range a.Journal.settings() {
		found, there := last[setting.name]
		// A file that is not there or not as it was is drift of its own.
		if there && found.file != a.JournaldPath() && found.value != setting.value {
			lines = append(lines, printable(fmt.Sprintf("%s:%d: %s=%s", found.file, found.line, setting.name, found.value)))
		}
	}
	slices.Sort(lines)
	return lines
}

var journalLine = regexp.MustCompile(`(?m)^([A-Za-z]+)=([a-z]+|[0-9]+)(M|day|s|)$`)

// parseJournal reads the settings back from the drop-in.
func parseJournal(name, text string) (*Journal, error) {
	j := &Journal{}
	numbers := map[string]*int64{
		"SystemMaxUse": &j.MaxUseMiB, "SystemKeepFree": &j.KeepFreeMiB, "SystemMaxFileSize": &j.MaxFileMiB,
		"MaxRetentionSec": &j.MaxAgeDays, "RateLimitIntervalSec": &j.RateSeconds, "RateLimitBurst": &j.RateBurst,
	}
	for _, found := range journalLine.FindAllStringSubmatch(text, -1) {
		on := found[2] == "yes"
		switch found[1] {
		case "Storage":
			j.Storage = found[2]
		case "Compress":
			j.Compress = on
		case "Seal":
			j.Seal = on
		case "ForwardToSyslog":
			j.ForwardToSyslog = &on
		default:
			n, err := strconv.ParseInt(found[2], 10, 64)
			if err != nil || numbers[found[1]] == nil {
				return nil, fmt.Errorf("%s: %q is not what pvesec writes", path.Base(name), found[0])
			}
			*numbers[found[1]] = n
		}
	}
	return j, nil
}

// observeJournal is what a query must ask for.
func (a AuditLogging) observeJournal(query *node.Query) {
	if a.Journal != nil {
		query.Configs = append(query.Configs, journaldConfig)
	}
}
