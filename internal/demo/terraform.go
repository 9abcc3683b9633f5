package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// workspace is a directory with a configuration, in which the real terraform runs with the provider built from this
// tree.
type workspace struct {
	*narrator
	dir string
	env []string
}

// newWorkspace builds the provider, puts it into a file system mirror, so that terraform init finds it as it would find
// a release, and copies the example that the demo applies. The caller removes dir.
func newWorkspace(ctx context.Context, n *narrator, provider map[string]string) (*workspace, error) {
	if _, err := exec.LookPath("terraform"); err != nil {
		return nil, errors.New("terraform is not in PATH; version 1.11 or later is needed: https://developer.hashicorp.com/terraform/install")
	}
	example, err := os.ReadFile(filepath.Join("examples", "restricted-operator", "main.tf"))
	if err != nil {
		return nil, fmt.Errorf("run the demo in the top folder of the repository, by make demo: %w", err)
	}
	dir, err := os.MkdirTemp("", "pvesec-demo-")
	if err != nil {
		return nil, err
	}
	w := &workspace{narrator: n, dir: dir}
	mirror := filepath.Join(dir, "mirror")
	binary := filepath.Join(mirror, "registry.terraform.io", "pvesec", "pvesec", "0.1.0", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-pvesec_v0.1.0")
	cli := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "main.tf"), example, 0o600),
		os.WriteFile(filepath.Join(dir, "terraform.rc"), []byte(cli), 0o600),
	)
	if err != nil {
		return w, err
	}
	n.progress("building the provider")
	if out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, ".").CombinedOutput(); err != nil {
		return w, fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	w.env = []string{"TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "terraform.rc"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1"}
	for _, inherited := range os.Environ() {
		// Settings of the person who runs the demo stay out of it.
		if !strings.HasPrefix(inherited, "TF_") && !strings.HasPrefix(inherited, "PVESEC_") {
			w.env = append(w.env, inherited)
		}
	}
	for name, value := range provider {
		w.env = append(w.env, name+"="+value)
	}
	return w, nil
}

func (w *workspace) remove() error { return os.RemoveAll(w.dir) }

// terraform runs a command, shows it with all that it prints, and returns that. Any exit code but wanted is an error.
func (w *workspace) terraform(ctx context.Context, wanted int, args ...string) (string, error) {
	w.command("", "terraform "+strings.Join(args, " "))
	if !w.colour {
		args = append(args, "-no-color")
	}
	cmd := exec.CommandContext(ctx, "terraform", args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	w.output(out.String())
	code := cmd.ProcessState.ExitCode()
	if code != wanted {
		return out.String(), fmt.Errorf("terraform %s ended with %d and should have ended with %d: %w", args[0], code, wanted, errors.Join(err, ctx.Err()))
	}
	return out.String(), nil
}

// expect checks that an output says what the demo tells its audience.
func (w *workspace) expect(output string, facts map[string]string) error {
	for text, meaning := range facts {
		if !strings.Contains(output, text) {
			return fmt.Errorf("the output should show that %s, by %q", meaning, text)
		}
	}
	for _, meaning := range facts {
		w.seen("the plan shows that %s", meaning)
	}
	return nil
}
