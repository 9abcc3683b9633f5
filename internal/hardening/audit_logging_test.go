package hardening

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// settings are audit settings of every shape.
func settings() map[string]AuditLogging {
	full := AuditLogging{
		Name: "ops", Subjects: []string{"%operators", "agent"}, Require: true,
		SudoLog:     &SudoLog{Directory: "/var/log", Mode: "0600", Format: "json"},
		IOLogs:      &IOLogs{Input: true, Output: true, PasswordPrompts: []string{"(?i)password[: ]*", `PIN for \"?.*: `}, Directory: "/var/log/sudo-io", Mode: "0600", MaxSessions: 500, Compress: true, Bounds: Bounds{MaxAgeDays: 30, MinFreePercent: 7}},
		SecurityLog: &SecurityLog{Path: "/var/log/ops-security.log", Mode: "0640", Collector: Journald},
		Rotation:    &Rotation{Frequency: "daily", Keep: 7, Compress: true},
	}
	full.SubCommands, full.Syslog = &SubCommands{Log: true, Intercept: true, Method: "trace"}, &Syslog{Facility: "auth", Accepted: "info", Refused: "warning"}
	full.Mail = &Mail{To: "security@example.com", From: "sudo@example.com", Events: []string{"bad_password", "not_allowed"}}
	forward := false
	full.Journal = &Journal{Storage: "persistent", Compress: true, Seal: true, MaxUseMiB: 2048, KeepFreeMiB: 1024, MaxFileMiB: 64, MaxAgeDays: 90, RateSeconds: 30, RateBurst: 50000, ForwardToSyslog: &forward}
	onlyJournal := AuditLogging{Name: "journal", Require: true, Journal: &Journal{Storage: "auto", Seal: true}}
	onlyMail := AuditLogging{Name: "mail", Require: true, Mail: &Mail{To: "root", Events: MailEvents()}}
	everyone := full
	everyone.Subjects, everyone.Require = nil, false
	loose := full
	loose.SudoLog = &SudoLog{Directory: "/var/log/sudo", Mode: "0640", Format: "sudo"}
	loose.IOLogs = &IOLogs{Input: true, LogPasswords: true, Directory: "/var/log/sudo-io", Mode: "0600"}
	loose.Rotation = &Rotation{Frequency: "monthly", Keep: 3}
	loose.SecurityLog = &SecurityLog{Path: "/var/log/ops/security.log", Mode: "0600", Collector: Rsyslog}
	onlySecurity := AuditLogging{Name: "sec", Require: true, SecurityLog: full.SecurityLog}
	onlySessions := AuditLogging{Name: "io", Subjects: []string{"agent"}, Require: true, IOLogs: &IOLogs{Output: true, Directory: "/var/log/sudo-io", Mode: "0600"}}
	onlyLog := AuditLogging{Name: "log", Subjects: []string{"agent"}, SudoLog: full.SudoLog, Rotation: full.Rotation}
	loose.Forward = &Forward{Host: "2001:db8::1", Port: 10514, CA: "the authority\n", Certificate: "the node\n", Key: "hush"}
	full.AuditRules = &AuditRules{Areas: AuditAreas(), Paths: []string{"/srv", "/usr/local/sbin"}, Backlog: 8192, Failure: "log"}
	onlyRules := AuditLogging{Name: "audit", Subjects: []string{"agent", "bob"}, Require: true, AuditRules: &AuditRules{Areas: []string{"pve", "root_commands", "time"}, Backlog: 1024, Failure: "panic", Immutable: true}}
	return map[string]AuditLogging{"rules": onlyRules, "mail": onlyMail, "journal": onlyJournal, "full": full, "everyone": everyone, "loose": loose, "security": onlySecurity, "sessions": onlySessions, "log": onlyLog}
}

func TestRenderedSudoersParses(t *testing.T) {
	t.Parallel()
	for name, a := range settings() {
		for _, version := range []string{"1.9.13", "1.9.16"} {
			target, err := sudoers.ParseVersion(version)
			if err != nil {
				t.Fatal(err)
			}
			if _, problems := sudoers.Parse(a.DropInPath(), a.Render()[a.DropInPath()], target); len(problems) > 0 {
				t.Errorf("%s for sudo %s: %v", name, version, problems)
			}
		}
	}
}

