package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// measuredVariable names a provider program to the test program, which then stands in for it: it runs the provider and
// notes what that used.
const measuredVariable = "PVESEC_TEST_MEASURED_PROVIDER"

// Usage is what a process used until it ended.
type Usage struct {
	CPU    time.Duration // user and system
	Memory float64       // peak in MiB
}

func usageOf(state *os.ProcessState) Usage {
	used := Usage{CPU: state.UserTime() + state.SystemTime()}
	if system, ok := state.SysUsage().(*syscall.Rusage); ok {
		used.Memory = float64(system.Maxrss) / 1024
	}
	return used
}

// measure is the whole program in the place of the provider.
func measure(program string) {
	provider := exec.CommandContext(context.Background(), program, os.Args[1:]...)
	provider.Stdin, provider.Stdout, provider.Stderr = os.Stdin, os.Stdout, os.Stderr
	failed := provider.Run()
	encoded, err := json.Marshal(usageOf(provider.ProcessState))
	if err == nil {
		// Terraform runs the provider several times in one command.
		err = os.WriteFile(filepath.Join(filepath.Dir(program), fmt.Sprintf("usage-%d.json", os.Getpid())), encoded, 0o600)
	}
	if err = errors.Join(failed, err); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
