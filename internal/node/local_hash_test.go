package node

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHashesStay: no part of a hash leaves the node, also from a line that is cut off or broken.
func TestHashesStay(t *testing.T) {
	t.Parallel()
	lines := map[string]string{
		"root:$y$secret:19000:0:99999:7:::": "root:hash:19000:0:99999:7:::", "agent:!$y$secret:19000::::::": "agent:!:19000::::::", "locked:*:1:": "locked:!:1:", "open::1:": "open::1:",
		"cut:$y$secret": "cut:hash", "points:x:1": "points:x:1", "cutlocked:!$y$secret": "cutlocked:!", "$y$j9T$secret": "?", "#old:$y$secret:1": "#", "# $y$secret": "#", "": "", "none:": "none:",
	}
	var text, want []string
	for line, masked := range lines {
		text, want = append(text, line), append(want, masked)
	}
	got := unhashed(t, "shadow", strings.Join(text, "\n")) // the last line has no end
	if strings.TrimSuffix(got, "\n") != strings.TrimSuffix(strings.Join(want, "\n"), "\n") || strings.Contains(got, "secret") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// maskedWord is the second field of an entry in passwd as the node gives it away.
func maskedWord(t *testing.T, word string) string {
	t.Helper()
	return strings.Split(unhashed(t, "passwd", "agent:"+word+":1000:1000::/home/agent:/bin/sh\n"), ":")[1]
}

// unhashed is what the program makes of a file of accounts.
func unhashed(t *testing.T, file, text string) string {
	t.Helper()
	function := regexp.MustCompile(`(?ms)^unhashed\(\) \{\n.*?^\}\n`).FindString(observeProgram)
	if function == "" {
		t.Fatal("the program has no function unhashed")
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc", file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "root=$1\n"+function+"unhashed "+file, "sh", root).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	return string(got)
}

// TestPasswordInPasswd: a hash in /etc/passwd lets its account in whatever /etc/shadow says, so an account with one is
// not locked, and no lock of pvesec would lock it.
func TestPasswordInPasswd(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]PasswordState{"$y$j9T$secret": PasswordSet, "": PasswordEmpty, "x": PasswordLocked, "*": PasswordLocked} {
		r := localReader{passwd: "root:x:0:0::/root:/bin/sh\nagent:" + maskedWord(t, word) + ":1000:1000::/home/agent:/bin/sh\n", shadow: "agent:!:19000::::::\n"}
		if got := r.accounts()["agent"].Password; got != want {
			t.Errorf("passwd has %q, shadow a lock: %q, want %q", word, got, want)
		}
	}
}

// TestHashOfOneAccount: of an account that is asked for by its name a node tells neither the hash that passwd(5) may
// have nor the one in shadow(5).
func TestHashOfOneAccount(t *testing.T) {
	t.Parallel()
	from, to := strings.Index(observeProgram, "\naccount() {"), strings.Index(observeProgram, "\nservice() {")
	if from < 0 || to < from {
		t.Fatal("the program has no function account before service")
	}
	for _, shadow := range []string{
		"agent:$y$secret:20000:0:99999:7::21000:", "agent:$y$secret:20000:0:99999:7:::", "agent:$y$secret", "agent:7777:", "agent:7777", "agent::7777:", ":7777",
	} {
		stubs := `within() { shift; "$@"; }
slow() { false; }
enc() { printf '%s' "$1"; }
code() { coded=$1; }
say() { printf '%s\n' "$*"; }
id() { echo 1000; }
getent() { case $1 in passwd) echo 'agent:$y$secret:1000:1000:A:/home/agent:/bin/sh' ;; shadow) echo '` + shadow + `' ;; *) echo 'users:x:1000:' ;; esac; }
quick=5 nl='
'
`
		got, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", stubs+observeProgram[from:to]+"\naccount 3 agent").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		end := "-"
		if strings.Contains(shadow, "21000") {
			end = "21000"
		}
		if want := "account 3 agent:x:1000:1000:A:/home/agent:/bin/sh " + end + " 1000\ngroup 3 1000 users\n"; string(got) != want {
			t.Errorf("%s: %q, want %q", shadow, got, want)
		}
	}
}
