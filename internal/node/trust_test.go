package node_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// impatient is a pool whose nodes stop commands after a second or two.
func impatient(t *testing.T, servers ...*nodetest.Server) *node.Pool {
	t.Helper()
	cfg := node.Config{PrivateKey: servers[0].PrivateKey, Timing: node.Timing{
		Quick: 2 * time.Second, Patient: 3 * time.Second, Greeting: 20 * time.Second, Settle: 40 * time.Second,
	}}
	for _, s := range servers {
		cfg.KnownHosts += s.KnownHosts
		s.Signer = servers[0].Signer
	}
	return poolOf(t, cfg)
}

// alone is a change of one file on one node.
func alone(t *testing.T, s *nodetest.Server, files ...node.File) []node.Change {
	t.Helper()
	return []node.Change{{Target: target("pve1", s), Label: "the change", Files: mine(t, files...)}}
}

// TestOpenDirectory: what somebody else than root can write on the way to a file has root write nothing, also over a
// link, and nothing is changed.
func TestOpenDirectory(t *testing.T) {
	t.Parallel()
	log := node.File{Path: "/var/log/web/sudo.log", Kind: node.EnsureFile, Mode: 0o600}
	for name, c := range map[string]struct {
		prepare func(s *nodetest.Server)
		file    node.File
		says    string // empty where the change is made
	}{
		"written by everyone": {func(s *nodetest.Server) { s.Write(t, "var/log/web/x", "", 0o600); chmod(t, s, "var/log/web", 0o777) }, log, "/var/log/web can be written by its group"},
		"sticky": {func(s *nodetest.Server) {
			s.Write(t, "var/log/web/x", "", 0o600)
			chmod(t, s, "var/log/web", 0o777|fs.ModeSticky)
		}, log, "/var/log/web can be written by its group"},
		"written by a group": {func(s *nodetest.Server) { s.Write(t, "var/log/web/x", "", 0o600); chmod(t, s, "var/log/web", 0o775) }, log, "/var/log/web can be written by its group"},
		"further up":         {func(s *nodetest.Server) { s.Write(t, "var/log/web/x", "", 0o600); chmod(t, s, "var/log", 0o777) }, log, "/var/log can be written by its group"},
		"through a link": {func(s *nodetest.Server) {
			s.Write(t, "srv/open/x", "", 0o600)
			chmod(t, s, "srv/open", 0o777)
			s.Write(t, "var/log/x", "", 0o600)
			link(t, s, "../../srv/open", "var/log/web")
		}, log, "/srv/open can be written by its group"},
		"through a link that stands in an open directory": {func(s *nodetest.Server) {
			s.Write(t, "srv/good/x", "", 0o600)
			s.Write(t, "srv/open/x", "", 0o600)
			chmod(t, s, "srv/open", 0o777)
			link(t, s, "../good", "srv/open/hop")
			s.Write(t, "var/log/x", "", 0o600)
			link(t, s, filepath.Join(s.Root, "srv/open/hop"), "var/log/web")
		}, log, "/srv/open can be written by its group"},
		"a circle of links": {func(s *nodetest.Server) { s.Write(t, "var/log/x", "", 0o600); link(t, s, "web", "var/log/web") }, log, "leads nowhere"},
		"two names": {func(s *nodetest.Server) {
			s.Write(t, "var/log/web/sudo.log", "", 0o600)
			if err := os.Link(filepath.Join(s.Root, "var/log/web/sudo.log"), filepath.Join(s.Root, "var/other")); err != nil {
				t.Fatal(err)
			}
		}, log, "has 2 names"},
		"a directory of root reached through a link of root": {func(s *nodetest.Server) {
			s.Write(t, "srv/good/x", "", 0o600)
			s.Write(t, "var/log/x", "", 0o600)
			link(t, s, "../../srv/good", "var/log/web")
		}, log, ""},
		"an open directory that the change closes": {func(s *nodetest.Server) { s.Write(t, "var/log/io/x", "", 0o600); chmod(t, s, "var/log/io", 0o777) },
			node.File{Path: "/var/log/io", Kind: node.Directory, Mode: 0o700}, ""},
		"an open directory with a link in it": {func(s *nodetest.Server) {
			s.Write(t, "var/log/io/deep/x", "", 0o600)
			link(t, s, "/etc/shadow", "var/log/io/deep/agent")
			chmod(t, s, "var/log/io", 0o777)
		}, node.File{Path: "/var/log/io", Kind: node.Directory, Mode: 0o700}, "/var/log/io/deep/agent in it is a link"},
		"stages in an open directory": {func(s *nodetest.Server) { s.Write(t, "etc/pvesec/x", "", 0o600); chmod(t, s, "etc/pvesec", 0o777) }, log, "/etc/pvesec can be written by its group"},
		"copies in an open directory": {func(s *nodetest.Server) { chmod(t, s, "var/backups", 0o777) }, node.File{Path: "/etc/x", Content: []byte("x"), Mode: 0o600}, "/var/backups can be written by its group"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			fakes(t, s)
			s.Write(t, "var/log/web/y", "", 0o600)
			if err := os.RemoveAll(filepath.Join(s.Root, "var/log")); err != nil {
				t.Fatal(err)
			}
			c.prepare(s)
			before := s.List(t, "etc") + s.List(t, "var") + s.List(t, "etc/sudoers.d")
			err := newPool(t, s).Apply(testContext(t), alone(t, s, c.file), nil)
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var ae *node.ApplyError
			if !errors.As(err, &ae) || !ae.Clean() || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %q", err, c.says)
			}
			if after := s.List(t, "etc") + s.List(t, "var") + s.List(t, "etc/sudoers.d"); after != before {
				t.Errorf("not as before:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

func chmod(t *testing.T, s *nodetest.Server, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(s.Root, path), mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, s *nodetest.Server, to, path string) {
	t.Helper()
	if err := os.Symlink(to, filepath.Join(s.Root, path)); err != nil {
		t.Fatal(err)
	}
}

// TestOpenedByTheChange: a change that gives a directory to somebody else puts nothing of root's into it.
func TestOpenedByTheChange(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	err := newPool(t, s).Apply(testContext(t), alone(t, s,
		node.File{Path: "/etc/open", Kind: node.Directory, Mode: 0o770}, node.File{Path: "/etc/open/deep", Kind: node.Directory, Mode: 0o700}, node.File{Path: "/etc/open/deep/x", Mode: 0o600}), nil)
	if !is[*node.OpenDirectoryError](err) || !strings.Contains(err.Error(), "/etc/open is to be owned or written by somebody else") {
		t.Errorf("got %v", err)
	}
	noTraces(t, s)
}

// TestRemovalFromOpenDirectory: taking a file away is not refused for the sake of its directory, and follows no link on
// the way; when the change fails later, the file comes back.
func TestRemovalFromOpenDirectory(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	fakes(t, s)
	s.Write(t, "srv/app/sudoers", "app ALL=(ALL) ALL\n", 0o440)
	s.Write(t, "srv/app/other", "", 0o440)
	chmod(t, s, "srv/app", 0o777)
	gone := node.File{Path: "/srv/app/sudoers", Kind: node.Absent}
	p := newPool(t, s)
	before := s.List(t, "srv")
	err := p.Apply(testContext(t), alone(t, s, gone, node.File{Path: "/etc/no/such/dir", Mode: 0o644}), nil)
	if !is[*node.InstallError](err) || s.List(t, "srv") != before {
		t.Errorf("%v, and %s", err, s.List(t, "srv"))
	}
	var notes []string
	if err := p.Apply(testContext(t), alone(t, s, gone), func(_, step string) { notes = append(notes, step) }); err != nil {
		t.Fatal(err)
	}
	if s.Read(t, "srv/app/sudoers") != "(absent)" || !strings.Contains(strings.Join(notes, "\n"), "/srv/app can be written by its group") {
		t.Errorf("%s\n%q", s.List(t, "srv"), notes)
	}
	// The directory is a link now: what stands behind it is not to be removed.
	s.Write(t, "etc/target/sudoers", "kept\n", 0o440)
	if err := os.Rename(filepath.Join(s.Root, "srv/app"), filepath.Join(s.Root, "srv/was")); err != nil {
		t.Fatal(err)
	}
	link(t, s, "../etc/target", "srv/app")
	chmod(t, s, "srv", 0o777)
	if err := p.Apply(testContext(t), alone(t, s, gone), nil); err == nil || s.Read(t, "etc/target/sudoers") != "kept\n" {
		t.Errorf("%v, and the file behind the link is %q", err, s.Read(t, "etc/target/sudoers"))
	}
}

// TestAttributesFollowNoLink: a file that is swapped for a link between two commands keeps root from changing what the
// link leads to.
func TestAttributesFollowNoLink(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"chown", "chmod"} {
		s := nodetest.Start(t, nodetest.Options{})
		s.Write(t, "etc/shadow", "secret", 0o600)
		s.Write(t, "var/log/sudo.log", "", 0o660)
		s.Tool(t, tool, fmt.Sprintf(`ln -sfn "$PVESEC_TEST_ROOT/etc/shadow" "$PVESEC_TEST_ROOT/var/log/sudo.log"; exec /usr/bin/%s "$@"`, tool))
		_ = newPool(t, s).Apply(testContext(t), alone(t, s, node.File{Path: "/var/log/sudo.log", Kind: node.EnsureFile, Mode: 0o640}), nil)
		if info, err := os.Stat(filepath.Join(s.Root, "etc/shadow")); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v %v", tool, info.Mode(), err)
		}
	}
}

// TestClockAheadAndBack: ten copies of a file are kept, the copy of the newest change is among them at any time of the
// clock, and the oldest go first.
func TestClockAheadAndBack(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	s := servers[0]
	copies := func() []string {
		names, err := filepath.Glob(filepath.Join(s.Root, "var/backups/pvesec/etc-sudoers.d-agent/*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	change := 0
	for i, clock := range []string{"20991231T235959Z", "20000101T000000Z", "20260101T000000Z"} {
		s.Tool(t, "date", "echo "+clock)
		for range 2 {
			if err := p.Apply(testContext(t), policy(t, fmt.Sprintf("%d\n", change), s), nil); err != nil {
				t.Fatal(err)
			}
			if change++; change > 1 {
				continue
			}
			// Eight more, as eight changes make them.
			first := copies()
			if len(first) != 1 || !strings.HasSuffix(first[0], "/00000001-"+clock+"-found-replaced") {
				t.Fatalf("%d: the first copy is %q", i, first)
			}
			for n := 2; n < 10; n++ {
				s.Write(t, fmt.Sprintf("var/backups/pvesec/etc-sudoers.d-agent/%08d-%s", n, clock), fmt.Sprintf("copy %d\n", n), 0o600)
			}
		}
	}
	names := copies()
	want := []string{"copy 5", "copy 6", "copy 7", "copy 8", "copy 9", "0", "1", "2", "3", "4"}
	if len(names) != len(want) {
		t.Fatalf("%q", names)
	}
	for i, text := range want {
		if b, err := os.ReadFile(names[i]); err != nil || string(b) != text+"\n" {
			t.Errorf("copy %d, %s, has %q %v, want %s", i+1, names[i], b, err, text)
		}
	}
}

// TestHangingTool: a tool of the node that does not end is stopped, named, and leaves the node as it was with its lock
// free.
func TestHangingTool(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"visudo", "sudo", "id", "getent", "systemctl", "stat", "cp", "sync", "mv", "rsyslogd"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			fakes(t, s)
			s.Write(t, "etc/sudoers.d/agent", "old\n", 0o440)
			s.Tool(t, "sudo", `printf 'User agent may run the following commands on pve1:\n    (root) /usr/bin/true\n'`)
			if tool != "id" {
				s.Tool(t, "id", `case $* in *agent) echo 1000 ;; *) exec /usr/bin/id "$@" ;; esac`)
			}
			change := alone(t, s, sudoers("/etc/sudoers.d/agent", "new\n"), node.File{Path: "/etc/rsyslog.d/x.conf", Content: []byte("\n"), Mode: 0o644, Validate: node.Rsyslog})
			change[0].Listed = []node.Listed{{User: "agent", Command: "/usr/bin/true", Path: "/etc/sudoers.d/agent"}}
			if tool == "getent" {
				change[0].Files[0].Group = "daemon"
			}
			change[0].RestartServices, change[0].RequireActive = []string{"rsyslog"}, []string{"rsyslog"}
			before := s.List(t, "etc")
			s.Tool(t, tool, fmt.Sprintf(`[ ! -e "$PVESEC_TEST_ROOT/tmp/hang" ] || { trap '' TERM; while :; do sleep 1; done; }; exec /usr/bin/%s "$@"`, tool))
			if tool == "visudo" || tool == "rsyslogd" || tool == "systemctl" || tool == "sudo" {
				s.Tool(t, tool, `while :; do sleep 1; done`)
			}
			s.Write(t, "tmp/hang", "", 0o644)
			begun := time.Now()
			err := impatient(t, s).Apply(testContext(t), change, nil)
			took := time.Since(begun)
			if err == nil || !strings.Contains(err.Error(), "did not end") || !strings.Contains(err.Error(), tool) {
				t.Errorf("after %s: %v", took, err)
			}
			if err := os.Remove(filepath.Join(s.Root, "tmp/hang")); err != nil {
				t.Fatal(err)
			}
			if tool == "visudo" || tool == "rsyslogd" || tool == "systemctl" || tool == "sudo" {
				s.Tool(t, tool, `[ "$1" != is-active ] || echo active`)
			}
			// The lock is free: the next run gets it at once, and goes back where the first one could not.
			if err := newPool(t, s).Apply(testContext(t), []node.Change{{Target: target("pve1", s)}}, nil); err != nil {
				t.Error(err)
			}
			if after := s.List(t, "etc"); after != before {
				t.Errorf("not as before:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// TestHangingAccount: an account that cannot be looked up is not known, which is no absence.
func TestHangingAccount(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"getent", "id"} {
		s := nodetest.Start(t, nodetest.Options{})
		s.Tool(t, tool, "sleep 60")
		o, err := impatient(t, s).Observe(testContext(t), target("pve1", s), node.Query{Accounts: []string{"root"}})
		if !is[*node.ObserveError](err) || !strings.Contains(err.Error(), tool) || !strings.Contains(err.Error(), "did not end within 2 seconds") {
			t.Errorf("%s: %+v %v", tool, o, err)
		}
	}
}

// TestLockDiesWithItsShell: a command that goes on after its shell was killed does not keep others out.
func TestLockDiesWithItsShell(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]string{
		"visudo": `[ $# -gt 1 ] || { : >"$PVESEC_TEST_ROOT/tmp/reached"; sleep 100; }`,
		"mv":     `case $* in *new.0*) : >"$PVESEC_TEST_ROOT/tmp/reached"; sleep 100 ;; esac; exec /usr/bin/mv "$@"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, _ := cluster(t, 1, nodetest.Options{})
			s := servers[0]
			s.Tool(t, name, hang)
			p := impatient(t, s)
			done := make(chan error, 1)
			go func() { done <- p.Apply(testContext(t), policy(t, "new\n", s), nil) }()
			appears(t, s, "tmp/reached")
			s.Kill()
			if err := <-done; err == nil {
				t.Error("applied without its shell")
			}
			s.Tool(t, name, `[ "${0##*/}" != mv ] || exec /usr/bin/mv "$@"`)
			begun := time.Now()
			if err := newPool(t, s).Apply(testContext(t), withExpect(policy(t, "newer\n", s), "old\n"), nil); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took > time.Minute {
				t.Errorf("the lock was held for %s", took)
			}
			allHave(t, "newer\n", s)
		})
	}
}

// appears waits for a file.
func appears(t *testing.T, s *nodetest.Server, path string) {
	t.Helper()
	for ctx := testContext(t); ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Lstat(filepath.Join(s.Root, path)); err == nil {
			return
		}
	}
	t.Fatalf("%s did not appear", path)
}

// TestMissingTool: a node without a tool that pvesec cannot do without is told so, with the package that has it.
func TestMissingTool(t *testing.T) {
	t.Parallel()
	for tool, has := range map[string]string{"flock": "util-linux", "timeout": "coreutils", "base64": "coreutils", "sha256sum": "coreutils", "getent": "libc-bin", "cmp": "diffutils"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Without: []string{tool}})
			p := newPool(t, s)
			err := p.Apply(testContext(t), alone(t, s, node.File{Path: "/etc/x", Mode: 0o644}), nil)
			var ae *node.ApplyError
			if !errors.As(err, &ae) || !ae.Clean() || !is[*node.MissingCommandError](err) || !strings.Contains(err.Error(), tool+" is not installed on pve1\n") || !strings.Contains(err.Error(), "apt-get install "+has) {
				t.Errorf("got %v", err)
			}
			if tool == "sha256sum" || tool == "cmp" {
				return // reading needs neither
			}
			if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); !is[*node.MissingCommandError](err) {
				t.Errorf("observed, %v", err)
			}
		})
	}
}

// TestKilledBeforeTheEnd: the shell of one node is killed when all have the new state and none has let go of the old
// one. All go back.
func TestKilledBeforeTheEnd(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 3, nodetest.Options{})
	verified := 0
	err := p.Apply(testContext(t), policy(t, "new\n", servers...), func(_, step string) {
		if step == "verified" {
			if verified++; verified == 3 {
				servers[1].Kill()
			}
		}
	})
	var ae *node.ApplyError
	if !errors.As(err, &ae) || !ae.Clean() {
		t.Errorf("got %v", err)
	}
	allHave(t, "old\n", servers...)
}

// TestKilledAtTheEnd: the shell of one node is killed when all have agreed to let go of the old state. The change
// stands on all.
func TestKilledAtTheEnd(t *testing.T) {
	t.Parallel()
	for nodes := 1; nodes <= 3; nodes += 2 {
		servers, p := cluster(t, nodes, nodetest.Options{})
		last := servers[nodes-1]
		last.Tool(t, "mv", `case $* in */sealed) : >"$PVESEC_TEST_ROOT/tmp/reached"; while [ ! -e "$PVESEC_TEST_ROOT/tmp/go" ]; do sleep 0.1; done ;; esac; exec /usr/bin/mv "$@"`)
		go func() {
			appears(t, last, "tmp/reached")
			last.Kill()
			last.Write(t, "tmp/go", "", 0o644)
		}()
		err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil)
		if nodes == 1 {
			// Nobody else has agreed to anything: it goes back, or had come to the end.
			want := map[bool]string{true: "new\n", false: "old\n"}[err == nil]
			allHave(t, want, servers...)
			continue
		}
		if err != nil {
			t.Error(err)
		}
		allHave(t, "new\n", servers...)
	}
}

// TestSealThatFails: where one node cannot give its journal the name that says that the change stands, the change
// stands all the same: on the others it does already.
func TestSealThatFails(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 3, nodetest.Options{})
	servers[2].Tool(t, "mv", `case $* in */sealed) exit 1 ;; esac; exec /usr/bin/mv "$@"`)
	if err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil); err != nil {
		t.Error(err)
	}
	allHave(t, "new\n", servers...)
}

// TestKilledWhileStaging: a shell that is killed before it changed anything leaves no copy of the sudoers tree behind.
func TestKilledWhileStaging(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	servers[0].Tool(t, "visudo", `[ $# -eq 1 ] || { : >"$PVESEC_TEST_ROOT/tmp/reached"; sleep 2; }`)
	go func() {
		appears(t, servers[0], "tmp/reached")
		servers[0].Kill()
	}()
	err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil)
	var ae *node.ApplyError
	if !errors.As(err, &ae) || !ae.Clean() {
		t.Errorf("got %v", err)
	}
	allHave(t, "old\n", servers...)
}

// TestLeftoverIsSeen: an observation tells of a stage without a journal.
func TestLeftoverIsSeen(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	p := newPool(t, s)
	for _, left := range []bool{false, true} {
		if left {
			s.Write(t, "etc/pvesec/stage/0123456789abcdef/new.0", "x", 0o600)
			chmod(t, s, "etc/pvesec", 0o700)
		}
		o, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
		if err != nil || o.Leftover != left || o.Unfinished {
			t.Errorf("%v: %+v %v", left, o, err)
		}
	}
	if err := p.Apply(testContext(t), []node.Change{{Target: target("pve1", s)}}, nil); err != nil {
		t.Fatal(err)
	}
	noTraces(t, s)
}

// TestEndlessLoginShell: a login shell that never comes to run the program is given up, and named.
func TestEndlessLoginShell(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{Command: `sh -c 'echo Welcome; while :; do sleep 1; done'`})
	p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Greeting: time.Second}})
	_, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
	if err == nil || !strings.Contains(err.Error(), `the shell of user "root" did not come to run the program`) {
		t.Errorf("observed: %v", err)
	}
	err = p.Apply(testContext(t), []node.Change{{Target: target("pve1", s)}}, nil)
	var ae *node.ApplyError
	if !errors.As(err, &ae) || !ae.Clean() || !strings.Contains(err.Error(), "start files") {
		t.Errorf("applied: %v", err)
	}
}

// TestStoppedBeforeTheLock: a program that is stopped before it has the lock is given up, whatever the caller waits
// for. It has changed nothing.
func TestStoppedBeforeTheLock(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	s.Tool(t, "rm", `mkdir "$0.once" 2>/dev/null && exec sleep 15; exec /bin/rm "$@"`)
	p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Greeting: 5 * time.Second}})
	err := p.Apply(testContext(t), []node.Change{{Target: target("pve1", s)}}, nil)
	var ae *node.ApplyError
	if !errors.As(err, &ae) || !ae.Clean() || !strings.Contains(err.Error(), "did not come to take the lock") {
		t.Errorf("applied: %v", err)
	}
}

// TestReadsLastAsLongAsAsked: a read ends when the caller's time is over, and not before.
func TestReadsLastAsLongAsAsked(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	var mu sync.Mutex
	var ended []string
	var wg sync.WaitGroup
	servers[0].Tool(t, "getent", "sleep 3; exec /usr/bin/getent \"$@\"")
	for name, limit := range map[string]time.Duration{"short": time.Second, "long": time.Minute} {
		wg.Go(func() {
			ctx, cancel := contextWithTimeout(t, limit)
			defer cancel()
			if _, err := p.Observe(ctx, target("pve1", servers[0]), node.Query{Accounts: []string{"root"}}); err == nil {
				mu.Lock()
				defer mu.Unlock()
				ended = append(ended, name)
			}
		})
	}
	wg.Wait()
	if !slices.Equal(ended, []string{"long"}) {
		t.Errorf("%q had an answer", ended)
	}
}
