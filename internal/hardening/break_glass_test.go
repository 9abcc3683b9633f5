package hardening

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

var (
	rescue = BreakGlass{Name: "db", Subject: "alice", Reason: "the database is down", Ticket: "OPS-7", RequirePassword: true, RequireLogging: true}
	// window is two hours from 2026-11-30T02:00:00Z.
	window = Window{Granted: 1796004000, Begins: 1796004000, Ends: 1796011200}
)

func textOf(t *testing.T, b BreakGlass, w Window, path string) string {
	t.Helper()
	texts, err := b.Texts(w)
	if err != nil {
		t.Fatal(err)
	}
	return texts[path]
}

// TestBreakGlassRendering: the grant ends, everything is recorded, and the password is asked for unless somebody said
// otherwise.
func TestBreakGlassRendering(t *testing.T) {
	t.Parallel()
	some := rescue
	some.Subject, some.Commands, some.RequirePassword, some.RequireLogging = "%ops", []string{"/usr/bin/systemctl restart pveproxy", "/usr/bin/id"}, false, false
	some.Reason = `a "quote" \`
	later := window
	later.Begins += 3600
	for name, test := range map[string]struct {
		access BreakGlass
		window Window
		want   []string
	}{
		"everything": {rescue, window, []string{
			"# Managed by Terraform: pvesec_break_glass \"db\".\n# Emergency access of alice from 2026-11-30T02:00:00Z to 2026-11-30T04:00:00Z. Reason: \"the database is down\". Ticket: \"OPS-7\".\n",
			"alice ALL = (ALL : ALL) NOTAFTER=20261130040000Z PASSWD: LOG_INPUT: LOG_OUTPUT: ALL\n", "Defaults:alice use_pty\n", "Defaults:alice !ignore_iolog_errors\n",
		}},
		"some, for a group": {some, window, []string{
			"%ops ALL = (ALL : ALL) NOTAFTER=20261130040000Z NOPASSWD: LOG_INPUT: LOG_OUTPUT: /usr/bin/systemctl restart pveproxy, /usr/bin/id\n", "Defaults:%ops ignore_iolog_errors\n",
			`Reason: "a \"quote\" \\".`,
		}},
		"later": {rescue, later, []string{"NOTBEFORE=20261130030000Z NOTAFTER=20261130040000Z"}},
	} {
		text := textOf(t, test.access, test.window, test.access.Path())
		plain := strings.NewReplacer(" = ", "=", "(ALL : ALL)", "(ALL:ALL)").Replace(text)
		for _, want := range test.want {
			if !strings.Contains(text, want) && !strings.Contains(plain, strings.NewReplacer(" = ", "=", "(ALL : ALL)", "(ALL:ALL)").Replace(want)) {
				t.Errorf("%s: %q is not in\n%s", name, want, text)
			}
		}
	}
	timer := textOf(t, rescue, window, "/etc/systemd/system/pvesec-emergency-ends-db.timer")
	for _, want := range []string{"OnCalendar=2026-11-30 04:00:01 UTC\n", "OnActiveSec=7201\n", "Persistent=true\n"} {
		if !strings.Contains(timer, want) {
			t.Errorf("%q is not in\n%s", want, timer)
		}
	}
}

// TestHoldsBack: only a sudo that heeds both ends of a window may be given one that begins later.
func TestHoldsBack(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"1.9.13p3": true, "1.9.14p3": true, "1.9.15p5": false, "1.9.16p2": false, "1.9.17": false, "": false, "unknown": false} {
		if got := HoldsBack(version); got != want {
			t.Errorf("sudo %q: %v", version, got)
		}
	}
}

// TestCheckEmergencyCommand: neither everything in disguise, nor a denial, nor what breaks out of the rule.
func TestCheckEmergencyCommand(t *testing.T) {
	t.Parallel()
	for command, ok := range map[string]bool{
		"/usr/bin/id": true, "/usr/sbin/qm start 100": true, "ALL": false, " ALL ": false, "!/usr/bin/id": false, "id": false, "": false, "/usr/bin/id\nbob ALL=(ALL) ALL": false, "/usr/bin/id, ALL": false,
	} {
		if err := CheckEmergencyCommand(command); (err == nil) != ok {
			t.Errorf("%q: %v", command, err)
		}
	}
	for name, ok := range map[string]bool{"db": true, "by-hand": false, "": false, "a.b": false, "-a": false} {
		if err := CheckBreakGlassName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	for reason, ok := range map[string]bool{"disk full on pve1": true, "Störung": true, "": false, "  ": false, "two\nlines": false, "a\x1bb": false, strings.Repeat("x", 301): false} {
		if err := CheckReason(reason); (err == nil) != ok {
			t.Errorf("%q: %v", reason, err)
		}
	}
}

// endProgram runs the program that ends an access with its files below a directory, and gives what it told the node's
// events. Tools are shell functions before it.
func endProgram(t *testing.T, b BreakGlass, dir, tools string) (events string, failed bool) {
	t.Helper()
	return glassProgram(t, b, dir, tools, "end")
}

func glassProgram(t *testing.T, b BreakGlass, dir, tools, what string) (events string, failed bool) {
	t.Helper()
	program := textOf(t, b, window, unitsDir+"/"+b.Ends()+".sh")
	for _, path := range []string{sudoersDir, unitsDir, "/var/lib/systemd/timers", "/proc", "/run", "/etc/subuid"} {
		program = strings.ReplaceAll(program, path, filepath.Join(dir, path))
	}
	log := filepath.Join(dir, "events")
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-s", what)
	cmd.Stdin = strings.NewReader("logger() { printf '%s|' \"$@\" >>" + log + "; echo >>" + log + "; }\nsystemctl() { :; }\n" + tools + "\n" + program)
	out, err := cmd.CombinedOutput()
	text, missing := os.ReadFile(log)
	if missing != nil {
		t.Logf("no events: %v: %s", missing, out)
	}
	return string(text), err != nil
}

func placed(t *testing.T, b BreakGlass) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range append(b.Paths(), "/run/x", "/proc/x") {
		writeBelow(t, dir, path, "x")
	}
	writeBelow(t, dir, unitsDir+"/"+b.Ends()+".sh", textOf(t, b, window, unitsDir+"/"+b.Ends()+".sh"))
	return dir
}

func writeBelow(t *testing.T, dir, path, text string) {
	t.Helper()
	at := filepath.Join(dir, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestBreakGlassBegins: the event of the begin has its reason before its commands, since the node's log may cut what is
// long. It forgets an end of before.
func TestBreakGlassBegins(t *testing.T) {
	t.Parallel()
	b := rescue
	b.Commands = []string{"/usr/bin/id", "/usr/bin/w"}
	dir := placed(t, b)
	writeBelow(t, dir, "/run/"+b.Ends()+".once", "")
	events, failed := glassProgram(t, b, dir, "", "begin")
	want := `-S|8192|-p|auth.notice|-t|pvesec|--|emergency access "db" of alice: open from 2026-11-30T02:00:00Z to 2026-11-30T04:00:00Z. Reason: the database is down. Ticket: OPS-7. Commands: /usr/bin/id, /usr/bin/w|` + "\n"
	if failed || events != want {
		t.Errorf("failed %v, events\n%s\nwant\n%s", failed, events, want)
	}
	if _, err := os.Lstat(filepath.Join(dir, "/run", b.Ends()+".once")); !os.IsNotExist(err) {
		t.Errorf("the end of before is not forgotten: %v", err)
	}
}

// TestBreakGlassEnds: the program takes all files away and says why, whatever is written in the reason.
func TestBreakGlassEnds(t *testing.T) {
	t.Parallel()
	for clock, says := range map[string]string{"1796011199": "ended before its time", "1796011200": "ended at its time"} {
		b := rescue
		b.Reason = `it's $(touch bad) "down" \`
		dir := placed(t, b)
		events, failed := endProgram(t, b, dir, "date() { echo "+clock+"; }")
		if want := `-S|8192|-p|auth.notice|-t|pvesec|--|emergency access "db" of alice: ` + says + `. Reason: ` + b.Reason + ". Ticket: OPS-7|\n"; failed || events != want {
			t.Errorf("clock %s: failed %v, events\n%s\nwant\n%s", clock, failed, events, want)
		}
		for _, path := range b.Paths() {
			if _, err := os.Lstat(filepath.Join(dir, path)); !os.IsNotExist(err) {
				t.Errorf("%s is left: %v", path, err)
			}
		}
		if _, err := os.Lstat(filepath.Join(dir, recordingsDir)); !os.IsNotExist(err) {
			t.Errorf("the directory is left: %v", err)
		}
	}
}

