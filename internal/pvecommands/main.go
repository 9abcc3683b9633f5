// Command pvecommands makes the list of subcommands and options of Proxmox VE's programs, to which a test holds what is
// described of them.
//
// Proxmox VE prints the synopsis of its manual pages from the definitions with which its programs read their arguments
// (PVE::CLIHandler). Their files, named qm.1-synopsis.adoc and so on, are in the repository pve-docs: in its folder
// generated on the branch master for Proxmox VE 9, and at the top of the branch stable-bookworm for Proxmox VE 8.
//
//	go run ./internal/pvecommands 8=DIRECTORY 9=DIRECTORY > internal/escalation/program/testdata/pve-commands.json
//
// With -api it makes the list of what pvesh takes instead, from api-viewer/apidata.js of the same branches:
//
//	go run ./internal/pvecommands -api 8=DIRECTORY 9=DIRECTORY > internal/escalation/program/testdata/pve-api.json
//
// With -checks it makes the list of what PVE asks of the caller of each method, which the simulated API enforces:
//
//	go run ./internal/pvecommands -checks DIRECTORY > internal/lab/pvesim/methods/RELEASE.json
//
// Names of subcommands, options and formal types are taken, and no text.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pvecommands:", err)
		os.Exit(1)
	}
}

// programs are those whose arguments PVE::CLIHandler reads, and that administrators start. The options of pvesh are
// those of the API.
var programs = []string{
	"ha-manager", "pct", "pveam", "pveceph", "pvecm", "pvenode", "pvesm", "pvesr", "pvesubscription", "pveum", "qm", "qmrestore", "vzdump",
}

// formatOptions are those of every subcommand that prints what the API answers.
var formatOptions = map[string]string{
	"output-format": "json | json-pretty | text | yaml", "human-readable": "boolean", "noborder": "boolean", "noheader": "boolean", "quiet": "boolean",
}

// command is a subcommand: the words of its operands, and its options by name.
type command struct {
	// Only is the release that has it, if the other has not.
	Only     string    `json:"only,omitempty"`
	Alias    string    `json:"alias,omitempty"`
	Operands []operand `json:"operands,omitempty"`
	// Required are options that must be there.
	Required []string          `json:"required,omitempty"`
	Options  map[string]option `json:"options,omitempty"`

	releases []string
}

type operand struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	// Optional tells that it may be left out.
	Optional bool `json:"optional,omitempty"`
}

type option struct {
	Type string `json:"type"`
	Only string `json:"only,omitempty"`

	releases []string
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 || len(args) == 1 && args[0] == "-api" {
		return errors.New("say RELEASE=DIRECTORY for each release")
	}
	if args[0] == "-api" {
		return runAPI(args[1:], out)
	}
	if args[0] == "-checks" && len(args) == 2 {
		return runChecks(args[1], out)
	}
	all := map[string]map[string]*command{}
	for _, arg := range args {
		release, directory, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not RELEASE=DIRECTORY", arg)
		}
		for _, program := range programs {
			text, err := os.ReadFile(filepath.Join(directory, program+".1-synopsis.adoc")) //nolint:gosec // the directory that the caller of this tool names
			if err != nil {
				return err
			}
			if all[program] == nil {
				all[program] = map[string]*command{}
			}
			if err := read(all[program], program, release, string(text)); err != nil {
				return fmt.Errorf("%s of %s: %w", program, release, err)
			}
		}
	}
	if len(args) > 1 {
		onlyIn(all)
	}
	return write(out, all)
}

// write prints each subcommand on a line of its own, so that a change between releases is read as such.
func write(out io.Writer, all map[string]map[string]*command) error {
	separator := "{\n"
	for _, program := range programs {
		if _, err := fmt.Fprintf(out, "%s%q: {", separator, program); err != nil {
			return err
		}
		separator = "\n"
		for _, name := range slices.Sorted(maps.Keys(all[program])) {
			c, err := json.Marshal(all[program][name])
			if err == nil {
				_, err = fmt.Fprintf(out, "%s  %q: %s", separator, name, c)
			}
			if err != nil {
				return err
			}
			separator = ",\n"
		}
		separator = "\n},\n"
	}
	_, err := fmt.Fprint(out, "\n}}\n")
	return err
}

// onlyIn notes what one release alone has.
func onlyIn(all map[string]map[string]*command) {
	for _, commands := range all {
		for _, c := range commands {
			if len(c.releases) == 1 {
				c.Only = c.releases[0]
				continue
			}
			for name, o := range c.Options {
				if len(o.releases) == 1 {
					o.Only = o.releases[0]
					c.Options[name] = o
				}
			}
		}
	}
}
