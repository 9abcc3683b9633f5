// Command demo shows pvesec at its main job, on real parts: `make demo`. With -plan-only it shows the half that needs
// neither root nor nodes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	planOnly := flag.Bool("plan-only", false, "show what needs no node: parsing, rendering, what a policy grants")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	show := demonstrate
	if *planOnly {
		show = demonstratePlan
	}
	if err := show(ctx, newNarrator(os.Stdout)); err != nil {
		stop()
		fmt.Fprintf(os.Stderr, "\nThe demo did not go as told: %v\n", err)
		os.Exit(1)
	}
}
