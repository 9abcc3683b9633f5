package node_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// fakes put stand-ins for the node's tools on the path. visudo rejects any file or included directory that holds the
// word BROKEN and says so in visudo's form; systemctl keeps a count of restarts and fails for a unit named in
// etc/failing.
func fakes(t *testing.T, s *nodetest.Server) {
	t.Helper()
	s.Tool(t, "visudo", `
root=$PVESEC_TEST_ROOT file=$root/etc/sudoers
while [ $# -gt 0 ]; do case $1 in -f) file=$2; shift ;; esac; shift; done
rc=0
check() {
	n=0
	while IFS= read -r line; do
		n=$((n + 1))
		case $line in
		*BROKEN*) echo "$1:$n:3: syntax error"; rc=1 ;;
		@includedir*)
			dir=${line#@includedir }
			case $dir in "$root"/*) ;; *) dir=$root$dir ;; esac
			for f in "$dir"/*; do [ ! -f "$f" ] || check "$f"; done ;;
		esac
	done <"$1"
	[ $rc -ne 0 ] || echo "$1: parsed OK"
}
check "$file"
exit $rc`)
	s.Tool(t, "systemctl", `
root=$PVESEC_TEST_ROOT
for unit; do :; done
case $1 in
daemon-reload) echo reread >>"$root/tmp/units" ;;
show)
	[ "${unit%.timer}" != "$unit" ] || exit 0
	if [ -e "$root/etc/systemd/system/$unit" ]; then echo LoadState=loaded; else echo LoadState=not-found; fi
	if [ -e "$root/tmp/runs-$unit" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi ;;
stop) echo "stop $unit" >>"$root/tmp/units"; rm "$root/tmp/runs-$unit" ;;
restart)
	echo "$unit" >>"$root/tmp/restarts"; echo "restart $unit" >>"$root/tmp/units"
	[ ! -e "$root/etc/failing/$unit" ] || { echo "Job for $unit failed."; exit 1; }
	: >"$root/tmp/runs-$unit" ;;
is-active) if [ -e "$root/etc/failing/$unit" ]; then echo failed; exit 3; else echo active; fi ;;
esac`)
	s.Tool(t, "rsyslogd", `
root=$PVESEC_TEST_ROOT dir=$root/etc/rsyslog.d
[ "$2" != -f ] || dir=$(dirname "$3")/etc/rsyslog.d
! grep -l BROKEN "$dir"/* 2>/dev/null || exit 1`)
	s.Tool(t, "logrotate", `
if grep -q BROKEN "$2"; then echo "error: $2:1 unknown option 'BROKEN' -- ignoring line"; fi
echo "error: stat of /var/log/none failed: No such file or directory"; exit 1`)
	s.Tool(t, "unshare", `while [ "$1" != -- ]; do shift; done; shift; exec "$@"`)
	s.Tool(t, "auditctl", `
n=0
while IFS= read -r line; do
	n=$((n + 1))
	case $line in
	*BROKEN*) echo "Syscall name unknown: BROKEN" ;;
	-[awW]*) echo "Error sending add rule data request (Operation not permitted)" ;;
	*) continue ;;
	esac
	echo "There was an error in line $n of $2"
done <"$2"
exit 1`)
	s.Tool(t, "journalctl", "echo the end is near")
	s.Write(t, "etc/sudoers", "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n", 0o440)
	s.Write(t, "etc/sudoers.d/README", "# nothing\n", 0o440)
	s.Write(t, "etc/rsyslog.conf", "$IncludeConfig /etc/rsyslog.d/*.conf\n", 0o644)
	s.Write(t, "etc/rsyslog.d/00-x.conf", "\n", 0o644)
}

