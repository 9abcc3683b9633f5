//go:build linux

// Command pvesec-lab runs a cluster of real Debian nodes with a simulated PVE API to try the provider on. See
// internal/lab/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

const usage = `pvesec-lab: a cluster of real Debian nodes with a simulated PVE API

  pvesec-lab up [-nodes N] [-suite trixie|bookworm] [-kernel] [-without-sudo] [-provider DIR]
                           start a cluster in the background and print the environment for the provider:
                               eval "$(pvesec-lab up)"
                           -provider DIR makes Terraform use the provider's program in DIR
  pvesec-lab env           print that environment again
  pvesec-lab status        show the cluster and its nodes
  pvesec-lab ssh NODE [COMMAND…]
                           run a command, or a shell, on a node as root
  pvesec-lab down          stop the cluster and remove every trace, also of crashed runs
  pvesec-lab build [-kernel] [SUITE…]
                           build the root file systems (and the kernel level's disk images) that the cache lacks
  pvesec-lab doctor        list what keeps the lab from running here
`

// commands are the verbs of the command line.
var commands = map[string]func(ctx context.Context, arguments []string) error{
	"up":        up,
	"supervise": supervise, // what up starts in the background
	"env":       printEnv,
	"status":    status,
	"ssh":       secureShell,
	"down":      down,
	"build":     build,
	"doctor":    doctor,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	run, ok := commands[os.Args[1]]
	if !ok {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	switch err := run(ctx, os.Args[2:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "pvesec-lab: %v\n", err)
		os.Exit(1)
	}
}

// say writes a line for the person at the terminal; standard output is for the shell.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
