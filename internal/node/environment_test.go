package node

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestEnvironmentChangesNothing: no variable of a node's environment decides where the programs work or which tools
// they run. Each name that they have a value of their own for is set to a directory with a tool of somebody else's.
func TestEnvironmentChangesNothing(t *testing.T) {
	t.Parallel()
	foreign := t.TempDir()
	for _, dir := range []string{"", "/test", "/test/bin"} {
		_ = os.Mkdir(foreign+dir, 0o755)
	}
	for _, path := range []string{foreign + "/flock", foreign + "/test/bin/flock"} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho foreign\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := wrap("mark", commonProgram, recoveryProgram, validationProgram, transactionProgram,
		`printf 'root=%s stage=%s backups=%s run=%s units=%s path=%s tool=%s ifs=%s env=%s\n' "$root" "$stage" "$backups" "$run" "$units" "$PATH" "$(command -v flock)" "${IFS-unset}" "${ENV-unset}"`)
	cmd := exec.Command("/bin/sh", "-s")
	cmd.Stdin = strings.NewReader(string(program))
	cmd.Env = []string{"PATH=" + foreign + ":/usr/bin:/bin", "ENV=" + foreign, "IFS=/", "CDPATH=" + foreign, "LC_ALL=C"}
	for _, name := range []string{"PVESEC_TEST_ROOT", "PVESEC_ROOT", "ROOT", "root", "stage", "backups", "run", "units", "marker"} {
		cmd.Env = append(cmd.Env, name+"="+foreign)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Contains(string(out), foreign) || !strings.Contains(string(out), "root= stage=/etc/pvesec/stage ") {
		t.Errorf("with somebody else's environment: %s", out)
	}
}
