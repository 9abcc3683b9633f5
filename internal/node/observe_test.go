package node_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestAccountEnds: the node tells when an account ends.
func TestAccountEnds(t *testing.T) {
	t.Parallel()
	const hash = "$y$j9T$abc$thehash"
	for _, shell := range []string{"", "/bin/busybox sh"} {
		s := nodetest.Start(t, nodetest.Options{Shell: shell})
		s.Tool(t, "getent", `case "$1:$2" in
shadow:ends) echo 'ends:`+hash+`:20000:0:99999:7::21000:' ;;
shadow:first) echo 'first:`+hash+`:20000:0:99999:7::0:' ;;
shadow:never) echo 'never:`+hash+`:20000:0:99999:7:::' ;;
shadow:odd) echo 'odd:`+hash+`' ;;
shadow:far) echo 'far:!:20000:0:99999:7::99999999999999999999:' ;;
shadow:*) exit 2 ;;
passwd:*) echo "$2:x:1000:1000::/home/$2:/bin/sh" ;;
group:*) echo 'users:x:1000:' ;;
esac`)
		s.Tool(t, "id", "echo 1000")
		want := map[string]string{"ends": "2027-07-01", "first": "1970-01-01", "never": "", "odd": "", "far": "", "elsewhere": ""}
		o, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Accounts: slices.Sorted(maps.Keys(want))})
		if err != nil {
			t.Fatal(err)
		}
		for name, end := range want {
			a := o.Accounts[name]
			if got := a.Ends.Format(time.DateOnly); !a.Exists || a.Groups[0] != "users" || a.Ends.IsZero() != (end == "") || end != "" && got != end {
				t.Errorf("shell %q: %s ends %s, want %q", shell, name, a.Ends, end)
			}
		}
	}
}

