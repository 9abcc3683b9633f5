package hardening

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

const trailClock = 1_800_000_000

// auditOf is audit logging with all its parts.
func auditOf(name string, subjects ...string) AuditLogging {
	a := settings()["full"]
	a.Name, a.Subjects = name, subjects
	security := *a.SecurityLog
	a.SecurityLog = &security
	return a
}

// healthyTrail answers a script about a trail to which sudo wrote a minute ago, and of which the collector has all.
func healthyTrail(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		words := strings.Fields(strings.ReplaceAll(line, "'", ""))
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "paths":
			for _, name := range words[1:] {
				mode := "81a4"
				if !strings.HasSuffix(name, ".log") && !strings.HasSuffix(name, "/seq") {
					mode = "41ed"
				}
				fmt.Fprintf(&b, "path %s 0 0 %d 10 %s\n", mode, trailClock-60, name)
			}
		case "space":
			for _, name := range words[1:] {
				fmt.Fprintf(&b, "space 1000 500 0 0 %s\n", name)
			}
		case "collected":
			fmt.Fprintf(&b, "last cursor %s\npending \noldest cursor %s\n", cursorAt(trailClock-30), cursorAt(trailClock-3000))
		case "forwarded":
			fmt.Fprintf(&b, "acknowledged cursor %s\nwaiting \nsays \noldest cursor %s\n", cursorAt(trailClock-100), cursorAt(trailClock-3000))
		}
	}
	return b.String() + fmt.Sprintf("clock %d\n", trailClock)
}

// cursorAt is a place of the journal as journalctl writes it.
func cursorAt(seconds int64) string {
	return fmt.Sprintf("s=0123456789abcdef0123456789abcdef;i=1a;b=fedcba9876543210fedcba9876543210;m=1;t=%x;x=1f", seconds*1e6)
}

// judged is what is wrong where a healthy trail's answer has texts replaced.
func judged(a AuditLogging, replaced ...string) []string {
	script := a.healthScript(false)
	seen := &node.Observation{Services: map[string]node.Service{}, Scripts: map[string]node.Section{script: {Data: []byte(strings.NewReplacer(replaced...).Replace(healthyTrail(script)))}}}
	for name := range a.healthUnits() {
		seen.Services[name] = node.Service{Load: "loaded", Active: "active"}
	}
	return a.health(seen, false).Problems
}

