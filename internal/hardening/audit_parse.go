package hardening

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var logrotateDetail = regexp.MustCompile(`(?m)^    (daily|weekly|monthly)\n    rotate ([0-9]+)$`)

// ParseAuditLogging reads the settings back out of the configuration files of that name, for an import. Files that this
// package did not write, or that were edited so that they no longer mean any setting, are an error rather than a guess:
// rendering the result must give the files.
func ParseAuditLogging(name string, files map[string]string) (AuditLogging, error) {
	a := AuditLogging{Name: name, Require: true} // as by default, where nothing of sudo's says otherwise
	if text, ok := files[a.DropInPath()]; ok {
		if err := a.parseSudoers(text); err != nil {
			return a, err
		}
	}
	if text, ok := files[a.RecordingsPath()]; ok && a.IOLogs != nil {
		bounds, err := parseBounds(text)
		if err != nil {
			return a, fmt.Errorf("%s: %w", a.RecordingsPath(), err)
		}
		a.IOLogs.Bounds = bounds
	}
	a.SecurityLog = a.parseSecurityLog(files)
	forward, err := a.parseForward(files)
	if err != nil {
		return a, err
	}
	a.Forward = forward
	if text, ok := files[a.JournaldPath()]; ok {
		journal, err := parseJournal(a.JournaldPath(), text)
		if err != nil {
			return a, err
		}
		a.Journal = journal
	}
	if text, ok := files[a.AuditRulesPath()]; ok {
		if err := a.parseAuditRules(text); err != nil {
			return a, err
		}
	}
	if text, ok := files[a.LogrotatePath()]; ok {
		if found := logrotateDetail.FindStringSubmatch(text); found != nil {
			keep, err := strconv.ParseInt(found[2], 10, 32)
			if err != nil {
				return a, fmt.Errorf("%s: %w", a.LogrotatePath(), err)
			}
			a.Rotation = &Rotation{Frequency: found[1], Keep: keep, Compress: strings.Contains(text, "\n    compress\n")}
			if mode := a.sudoLogMode(text); mode != "" {
				a.SudoLog.Mode = mode
			}
		}
	}
	rendered := a.Render()
	for _, file := range a.Paths() {
		if changes := LineChanges(rendered[file], files[file]); len(changes) > 0 {
			return a, fmt.Errorf("%s is not as pvesec writes it, so that its settings cannot be told: %s; put it right or remove it, and create the resource instead of importing it",
				file, strings.Join(changes, "; "))
		}
	}
	return a, nil
}

// sudoLogMode is the mode with which the rotation creates sudo's log anew: sudoers itself does not say one.
func (a *AuditLogging) sudoLogMode(logrotate string) string {
	if a.SudoLog == nil {
		return ""
	}
	_, stanza, found := strings.Cut(logrotate, a.sudoLogPath(a.bindings()[0].subject)+" {")
	if !found {
		return ""
	}
	_, rest, _ := strings.Cut(stanza, "    create ")
	mode, _, _ := strings.Cut(rest, " ")
	return mode
}

// parseSudoers takes the settings of the first subject; the comparison with the rendered text sees to it that all
// subjects have the same.
func (a *AuditLogging) parseSudoers(text string) error {
	file, problems := sudoers.Parse(a.DropInPath(), text, sudoers.Version{})
	if len(problems) > 0 {
		return problems
	}
	settings := map[string]sudoers.Setting{}
	var prompts []string
	subjects := map[string]bool{}
	for _, entry := range file.Entries {
		defaults, ok := entry.(*sudoers.Defaults)
		if !ok {
			continue
		}
		for _, member := range defaults.Members {
			subjects[member.Name] = true
		}
		for _, setting := range defaults.Settings {
			if _, seen := settings[setting.Name]; !seen {
				settings[setting.Name] = setting
			}
			if setting.Name == "passprompt_regex" && !slices.Contains(prompts, setting.Value) {
				prompts = append(prompts, setting.Value)
			}
		}
	}
	for subject := range subjects {
		a.Subjects = append(a.Subjects, subject)
	}
	sort.Strings(a.Subjects)
	on := func(name string) bool { return settings[name].Operator == sudoers.OpTrue && settings[name].Name != "" }
	if logfile, ok := settings["logfile"]; ok {
		// The mode of the log files is not written in sudoers; see sudoLogMode.
		a.SudoLog = &SudoLog{Directory: path.Dir(logfile.Value), Mode: "0600", Format: settings["log_format"].Value}
	}
	if directory, ok := settings["iolog_dir"]; ok {
		a.IOLogs = &IOLogs{
			Input:     on("log_input"),
			Output:    on("log_output"),
			Directory: strings.TrimSuffix(directory.Value, "/%{user}"),
			Mode:      settings["iolog_mode"].Value,
			Compress:  on("compress_io"),

			LogPasswords: on("log_passwords"), PasswordPrompts: prompts,
		}
		if limit, ok := settings["maxseq"]; ok {
			value, err := strconv.ParseInt(limit.Value, 10, 64)
			if err != nil {
				return fmt.Errorf("%s: maxseq is %q and not a number", a.DropInPath(), limit.Value)
			}
			a.IOLogs.MaxSessions = value
		}
	}
	a.parseSudoOptions(settings, on)
	a.Require = !on("ignore_iolog_errors")
	return nil
}