// TestObserve looks at every kind of thing under every shell, in one session each.
func TestObserve(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell, Noise: "Welcome to pve1!\nLast login: never"})
			odd := "we ird\nname\x01'\"$(reboot)\\ü*"
			s.Write(t, "etc/os-release", "NAME=x\nID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n", 0o644)
			s.Write(t, "etc/sudoers", "root ALL=(ALL) ALL\n", 0o440)
			s.Write(t, "etc/sudoers.d/README", "", 0o640)
			s.Write(t, "etc/sudoers.d/.hidden", "h", 0o644)
			s.Write(t, "etc/sudoers.d/"+odd, "a\x00b\xff\n\n", 0o755|fs.ModeSetuid)
			s.Write(t, "etc/big", strings.Repeat("x", node.MaxContent+1), 0o600)
			root := s.Root
			for link, to := range map[string]string{"link": "sudoers", "dangling": "nowhere", "circle": "circle"} {
				if err := os.Symlink(to, filepath.Join(root, "etc", link)); err != nil {
					t.Fatal(err)
				}
			}
			if err := syscall.Mkfifo(filepath.Join(root, "etc/sudoers.d/fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.Tool(t, "systemctl", `[ "$5" = rsyslog ] || [ "$4" = rsyslog ] && printf 'LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n' || printf 'LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n'`)
			s.Tool(t, "sudo", `printf 'Sudo version 1.9.16p2\nSudoers policy plugin version 1.9.16p2\n'`)
			s.Tool(t, "hostname", `echo pve1.example.com`)
			s.Tool(t, "uname", `echo pve1`)
			p := newPool(t, s)
			o, err := p.Observe(testContext(t), target("pve1", s), node.Query{
				Files:    []string{"/etc/sudoers", "/etc/missing", "/etc/link", "/etc/dangling", "/etc/circle", "/etc/big"},
				Trees:    []string{"/etc/sudoers.d", "/etc/nodir"},
				Stats:    []string{"/etc", "/etc/sudoers", "/etc/gone"},
				Accounts: []string{"root", "no-such-account"},
				Services: []string{"rsyslog", "nothing"},
				Commands: []string{"hostname", "say", "visudo-not-here"},
				Clock:    true,
			})
			if err != nil {
				t.Fatal(err)
			}
			if off := time.Since(time.Unix(o.Clock, 0)); off < -time.Minute || off > 10*time.Minute {
				t.Errorf("the clock is off by %s", off)
			}
			if name == "busybox" { // which prefers its own hostname and uname
				o.Facts.Hostname, o.Facts.FQDN = "pve1", "pve1.example.com"
			}
			if want := (node.Facts{Hostname: "pve1", FQDN: "pve1.example.com", OSID: "debian", OSVersionID: "13", OSCodename: "trixie", SudoVersion: "1.9.16p2"}); o.Facts != want {
				t.Errorf("facts %+v, want %+v", o.Facts, want)
			}
			check := func(path string, ok func(f node.FileState) bool) {
				t.Helper()
				f, seen := o.Files[path]
				if !seen || !ok(f) {
					t.Errorf("%q: seen %v, %+v", path, seen, f)
				}
			}
			check("/etc/sudoers", func(f node.FileState) bool {
				return f.Exists && f.Type == node.TypeRegular && f.Mode == 0o440 && string(f.Content) == "root ALL=(ALL) ALL\n" && f.Size == 19 && len(f.SHA256) == 64 && f.UID == os.Getuid()
			})
			check("/etc/missing", func(f node.FileState) bool { return !f.Exists })
			check("/etc/nodir", func(f node.FileState) bool { return !f.Exists })
			check("/etc/gone", func(f node.FileState) bool { return !f.Exists })
			check("/etc", func(f node.FileState) bool { return f.Type == node.TypeDirectory && f.Content == nil })
			check("/etc/link", func(f node.FileState) bool {
				return f.Type == node.TypeSymlink && f.LinkTarget == "sudoers" && f.Resolved != nil && f.Resolved.Mode == 0o440 && string(f.Resolved.Content) == "root ALL=(ALL) ALL\n" && f.Content == nil
			})
			check("/etc/dangling", func(f node.FileState) bool { return f.Exists && f.LinkTarget == "nowhere" && f.Resolved == nil })
			check("/etc/circle", func(f node.FileState) bool { return f.Exists && f.LinkTarget == "circle" && f.Resolved == nil })
			check("/etc/big", func(f node.FileState) bool {
				return f.TooLarge && f.Content == nil && f.SHA256 == "" && f.Size == node.MaxContent+1
			})
			check("/etc/sudoers.d", func(f node.FileState) bool { return f.Type == node.TypeDirectory })
			check("/etc/sudoers.d/README", func(f node.FileState) bool {
				return f.Mode == 0o640 && len(f.Content) == 0 && strings.HasPrefix(f.SHA256, "e3b0c442")
			})
			check("/etc/sudoers.d/.hidden", func(f node.FileState) bool { return string(f.Content) == "h" })
			check("/etc/sudoers.d/fifo", func(f node.FileState) bool { return f.Exists && f.Type == node.TypeOther && f.Content == nil })
			check("/etc/sudoers.d/"+odd, func(f node.FileState) bool {
				return string(f.Content) == "a\x00b\xff\n\n" && f.Mode == 0o755|fs.ModeSetuid
			})
			if n := len(o.Entries("/etc/sudoers.d")); n != 4 {
				t.Errorf("%d entries: %q", n, o.Entries("/etc/sudoers.d"))
			}
			if _, seen := o.Files["/etc/os-release"]; seen {
				t.Error("os-release is in the answer without being asked for")
			}
			if a := o.Accounts["root"]; !a.Exists || a.UID != 0 || a.Home != "/root" || len(a.Groups) == 0 || a.Groups[0] != "root" || a.GIDs[0] != 0 {
				t.Errorf("root is %+v", a)
			}
			if a, seen := o.Accounts["no-such-account"]; !seen || a.Exists {
				t.Errorf("no-such-account: %v %+v", seen, a)
			}
			if got, want := o.Services["rsyslog"], (node.Service{Load: "loaded", Active: "active", Sub: "running", Enabled: "enabled"}); got != want {
				t.Errorf("rsyslog %+v", got)
			}
			if got := o.Services["nothing"]; got.Load != "not-found" {
				t.Errorf("nothing %+v", got)
			}
			if c := o.Commands; c["hostname"] != root+"/test/bin/hostname" || c["say"] != "" || c["visudo-not-here"] != "" || len(c) != 3 {
				t.Errorf("commands %q", c)
			}
			if o.Unfinished || o.Busy {
				t.Error("a journal was seen where there is none")
			}
			if _, sessions, _ := s.Counts(); sessions != 1 {
				t.Errorf("%d sessions for one observation", sessions)
			}
		})
	}
}