// TestHealthOfATrail: each thing that keeps a record from where a reader looks for it is a problem, and nothing else
// is.
func TestHealthOfATrail(t *testing.T) {
	t.Parallel()
	a := auditOf("ops", "agent")
	rsyslog := auditOf("ops", "agent")
	rsyslog.SecurityLog.Collector = Rsyslog
	log := func(seconds int64) string { return fmt.Sprintf("path 81a4 0 0 %d 10 /var/log/sudo-agent.log", seconds) }
	pending := func(seconds int64) string { return "pending cursor " + cursorAt(seconds) }
	for _, c := range []struct {
		what     string
		a        AuditLogging
		replaced []string
		want     string
	}{
		{"healthy", a, nil, ""},
		{"healthy with rsyslog", rsyslog, nil, ""},
		{"a record on its way", a, []string{"pending ", pending(trailClock - 59)}, ""},
		{"the collector does not go on", a, []string{"pending ", pending(trailClock - 61)}, "records of the journal are not in /var/log/ops-security.log after more than a minute"},
		{"rsyslog does not go on", rsyslog, []string{"clock ", pending(trailClock-61) + "\nclock "}, "records of the journal are not in /var/log/ops-security.log after more than a minute"},
		{"the journal lost its beginning", a, []string{"pending ", pending(trailClock - 100), "oldest cursor " + cursorAt(trailClock-3000), "oldest cursor " + cursorAt(trailClock-29)},
			"records of the journal are not in /var/log/ops-security.log after more than a minute; the journal begins later than /var/log/ops-security.log ends: what came between is lost"},
		{"an old journal was deleted", a, []string{"oldest cursor " + cursorAt(trailClock-3000), "oldest cursor " + cursorAt(trailClock-29)}, ""},
		{"the clock went back", a, []string{"last cursor " + cursorAt(trailClock-30), "last cursor " + cursorAt(trailClock+3600)}, "one of the last records of /var/log/ops-security.log has a time that is yet to come: the clock of the node has gone back"},
		{"the clock went back, seen by sudo's log", a, []string{log(trailClock - 60), log(trailClock + 3600)}, "/var/log/sudo-agent.log was written at a time that is yet to come: the clock of the node has gone back"},
		{"sudo records and does not log", a, []string{log(trailClock - 60), log(trailClock - 600)}, "sudo has made recordings since it last wrote to /var/log/sudo-agent.log"},
		{"sudo has no log", a, []string{log(trailClock-60) + "\n", ""}, "sudo has made recordings since it last wrote to /var/log/sudo-agent.log"},
		{"nothing was ever recorded", a, []string{log(trailClock - 60), log(trailClock - 600), "path 81a4 0 0 1799999940 10 /var/log/sudo-io/agent/seq\n", ""}, ""},
		{"a full disk", a, []string{"space 1000 500 0 0 /var/log/sudo-io", "space 1000 49 0 0 /var/log/sudo-io"}, "less than 5 % of the space of the file system of /var/log/sudo-io is free"},
		{"no inodes", a, []string{"space 1000 500 0 0 /var/log/sudo-io", "space 1000 500 100 0 /var/log/sudo-io"}, "less than 5 % of the inodes of the file system of /var/log/sudo-io is free"},
		{"a link in the place of a directory", a, []string{"path 41ed 0 0 1799999940 10 /var/log/sudo-io\n", "path a1ff 0 0 1799999940 10 /var/log/sudo-io\n"}, "/var/log/sudo-io is a symbolic link and not a directory"},
		{"somebody's directory", a, []string{"path 41ed 0 0 1799999940 10 /var/log/sudo-io\n", "path 41ed 1000 0 1799999940 10 /var/log/sudo-io\n"}, "/var/log/sudo-io belongs to user 1000, who can put something else in the place of the logs"},
		{"everyone's directory", a, []string{"path 41ed 0 0 1799999940 10 /var/log/sudo-io\n", "path 41ff 0 0 1799999940 10 /var/log/sudo-io\n"}, "everyone may write to /var/log/sudo-io and put something else in the place of the logs"},
		{"a group's directory", a, []string{"path 41ed 0 0 1799999940 10 /var/log/sudo-io\n", "path 41fd 0 44 1799999940 10 /var/log/sudo-io\n"}, "group 44 may write to /var/log/sudo-io and put something else in the place of the logs"},
		{"no directory", a, []string{"path 41ed 0 0 1799999940 10 /var/log/sudo-io\n", ""}, "/var/log/sudo-io is not there"},
		{"an answer that was cut off", a, []string{"clock ", "clo"}, "how the logs do is not known: the answer is not whole (status 0): "},
		{"an answer that is no answer", a, []string{"space 1000 500", "space many 500"}, `how the logs do is not known: "space many 500 0 0 /var/log" makes no sense: "many" is not a number`},
	} {
		if got := strings.Join(judged(c.a, c.replaced...), "; "); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.what, got, c.want)
		}
	}
}

// TestHealthOfServices: a service that does not run is a problem, whatever keeps it from that.
func TestHealthOfServices(t *testing.T) {
	t.Parallel()
	a := auditOf("ops", "agent")
	for _, c := range []struct {
		unit  string
		state node.Service
		want  string
	}{
		{"pvesec-security-ops.service", node.Service{Load: "loaded", Active: "inactive"}, "pvesec-security-ops.service is inactive: nothing is written to /var/log/ops-security.log"},
		{"pvesec-security-ops.service", node.Service{Load: "masked", Active: "inactive"}, "pvesec-security-ops.service is masked: nothing is written to /var/log/ops-security.log"},
		{"pvesec-security-ops.service", node.Service{Load: "loaded", Active: "activating", Sub: "auto-restart"}, "pvesec-security-ops.service is activating: nothing is written to /var/log/ops-security.log"},
		{"systemd-journald.service", node.Service{Load: "loaded", Active: "failed"}, "systemd-journald.service is failed: nothing is written to /var/log/ops-security.log"},
		{"pvesec-recordings-ops.timer", node.Service{Load: "not-found", Active: "inactive"}, "pvesec-recordings-ops.timer is not-found: no recording is ever removed"},
		{"pvesec-recordings-ops.service", node.Service{Load: "loaded", Active: "failed"}, "pvesec-recordings-ops.service has failed: the recordings are not within their bounds, and the journal says why"},
	} {
		nodes := newMemoryNodes("pve1")
		nodes.units = map[string]node.Service{c.unit: c.state}
		state, err := a.Observe(t.Context(), nodes, node.Target{Name: "pve1"})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(state.Health.Problems, []string{c.want}) {
			t.Errorf("%s %+v: %q, want %q", c.unit, c.state, state.Health.Problems, c.want)
		}
	}
}