// TestBreakGlassSuperseded: an end that is late changes nothing of an access that was granted anew meanwhile, whether
// that happens before it began or while it ends sessions.
func TestBreakGlassSuperseded(t *testing.T) {
	t.Parallel()
	anew := window
	anew.Ends += 7200
	b := rescue
	b.EndSessions = true
	program := unitsDir + "/" + b.Ends() + ".sh"
	for name, during := range map[string]bool{"before": false, "while": true} {
		dir := placed(t, b)
		fresh := filepath.Join(dir, "fresh")
		writeBelow(t, dir, "/fresh", textOf(t, b, anew, program))
		grant := "cp " + fresh + " " + filepath.Join(dir, program) + "; echo anew >" + filepath.Join(dir, b.Path())
		tools := "date() { echo 1796011200; }\nps() { echo 60 1 1001 1 sudo; }\nid() { echo 1001; }\nsleep() { :; }\nkill() { :; }\n"
		if during {
			tools += "sleep() { " + grant + "; }\n"
		} else {
			writeBelow(t, dir, program, textOf(t, b, anew, program))
		}
		writeBelow(t, dir, "/proc/uptime", "100000.25 90000.00\n")
		events, failed := endProgram(t, b, dir, tools)
		if failed || strings.Contains(events, "ended at its time") != during {
			t.Errorf("%s: failed %v, events\n%s", name, failed, events)
		}
		for _, path := range b.Paths() {
			if _, err := os.Lstat(filepath.Join(dir, path)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestBreakGlassTimerRunsOn: a change of an open access starts its timer anew only where the timer differs or does not
// run, since its clock would begin anew with it.
func TestBreakGlassTimerRunsOn(t *testing.T) {
	t.Parallel()
	timer := rescue.Ends() + ".timer"
	for name, test := range map[string]struct {
		tamper  func(seen *BreakGlassState)
		restart bool
	}{
		"it runs":        {func(*BreakGlassState) {}, false},
		"it was stopped": {func(seen *BreakGlassState) { seen.Timer = "inactive" }, true},
		"it differs":     {func(seen *BreakGlassState) { seen.Contents[unitsDir+"/"+timer] += "[Timer]\n" }, true},
	} {
		m := newMemoryNodes("pve1")
		m.clock = window.Granted
		open := func(b BreakGlass, tamper func(*BreakGlassState)) {
			t.Helper()
			seen, err := b.Observe(t.Context(), m, targets("pve1")[0])
			if err != nil {
				t.Fatal(err)
			}
			seen.Timer = "active"
			tamper(seen)
			m.applied = nil
			if err := b.Open(t.Context(), m, []Opening{{Target: targets("pve1")[0], Window: window, Seen: seen}}, silent); err != nil {
				t.Fatal(err)
			}
		}
		open(rescue, func(*BreakGlassState) {})
		if !slices.Contains(m.applied[0].RestartServices, timer) {
			t.Errorf("%s: the timer does not start", name)
		}
		some := rescue
		some.Commands = []string{"/usr/bin/id"}
		if open(some, test.tamper); slices.Contains(m.applied[0].RestartServices, timer) != test.restart {
			t.Errorf("%s: %v", name, m.applied[0].RestartServices)
		}
	}
}

// TestBreakGlassEndsAgain: where the file cannot be taken away the program fails and leaves what runs it again. From
// its time on the end is marked and the sessions go once; before it sudo still allows the commands, so that they go
// each time.
func TestBreakGlassEndsAgain(t *testing.T) {
	t.Parallel()
	b := rescue
	b.EndSessions = true
	for clock, test := range map[string]struct {
		says  string
		twice int
	}{"1796011200": {"ended at its time", 1}, "1796011199": {"ended before its time", 2}} {
		dir := placed(t, b)
		tools := "chattr() { logger chattr \"$1\"; }\nps() { echo 1 0 0 systemd; logger looked; }\nid() { echo 1001; }\ndate() { echo " + clock + "; }\n"
		for i := range 2 {
			events, failed := endProgram(t, b, dir, tools+"rm() { echo read-only >&2; return 1; }")
			want := min(i+1, test.twice)
			if !failed || !strings.Contains(events, "chattr|-ia|") || strings.Count(events, test.says+", and its file cannot be removed") != want || strings.Count(events, "looked") != want {
				t.Errorf("clock %s, time %d: failed %v, events\n%s", clock, i+1, failed, events)
			}
			if _, err := os.Lstat(filepath.Join(dir, unitsDir, b.Ends()+".timer")); err != nil {
				t.Error(err)
			}
		}
		events, failed := endProgram(t, b, dir, tools)
		if failed || strings.Count(events, test.says) != 2*test.twice-1 {
			t.Errorf("clock %s: failed %v, events\n%s", clock, failed, events)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "run/pvesec*")); err != nil || len(left) != 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
}

// TestBreakGlassCloses: the sudoers file goes first, alone, and whatever fails after it does not bring it back.
func TestBreakGlassCloses(t *testing.T) {
	t.Parallel()
	ran := false
	for name, fails := range map[string]func(node.Change) error{
		"nothing fails": nil,
		"the file stays at first": func(change node.Change) error {
			if len(change.Files) == 1 && change.Files[0].Path == rescue.Path() && !ran {
				return errors.New("it is immutable")
			}
			ran = ran || len(change.RestartServices) > 0
			return nil
		},
		"the file stays": func(change node.Change) error {
			if len(change.Files) == 1 && change.Files[0].Path == rescue.Path() {
				return errors.New("it is immutable")
			}
			return nil
		},
		"the program fails": func(change node.Change) error {
			if len(change.Files) == 0 {
				return errors.New("it does not run")
			}
			return nil
		},
		"the units stay": func(change node.Change) error {
			if len(change.Files) > 1 {
				return errors.New("read-only")
			}
			return nil
		},
	} {
		m := newMemoryNodes("pve1")
		m.clock = window.Granted
		seen, err := rescue.Observe(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := rescue.Open(t.Context(), m, []Opening{{Target: targets("pve1")[0], Window: window, Seen: seen}}, silent); err != nil {
			t.Fatal(err)
		}
		if opened := m.applied[0].Files; opened[len(opened)-1].Path != rescue.Path() {
			t.Errorf("%s: opened in the order %v", name, opened)
		}
		m.fails, m.applied = fails, nil
		unmarked, err := rescue.Close(t.Context(), m, targets("pve1")[0], silent)
		if (unmarked != nil) != (name == "the program fails") || (err != nil) != (name == "the units stay" || name == "the file stays") {
			t.Errorf("%s: %v, %v", name, unmarked, err)
		}
		if name == "the file stays" {
			// What ends the access at its time must stay, and the program has run nevertheless.
			if !m.files["pve1"][unitsDir+"/"+rescue.Ends()+".timer"].Exists || !slices.ContainsFunc(m.applied, func(c node.Change) bool { return len(c.RestartServices) > 0 }) {
				t.Errorf("%s: %+v", name, m.applied)
			}
			continue
		}
		if m.files["pve1"][rescue.Path()].Exists || len(m.applied[0].Files) != 1 || len(m.applied[0].RestartServices) != 0 {
			t.Errorf("%s: the first change is %+v", name, m.applied[0])
		}
		if name == "the program fails" && m.files["pve1"][unitsDir+"/"+rescue.Ends()+".timer"].Exists {
			t.Error("the timer is left")
		}
	}
}

// TestBreakGlassSparesPvesec: an end that would kill pvesec's own commands is refused before it begins.
func TestBreakGlassSparesPvesec(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user, subject string
		ends, refused bool
	}{
		"itself":           {"deploy", "deploy", true, true},
		"of its group":     {"deploy", "%ops", true, true},
		"of another group": {"deploy", "%web", true, false},
		"somebody else":    {"deploy", "alice", true, false},
		"sessions stay":    {"deploy", "%ops", false, false},
		"as root":          {"root", "%ops", true, false},
	} {
		m := newMemoryNodes("pve1")
		m.clock = window.Granted
		m.accounts = map[string]node.Account{test.user: {Exists: true, UID: 1005, Groups: []string{"deploy", "ops"}}}
		b := rescue
		b.Subject, b.EndSessions = test.subject, test.ends
		seen, err := b.Observe(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		err = b.Open(t.Context(), operatedNodes{m, test.user, true}, []Opening{{Target: targets("pve1")[0], Window: window, Seen: seen}}, silent)
		if (err != nil) != test.refused || test.refused && (len(m.applied) != 0 || !strings.Contains(err.Error(), "end_sessions")) {
			t.Errorf("%s: %v, %d changes", name, err, len(m.applied))
		}
	}
}
