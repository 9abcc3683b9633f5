package hardening

import (
	"errors"
	"fmt"
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

// endProgram runs the program that ends an access with its files below a directory, and gives what it told the node's events. Tools are shell functions before it.
func endProgram(t *testing.T, b BreakGlass, dir, tools string) (events string, failed bool) {
	t.Helper()
	return glassProgram(t, b, dir, tools, "end")
}

func glassProgram(t *testing.T, b BreakGlass, dir, tools, what string) (events string, failed bool) {
	t.Helper()
	program := textOf(t, b, window, unitsDir+"/"+b.Ends()+".sh")
	for _, path := range []string{sudoersDir, unitsDir, "/var/lib/systemd/timers", "/proc", "/run"} {
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
	return dir
}

func writeBelow(t *testing.T, dir, path, text string) {
	t.Helper()
	at := filepath.Join(dir, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestBreakGlassBegins: the event of the begin has its reason before its commands, since the node's log may cut what is long. It forgets an end of before.
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

// TestBreakGlassEndsAgain: where the file cannot be taken away the program fails and leaves what runs it again. From its time on the end is marked and the sessions go once; before it
// sudo still allows the commands, so that they go each time.
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

// A process of a node that does not exist. Ends tells that the end of alice's access (uid 1001) ends it.
type process struct {
	pid, parent, uid int
	command          string
	sudoUID, login   string // of its environment, of its login; empty for none
	cgroup           string
	ends             bool
}

const (
	aliceLogin = "/user.slice/user-1001.slice/session-4.scope"
	bobLogin   = "/user.slice/user-1002.slice/session-5.scope"
)

// endedOf runs the end of an access on a node with processes, and gives the events, which tell what is killed.
func endedOf(t *testing.T, subject string, processes []process) string {
	t.Helper()
	b := rescue
	b.EndSessions, b.Subject = true, subject
	dir := placed(t, b)
	var ps strings.Builder
	for _, p := range processes {
		fmt.Fprintf(&ps, "%d %d %d %s\n", p.pid, p.parent, p.uid, p.command)
		at := fmt.Sprintf("/proc/%d/", p.pid)
		environ := "PATH=/bin\x00"
		if p.sudoUID != "" {
			environ += "SUDO_UID=" + p.sudoUID + "\x00"
		}
		login := p.login
		if login == "" {
			login = "4294967295"
		}
		writeBelow(t, dir, at+"environ", environ)
		writeBelow(t, dir, at+"loginuid", login)
		writeBelow(t, dir, at+"cgroup", "0::"+p.cgroup+"\n")
		exe := map[string]string{"sudo": "/usr/bin/sudo", "link-to-sudo": "/usr/bin/sudo", "sudo-of-before": "/usr/bin/sudo (deleted)"}[p.command]
		if exe == "" {
			exe = "/usr/bin/" + p.command
		}
		if err := os.Symlink(exe, filepath.Join(dir, at, "exe")); err != nil {
			t.Fatal(err)
		}
	}
	tools := `date() { echo 1796011200; }
sleep() { :; }
id() { case "$*" in "-u -- alice") echo 1001 ;; "-u -- root") echo 0 ;; "-Gnz -- 1001") printf 'alice\0ops\0' ;; *) return 1 ;; esac; }
kill() { sig=$1; shift; logger "kill $sig $(echo "$@" | tr ' ' '\n' | sort -n | tr '\n' ' ')"; }
ps() { case "$*" in "-eo ruid=") ps all | cut -d ' ' -f 3 ;; *) cat <<END
` + ps.String() + `$$ 1 0 sh
END
esac; }`
	events, failed := endProgram(t, b, dir, tools)
	if failed {
		t.Errorf("it failed: %s", events)
	}
	return events
}

// TestBreakGlassEndsSessions: what sudo runs for the subject goes, with all that it started, also where it has lost its environment and its parent; and nothing of others, of
// guests, of the system or of the program itself. A sudo that has begun its command is root's.
func TestBreakGlassEndsSessions(t *testing.T) {
	t.Parallel()
	var all []process
	var ends []string
	for i, processes := range [][]process{
		{ // below sudo
			{40, 1, 1001, "bash", "", "1001", aliceLogin, false}, {41, 40, 0, "sudo", "", "1001", aliceLogin, true}, {42, 41, 0, "sudo", "", "1001", aliceLogin, true},
			{43, 42, 0, "bash", "1001", "1001", aliceLogin, true}, {44, 43, 0, "vi", "", "1001", aliceLogin, true},
			{50, 1, 1002, "bash", "", "1002", bobLogin, false}, {51, 50, 0, "sudo", "", "1002", bobLogin, false}, {52, 51, 0, "bash", "1002", "1002", bobLogin, false},
		},
		{ // a sudo that asks for the password
			{41, 1, 1001, "sudo", "", "", "/", true},
		},
		{ // without environment and login
			{40, 1, 1001, "sh", "", "", "/", false}, {41, 40, 0, "sudo", "", "", "/", true}, {42, 41, 0, "sudo", "", "", "/", true}, {43, 42, 0, "bash", "", "", "/", true},
		},
		{ // a sudo by another name, and one that was updated meanwhile
			{40, 1, 1001, "sh", "", "", "/", false}, {41, 40, 0, "link-to-sudo", "", "", "/", true}, {42, 41, 0, "bash", "", "", "/", true},
			{45, 40, 0, "sudo-of-before", "", "", "/", true}, {46, 45, 0, "bash", "", "", "/", true},
			{47, 40, 0, "su", "", "", "/", false}, {48, 47, 0, "bash", "", "", "/", false}, {49, 40, 0, "sudoreplay", "", "", "/", false},
		},
		{ // a sudo that lost its parent, by the login
			{41, 1, 0, "sudo", "", "1001", "/", true}, {42, 41, 0, "bash", "", "1001", "/", true},
		},
		{ // a sudo that lost its parent, by the cgroup
			{41, 1, 0, "sudo", "", "", aliceLogin, true}, {42, 41, 0, "bash", "", "", aliceLogin, true},
		},
		{ // a command that lost sudo and environment
			{60, 1, 0, "bash", "", "1001", aliceLogin, true}, {61, 60, 0, "vi", "", "1001", aliceLogin, true}, {62, 1, 0, "sleep", "", "1001", "/", true},
		},
		{ // a command that lost sudo
			{60, 1, 0, "sleep", "1001", "", "/", true}, {61, 1, 0, "sleep", "1002", "", "/", false}, {62, 1, 0, "sleep", "10011", "", "/", false},
		},
		{ // what leads a login
			{30, 1, 0, "sshd", "", "1001", aliceLogin, false}, {31, 1, 0, "login", "", "1001", aliceLogin, false}, {32, 31, 1001, "bash", "", "1001", aliceLogin, false}, {33, 1, 1001, "tmux", "", "1001", aliceLogin, false},
		},
		{ // guests
			{41, 40, 0, "sudo", "", "1001", aliceLogin, true}, {43, 41, 0, "bash", "1001", "1001", aliceLogin, true},
			{70, 1, 0, "kvm", "1001", "1001", "/qemu.slice/100.scope", false}, {71, 43, 0, "kvm", "1001", "1001", "/qemu.slice/101.scope", false}, {72, 71, 0, "helper", "1001", "1001", "/qemu.slice/101.scope", false},
			{80, 1, 0, "lxc-start", "1001", "1001", "/lxc.monitor/102", false}, {81, 80, 100000, "systemd", "1001", "", "/lxc/102/ns/init.scope", false},
			{82, 81, 1001, "bash", "", "", "/lxc/102/ns/user.slice/user-1001.slice/session-1.scope", false}, {83, 82, 0, "sudo", "", "", "/lxc/102/ns/user.slice/user-1001.slice/session-1.scope", false},
			{84, 1, 0, "init", "1001", "", "/machine.slice/machine-x.scope", false},
		},
		{ // services that inherited
			{70, 1, 0, "pvedaemon", "1001", "", "/system.slice/pvedaemon.service", false}, {71, 70, 0, "pvedaemon", "1001", "", "/system.slice/pvedaemon.service", false},
			{41, 40, 0, "sudo", "", "1001", aliceLogin, true}, {72, 41, 0, "server", "1001", "1001", "/system.slice/run-r1.scope", false},
		},
		{ // a sudo that a service called
			{40, 1, 1001, "agent", "", "", "/system.slice/agent.service", false}, {41, 40, 0, "sudo", "", "", "/system.slice/agent.service", true}, {42, 41, 0, "sh", "", "", "/system.slice/agent.service", true},
			{70, 1, 0, "cron", "1001", "", "/system.slice/agent.service", false},
		},
	} {
		for _, p := range processes {
			p.pid += 100 * (i + 1) // all on one node, each case with a hundred of its own
			if p.parent > 1 {
				p.parent += 100 * (i + 1)
			}
			if all = append(all, p); p.ends {
				ends = append(ends, fmt.Sprint(p.pid))
			}
		}
	}
	for _, subject := range []string{"alice", "%ops"} {
		events := endedOf(t, subject, all)
		for _, want := range []string{"kill -TERM " + strings.Join(ends, " ") + " |", "kill -KILL " + strings.Join(ends, " ") + " |", fmt.Sprintf("ended %d processes of sudo", len(ends))} {
			if !strings.Contains(events, want) {
				t.Errorf("%s: %q is not in\n%s", subject, want, events)
			}
		}
	}
	if events := endedOf(t, "root", []process{{60, 1, 0, "sudo", "0", "0", "/", false}, {61, 1, 33, "www", "0", "0", "/", false}}); strings.Contains(events, "kill") {
		t.Errorf("of root: %s", events)
	}
}

// TestEmergencyFor believes only a file of the right name with the right header that grants what pvesec would write, with an end within a month, or what the printed page writes.
func TestEmergencyFor(t *testing.T) {
	t.Parallel()
	text := textOf(t, rescue, window, rescue.Path())
	some := rescue
	some.Subject, some.Commands, some.RequirePassword, some.RequireLogging = "%ops", []string{"/usr/bin/systemctl restart pveproxy", "/usr/bin/id"}, false, false
	const (
		byHandFile = "/etc/sudoers.d/zz-pvesec-emergency-by-hand"
		byHandText = "# Emergency access by hand.\nalice ALL=(ALL:ALL) NOTAFTER=20261130040000Z NOPASSWD: LOG_INPUT: LOG_OUTPUT: ALL\n"
	)
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
		"another rule":       {rescue.Path(), text + "bob ALL=(ALL) NOTAFTER=20261130040000Z LOG_INPUT: LOG_OUTPUT: ALL\n", now, ""},
		"another user":       {rescue.Path(), strings.Replace(text, "\nalice ", "\nalice, bob ", 1), now, ""},
		"everybody":          {rescue.Path(), strings.ReplaceAll(strings.ReplaceAll(text, ":alice ", ":ALL "), "\nalice ", "\nALL "), now, ""},
		"other options":      {rescue.Path(), strings.Replace(text, "!log_passwords", "!log_output", 1), now, ""},
		"one more option":    {rescue.Path(), text + "Defaults:alice !log_output\n", now, ""},
		"options of others":  {rescue.Path(), strings.ReplaceAll(text, "Defaults:alice", "Defaults:bob"), now, ""},
		"options of all":     {rescue.Path(), strings.Replace(text, "Defaults:alice use_pty", "Defaults use_pty", 1), now, ""},
		"no recording":       {rescue.Path(), strings.Replace(text, "LOG_INPUT", "NOLOG_INPUT", 1), now, ""},
		"some commands":      {some.Path(), textOf(t, some, window, some.Path()), now, "db"},
		"another option":     {rescue.Path(), strings.Replace(text, "NOTAFTER", "CWD=* NOTAFTER", 1), now, ""},
		"by hand":            {byHandFile, byHandText, now, "by-hand"},
		"by hand, elsewhere": {rescue.Path(), byHandText, now, ""},
		"by hand for good":   {byHandFile, strings.Replace(byHandText, "NOTAFTER=20261130040000Z ", "", 1), now, ""},
		"by hand, unmarked":  {byHandFile, byHandText[len("# Emergency access by hand.\n"):], now, ""},
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
	// The denial of the other file holds nothing back in an emergency access.
	m.write("pve1", "/etc/sudoers.d/old", "alice ALL=(ALL) ALL, !/usr/bin/su\n")
	p := SudoersPolicy{Name: "alice", Subjects: []string{"alice"}, Content: "alice ALL=(root) /usr/bin/id\n", Exclusive: true}
	seen := mustObserve(t, p, m, "pve1")
	at := slices.IndexFunc(seen.Foreign, func(g ForeignGrant) bool { return g.File == rescue.Path() })
	if at < 0 || seen.Foreign[at].Removable || !strings.HasSuffix(seen.Foreign[at].String(), `(its header says: of pvesec_break_glass "db")`) {
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
