package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// traceLog is what the log of a workspace is called.
const traceLog = "trace.log"

// Workspace is a directory in which the real terraform runs the real provider program, as an operator does.
type Workspace struct {
	t   testing.TB
	Dir string
	Env []string // variables of the configuration; on a command line Terraform logs them itself

	quiet  bool             // without Terraform's log, which takes most of the time
	within bool             // with the provider in this process
	now    func() time.Time // the clock of a provider in this process, nil for the real one
	search *Search          // nil for a benchmark
}

// Quietly has Terraform log errors only, for tests that run it many times. What it prints and leaves is searched all
// the same.
func (w *Workspace) Quietly() *Workspace {
	w.quiet, w.search.untraced = true, true
	w.Write(traceLog, "")
	return w
}

// buildProvider builds the provider, once for all tests of a process.
var buildProvider = sync.OnceValue(func() error {
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "github.com/pvesec/terraform-provider-pvesec")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider: %w\n%s", err, output)
	}
	return nil
})

// NewWorkspace makes a workspace and says to Terraform where the provider is.
func NewWorkspace(tb testing.TB) *Workspace {
	tb.Helper()
	w := &Workspace{t: tb, Dir: tb.TempDir()}
	if err := buildProvider(); err != nil {
		tb.Fatal(err)
	}
	if err := os.Link(program, filepath.Join(w.Dir, filepath.Base(program))); err != nil {
		tb.Fatal(err)
	}
	if t, isTest := tb.(*testing.T); isTest {
		w.searched(t)
	}
	w.Write("cli.tfrc", fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  dev_overrides {\n    \"pvesec/pvesec\" = %q\n  }\n  direct {}\n}\n", w.Dir))
	return w
}

// searched has everything that terraform prints and leaves in the workspace searched for every secret of the test.
func (w *Workspace) searched(t *testing.T) {
	t.Helper()
	w.search = &Search{t: t, Dir: w.Dir, found: map[string]bool{}}
	t.Cleanup(func() {
		for _, found := range w.search.Finish(filepath.Join(w.Dir, traceLog)) {
			t.Error(found)
		}
	})
}

// Write writes a file into the workspace.
func (w *Workspace) Write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// Terraform runs a command with everything logged, and returns what it printed.
func (w *Workspace) Terraform(args ...string) string {
	w.t.Helper()
	output, err := w.try(args...)
	if err != nil {
		w.t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// Refused runs a command that must fail, and returns what it printed without the frame that Terraform draws around an
// error.
func (w *Workspace) Refused(args ...string) string {
	w.t.Helper()
	output, err := w.try(append(args, "-no-color")...)
	if err == nil {
		w.t.Fatalf("terraform %s did not fail:\n%s", strings.Join(args, " "), output)
	}
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

// Try runs a command that may fail, and returns what it printed.
func (w *Workspace) Try(args ...string) (string, error) {
	w.t.Helper()
	return w.try(args...)
}

func (w *Workspace) try(args ...string) (string, error) {
	w.t.Helper()
	command := exec.CommandContext(context.WithoutCancel(w.t.Context()), Terraform, args...)
	command.Dir = w.Dir
	command.Env = w.Environment()
	if t, isTest := w.t.(*testing.T); w.within && isTest {
		reattach, stop, err := w.serve(t)
		if err != nil {
			w.t.Fatal(err)
		}
		defer stop()
		command.Env = append(command.Env, "TF_REATTACH_PROVIDERS="+reattach)
	}
	output, err := command.CombinedOutput()
	if w.search != nil {
		w.search.printed(args, output)
	}
	return string(output), err
}

// Environment has the variables for a command in the workspace, also for a script that runs terraform there.
func (w *Workspace) Environment() []string {
	env := append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.Dir, "cli.tfrc"), "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, traceLog),
		"TF_REATTACH_PROVIDERS=", "CHECKPOINT_DISABLE=1")
	if w.quiet {
		env = append(env, "TF_LOG=ERROR")
	}
	return append(env, w.Env...)
}

// Moved is the workspace in another directory, as when one machine plans and another applies.
func (w *Workspace) Moved() *Workspace {
	w.t.Helper()
	other := &Workspace{t: w.t, Dir: w.t.TempDir(), Env: w.Env}
	if err := os.CopyFS(other.Dir, os.DirFS(w.Dir)); err != nil {
		w.t.Fatal(err)
	}
	if w.search != nil {
		other.searched(w.search.t)
	}
	return other
}

// Measured runs a command of terraform with nothing logged, and tells what the provider's processes used together, the
// largest of their peaks, and what Terraform used by itself.
func (w *Workspace) Measured(args ...string) (provider, terraform Usage) {
	w.t.Helper()
	link := filepath.Join(w.Dir, "measured", "terraform-provider-pvesec")
	if _, err := os.Lstat(link); err != nil {
		self, err := os.Executable()
		if err == nil {
			err = errors.Join(os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(self, link))
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.Write("measured/cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"pvesec/pvesec\" = %q\n  }\n  direct {}\n}\n", filepath.Dir(link)))
	}
	command := exec.CommandContext(w.t.Context(), Terraform, args...)
	command.Dir = w.Dir
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.Dir, "measured", "cli.tfrc"), measuredVariable+"="+filepath.Join(w.Dir, "terraform-provider-pvesec"),
		"TF_LOG=", "GOGC=", "TF_REATTACH_PROVIDERS=", "CHECKPOINT_DISABLE=1")
	command.Env = append(command.Env, w.Env...)
	if output, err := command.CombinedOutput(); err != nil {
		w.t.Fatalf("terraform %v: %v\n%s", args, err, output)
	}
	notes, err := filepath.Glob(filepath.Join(w.Dir, "usage-*.json"))
	if err != nil || len(notes) == 0 {
		w.t.Fatalf("terraform %v: the provider left no note of what it used: %v", args, err)
	}
	for _, note := range notes {
		var used Usage
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