// TestObserveUnknownIsNoAbsence: what cannot be looked at fails the observation.
func TestObserveUnknownIsNoAbsence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tools map[string]string
		query node.Query
		want  string
	}{
		"stat fails":                  {map[string]string{"stat": `echo "stat: cannot statx '/x: No such file or directory': Permission denied" >&2; exit 1`}, node.Query{Files: []string{"/etc/a"}}, "Permission denied"},
		"read fails":                  {map[string]string{"tar": `echo "tar: etc/a: Read error at byte 0" >&2; exit 2`, "base64": `[ "$1" = -- ] || exec /usr/bin/base64 "$@"; echo "base64: read error: Input/output error" >&2; exit 1`}, node.Query{Files: []string{"/etc/a"}}, "Input/output error"},
		"directory fails":             {map[string]string{"ls": `echo "ls: reading directory: Input/output error" >&2; exit 2`}, node.Query{Trees: []string{"/etc"}}, "Input/output error"},
		"directory fails, file in it": {map[string]string{"ls": `echo "ls: reading directory: Input/output error" >&2; exit 2`}, node.Query{Files: []string{"/etc/none"}, Trees: []string{"/etc"}}, "Input/output error"},
		"read hangs":                  {map[string]string{"tar": `exec sleep 60`}, node.Query{Files: []string{"/etc/a", "/etc/sudoers"}}, "took longer than 2 seconds"},
		"read one by one hangs": {map[string]string{"tar": `exit 2`, "base64": `[ "$1" = -- ] || exec /usr/bin/base64 "$@"; exec sleep 60`},
			node.Query{Files: []string{"/etc/a", "/etc/sudoers"}}, "took longer than 2 seconds"},
		"stat cannot be run": {map[string]string{"timeout": `echo "timeout: failed to run command 'stat': No such file or directory" >&2; exit 127`},
			node.Query{Files: []string{"/etc/a"}}, "failed to run command"},
		"name service":      {map[string]string{"getent": `exit 3`}, node.Query{Accounts: []string{"root"}}, "status 3"},
		"systemd not there": {map[string]string{"systemctl": `echo "System has not been booted with systemd" >&2; exit 1`}, node.Query{Services: []string{"ssh"}}, "not been booted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			s.Write(t, "etc/a", "content", 0o600)
			for tool, script := range c.tools {
				s.Tool(t, tool, script)
			}
			p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Quick: 2 * time.Second}})
			_, err := p.Observe(testContext(t), target("pve1", s), c.query)
			var oe *node.ObserveError
			if !errors.As(err, &oe) || !strings.Contains(oe.Output, c.want) || oe.Node != "pve1" {
				t.Errorf("got %v, want an ObserveError with %q", err, c.want)
			}
		})
	}
}

// TestObserveContentsTogether: one archive holds the contents of several files. One that tar complained about, or that
// is not what was asked for, does not count.
func TestObserveContentsTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tar  string
		fine bool
	}{
		"tar":                   {``, true},
		"not GNU tar":           {`echo "tar: unrecognized option '--hard-dereference'" >&2; exit 1`, true},
		"a file shrinks":        {`/usr/bin/tar "$@"; echo "tar: etc/a: File shrank by 3 bytes; padding with zeros" >&2; exit 1`, true},
		"complains and is fine": {`/usr/bin/tar "$@"; echo "tar: something" >&2`, true},
		"fails without a word":  {`/usr/bin/tar "$@" | head -c 700; exit 1`, true},
		"stops half way":        {`/usr/bin/tar "$@" | head -c 700`, false},
		"nothing":               {`exit 0`, false},
		"one file twice":        {`exec /usr/bin/tar -c --hard-dereference -C "$7" etc/a etc/a etc/d/b`, false},
		"no archive":            {`cat /etc/hostname /etc/os-release`, false},
		"files of its own":      {`exec /usr/bin/tar -c -C / etc/hostname etc/passwd`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			s.Write(t, "etc/a", "content\x00\n\n", 0o600)
			s.Write(t, "etc/d/b", strings.Repeat("long", 5000), 0o600)
			if err := os.Link(filepath.Join(s.Root, "etc/d/b"), filepath.Join(s.Root, "etc/d/hard")); err != nil {
				t.Fatal(err)
			}
			if c.tar != "" {
				s.Tool(t, "tar", c.tar)
			}
			p := newPool(t, s)
			o, err := p.Observe(testContext(t), target("pve1", s), node.Query{Files: []string{"/etc/a"}, Trees: []string{"/etc/d"}})
			if (err == nil) != c.fine {
				t.Fatalf("error %v, want one: %v", err, !c.fine)
			}
			if err != nil {
				return
			}
			for path, want := range map[string]string{"/etc/a": "content\x00\n\n", "/etc/d/b": strings.Repeat("long", 5000), "/etc/d/hard": strings.Repeat("long", 5000)} {
				if f := o.Files[path]; string(f.Content) != want || f.TooLarge {
					t.Errorf("%s: %d bytes, want %d", path, len(f.Content), len(want))
				}
			}
		})
	}
}