func TestSettingsAreReadBack(t *testing.T) {
	t.Parallel()
	for name, want := range settings() {
		got, err := ParseAuditLogging(want.Name, want.Render())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want.Forward != nil {
			want.Forward.Key = "" // no file that is read back has it
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestEditedFilesAreNotGuessedAt(t *testing.T) {
	t.Parallel()
	a := settings()["full"]
	for _, edit := range [][2]string{{"-w /etc/passwd", "-w /etc/nothing"}, {"Defaults:agent log_input", "Defaults:agent !log_input"}, {"iolog_mode=0600", "iolog_mode=0666"}, {"rotate 7", "rotate 70\n    copytruncate"}, {"SYSLOG_FACILITY=10 +", "+"}, {"Restart=always", "Restart=no"}, {"stay=8", "stay=0"}, {"max_size_mib=0", "max_size_mib=none"}} {
		files := a.Render()
		for name, text := range files {
			files[name] = strings.Replace(text, edit[0], edit[1], 1)
		}
		if _, err := ParseAuditLogging(a.Name, files); err == nil {
			t.Errorf("%s for %s went unnoticed", edit[1], edit[0])
		}
	}
	a = settings()["loose"]
	files := a.Render()
	files[a.RsyslogPath()] = strings.Replace(files[a.RsyslogPath()], "omfile", "omfwd", 1)
	if _, err := ParseAuditLogging(a.Name, files); err == nil {
		t.Error("omfwd for omfile went unnoticed")
	}
}

func TestLogPathsAndModes(t *testing.T) {
	t.Parallel()
	for name, usable := range map[string]bool{
		"/var/log/sudo-io": true, "/var/log/a/b.log": true,
		"/var/log": false, "/etc/x": false, "/var/log/../x": false, "/var/log//x": false, "/var/log/x/": false, "/var/log/%{user}": false, "/var/log/a b": false,
		"/var/log/a\nb": false, `/var/log/"x`: false, "relative": false, "": false, "/var/log/-x": false,
	} {
		if err := CheckLogPath(name); (err == nil) != usable {
			t.Errorf("CheckLogPath(%q) = %v", name, err)
		}
	}
	for mode, usable := range map[string]bool{"0600": true, "0640": true, "0660": true, "0644": false, "0666": false, "0000": false, "0440": false, "600": false, "0700": false, "": false} {
		if err := CheckLogMode(mode); (err == nil) != usable {
			t.Errorf("CheckLogMode(%q) = %v", mode, err)
		}
	}
}

func TestAuditObservationEqualsDesireAfterInstall(t *testing.T) {
	t.Parallel()
	for name, a := range settings() {
		m := newMemoryNodes("pve1")
		if err := a.Install(t.Context(), m, targets("pve1"), nil, nil, nil, silent); err != nil {
			t.Fatal(err)
		}
		// The memory node writes all files with one mode; the transaction's own tests see to modes.
		desired := a.Desired()
		for file := range desired.Files {
			if _, there := m.files["pve1"][file]; !there {
				t.Errorf("%s: %s was not installed", name, file)
			}
		}
		state, err := a.Observe(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if changes := state.Changes(a.Render()); len(changes) > 0 {
			t.Errorf("%s: %v", name, changes)
		}
		if len(state.Files) != len(desired.Files) {
			t.Errorf("%s: observed %v, desired %v", name, state.Files, desired.Files)
		}
		if err := a.Remove(t.Context(), m, targets("pve1"), silent); err != nil {
			t.Fatal(err)
		}
		for _, file := range a.Paths() {
			if _, there := m.files["pve1"][file]; there {
				t.Errorf("%s: %s is left behind", name, file)
			}
		}
	}
}

func TestSudoersComesLastAndGoesFirst(t *testing.T) {
	t.Parallel()
	a := settings()["full"]
	m := newMemoryNodes("pve1")
	if err := a.Install(t.Context(), m, targets("pve1"), nil, nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove(t.Context(), m, targets("pve1"), silent); err != nil {
		t.Fatal(err)
	}
	installed, removed := m.applied[0].Files, m.applied[1].Files
	if last := installed[len(installed)-1].Path; last != a.DropInPath() {
		t.Errorf("sudo is told to log before %s is there", last)
	}
	if first := removed[0].Path; first != a.DropInPath() {
		t.Errorf("%s is removed while sudo still logs", first)
	}
}

// TestServiceOnItsWayUp: a service that is activating or reads its configuration anew is no drift; one that falls over
// again and again, has failed or is not there is.
func TestServiceOnItsWayUp(t *testing.T) {
	t.Parallel()
	a := settings()["full"]
	for state, want := range map[node.Service]string{
		{Load: "loaded", Active: "active", Sub: "running"}:          "active",
		{Load: "loaded", Active: "activating", Sub: "start"}:        "active",
		{Load: "loaded", Active: "reloading", Sub: "reload"}:        "active",
		{Load: "loaded", Active: "activating", Sub: "auto-restart"}: "activating",
		{Load: "loaded", Active: "deactivating", Sub: "stop"}:       "deactivating",
		{Load: "loaded", Active: "failed", Sub: "failed"}:           "failed",
		{Load: "loaded", Active: "inactive", Sub: "dead"}:           "inactive",
		{Load: "not-found", Active: "inactive", Sub: "dead"}:        "not-found",
		{Load: "masked", Active: "inactive", Sub: "dead"}:           "inactive",
	} {
		m := newMemoryNodes("pve1")
		m.service = state
		seen, err := a.Observe(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range seen.Services {
			if got != want {
				t.Errorf("%s that is %+v counts as %s, want %s", name, state, got, want)
			}
		}
		if len(seen.Services) != 4 {
			t.Errorf("observed %v", seen.Services)
		}
	}
}

// TestLeftoverIsPassedOn: what an interrupted change left on a node reaches the code that warns of it, from both kinds
// of files.
func TestLeftoverIsPassedOn(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	for _, left := range []bool{false, true} {
		m.leftover = left
		audit, err := settings()["full"].Observe(t.Context(), m, targets("pve1")[0])
		if err != nil || audit.Leftover != left {
			t.Errorf("audit logging: %v %v, want %v", audit, err, left)
		}
		if policy := mustObserve(t, SudoersPolicy{Name: "agent", Subjects: []string{"agent"}}, m, "pve1"); policy.Leftover != left {
			t.Errorf("policy: %v, want %v", policy.Leftover, left)
		}
	}
}
