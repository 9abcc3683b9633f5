package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRun takes subcommands, operands, options that must be there, aliases and formal types from synopses, and says
// what one release alone has.
func TestRun(t *testing.T) {
	t.Parallel()
	older := "*qm* `<COMMAND> [ARGS] [OPTIONS]`\n\n*qm wash* `<vmid> [<soap>] --heat <number>` `[OPTIONS]` `[FORMAT_OPTIONS]`\n\n`<vmid>`: `<integer> (100 - 999)` ::\n\n`--heat` `<number>` ::\n\n" +
		"`--spin` `<fast | slow>` ('default =' `slow`)::\n\n*qm rinse*\n\nAn alias for 'qm wash'.\n"
	newer := older + "\n*qm dry* `<vmid>`\n\n`--line[n]` `[file=]<volume> [,size=<1|0>]` ::\n"
	args := []string{"8=" + directoryOf(t, older), "9=" + directoryOf(t, newer)}
	var out strings.Builder
	if err := run(args, &out); err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]command
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	wash := got["qm"]["wash"]
	if len(wash.Operands) != 2 || wash.Operands[0].Type != "integer" || !wash.Operands[1].Optional || len(wash.Required) != 1 || wash.Options["heat"].Type != "number" || wash.Options["spin"].Type != "fast | slow" ||
		wash.Options["noheader"].Type != "boolean" || wash.Only != "" {
		t.Errorf("%+v", wash)
	}
	if got["qm"]["rinse"].Alias != "wash" {
		t.Errorf("%+v", got["qm"]["rinse"])
	}
	if dry := got["qm"]["dry"]; dry.Only != "9" || dry.Options["line[n]"].Type != "properties file size" {
		t.Errorf("%+v", dry)
	}
}

// directoryOf has a synopsis of each program, of qm the one that is given.
func directoryOf(t *testing.T, qm string) string {
	t.Helper()
	directory := t.TempDir()
	for _, program := range programs {
		text := "*" + program + "* `help`\n"
		if program == "qm" {
			text = qm
		}
		if err := os.WriteFile(filepath.Join(directory, program+".1-synopsis.adoc"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// TestRunRefuses what is no synopsis: an empty list would say that nothing is left to describe.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"8"}, {"8=/nonexistent"}, {"8=" + directoryOf(t, "nothing\n")}} {
		if err := run(args, &strings.Builder{}); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