// TestObserveProcesses: an observation starts as many programs for forty files as for two.
func TestObserveProcesses(t *testing.T) {
	t.Parallel()
	started := func(files int) int {
		s := nodetest.Start(t, nodetest.Options{})
		query := node.Query{Trees: []string{"/etc/d"}, Accounts: []string{"root"}}
		for i := range files {
			s.Write(t, "etc/d/"+itoa(i), "content "+itoa(i), 0o600)
			s.Write(t, "etc/f"+itoa(i), "content "+itoa(i), 0o600)
			query.Files = append(query.Files, "/etc/f"+itoa(i))
		}
		for _, tool := range []string{"timeout", "base64", "stat", "tar", "ls", "readlink", "getent", "id", "sha256sum", "cat"} {
			s.Tool(t, tool, fmt.Sprintf(`echo %s >>'%s/started'; exec /usr/bin/%[1]s "$@"`, tool, s.Root))
		}
		o, err := newPool(t, s).Observe(testContext(t), target("pve1", s), query)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(o.Entries("/etc/d")); n != files {
			t.Fatalf("%d entries, want %d", n, files)
		}
		return strings.Count(s.Read(t, "started"), "\n")
	}
	if few, many := started(1), started(20); many != few || few == 0 {
		t.Errorf("%d programs for two files, %d for forty", few, many)
	}
}

// TestObserveUnreadable: a file that cannot be looked at any more is unknown, not absent. A file system that broke
// answers no test of the shell.
func TestObserveUnreadable(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	s.Write(t, "etc/a", "content", 0o600)
	s.Tool(t, "tar", fmt.Sprintf(`rm '%s/etc/a'; echo "tar: etc/a: Read error" >&2; exit 2`, s.Root))
	s.Tool(t, "stat", fmt.Sprintf(`[ -e '%[1]s/etc/a' ] && exec /usr/bin/stat "$@"; echo "stat: cannot statx '%[1]s/etc/a': Input/output error" >&2; exit 1`, s.Root))
	_, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Files: []string{"/etc/a"}})
	var oe *node.ObserveError
	if !errors.As(err, &oe) || !strings.Contains(oe.Output, "Input/output error") {
		t.Errorf("got %v, want an ObserveError", err)
	}
}

// TestObserveVanishing: a file that goes between the look and the reading was not there.
func TestObserveVanishing(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	for _, name := range []string{"etc/a", "etc/d/b", "etc/d/c"} {
		s.Write(t, name, "content", 0o600)
	}
	s.Tool(t, "tar", fmt.Sprintf(`rm '%[1]s/etc/a' '%[1]s/etc/d/b'; exec /usr/bin/tar "$@"`, s.Root))
	o, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Files: []string{"/etc/a"}, Trees: []string{"/etc/d"}})
	if err != nil {
		t.Fatal(err)
	}
	if f, seen := o.Files["/etc/a"]; !seen || f.Exists {
		t.Errorf("/etc/a: seen %v, %+v", seen, f)
	}
	if got := o.Entries("/etc/d"); len(got) != 1 || string(o.Files["/etc/d/c"].Content) != "content" {
		t.Errorf("entries %q, c holds %q", got, o.Files["/etc/d/c"].Content)
	}
}

