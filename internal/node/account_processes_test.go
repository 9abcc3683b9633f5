package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A shellRoot is a directory that stands for / of a node, for calls of the program's functions about accounts.
type shellRoot struct {
	t   *testing.T
	dir string
}

func newShellRoot(t *testing.T) shellRoot {
	t.Helper()
	r := shellRoot{t, t.TempDir()}
	r.write("run/pvesec/done", "", 0o600)
	r.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644)
	r.write("etc/group", "root:x:0:\n", 0o644)
	r.write("etc/shadow", "root:*:19000:0:99999:7:::\n", 0o600)
	r.tool("sleep", "exit 0")
	r.tool("chage", `echo "chage $*" >>"`+r.dir+`/ran"`)
	return r
}

func (r shellRoot) write(path, text string, mode os.FileMode) {
	r.t.Helper()
	path = filepath.Join(r.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		r.t.Fatal(err)
	}
}

// tool puts a stand-in for a tool on the path.
func (r shellRoot) tool(name, script string) {
	r.t.Helper()
	r.write(filepath.Join("test/bin", name), "#!/bin/sh\n"+script+"\n", 0o755)
}

// process has a process listed that has these ids.
func (r shellRoot) process(pid int, ids string) {
	r.t.Helper()
	r.write(fmt.Sprintf("proc/%d/status", pid), "Name:\tx\nState:\tS (sleeping)\nUid:\t"+strings.ReplaceAll(ids, " ", "\t")+"\n", 0o644)
}

// run calls functions of the program, and returns what they print and the status.
func (r shellRoot) run(script string) (said string, status int) {
	r.t.Helper()
	program := strings.Replace(commonProgram, "root=\n", "root="+quote(r.dir)+"\n", 1) + usersProgram + recoveryProgram + accountsProgram +
		"marker=mark\nnote() { echo \"note $1\"; }\nfail() { echo \"fail $*\"; exit 9; }\n" + script
	cmd := exec.CommandContext(r.t.Context(), "/bin/sh", "-s")
	cmd.Stdin = strings.NewReader("{\n" + program + "\nexit\n}\n")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestProcessesSeenTwice: one look that finds no process of a user is no proof that there is none. Who forks and exits
// all the time is not in every look.
func TestProcessesSeenTwice(t *testing.T) {
	t.Parallel()
	r := newShellRoot(t)
	process := exec.CommandContext(t.Context(), "/usr/bin/sleep", "1000")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	r.process(process.Process.Pid, "2001 2001 2001 2001")
	// The first look finds none, the second one does, and those after it do not.
	r.tool("grep", fmt.Sprintf(`case $* in *Uid:*) ;; *) exec /usr/bin/grep "$@" ;; esac
echo look >>%[1]s/looks
[ "$(wc -l <%[1]s/looks)" -ne 2 ] || echo %[1]s/proc/%[2]d/status`, r.dir, process.Process.Pid))
	if said, status := r.run("end_processes 2001"); status != 0 || said != "" {
		t.Errorf("status %d, %s", status, said)
	}
	looks, err := os.ReadFile(filepath.Join(r.dir, "looks"))
	if err != nil || strings.Count(string(looks), "look") < 4 {
		t.Fatalf("it looked %d times, %v", strings.Count(string(looks), "look"), err)
	}
	if err := <-ended; err == nil {
		t.Error("it was not ended")
	}
}

// TestLentIDsEnd: what runs with an id that a user may lend ends with his own processes, unless somebody else has that
// id too.
func TestLentIDsEnd(t *testing.T) {
	t.Parallel()
	const passwd = "root:x:0:0:root:/root:/bin/sh\nnight:x:2001:2001::/home/night:/bin/sh\n"
	for name, c := range map[string]struct {
		passwd, subuid string
		ends           bool
	}{
		"his":                      {"", "root:100000:65536\nnight:200000:65536\n", true},
		"his, by number":           {"", "2001:200000:65536\n", true},
		"the last one":             {"", "night:199990:16\n", true},
		"past the last one":        {"", "night:199990:15\n", false},
		"before the first one":     {"", "night:200006:65536\n", false},
		"of another user":          {"", "day:200000:65536\n", false},
		"of another number":        {"", "20011:200000:65536\n", false},
		"of the containers too":    {"", "root:200000:65536\nnight:200000:65536\n", false},
		"of another user in part":  {"", "night:200000:65536\nday:265535:10\n", false},
		"beside another user's":    {"", "night:200000:65536\nday:265536:10\n", true},
		"of an account":            {"day:x:200005:200005::/home/day:/bin/sh\n", "night:200000:65536\n", false},
		"numbers that are none":    {"", "night:0200000:65536\nnight:200000:\nnight:x:65536\nnight:200000:99999999999\n", false},
		"without a file of ranges": {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newShellRoot(t)
			r.write("etc/passwd", passwd+c.passwd, 0o644)
			if c.subuid != "" {
				r.write("etc/subuid", c.subuid, 0o644)
			}
			process := exec.CommandContext(t.Context(), "/usr/bin/sleep", "1000")
			if err := process.Start(); err != nil {
				t.Fatal(err)
			}
			r.process(process.Process.Pid, "200005 200005 200005 200005")
			r.tool("sleep", fmt.Sprintf("rm -rf %s/proc/%d", r.dir, process.Process.Pid))
			if said, status := r.run("end_processes 2001"); status != 0 || said != "" {
				t.Errorf("status %d, %s", status, said)
			}
			if !c.ends {
				if err := process.Process.Signal(os.Interrupt); err != nil {
					t.Errorf("it was ended: %v", err)
				}
			}
			var exit *exec.ExitError
			if err := process.Wait(); !errors.As(err, &exit) || (exit.String() == "signal: killed") != c.ends {
				t.Errorf("it ended by %v", err)
			}
		})
	}
}

