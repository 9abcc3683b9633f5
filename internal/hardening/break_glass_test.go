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

// TestBreakGlassRendering: the grant ends, everything is recorded, and the password is asked for unless somebody said otherwise.
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
	for reason, ok := range map[string]bool{"disk full on pve1": true, "Störung": true, "": false, "  ": false, "two\nlines": false, "a\x1bb": false, strings.Repeat("x", 301): false} {
		if err := CheckReason(reason); (err == nil) != ok {
			t.Errorf("%q: %v", reason, err)
		}
	}
}

// endProgram runs the program that ends an access with its files below a directory, and gives what it told the node's events. Tools are shell functions before it.
func endProgram(t *testing.T, b BreakGlass, dir, tools string) (events string, failed bool) {
	t.Helper()
	program := textOf(t, b, window, unitsDir+"/"+b.Ends()+".sh")
	for _, path := range []string{sudoersDir, unitsDir, "/var/lib/systemd/timers"} {
		program = strings.ReplaceAll(program, path, filepath.Join(dir, path))
	}
	log := filepath.Join(dir, "events")
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-s", "end")
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
	for _, path := range b.Paths() {
		at := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestBreakGlassEnds: the program takes all files away and says why, whatever is written in the reason.
func TestBreakGlassEnds(t *testing.T) {
	t.Parallel()
	for clock, says := range map[string]string{"1796011199": "ended before its time", "1796011200": "ended at its time"} {
		b := rescue
		b.Reason = `it's $(touch bad) "down" \`
		dir := placed(t, b)
		events, failed := endProgram(t, b, dir, "date() { echo "+clock+"; }")
		if want := `-p|auth.notice|-t|pvesec|--|emergency access "db" of alice: ` + says + `. Reason: ` + b.Reason + ". Ticket: OPS-7|\n"; failed || events != want {
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

// TestBreakGlassEndsAgain: where the file cannot be taken away the program fails and leaves what runs it again.
func TestBreakGlassEndsAgain(t *testing.T) {
	t.Parallel()
	dir := placed(t, rescue)
	events, failed := endProgram(t, rescue, dir, "rm() { echo read-only >&2; return 1; }")
	if !failed || events != "" {
		t.Errorf("failed %v, events %q", failed, events)
	}
	if _, err := os.Lstat(filepath.Join(dir, unitsDir, rescue.Ends()+".timer")); err != nil {
		t.Error(err)
	}
}

// TestBreakGlassEndsSessions: what sudo runs for the subject goes, with all that it started, and nothing of others or of the program itself.
func TestBreakGlassEndsSessions(t *testing.T) {
	t.Parallel()
	b := rescue
	b.EndSessions = true
	tools := `date() { echo 1796011200; }
sleep() { :; }
id() { case "$*" in "-u -- alice") echo 1001 ;; *) return 1 ;; esac; }
grep() { case "$*" in *SUDO_UID=1001*) echo /proc/60/environ ;; *) return 1 ;; esac; }
kill() { sig=$1; shift; logger "kill $sig $(echo "$@" | tr ' ' '\n' | sort -n | tr '\n' ' ')"; }
ps() { cat <<END
1 0 0 systemd
40 1 1001 bash
41 40 1001 sudo
42 41 1001 sudo
43 42 0 bash
44 43 0 vi
50 1 1002 sudo
51 50 0 bash
60 1 0 sleep
$$ 1 0 sh
END
}`
	events, failed := endProgram(t, b, placed(t, b), tools)
	for _, want := range []string{"kill -TERM 41 42 43 44 60 |", "kill -KILL 41 42 43 44 60 |", "ended 5 processes of sudo"} {
		if failed || !strings.Contains(events, want) {
			t.Errorf("failed %v: %q is not in\n%s", failed, want, events)
		}
	}
}

// TestEmergencyFor believes only a file of the right name with the right header whose every grant ends within a month.
func TestEmergencyFor(t *testing.T) {
	t.Parallel()
	text := textOf(t, rescue, window, rescue.Path())
	now := window.Granted
	for name, test := range map[string]struct {
		file, text string
		clock      int64
		want       string
	}{
		"ours":               {rescue.Path(), text, now, "db"},
		"after its end":      {rescue.Path(), text, now + 1e6, "db"},
		"another name":       {rescue.Path() + "x", text, now, ""},
		"elsewhere":          {"/etc/sudoers.d/db", text, now, ""},
		"no header":          {rescue.Path(), text[1:], now, ""},
		"a grant for good":   {rescue.Path(), text + "bob ALL=(ALL) ALL\n", now, ""},
		"a grant for long":   {rescue.Path(), text + "bob ALL=(ALL) NOTAFTER=20991231000000Z ALL\n", now, ""},
		"an include":         {rescue.Path(), text + "@include /etc/more\n", now, ""},
		"does not parse":     {rescue.Path(), text + "bob ALL=\n", now, ""},
		"an unknown clock":   {rescue.Path(), text, 0, ""},
		"the second command": {rescue.Path(), text + "bob ALL=(ALL) NOTAFTER=20261130040000Z /usr/bin/id, (root) ALL : ALL=(ALL) ALL\n", now, ""},
	} {
		if got := emergencyFor(test.file, test.text, test.clock); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestPoliciesKnowAnEmergency: an exclusive policy leaves the file of an emergency access alone and is not judged by it, and says whose it is.
func TestPoliciesKnowAnEmergency(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.clock = window.Granted
	m.write("pve1", rescue.Path(), textOf(t, rescue, window, rescue.Path()))
	m.write("pve1", "/etc/sudoers.d/old", "alice ALL=(ALL) ALL\n")
	p := SudoersPolicy{Name: "alice", Subjects: []string{"alice"}, Content: "alice ALL=(root) /usr/bin/id\n", Exclusive: true}
	seen := mustObserve(t, p, m, "pve1")
	at := slices.IndexFunc(seen.Foreign, func(g ForeignGrant) bool { return g.File == rescue.Path() })
	if at < 0 || seen.Foreign[at].Removable || !strings.HasSuffix(seen.Foreign[at].String(), `(of pvesec_break_glass "db")`) {
		t.Fatalf("foreign grants %v", seen.Foreign)
	}
	if text := seen.Around.Files[rescue.Path()]; strings.Contains(text, "NOTAFTER") || !strings.Contains(seen.Around.Files["/etc/sudoers.d/old"], "alice") {
		t.Errorf("the policy is judged by %q", seen.Around.Files)
	}
	if _, err := p.Install(t.Context(), m, targets("pve1"), nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	if !m.files["pve1"][rescue.Path()].Exists || m.files["pve1"]["/etc/sudoers.d/old"].Exists {
		t.Errorf("the node holds %v", m.files["pve1"])
	}
}

// TestBreakGlassCloses: the sudoers file goes first, alone, and whatever fails after it does not bring it back.
func TestBreakGlassCloses(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(node.Change) error{
		"nothing fails": nil,
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
		if (unmarked != nil) != (name == "the program fails") || (err != nil) != (name == "the units stay") {
			t.Errorf("%s: %v, %v", name, unmarked, err)
		}
		if m.files["pve1"][rescue.Path()].Exists || len(m.applied[0].Files) != 1 || len(m.applied[0].RestartServices) != 0 {
			t.Errorf("%s: the first change is %+v", name, m.applied[0])
		}
		if name == "the program fails" && m.files["pve1"][unitsDir+"/"+rescue.Ends()+".timer"].Exists {
			t.Error("the timer is left")
		}
	}
}
