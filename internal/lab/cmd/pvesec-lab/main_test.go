//go:build linux

package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// asCommand makes the test program behave as the command.
const asCommand = "PVESEC_LAB_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestCluster goes through the life of a cluster as somebody at a shell does.
func TestCluster(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	environment := append(os.Environ(), asCommand+"=1", "PVESEC_LAB_STATE="+state)
	run := func(arguments ...string) (stdout, stderr string, err error) {
		cmd := exec.Command(os.Args[0], arguments...)
		var out, errOut bytes.Buffer
		cmd.Env, cmd.Stdout, cmd.Stderr = environment, &out, &errOut
		err = cmd.Run()
		return out.String(), errOut.String(), err
	}
	must := func(arguments ...string) string {
		t.Helper()
		stdout, stderr, err := run(arguments...)
		if err != nil {
			t.Fatalf("pvesec-lab %v: %v\n%s%s", arguments, err, stdout, stderr)
		}
		return stdout
	}
	mustNot := func(reason string, arguments ...string) {
		t.Helper()
		if _, stderr, err := run(arguments...); err == nil || !strings.Contains(stderr, reason) {
			t.Errorf("pvesec-lab %v: %v, %q is missing in: %s", arguments, err, reason, stderr)
		}
	}
	t.Cleanup(func() {
		if _, stderr, err := run("down"); err != nil {
			t.Errorf("down: %v\n%s", err, stderr)
		}
	})

	mustNot("no cluster is running", "status")
	exports := must("up", "-nodes", "2", "-provider", t.TempDir())
	for _, name := range []string{"PVESEC_ENDPOINT", "PVESEC_API_TOKEN", "PVESEC_CA_PEM", "PVESEC_SSH_PRIVATE_KEY", "PVESEC_SSH_KNOWN_HOSTS", "TF_CLI_CONFIG_FILE"} {
		if !strings.Contains(exports, "export "+name+"='") {
			t.Errorf("%s is not exported", name)
		}
	}
	shell := exec.Command("sh", "-c", exports+`printf %s "$PVESEC_SSH_PRIVATE_KEY" | tail -n 1; grep -c dev_overrides "$TF_CLI_CONFIG_FILE"`)
	if out, err := shell.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "-----END OPENSSH PRIVATE KEY-----\n1\n") {
		t.Errorf("a shell makes of the exports: %q, %v", out, err)
	}
	if got := must("ssh", "pve2", "hostname"); got != "pve2\n" {
		t.Errorf("ssh pve2 reached %q", got)
	}
	mustNot("no node is called", "ssh", "pve3", "hostname")
	mustNot("running already", "up")
	if got := must("status"); !strings.Contains(got, "pve1") || !strings.Contains(got, "pve2") {
		t.Errorf("status shows:\n%s", got)
	}
	must("down")
	mustNot("no cluster is running", "env")
	if left, err := os.ReadDir(state); err == nil {
		t.Errorf("down left %v", left)
	}
	must("down") // nothing to do is no error
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := parseSettings("up", []string{"-nodes", "5", "-suite", "bookworm", "-without-sudo"})
	if err != nil {
		t.Fatal(err)
	}
	spec := s.spec()
	if len(spec.Nodes) != 5 || spec.Nodes[4].Suite != "bookworm" || !spec.Nodes[4].WithoutSudo || spec.Nodes[4].Kernel {
		t.Errorf("%+v", spec)
	}
	for _, bad := range [][]string{{"-nodes", "0"}, {"-nodes", "65"}, {"surplus"}} {
		if _, err := parseSettings("up", bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

// TestExportsSurviveTheShell gives the output to a real shell: values with quotes, line ends and dollar signs come back
// whole.
func TestExportsSurviveTheShell(t *testing.T) {
	t.Parallel()
	want := map[string]string{"PVESEC_A": "it's $HOME `id` \"x\" \\n", "PVESEC_B": "two\nlines\n", "PVESEC_C": ""}
	var script strings.Builder
	writeExports(&script, want)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		out, err := exec.Command("sh", "-c", script.String()+`printf %s "$`+name+`"`).Output()
		if err != nil || string(out) != want[name] {
			t.Errorf("%s is %q in the shell, %v; want %q", name, out, err, want[name])
		}
	}
}