// TestLentIDsOfADirectory: an id in a lent range is somebody's where the name service says so; where it does not answer
// the process is left, and that is said.
func TestLentIDsOfADirectory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		getent string
		ends   bool
		says   string
	}{
		"nobody's":   {"exit 2", true, ""},
		"somebody's": {"[ \"$1 $2\" = 'passwd 200005' ] || exit 2", false, ""},
		"not known":  {"exit 3", false, "the user id 200005"},
		"not found":  {"exit 127", false, "getent passwd does not tell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newShellRoot(t)
			r.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnight:x:2001:2001::/home/night:/bin/sh\n", 0o644)
			r.write("etc/subuid", "night:200000:65536\n", 0o644)
			r.tool("getent", c.getent)
			process := exec.CommandContext(t.Context(), "/usr/bin/sleep", "1000")
			if err := process.Start(); err != nil {
				t.Fatal(err)
			}
			r.process(process.Process.Pid, "200005 200005 200005 200005")
			r.tool("sleep", fmt.Sprintf("rm -rf %s/proc/%d", r.dir, process.Process.Pid))
			said, status := r.run("end_processes 2001")
			if (status == 0) != (c.says == "") || !strings.Contains(said, c.says) {
				t.Errorf("status %d, %s", status, said)
			}
			if !c.ends {
				if err := process.Process.Signal(os.Interrupt); err != nil {
					t.Errorf("it was ended: %v", err)
				}
			}
			var exit *exec.ExitError
			if err := process.Wait(); !errors.As(err, &exit) || (exit.String() == "signal: killed") != c.ends {
				t.Errorf("it ended by %v", err)
			}
		})
	}
}

