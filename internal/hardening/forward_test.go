package hardening

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// forwarded is audit logging with a collector.
func forwarded() AuditLogging {
	a := settings()["full"]
	a.Forward = &Forward{Host: "logs.example.com", Port: 19532, CA: "the authority\n", Certificate: "the node\n"}
	return a
}

// TestForwardIsReadBack: all settings but the key are in the files.
func TestForwardIsReadBack(t *testing.T) {
	t.Parallel()
	a := forwarded()
	for _, host := range []string{"logs.example.com", "192.0.2.1", "2001:db8::1"} {
		a.Forward.Host = host
		if got, err := ParseAuditLogging(a.Name, a.Render()); err != nil || !reflect.DeepEqual(got.Forward, a.Forward) {
			t.Errorf("got %+v, %v", got.Forward, err)
		}
	}
	for _, url := range []string{"url=https://logs.example.com", "url=https://x y:1", "url=https://logs.example.com:x", "uri=https://logs.example.com:1"} {
		files := a.Render()
		files[a.ForwardPath()] = url + "\n"
		if got, err := ParseAuditLogging(a.Name, files); err == nil {
			t.Errorf("%q is %+v", url, got.Forward)
		}
	}
}

// TestForwardKey: the key is installed with the certificate, is in nothing that is shown or recorded, and goes without
// a copy.
func TestForwardKey(t *testing.T) {
	t.Parallel()
	const key = "/etc/systemd/system/pvesec-forward-ops.key.pem"
	a := forwarded()
	m := newMemoryNodes("pve1")
	last := func() (found *node.File) {
		for _, file := range m.applied[len(m.applied)-1].Files {
			if file.Path == key {
				found = &file
			}
		}
		return found
	}
	install := func(applied map[string]string) error {
		return a.Install(t.Context(), m, targets("pve1"), nil, nil, applied, silent)
	}
	if err := install(nil); err == nil || !strings.Contains(err.Error(), "private key") {
		t.Errorf("without its key: %v", err)
	}
	a.Forward.Key = "hush"
	if shown := fmt.Sprint(a.Render(), a.Desired()); strings.Contains(shown, "hush") {
		t.Errorf("the key is in %s", shown)
	}
	if err := install(nil); err != nil {
		t.Fatal(err)
	}
	if file := last(); file == nil || string(file.Content) != "hush" || file.Mode != 0o600 || file.Owner != "root" || file.Group != "root" || !file.Secret {
		t.Errorf("installed is %+v", file)
	}
	applied := a.Render()
	if err := a.Remove(t.Context(), m, targets("pve1"), silent); err != nil || last() == nil || last().Kind != node.Erased {
		t.Errorf("a removal has %+v, %v", last(), err)
	}
	a.Forward = nil
	if err := install(applied); err != nil || last() == nil || last().Kind != node.Erased {
		t.Errorf("settings that forward no longer have %+v, %v", last(), err)
	}
	if err := install(a.Render()); err != nil || last() != nil {
		t.Errorf("settings that never forwarded have %+v, %v", last(), err)
	}
	left := map[string]*AuditState{"pve1": {Files: map[string]FileStatus{key: {Present: true}}}}
	if err := a.Install(t.Context(), m, targets("pve1"), nil, left, nil, silent); err != nil || last() == nil || last().Kind != node.Erased {
		t.Errorf("a key that is left, of which nothing is recorded, has %+v, %v", last(), err)
	}
	if err := a.Remove(t.Context(), m, targets("pve1"), silent); err != nil || last() == nil || last().Kind != node.Erased {
		t.Errorf("a removal without a record has %+v, %v", last(), err)
	}
	m.write("pve1", key, "hush")
	if seen := mustObserveAudit(t, a, m); !seen.Files[key].Present || seen.Contents[key] != "" {
		t.Errorf("a key that is left is seen as %+v", seen.Files[key])
	}
}

// TestHealthOfForwarding: a collector that does not acknowledge is a problem, with the reason; for how long the oldest
// record waits is a figure.
func TestHealthOfForwarding(t *testing.T) {
	t.Parallel()
	a := forwarded()
	a.SecurityLog = nil
	waiting := func(seconds int64) string { return "waiting cursor " + cursorAt(seconds) }
	const late = "the collector logs.example.com:19532 has not acknowledged what the journal holds: "
	for _, c := range []struct {
		what     string
		unit     node.Service
		replaced []string
		want     string
		unsent   int64
	}{
		{"healthy", node.Service{}, nil, "", 0},
		{"an old complaint", node.Service{}, []string{"says ", "says Connection refused"}, "", 0},
		{"on its way", node.Service{}, []string{"waiting ", waiting(trailClock - 59)}, "", 59},
		{"late", node.Service{}, []string{"waiting ", waiting(trailClock - 61), "says ", "says Connection refused"}, late + "Connection refused", 61},
		{"no answer", node.Service{}, []string{"waiting ", waiting(trailClock - 61)}, late + "it does not answer", 61},
		{"tries again", node.Service{Load: "loaded", Active: "activating", Sub: "auto-restart"}, []string{"says ", "says forged\x1b[1m"}, late + `forged\x1b[1m`, 0},
		{"stopped", node.Service{Load: "loaded", Active: "inactive"}, nil, "pvesec-forward-ops.service is inactive: nothing is sent to logs.example.com:19532", 0},
		{"the journal lost its beginning", node.Service{}, []string{"waiting ", waiting(trailClock - 61), "oldest cursor " + cursorAt(trailClock-3000), "oldest cursor " + cursorAt(trailClock-61)},
			late + "it does not answer; the journal begins later than what the collector logs.example.com:19532 acknowledged: what came between is lost", 61},
		{"another key", node.Service{}, []string{"says ", "unpaired\nsays "}, "/etc/systemd/system/pvesec-forward-ops.key.pem is not the private key of /etc/systemd/system/pvesec-forward-ops.cert.pem", 0},
	} {
		script := a.healthScript(false)
		seen := &node.Observation{Services: map[string]node.Service{}, Scripts: map[string]node.Section{script: {Data: []byte(strings.NewReplacer(c.replaced...).Replace(healthyTrail(script)))}}}
		for name := range a.healthUnits() {
			seen.Services[name] = node.Service{Load: "loaded", Active: "active"}
		}
		if c.unit.Load != "" {
			seen.Services[a.forwardService()] = c.unit
		}
		h := a.health(seen, false)
		if got := strings.Join(h.Problems, "; "); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.what, got, c.want)
		}
		if h.Unsent == nil || *h.Unsent != c.unsent {
			t.Errorf("%s: unsent %v, want %d", c.what, h.Unsent, c.unsent)
		}
	}
}

