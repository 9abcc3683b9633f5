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
	function := regexp.MustCompile(`(?ms)^unhashed\(\) \{\n.*?^\}\n`).FindString(observeProgram)
	if function == "" {
		t.Fatal("the program has no function unhashed")
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o700); err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{
		"root:$y$secret:19000:0:99999:7:::": "root:x:19000:0:99999:7:::", "agent:!$y$secret:19000::::::": "agent:!:19000::::::", "locked:*:1:": "locked:!:1:", "open::1:": "open::1:",
		"cut:$y$secret": "cut:x", "cutlocked:!$y$secret": "cutlocked:!", "$y$j9T$secret": "?", "#old:$y$secret:1": "#", "# $y$secret": "#", "": "", "none:": "none:",
	}
	var text, want []string
	for line, masked := range lines {
		text, want = append(text, line), append(want, masked)
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "shadow"), []byte(strings.Join(text, "\n")), 0o600); err != nil { // the last line has no end
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "root=$1\n"+function+"unhashed shadow", "sh", root).CombinedOutput()
	if err != nil || strings.TrimSuffix(string(got), "\n") != strings.TrimSuffix(strings.Join(want, "\n"), "\n") || strings.Contains(string(got), "secret") {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, strings.Join(want, "\n"))
	}
}