// TestLentIDsInOneQuestion: whatever lent ids a user draws out, a directory is asked about all of them at once, what is
// his beyond doubt has ended by then, and what somebody else has runs on.
func TestLentIDsInOneQuestion(t *testing.T) {
	t.Parallel()
	r := newShellRoot(t)
	r.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnight:x:2001:2001::/home/night:/bin/sh\n", 0o644)
	r.write("etc/subuid", "night:200000:65536\n", 0o644)
	started := func(ids string) *exec.Cmd {
		process := exec.CommandContext(t.Context(), "/usr/bin/sleep", "1000")
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		r.process(process.Process.Pid, ids)
		return process
	}
	his, lent, others := started("2001 2001 2001 2001"), started("200005 200005 200005 200005"), started("200007 200007 200007 200007")
	for i := range 40 {
		r.process(1<<30+i, strings.TrimSpace(strings.Repeat(fmt.Sprint(201000+i)+" ", 4))) // numbers that no process has
	}
	ended := make(chan struct{})
	go func() { _ = his.Wait(); close(ended) }()
	r.tool("getent", fmt.Sprintf(`echo "$*" >>%[1]s/asked
kill -0 %[2]d 2>/dev/null && [ "$(cut -d ' ' -f 3 /proc/%[2]d/stat)" != Z ] && echo "$*" >>%[1]s/early
echo 'day:x:200007:200007::/home/day:/bin/sh'; exit 2`, r.dir, his.Process.Pid))
	r.tool("sleep", fmt.Sprintf("rm -rf %[1]s/proc/%[2]d %[1]s/proc/%[3]d %[1]s/proc/10737*", r.dir, his.Process.Pid, lent.Process.Pid))
	if said, status := r.run("end_processes 2001"); status != 0 || said != "" {
		t.Errorf("status %d, %s", status, said)
	}
	asked, _ := os.ReadFile(filepath.Join(r.dir, "asked"))
	first, more, _ := strings.Cut(string(asked), "\n")
	if strings.Count(first, " 201") != 40 || !strings.Contains(first, " 200005") || strings.Count(more, "\n") > 2 {
		t.Errorf("asked %q", asked)
	}
	if early, _ := os.ReadFile(filepath.Join(r.dir, "early")); len(early) > 0 {
		t.Errorf("his own process was still there when the directory was asked %q", early)
	}
	<-ended
	if err := lent.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the lent one ended by %v", err)
	}
	if err := others.Process.Signal(os.Interrupt); err != nil {
		t.Errorf("somebody else's was ended: %v", err)
	}
	if err := others.Wait(); err == nil || err.Error() != "signal: interrupt" {
		t.Errorf("somebody else's ended by %v", err)
	}
}

// TestLentIDsHaveALimit: however slow the directory is and whatever comes anew, the questions take no longer than a
// patient command in all, and what answers another question answers none.
func TestLentIDsHaveALimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		getent string
		asked  int
	}{
		"never answers":           {"exec /usr/bin/sleep 1000", 1},
		"slow, with ever new ids": {`n=$(wc -l <"$0.asked"); mkdir -p "$0.root/proc/4242$n"; sed "s/200005/20000$n/g" "$0.root/proc/1073741824/status" >"$0.root/proc/4242$n/status"; echo "$((n * 25)).00 1.00" >"$0.root/proc/uptime"; exit 2`, 3},
		"of another id":           {"echo day:x:200006:1::/:/bin/sh; exit 2", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newShellRoot(t)
			r.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnight:x:2001:2001::/home/night:/bin/sh\n", 0o644)
			r.write("etc/subuid", "night:200000:65536\n", 0o644)
			r.write("proc/uptime", "0.00 1.00\n", 0o644)
			r.process(1<<30, "200005 200005 200005 200005")
			if err := os.Symlink(r.dir, filepath.Join(r.dir, "test/bin/getent.root")); err != nil {
				t.Fatal(err)
			}
			r.tool("getent", `echo "$*" >>"$0.asked"; `+c.getent)
			limits := "patient=60; "
			if c.asked == 1 {
				limits = "patient=1; "
			}
			said, status := r.run(limits + "end_processes 2001")
			if status != 1 || !strings.Contains(said, "getent passwd does not tell whether somebody has it") {
				t.Errorf("status %d, %s", status, said)
			}
			asked, _ := os.ReadFile(filepath.Join(r.dir, "test/bin/getent.asked"))
			if n := strings.Count(string(asked), "\n"); n != c.asked {
				t.Errorf("asked %d times: %q", n, asked)
			}
		})
	}
}

// TestNewAccountHasNoProcesses: a new account does not get the user id of one that still runs something, which would be
// its own from then on. One that comes back when its removal is undone has what it had.
func TestNewAccountHasNoProcesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids, flag string
		refused   bool
	}{
		"nothing runs":    {"0 0 0 0", "new", false},
		"runs":            {"2001 2001 2001 2001", "new", true},
		"borrows another": {"2001 0 0 0", "new", true},
		"may go back":     {"0 0 2001 0", "new", true},
		"of another":      {"20011 20011 12001 2002", "new", false},
		"comes back":      {"2001 2001 2001 2001", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newShellRoot(t)
			r.tool("useradd", `for name; do :; done
echo "$name:x:2001:2001::/home/night:/bin/sh" >>"`+r.dir+`/etc/passwd"; echo "$name:x:2001:" >>"`+r.dir+`/etc/group"; echo "$name:!:19000:0:99999:7:::" >>"`+r.dir+`/etc/shadow"`)
			r.process(4242, c.ids)
			r.write("portrait", "night:x::own::/home/night:/bin/sh\nnight:!:=:=:=:=:=::\n\n\n\n\n", 0o600)
			said, status := r.run("become night " + quote(r.dir+"/portrait") + " -M " + c.flag)
			if refused := status == 1 && strings.Contains(said, "user id 2001 of an earlier account") && strings.Contains(said, "process 4242 still runs"); refused != c.refused || !refused && status != 0 {
				t.Errorf("status %d, %s", status, said)
			}
		})
	}
}

