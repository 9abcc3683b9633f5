//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// stopTimeout is how long a supervisor may take to end its cluster before it is killed; the janitor then clears up.
const stopTimeout = 20 * time.Second

// down ends every published cluster and removes what crashed runs left behind.
func down(context.Context, []string) error {
	running, err := lab.FindPublished()
	if err != nil {
		return err
	}
	for _, c := range running {
		say("stopping the cluster of process %d (%d nodes)", c.PID, len(c.Nodes))
		if err := unix.Kill(c.PID, unix.SIGTERM); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("stopping process %d: %w", c.PID, err)
		}
		timer := time.AfterFunc(stopTimeout, func() { _ = unix.Kill(c.PID, unix.SIGKILL) })
		err := c.AwaitEnd()
		timer.Stop()
		if err != nil {
			return err
		}
	}
	others, err := lab.CleanUp()
	if err != nil {
		return err
	}
	if others > 0 {
		say("%d lab(s) of running tests were left alone", others)
	}
	return nil
}

// status shows the running cluster.
func status(context.Context, []string) error {
	c, err := theCluster()
	if err != nil {
		return err
	}
	fmt.Printf("cluster of process %d, API at %s\n\n", c.PID, c.Env["PVESEC_ENDPOINT"])
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tADDRESS\tDEBIAN\tKERNEL")
	for _, n := range c.Nodes {
		kernel := "shared"
		if n.Kernel {
			kernel = "own"
		}
		fmt.Fprintf(table, "%s\t%s:%d\t%s\t%s\n", n.Name, n.Address, n.Port, n.Suite, kernel)
	}
	return table.Flush()
}

// secureShell replaces this process by ssh to a node.
func secureShell(_ context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("ssh: which node?")
	}
	c, err := theCluster()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Nodes, func(n lab.PublishedNode) bool { return n.Name == arguments[0] })
	if i < 0 {
		return fmt.Errorf("ssh: no node is called %q", arguments[0])
	}
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		return fmt.Errorf("%w: apt-get install openssh-client", err)
	}
	node := c.Nodes[i]
	argv := []string{"ssh", "-q", "-F", "none", "-i", c.PrivateKeyFile, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile=" + c.KnownHostsFile, "-p", strconv.Itoa(node.Port), "root@" + node.Address}
	return unix.Exec(ssh, append(argv, arguments[1:]...), os.Environ())
}

// build fills the cache.
func build(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	kernel := flags.Bool("kernel", false, "also what nodes with their own kernel need")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if missing := lab.Missing(); len(missing) > 0 {
		return fmt.Errorf("the lab cannot run here:\n  - %s", strings.Join(missing, "\n  - "))
	}
	suites := lab.Suites()
	if flags.NArg() > 0 {
		suites = nil
		for _, name := range flags.Args() {
			suites = append(suites, lab.Suite(name))
		}
	}
	for _, suite := range suites {
		dir, err := lab.BuildRootFS(ctx, suite, func(line string) { say("%s", line) })
		if err != nil {
			return err
		}
		say("Debian %s: %s", suite, dir)
		if !*kernel {
			continue
		}
		if err := lab.BuildKernel(ctx, suite, func(line string) { say("%s", line) }); err != nil {
			return err
		}
	}
	return nil
}

// doctor lists what is missing and fails when something is.
func doctor(context.Context, []string) error {
	missing := lab.Missing()
	if len(missing) == 0 {
		fmt.Println("everything the lab needs is here")
		return nil
	}
	for _, line := range missing {
		fmt.Println("- " + line)
	}
	return fmt.Errorf("%d thing(s) missing", len(missing))
}