// mine gives files the owner that the test runs as.
func mine(t *testing.T, files ...node.File) []node.File {
	t.Helper()
	owner, group := me(t)
	for i := range files {
		files[i].Owner, files[i].Group = owner, group
	}
	return files
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func sudoers(path, content string) node.File {
	return node.File{Path: path, Content: []byte(content), Mode: 0o440, Validate: node.Sudoers}
}

// noTraces checks that a transaction left nothing of its own behind.
func noTraces(t *testing.T, s *nodetest.Server) {
	t.Helper()
	if list := s.List(t, "etc"); strings.Contains(list, "/etc/pvesec") || strings.Contains(list, "/.pvesec-") {
		t.Errorf("the stage is not gone:\n%s", list)
	}
}

// TestApplyEveryKind creates, replaces, mends and removes under every shell, and finds nothing to do the second time.
func TestApplyEveryKind(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell, Noise: "noise without a newline"})
			fakes(t, s)
			s.Write(t, "etc/sudoers.d/agent", "old\n", 0o644)
			s.Write(t, "etc/sudoers.d/emergency", "BROKEN by hand\n", 0o644)
			s.Write(t, "var/log/sudo.log", "kept", 0o666)
			s.Write(t, "etc/empty/gone", "x", 0o600)
			s.Write(t, "etc/full/a", "x", 0o600)
			s.Write(t, "etc/full/b", "y", 0o600)
			s.Write(t, "etc/shared/pvesec-other.conf", "of another resource", 0o600)
			binary := strings.Repeat("\x00\xff'\n", 300)
			files := mine(t,
				sudoers("/etc/sudoers.d/agent", "agent ALL=(root) /usr/bin/true\n"),
				node.File{Path: "/etc/sudoers.d/emergency", Kind: node.Absent, Validate: node.Sudoers},
				node.File{Path: "/etc/new dir", Kind: node.Directory, Mode: 0o750 | fs.ModeSetgid},
				node.File{Path: "/etc/new dir/it's $HOME", Content: []byte(binary), Mode: 0o600},
				node.File{Path: "/etc/new dir/nothing", Mode: 0o644},
				node.File{Path: "/var/log/sudo.log", Kind: node.EnsureFile, Mode: 0o640},
				node.File{Path: "/var/log/other.log", Kind: node.EnsureFile, Mode: 0o600},
				node.File{Path: "/etc/rsyslog.d/10-pvesec.conf", Content: []byte("ok\n"), Mode: 0o644, Validate: node.Rsyslog},
				node.File{Path: "/etc/audit/rules.d/pvesec.rules", Content: []byte("# who\n-w /etc/sudoers -p wa\n"), Mode: 0o640, Validate: node.AuditRules},
				node.File{Path: "/etc/logrotate.d/pvesec", Content: []byte("ok\n"), Mode: 0o644, Validate: node.Logrotate},
				node.File{Path: "/etc/empty/gone", Kind: node.Absent},
				node.File{Path: "/etc/empty", Kind: node.Absent},
				node.File{Path: "/etc/full/a", Kind: node.Absent},
				node.File{Path: "/etc/full", Kind: node.Absent},
				node.File{Path: "/etc/shared", Kind: node.Absent},
				node.File{Path: "/etc/never/was", Kind: node.Absent},
			)
			s.Write(t, "etc/logrotate.d/apt", "", 0o644)
			s.Write(t, "etc/audit/rules.d/audit.rules", "-D\n-b 8192\n", 0o640)
			change := node.Change{
				Target: target("pve1", s), Label: `sudoers policy "agent"`, Files: files,
				Expect: []node.Expect{
					{Path: "/etc/sudoers.d/agent", Exists: true, SHA256: sum("old\n")},
					{Path: "/etc/new dir", Exists: false},
					{Path: "/etc/full", Exists: true},
				},
				RestartServices: []string{"rsyslog"}, RequireActive: []string{"rsyslog"}, RequireCommands: []string{"visudo"},
			}
			var noted []string
			change.Noted = func(text string) { noted = append(noted, text) }
			p := newPool(t, s)
			// A directory is not a file with a content to expect: existence alone is compared.
			if err := p.Apply(testContext(t), []node.Change{change}, nil); err != nil {
				t.Fatal(err)
			}
			if want := []string{"/etc/full is not empty and stays"}; !slices.Equal(noted, want) {
				t.Errorf("noted %q, want %q", noted, want)
			}
			for path, want := range map[string]string{
				"etc/sudoers.d/agent": "agent ALL=(root) /usr/bin/true\n", "etc/sudoers.d/emergency": "(absent)",
				"etc/new dir/it's $HOME": binary, "etc/new dir/nothing": "", "var/log/sudo.log": "kept", "var/log/other.log": "",
				"etc/full/b": "y", "etc/full/a": "(absent)", "tmp/restarts": "rsyslog\n",
			} {
				if got := s.Read(t, path); got != want {
					t.Errorf("%s: %q, want %q", path, got, want)
				}
			}
			for path, want := range map[string]fs.FileMode{
				"etc/sudoers.d/agent": 0o440, "etc/new dir": fs.ModeDir | fs.ModeSetgid | 0o750, "var/log/sudo.log": 0o640, "var/log/other.log": 0o600,
			} {
				if fi, err := os.Stat(filepath.Join(s.Root, path)); err != nil || fi.Mode() != want {
					t.Errorf("%s: %v %v, want %v", path, fi.Mode(), err, want)
				}
			}
			if _, err := os.Stat(filepath.Join(s.Root, "etc/empty")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the empty directory is still there: %v", err)
			}
			noTraces(t, s)
			backups, err := filepath.Glob(filepath.Join(s.Root, "var/backups/pvesec/etc-sudoers.d-agent/*Z-found-replaced"))
			if err != nil || len(backups) != 1 {
				t.Fatalf("backups %q %v", backups, err)
			}
			if b, err := os.ReadFile(backups[0]); err != nil || string(b) != "old\n" {
				t.Errorf("backup %q %v", b, err)
			}

			before := s.List(t, "")
			change.Expect = nil
			if err := p.Apply(testContext(t), []node.Change{change}, nil); err != nil {
				t.Fatal(err)
			}
			if after := s.List(t, ""); stable(after) != stable(before) {
				t.Errorf("the second time changed something:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// stable leaves out what a transaction always writes.
func stable(list string) string {
	lines := strings.Split(list, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, " /run/") })
	return strings.Join(lines, "\n")
}