// TestProcessesKeepNobodyOut: an interrupted change that cannot be undone because of what a user runs is no reason to
// refuse every later change of the node. He is shut out, and it is told. What cannot be undone for another reason stays
// one.
func TestProcessesKeepNobodyOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids     string
		usermod int
		goesOn  bool
	}{
		"do not end":     {"2001 2001 2001 2001", 0, true},
		"come back":      {"0 0 0 0", 8, true},
		"another reason": {"0 0 0 0", 1, false},
		"nothing runs":   {"0 0 0 0", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newShellRoot(t)
			r.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnight:x:2001:2001::/home/night:/bin/sh\n", 0o644)
			r.write("etc/group", "root:x:0:\nnight:x:2001:\n", 0o644)
			r.write("etc/shadow", "night:!:19000:0:99999:7:::\n", 0o600)
			r.tool("usermod", fmt.Sprintf("exit %d", c.usermod))
			r.process(1<<30, c.ids) // a number that no process has, so nothing ends it
			had := filepath.Join(r.dir, "etc/pvesec/stage/killed/had.1")
			r.write("etc/pvesec/stage/killed/had.1", "night:x:2002:2001::/home/night:/bin/sh\nnight:!:19000:0:99999:7:::\n\n\n\nnight:x:2001:\n", 0o600)
			r.write("etc/pvesec/stage/killed/journal", "account\t"+had+"\taccount night\n", 0o600)
			said, status := r.run("recover")
			_, err := os.Stat(filepath.Join(r.dir, "etc/pvesec/stage/killed"))
			if c.goesOn != (status == 0 && strings.Contains(said, "mark recovered killed") && os.IsNotExist(err)) || c.goesOn == strings.Contains(said, "fail recovery") {
				t.Errorf("status %d, stage %v, %s", status, err, said)
			}
			held := c.goesOn && c.usermod+len(strings.Trim(c.ids, "0 ")) > 0
			ran, _ := os.ReadFile(filepath.Join(r.dir, "ran")) // absent where nothing ran
			if held && (!strings.Contains(said, "note ") || !strings.Contains(said, "account night: ") || !strings.Contains(string(ran), "chage -E 1 night\n")) {
				t.Errorf("it is not shut out, or not told: %s, %s", ran, said)
			}
		})
	}
}

// TestHomeOfNoAccount: a home that a removed account left, under another user id than the new account gets, is refused
// with what to write. Its own and one of root's are not.
func TestHomeOfNoAccount(t *testing.T) {
	t.Parallel()
	for owner, refused := range map[string]bool{"2001": false, "0": false, "1999": true} {
		t.Run(owner, func(t *testing.T) {
			t.Parallel()
			r := newShellRoot(t)
			r.tool("useradd", `for name; do :; done
echo "$name:x:2001:2001::/home/night:/bin/sh" >>"`+r.dir+`/etc/passwd"; echo "$name:x:2001:" >>"`+r.dir+`/etc/group"; echo "$name:!:19000:0:99999:7:::" >>"`+r.dir+`/etc/shadow"`)
			r.tool("stat", "echo "+owner)
			r.write("home/night/notes", "mine", 0o600)
			r.write("stage/had.1", "\n\n\n\n\n\n", 0o600)
			r.write("stage/want.1", "night:x::own::/home/night:/bin/sh\nnight:!:=:=:=:=:=::\n\n\n\n\n", 0o600)
			said, status := r.run("mine=" + quote(r.dir+"/stage") + "\nneeds() { [ \"$1\" = a1 ]; }\naccount_1() { a_home=/home/night a_end=0 a_absent=0; }\n" + accountChangeProgram + "install_account 1 night")
			told := status == 9 && strings.Contains(said, "fail account night would get the home /home/night") && strings.Contains(said, "Set uid = 1999")
			if told != refused || !refused && (status != 0 || said != "") {
				t.Errorf("status %d, %s", status, said)
			}
		})
	}
}