// TestJudgeEvent: of an event of authentication that did not arrive everywhere, each link that did not pass it on is
// named.
func TestJudgeEvent(t *testing.T) {
	t.Parallel()
	both := forwarded()
	only := forwarded()
	only.SecurityLog = nil
	const notThere = "an authentication event was sent and is in the journal, but "
	const refused = notThere + "the collector logs.example.com:19532 did not acknowledge it: refused"
	for _, c := range []struct {
		a     AuditLogging
		found string
		want  string
	}{
		{both, "auth-journal auth-security auth-forward", ""},
		{both, "auth-journal auth-security", refused},
		{both, "auth-journal auth-forward", notThere + "pvesec-security-ops.service did not write it to /var/log/ops-security.log"},
		{both, "auth-journal", notThere + "pvesec-security-ops.service did not write it to /var/log/ops-security.log; " + refused},
		{both, "", "an authentication event was sent, but the journal does not have it: is systemd-journald.service active, and does it store what it gets?"},
		{only, "auth-journal auth-forward", ""},
		{only, "auth-journal", refused},
		{only, "unstored", notStored},
	} {
		answer := probeAnswer{found: map[string]bool{}, says: "refused"}
		for _, name := range strings.Fields(c.found) {
			answer.found[name] = true
		}
		r := &ProbeResult{}
		if c.a.judgeEvent(r, answer); strings.Join(r.Broken, "; ") != c.want {
			t.Errorf("%q: %q, want %q", c.found, r.Broken, c.want)
		}
	}
}

// TestTaken: a record is at the collector when what the collector acknowledged last is not older, whichever file of the
// journal has it; of another boot nothing is known, nor of a state that is no file.
func TestTaken(t *testing.T) {
	t.Parallel()
	const text = "pvesec-probe-1"
	cursor := func(series, boot string, time int) string {
		return fmt.Sprintf("s=%s;i=7;b=%s;m=%x;t=1;x=1", series, boot, time)
	}
	bin := t.TempDir()
	record := fmt.Sprintf(`{"MESSAGE":%q,"__CURSOR":%q,"_UID":"0"}`, text, cursor("a", "b", 500))
	if err := os.WriteFile(filepath.Join(bin, "journalctl"), []byte("#!/bin/sh\nprintf '%s\\n' '"+record+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		state string
		want  bool
	}{
		"the record itself":         {"# private\nLAST_CURSOR=" + cursor("a", "b", 500) + "\n", true},
		"a later one":               {"LAST_CURSOR=" + cursor("a", "b", 501) + "\n", true},
		"a later one of a user":     {"LAST_CURSOR=" + cursor("c", "b", 501) + "\n", true},
		"an earlier one":            {"LAST_CURSOR=" + cursor("a", "b", 499) + "\n", false},
		"an earlier one of a user":  {"LAST_CURSOR=" + cursor("c", "b", 499) + "\n", false},
		"one of another boot":       {"LAST_CURSOR=" + cursor("a", "d", 501) + "\n", false},
		"nothing":                   {"", false},
		"a place that is no number": {"LAST_CURSOR=s=a;i=7;b=b;m=;t=1;x=1\n", false},
		"a pipe":                    {"pipe", false},
	} {
		state := filepath.Join(t.TempDir(), "state")
		err := os.WriteFile(state, []byte(test.state), 0o600)
		if test.state == "pipe" {
			err = errors.Join(os.Remove(state), syscall.Mkfifo(state, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "/bin/sh")
		cmd.Stdin = strings.NewReader("PATH=" + bin + ":$PATH\n" + probeProgram + forwardState + "taken " + shellWord(state) + " " + text + " 1 && echo taken || true\n")
		out, err := cmd.Output()
		if got := strings.Contains(string(out), "taken"); err != nil || got != test.want {
			t.Errorf("%s: %v, want %v; %v", name, got, test.want, err)
		}
	}
}

func mustObserveAudit(t *testing.T, a AuditLogging, m *memoryNodes) *AuditState {
	t.Helper()
	seen, err := a.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	return seen
}