// TestFailureChangesNothing: each way to fail gives its own error and leaves everything as it was, and the service
// restarted.
func TestFailureChangesNothing(t *testing.T) {
	t.Parallel()
	good := sudoers("/etc/sudoers.d/agent", "agent ALL=(root) /usr/bin/true\n")
	gone := node.File{Path: "/etc/sudoers.d/old", Kind: node.Absent, Validate: node.Sudoers}
	for name, c := range map[string]struct {
		files    []node.File
		change   node.Change
		prepare  func(s *nodetest.Server)
		state    node.State
		check    func(err error) bool
		says     string
		restarts string
	}{
		"sudoers syntax": {
			files: []node.File{gone, sudoers("/etc/sudoers.d/agent", "ok\nBROKEN\n")}, state: node.Unchanged,
			check: is[*node.ValidationError], says: "visudo on pve1 rejected the file: /etc/sudoers.d/agent:2:3: syntax error",
		},
		"sudoers tree": {
			// Fine by itself; only together with the rest it is not.
			files: []node.File{gone, good},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "visudo", `case "$*" in *tree.sudoers*) echo "$3: alias clash"; exit 1 ;; esac`)
			},
			state: node.Unchanged, check: is[*node.ValidationError], says: "the whole configuration with /etc/sudoers.d/",
		},
		"sudoers in place": {
			files: []node.File{gone, good},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "visudo", `[ $# -gt 1 ] || ! grep -q true "$PVESEC_TEST_ROOT/etc/sudoers.d/agent" || { echo "bad"; exit 1; }`)
			},
			state: node.RolledBack, check: is[*node.ValidationError], says: "bad",
		},
		"not in force": {
			files: []node.File{gone, good}, change: node.Change{Listed: []node.Listed{
				{User: "nobody-here", Command: "/usr/bin/never", Path: "/etc/sudoers.d/agent"},
				{User: "agent", Command: "/usr/bin/true", Path: "/etc/sudoers.d/agent"}, {User: "agent", Command: "/usr/bin/id", Path: "/etc/sudoers.d/agent"},
			}},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "id", `for name; do :; done; [ "$name" = agent ] || [ "$1" != -u ]`)
				s.Tool(t, "sudo", `[ "$*" = "-n -l -U agent" ] && printf 'User agent may run the following commands on pve1:\n    (root) /usr/bin/true\n'`)
			},
			state: node.RolledBack, check: is[*node.NotInForceError],
			says: "/etc/sudoers.d/agent does not take effect on pve1: `sudo -l -U agent` there does not show /usr/bin/id",
		},
		"rsyslog": {
			files: []node.File{gone, {Path: "/etc/rsyslog.d/x.conf", Content: []byte("BROKEN"), Mode: 0o644, Validate: node.Rsyslog}},
			state: node.Unchanged, check: is[*node.ValidationError], says: "rsyslogd on pve1",
		},
		"logrotate": {
			files: []node.File{gone, {Path: "/etc/logrotate.conf", Content: []byte("BROKEN"), Mode: 0o644, Validate: node.Logrotate}},
			state: node.Unchanged, check: is[*node.ValidationError], says: "error: /etc/logrotate.conf:1 unknown option",
		},
		"audit rules": {
			files: []node.File{gone, {Path: "/etc/audit/rules.d/x.rules", Content: []byte("# who\n-a always,exit -S BROKEN\n-w /etc -p wa\n"), Mode: 0o640, Validate: node.AuditRules}},
			state: node.Unchanged, check: is[*node.ValidationError], says: "auditctl on pve1 rejected the file: Syscall name unknown: BROKEN: -a always,exit -S BROKEN",
		},
		"audit rules twice": {
			files:   []node.File{gone, {Path: "/etc/audit/rules.d/x.rules", Content: []byte("-w /etc  -p wa\n"), Mode: 0o640, Validate: node.AuditRules}},
			prepare: func(s *nodetest.Server) { s.Write(t, "etc/audit/rules.d/other.rules", "-w /etc -p wa", 0o640) },
			state:   node.Unchanged, check: is[*node.ValidationError], says: "Rule exists: -w /etc -p wa",
		},
		"audit rules that went to the kernel": {
			files:   []node.File{gone, {Path: "/etc/audit/rules.d/x.rules", Content: []byte("-w /etc -p wa\n"), Mode: 0o640, Validate: node.AuditRules}},
			prepare: func(s *nodetest.Server) { s.Tool(t, "auditctl", "echo No rules") },
			state:   node.Unchanged, check: is[*node.ValidationError], says: "audit rules cannot be checked apart from the kernel: No rules",
		},
		"a rotation that the tree has already": {
			files: []node.File{gone, {Path: "/etc/logrotate.d/pvesec", Content: []byte("TWICE\n"), Mode: 0o644, Validate: node.Logrotate}},
			prepare: func(s *nodetest.Server) {
				s.Write(t, "etc/logrotate.conf", "include /etc/logrotate.d\n", 0o644)
				s.Write(t, "etc/logrotate.d/other", "TWICE\n", 0o644)
				s.Tool(t, "logrotate", `
dir=$(sed -n 's/^include //p' "$2")
case $dir in /etc/*) dir=$PVESEC_TEST_ROOT$dir ;; esac
[ -z "$dir" ] || [ "$(cat "$dir"/* | grep -c TWICE)" -lt 2 ] || echo "error: /etc/logrotate.d/pvesec:1 duplicate log entry for /x"
echo "error: stat of /x failed: No such file or directory"`)
			},
			state: node.Unchanged, check: is[*node.ValidationError], says: "duplicate log entry for /x",
		},
		"audit rules that auditctl stops at": {
			files: []node.File{gone, {Path: "/etc/audit/rules.d/x.rules", Content: []byte("-w /etc -p wa\n"), Mode: 0o640, Validate: node.AuditRules}},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "auditctl", `echo "Error sending delete rule data request (Operation not permitted)"; echo "There was an error in line 2 of $2"; exit 1`)
			},
			state: node.Unchanged, check: is[*node.ValidationError], says: "auditctl did not read every rule",
		},
		"no process namespaces": {
			files:   []node.File{gone, {Path: "/etc/audit/rules.d/x.rules", Content: []byte("-e 2\n"), Mode: 0o640, Validate: node.AuditRules}},
			prepare: func(s *nodetest.Server) { s.Tool(t, "unshare", "echo unshare failed; exit 1") },
			state:   node.Unchanged, check: is[*node.ValidationError], says: "audit rules cannot be checked apart from the kernel: unshare failed",
		},
		"conflict": {
			files: []node.File{good}, change: node.Change{Expect: []node.Expect{{Path: "/etc/sudoers.d/old", Exists: true, SHA256: sum("other")}}},
			state: node.Unchanged, check: is[*node.ConflictError], says: "/etc/sudoers.d/old on pve1 changed since the plan: expected " + sum("other") + ", found " + sum("old\n"),
		},
		"conflict appeared": {
			files: []node.File{good}, change: node.Change{Expect: []node.Expect{{Path: "/etc/sudoers.d/old"}}},
			state: node.Unchanged, check: is[*node.ConflictError], says: "expected absent",
		},
		"conflict vanished": {
			files: []node.File{good}, change: node.Change{Expect: []node.Expect{{Path: "/etc/nowhere", Exists: true}}},
			state: node.Unchanged, check: is[*node.ConflictError], says: "expected a file, found absent",
		},
		"command missing": {
			files: []node.File{good}, change: node.Change{RequireCommands: []string{"visudo", "no-such-command"}},
			state: node.Unchanged, check: is[*node.MissingCommandError], says: "no-such-command is not installed on pve1",
		},
		"owner missing": {
			files: []node.File{good, {Path: "/etc/x", Owner: "nobody-by-that-name", Mode: 0o644}}, state: node.Unchanged, check: is[*node.InstallError], says: "there is no user nobody-by-that-name",
		},
		"parent missing": {
			files: []node.File{gone, good, {Path: "/etc/no/such/dir", Mode: 0o644}}, state: node.RolledBack, check: is[*node.InstallError], says: "No such file or directory",
		},
		"directory in the way": {
			files: []node.File{gone, {Path: "/etc/sudoers.d", Mode: 0o644}}, state: node.Unchanged, check: is[*node.InstallError], says: "is a directory",
		},
		"disk full while staging": {
			files: []node.File{gone, sudoers("/etc/sudoers.d/agent", "# für agent\nagent ALL=(root) /usr/bin/true\n")},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "base64", `case $1 in -d) echo "base64: write error: No space left on device" >&2; exit 1 ;; esac; exec /usr/bin/base64 "$@"`)
			},
			state: node.Unchanged, check: is[*node.InstallError], says: "No space left on device\n",
		},
		"disk full while backing up": {
			files: []node.File{good, gone},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "cp", `for to; do :; done; case $to in */backups/*) echo half >"$to"; echo "cp: error writing: No space left on device" >&2; exit 1 ;; esac; exec /usr/bin/cp "$@"`)
			},
			state: node.RolledBack, check: is[*node.InstallError], says: "backing up /etc/sudoers.d/old on pve1 failed",
		},
		"rename fails": {
			files: []node.File{gone, good},
			prepare: func(s *nodetest.Server) {
				s.Tool(t, "mv", `case $* in *new.1*) echo "mv: cannot move: Operation not permitted" >&2; exit 1 ;; esac; exec /usr/bin/mv "$@"`)
			},
			state: node.RolledBack, check: is[*node.InstallError], says: "installing /etc/sudoers.d/agent on pve1 failed",
		},
		"service": {
			files: []node.File{gone, good, {Path: "/etc/failing/rsyslog", Mode: 0o644}, {Path: "/etc/mode", Kind: node.EnsureFile, Mode: 0o600}},
			prepare: func(s *nodetest.Server) {
				s.Write(t, "etc/failing/other", "", 0o644)
				s.Write(t, "etc/mode", "m", 0o666)
			},
			change: node.Change{RestartServices: []string{"ssh", "rsyslog", "cron"}}, state: node.RolledBack, check: is[*node.ServiceError],
			says: "service rsyslog on pve1: Job for rsyslog failed.", restarts: "ssh rsyslog ssh rsyslog ",
		},
		"service inactive": {
			files: []node.File{gone, good}, prepare: func(s *nodetest.Server) { s.Write(t, "etc/failing/auditd", "", 0o644) },
			change: node.Change{RequireActive: []string{"auditd"}}, state: node.RolledBack, check: is[*node.ServiceError], says: "the end is near",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for shell, path := range shells() {
				if shell == "busybox" && c.prepare != nil {
					continue // it prefers its own tools to the test's
				}
				s := nodetest.Start(t, nodetest.Options{Shell: path})
				fakes(t, s)
				s.Write(t, "etc/sudoers.d/old", "old\n", 0o640)
				s.Write(t, "etc/failing/.keep", "", 0o644)
				if c.prepare != nil {
					c.prepare(s)
				}
				before := s.List(t, "etc") + s.List(t, "var")
				change := c.change
				change.Target, change.Label = target("pve1", s), "the policy"
				owner, group := me(t)
				for _, f := range c.files {
					if f.Owner == "" {
						f.Owner, f.Group = owner, group
					}
					change.Files = append(change.Files, f)
				}
				err := newPool(t, s).Apply(testContext(t), []node.Change{change}, nil)
				var ae *node.ApplyError
				if !errors.As(err, &ae) || !c.check(err) {
					t.Fatalf("%s: got %T %v", shell, err, err)
				}
				if !strings.Contains(ae.Outcomes[0].Err.Error(), c.says) || ae.Outcomes[0].State != c.state || !ae.Clean() {
					t.Errorf("%s: state %s, error %v", shell, ae.Outcomes[0].State, err)
				}
				if after := s.List(t, "etc") + s.List(t, "var"); after != before {
					t.Errorf("%s: not as before:\n%s\nbefore:\n%s", shell, after, before)
				}
				if got := strings.ReplaceAll(s.Read(t, "tmp/restarts"), "\n", " "); c.restarts != "" && !sameWords(got, c.restarts) {
					t.Errorf("%s: restarted %q, want %q", shell, got, c.restarts)
				}
			}
		})
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// is says whether an error of type E is among the causes.
func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// TestUnits: systemd reads units anew before it starts those that a change brings, one whose file goes is stopped, and
// undoing does the same in turn.
func TestUnits(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	s := servers[0]
	s.Write(t, "etc/systemd/system/other.service", "", 0o644)
	unit := node.File{Path: "/etc/systemd/system/x.timer", Content: []byte("[Timer]\n"), Mode: 0o644}
	gone := node.File{Path: unit.Path, Kind: node.Absent}
	failing := node.File{Path: "/etc/systemd/system/y.timer", Content: []byte("[Timer]\n"), Mode: 0o644}
	s.Write(t, "etc/failing/bad", "", 0o644)
	s.Write(t, "etc/failing/y.timer", "", 0o644)
	for i, step := range []struct {
		file    node.File
		restart []string
		require []string
		fails   bool
		did     string
	}{
		{unit, []string{"x.timer"}, []string{"x.timer"}, false, "reread, restart x.timer"},
		{gone, []string{"x.timer"}, []string{"bad"}, true, "reread, stop x.timer, reread, restart x.timer"},
		{gone, []string{"x.timer"}, nil, false, "reread, stop x.timer"},
		{gone, []string{"x.timer"}, nil, false, "(absent)"},
		{unit, []string{"x.timer"}, []string{"x.timer", "bad"}, true, "reread, restart x.timer, reread, stop x.timer"},
		{failing, []string{"y.timer"}, []string{"y.timer"}, true, "reread, restart y.timer, reread"},
	} {
		_ = os.Remove(filepath.Join(s.Root, "tmp/units")) // there may be none
		change := alone(t, s, step.file)
		change[0].RestartServices, change[0].RequireActive = step.restart, step.require
		err := p.Apply(testContext(t), change, nil)
		did := strings.ReplaceAll(strings.TrimSpace(s.Read(t, "tmp/units")), "\n", ", ")
		var ae *node.ApplyError
		if errors.As(err, &ae) && !ae.Clean() || (err != nil) != step.fails || did != step.did {
			t.Errorf("%d: %v\ndid  %s\nwant %s", i, err, did, step.did)
		}
	}
}

// TestUnitsStayUntilAllAgree: a unit whose file a change removes, and that nobody restarts, runs until every node has
// agreed to the change: an undo would not start it.
func TestUnitsStayUntilAllAgree(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{true, false} {
		servers, p := cluster(t, 2, nodetest.Options{})
		changes := policy(t, "new\n", servers...)
		for i, s := range servers {
			s.Write(t, "etc/systemd/system/x.timer", "[Service]\n", 0o644)
			s.Write(t, "tmp/runs-x.timer", "", 0o644)
			changes[i].Files = mine(t, node.File{Path: "/etc/systemd/system/x.timer", Kind: node.Absent})
		}
		servers[1].Write(t, "etc/failing/bad", "", 0o644)
		if fails {
			changes[1].RequireActive = []string{"bad"}
		}
		if err := p.Apply(testContext(t), changes, nil); (err != nil) != fails {
			t.Fatal(err)
		}
		for i, s := range servers {
			if runs := s.Read(t, "tmp/runs-x.timer") == ""; runs != fails {
				t.Errorf("fails %v: the unit of pve%d runs: %v; %s", fails, i+1, runs, s.Read(t, "tmp/units"))
			}
		}
	}
}
