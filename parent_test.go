package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveVariable makes this test program the provider.
const serveVariable = "PVESEC_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		os.Args = os.Args[:1]
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestEndsWithItsParent: a provider whose Terraform was killed ends by itself within seconds.
func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The shell stands for Terraform. The handshake's line on standard output says that the provider serves.
	terraform := exec.CommandContext(t.Context(), "/bin/sh", "-c", `"$0" & echo "pid $!"; wait`, self)
	terraform.Env = append(os.Environ(), serveVariable+"=1", "PLUGIN_PROTOCOL_VERSIONS=6", "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
	out, err := terraform.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := terraform.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text, is := strings.CutPrefix(lines.Text(), "pid "); is {
			if pid, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(lines.Text(), "1|6|") {
			break
		}
	}
	if pid == 0 {
		t.Fatal("the provider did not start")
	}
	time.Sleep(1500 * time.Millisecond)
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the provider does not live while its parent does: %v", err)
	}
	if err := terraform.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if alive := running(pid); !alive {
			break
		}
		if time.Since(begun) > 20*time.Second {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the provider still runs")
		}
	}
	_ = terraform.Wait() // killed
}

// TestEndsWithoutItsParent: a provider whose Terraform was killed before it could look for it ends as well.
func TestEndsWithoutItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// The provider starts when the shell, which stands for Terraform, is gone. Its end of the pipe goes after that, so
	// that there is a provider to be seen.
	terraform := exec.CommandContext(t.Context(), "/bin/sh", "-c", `(while kill -0 $$ 2>/dev/null; do sleep 0.05; done; exec "$0") & echo "pid $!"; exit`, self)
	terraform.Env = append(os.Environ(), serveVariable+"=1", "PLUGIN_PROTOCOL_VERSIONS=6", "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
	terraform.Stderr = written
	out, err := terraform.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := terraform.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	text, _ := strings.CutPrefix(lines.Text(), "pid ")
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := terraform.Process.Wait(); err != nil { // not terraform.Wait, which would close what the provider writes
		t.Error(err)
	}
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "1|6|") {
	}
	if !running(pid) {
		t.Fatal("the provider does not run while somebody reads what it writes")
	}
	if err := errors.Join(read.Close(), written.Close()); err != nil {
		t.Error(err)
	}
	for begun := time.Now(); running(pid); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the provider still runs")
		}
	}
}

// running says whether a process is there and no zombie that nobody waits for.
func running(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(state), ") Z ")
}