// answered runs a health script on this machine, below a directory, with a journalctl that keeps its arguments and
// prints what is given.
func answered(t *testing.T, a AuditLogging, root, journal string) (healthFacts, string) {
	t.Helper()
	bin := t.TempDir()
	asked := filepath.Join(bin, "asked")
	program := "#!/bin/sh\nprintf '%s\\n' \"$*\" >>" + asked + "\ncat <<'END'\n" + journal + "\nEND\n"
	if err := os.WriteFile(filepath.Join(bin, "journalctl"), []byte(program), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh")
	cmd.Stdin = strings.NewReader("root=" + root + "\nPATH=" + bin + ":$PATH\n" + a.healthScript(true))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := parseHealth(node.Section{Data: []byte(strings.ReplaceAll(string(out), root, ""))})
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	return facts, string(said)
}

// TestHealthScript: what is there is told, a record that is cut off or forged is no place to go on from, and right
// after a rotation the rotated file is.
func TestHealthScript(t *testing.T) {
	t.Parallel()
	a := auditOf("ops", "agent")
	root := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	record := func(seconds int64, message string) string {
		return fmt.Sprintf(`{"MESSAGE":%q,"__CURSOR":%q,"_UID":"0"}`+"\n", message, cursorAt(seconds))
	}
	write("/var/log/sudo-agent.log", "a line\n")
	write("/var/log/sudo-io/agent/seq", "000002\n")
	write("/var/log/sudo-io/agent/00/00/01/log", "")
	write("/var/log/sudo-io/agent/00/00/02/log", "")
	write("/var/log/sudo-io/agent/00/00/1+/log", "")
	forged := `","__CURSOR":"` + cursorAt(9)
	write("/var/log/ops-security.log.1", record(100, "first")+record(200, forged)+`{"__CURSOR":"`+cursorAt(300))
	write("/var/log/ops-security.log", "")
	facts, asked := answered(t, a, root, record(400, "next")+record(500, "later"))
	if facts.last.seconds() != 200 || facts.pending.seconds() != 400 || facts.oldest.seconds() != 400 {
		t.Errorf("the copy ends at %d, %d is to come, the journal begins at %d", facts.last, facts.pending, facts.oldest)
	}
	if want := "--cursor=" + cursorAt(200) + " SYSLOG_FACILITY=4 + SYSLOG_FACILITY=10 + "; !strings.Contains(asked, want) || strings.Contains(asked, "--after-cursor") {
		t.Errorf("journalctl was asked\n%s, want %s", asked, want)
	}
	if r := facts.recordings; r == nil || r.Count != 2 || r.Oldest == 0 || r.Newest < r.Oldest {
		t.Errorf("the recordings are %+v", r)
	}
	if f := facts.files["/var/log/sudo-agent.log"]; f.size != 7 || f.mode != 0o100600 {
		t.Errorf("sudo's log is %+v", f)
	}
	if s := facts.space["/var/log"]; s[0] <= 0 || facts.clock == 0 {
		t.Errorf("space %v at %d", s, facts.clock)
	}
	if _, asked := answered(t, a, root, record(200, "first")); !strings.Contains(asked, "--after-cursor="+cursorAt(200)) {
		t.Errorf("journalctl was asked %q", asked)
	}
	write("/var/log/ops-security.log", record(700, "in a clock that went back")+record(600, "new"))
	if facts, _ := answered(t, a, root, ""); facts.last.seconds() != 600 || facts.latest.seconds() != 700 || facts.pending != 0 || facts.oldest != 0 {
		t.Errorf("the copy ends at %d, %d is to come", facts.last, facts.pending)
	}
}

// TestAuditToolsHang: a tool that had to be stopped is no trail without anything to tell: the answer is not whole, and
// says which tool it was.
func TestAuditToolsHang(t *testing.T) {
	t.Parallel()
	a := auditOf("ops", "agent")
	bin := t.TempDir()
	// timeout(1) ends with 124 where it stops a command.
	if err := os.WriteFile(filepath.Join(bin, "timeout"), []byte("#!/bin/sh\nexit 124\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(script string) node.Section {
		cmd := exec.CommandContext(t.Context(), "/bin/sh")
		var complaint strings.Builder
		cmd.Stdin, cmd.Stderr = strings.NewReader("root="+t.TempDir()+"\nPATH="+bin+":$PATH\n"+script), &complaint
		out, err := cmd.Output()
		if err == nil {
			t.Error("the script went on")
		}
		return node.Section{Data: out, Status: 143, Complaint: complaint.String()}
	}
	const says = "journalctl did not end within 20 seconds and was stopped"
	if _, err := parseHealth(run(a.healthScript(true))); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("health: %v", err)
	}
	reader := &countsReader{logging: a, counts: &AuditCounts{Denials: map[string]int64{}, Failures: map[string]int64{}}}
	reader.read(run(a.countsScript(5)))
	if gaps := strings.Join(reader.counts.Gaps, "\n"); !strings.Contains(gaps, says) {
		t.Errorf("counts: %q", gaps)
	}
}
