//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// settings are the flags of up.
type settings struct {
	nodes       int
	suite       string
	kernel      bool
	withoutSudo bool
	provider    string
}

func parseSettings(name string, arguments []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.IntVar(&s.nodes, "nodes", 3, "number of nodes")
	flags.StringVar(&s.suite, "suite", string(lab.Trixie), "Debian release of the nodes")
	flags.BoolVar(&s.kernel, "kernel", false, "give every node a kernel of its own (auditd works, slower)")
	flags.BoolVar(&s.withoutSudo, "without-sudo", false, "purge sudo from every node")
	flags.StringVar(&s.provider, "provider", "", "directory with the provider's program, for Terraform")
	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if s.nodes < 1 || s.nodes > 64 {
		return s, fmt.Errorf("-nodes %d: between 1 and 64", s.nodes)
	}
	if s.provider == "" {
		return s, nil
	}
	var err error
	s.provider, err = filepath.Abs(s.provider)
	return s, err
}

// spec is the cluster that the flags ask for.
func (s settings) spec() lab.ClusterSpec {
	var spec lab.ClusterSpec
	for range s.nodes {
		spec.Nodes = append(spec.Nodes, lab.NodeSpec{Suite: lab.Suite(s.suite), Kernel: s.kernel, WithoutSudo: s.withoutSudo})
	}
	return spec
}

// Lines that the supervisor sends to up; every other line is progress.
const (
	readyLine   = "ready"
	failedStart = "failed: "
)

// up starts a supervisor in the background, shows its progress, and prints the environment when the cluster is ready.
func up(ctx context.Context, arguments []string) error {
	s, err := parseSettings("up", arguments)
	if err != nil {
		return err
	}
	if missing := lab.Missing(); len(missing) > 0 {
		return fmt.Errorf("the lab cannot run here:\n  - %s", strings.Join(missing, "\n  - "))
	}
	running, err := lab.FindPublished()
	if err != nil {
		return err
	}
	if len(running) > 0 {
		return fmt.Errorf("a cluster is running already (process %d): `pvesec-lab env` prints its environment, `pvesec-lab down` ends it", running[0].PID)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, append([]string{"supervise"}, arguments...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	progress, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		line := lines.Text()
		if line == readyLine {
			return printFor(cmd.Process.Pid, s.provider)
		}
		if reason, ok := strings.CutPrefix(line, failedStart); ok {
			_ = cmd.Wait()
			return errors.New(strings.ReplaceAll(reason, "\x1f", "\n"))
		}
		say("%s", line)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the supervisor ended before the cluster was ready: %w", err)
	}
	return errors.New("the supervisor ended before the cluster was ready")
}

// supervise owns the cluster until it is told to end.
func supervise(ctx context.Context, arguments []string) error {
	s, err := parseSettings("supervise", arguments)
	if err != nil {
		return err
	}
	spec := s.spec()
	spec.Progress = func(line string) { fmt.Println(line) }
	c, err := lab.StartCluster(ctx, spec)
	if err == nil {
		defer c.Close()
		err = c.Publish()
	}
	if err != nil {
		fmt.Println(failedStart + strings.ReplaceAll(err.Error(), "\n", "\x1f"))
		return err
	}
	fmt.Println(readyLine)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} { // the terminal of up may go away
		if err := syscall.Dup3(int(null.Fd()), int(stream.Fd()), 0); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return c.Close()
}