func TestObserveRefusesBadQueries(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	p := newPool(t, s)
	for _, q := range []node.Query{
		{Files: []string{"etc/passwd"}},
		{Files: []string{"/etc/../etc"}},
		{Trees: []string{"/a\x00b"}},
		{Accounts: []string{"-x"}},
		{Accounts: []string{"0"}},
		{Services: []string{"--now"}},
		{Commands: []string{"/bin/sh"}},
	} {
		if _, err := p.Observe(testContext(t), target("pve1", s), q); err == nil {
			t.Errorf("%+v was taken", q)
		}
	}
	if h, _, _ := s.Counts(); h != 0 {
		t.Errorf("%d connections for queries that make no sense", h)
	}
}

// TestOneConnection: sessions that overlap share one connection and stay within the session limit, also where the
// server's is lower.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"no limit": 0, "MaxSessions 2": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{MaxSessions: limit})
			// The first session ends only when more want to be open than may be.
			s.Tool(t, "systemctl", "while [ ! -e \"$PVESEC_TEST_ROOT/tmp/go\" ]; do sleep 0.02; done")
			p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Gather: time.Nanosecond}})
			ctx := testContext(t)
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					if _, err := p.Observe(ctx, target("pve1", s), node.Query{Services: []string{fmt.Sprintf("s%d", i)}}); err != nil {
						t.Error(err)
					}
				})
				time.Sleep(5 * time.Millisecond) // so that not all of them are answered together
			}
			if limit > 0 {
				time.Sleep(14 * time.Second) // longer than a server is asked on which nothing of ours is open
			}
			s.Write(t, "tmp/go", "", 0o644)
			wg.Wait()
			handshakes, _, peak := s.Counts()
			if handshakes != 1 || peak > 6 {
				t.Errorf("%d handshakes, %d sessions at once", handshakes, peak)
			}
		})
	}
}

// TestReadsTogether: what arrives together is answered by one command, everyone gets what was asked for and nothing
// else, and what cannot be looked at is an error for those only who asked for it.
func TestReadsTogether(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	s.Write(t, "etc/a", "alpha", 0o600)
	s.Write(t, "etc/d/b", "beta", 0o600)
	s.Tool(t, "systemctl", "echo no bus >&2; exit 1")
	p := newPool(t, s)
	ctx := testContext(t)
	queries := []node.Query{
		{Files: []string{"/etc/a"}},
		{Trees: []string{"/etc/d"}},
		{Stats: []string{"/etc/a", "/etc/d/b", "/etc/d/none"}},
		{Files: []string{"/etc/d/none"}, Commands: []string{"sh"}},
		{Services: []string{"ssh"}},
		{},
	}
	got := make([]*node.Observation, len(queries))
	errs := make([]error, len(queries))
	var wg sync.WaitGroup
	for i, q := range queries {
		wg.Go(func() { got[i], errs[i] = p.Observe(ctx, target("pve1", s), q) })
	}
	wg.Wait()
	if !is[*node.ObserveError](errs[4]) {
		t.Errorf("the unreadable service: %v", errs[4])
	}
	for i, want := range []string{"/etc/a=alpha", "/etc/d/b=beta /etc/d=", "/etc/a= /etc/d/b= /etc/d/none=(absent)", "/etc/d/none=(absent) sh", "", ""} {
		if i == 4 {
			continue
		}
		if errs[i] != nil {
			t.Errorf("%+v: %v", queries[i], errs[i])
			continue
		}
		var found []string
		for path, f := range got[i].Files {
			content := string(f.Content)
			if !f.Exists {
				content = "(absent)"
			}
			found = append(found, path+"="+content)
		}
		for name := range got[i].Commands {
			found = append(found, name)
		}
		slices.Sort(found)
		if strings.Join(found, " ") != want {
			t.Errorf("%+v got %q, want %q", queries[i], found, want)
		}
	}
	if handshakes, sessions, _ := s.Counts(); handshakes != 1 || sessions != 1 {
		t.Errorf("%d handshakes and %d sessions for reads that arrived together", handshakes, sessions)
	}
}
