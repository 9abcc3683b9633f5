// Command programgaps shows which command lines of a program nobody has described, so that gaps in the knowledge are
// found by machine:
//
//	qm help --verbose 2>&1 | go run ./internal/programgaps qm
//	man lvs | go run ./internal/programgaps lvs
//	go run ./internal/programgaps systemctl </dev/null
//
// It takes the options from standard input and puts each of them to the examples of the data. An option is a gap if it
// is undescribed with all of them. What it prints is no fault: a dangerous option is left out on purpose. Each line is
// for a person to judge.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "programgaps:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("say which program: its name or its path")
	}
	name := args[0]
	if !path.IsAbs(name) {
		name = "/usr/bin/" + name
	}
	p := program.Find(name)
	if p == nil {
		_, err := fmt.Fprintf(out, "Nobody has described %s: every command line of it is undescribed.\n", name)
		return err
	}
	help, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the help text: %w", err)
	}
	for _, o := range p.Operations {
		if _, err := fmt.Fprintf(out, "described: %s (%s)\n", o.Args, o.Does); err != nil {
			return err
		}
	}
	if p.Otherwise != nil {
		if _, err := fmt.Fprintf(out, "all others: %s, for example %s %s\n", p.Otherwise.Does, args[0], p.Otherwise.Example); err != nil {
			return err
		}
	}
	for _, gap := range p.Gaps(program.Options(string(help))) {
		if _, err := fmt.Fprintf(out, "not described: %s, for example %s %s\n", gap.Option, args[0], gap.Args); err != nil {
			return err
		}
	}
	return nil
}
