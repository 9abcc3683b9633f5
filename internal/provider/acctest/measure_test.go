package acctest

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

// measuredVariable names a provider program to the test program, which then stands in for it: it runs the provider and notes what that used.
const measuredVariable = "PVESEC_TEST_MEASURED_PROVIDER"

// usage is what a process used until it ended.
type usage struct {
	CPU    time.Duration // user and system
	Memory float64       // peak in MiB
}

func usageOf(state *os.ProcessState) usage {
	used := usage{CPU: state.UserTime() + state.SystemTime()}
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

// measured runs a command of terraform with nothing logged, and tells what the provider's processes used together, the largest of their peaks,
// and what Terraform used by itself.
func (w *workspace) measured(args ...string) (provider, terraform usage) {
	w.t.Helper()
	link := filepath.Join(w.dir, "measured", "terraform-provider-pvesec")
	if _, err := os.Lstat(link); err != nil {
		self, err := os.Executable()
		if err == nil {
			err = errors.Join(os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(self, link))
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.write("measured/cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"pvesec/pvesec\" = %q\n  }\n  direct {}\n}\n", filepath.Dir(link)))
	}
	command := exec.CommandContext(w.t.Context(), "terraform", args...)
	command.Dir = w.dir
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "measured", "cli.tfrc"), measuredVariable+"="+filepath.Join(w.dir, "terraform-provider-pvesec"),
		"TF_LOG=", "TF_REATTACH_PROVIDERS=", "CHECKPOINT_DISABLE=1")
	command.Env = append(command.Env, w.env...)
	if output, err := command.CombinedOutput(); err != nil {
		w.t.Fatalf("terraform %v: %v\n%s", args, err, output)
	}
	notes, err := filepath.Glob(filepath.Join(w.dir, "usage-*.json"))
	if err != nil || len(notes) == 0 {
		w.t.Fatalf("terraform %v: the provider left no note of what it used: %v", args, err)
	}
	for _, note := range notes {
		var used usage
		encoded, err := os.ReadFile(note)
		if err == nil {
			err = errors.Join(json.Unmarshal(encoded, &used), os.Remove(note))
		}
		if err != nil {
			w.t.Fatal(err)
		}
		provider.CPU += used.CPU
		provider.Memory = max(provider.Memory, used.Memory)
	}
	// What ended below a process counts as its own.
	terraform = usageOf(command.ProcessState)
	terraform.CPU -= provider.CPU
	return provider, terraform
}
