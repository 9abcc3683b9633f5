// Package kerneltest runs tests whose nodes have their own kernel. The emulated kernel has a defect that ends it at
// random: a test that fails because of it is repeated, once. The README.md of package lab describes the defect.
package kerneltest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
)

// testVariable names the test that a process was started for.
const testVariable = "PVESEC_LAB_KERNEL_TEST"

// Run runs the body of a test, in a process of its own: what has failed in this one cannot be undone. The test t has no
// other contents than the body, and starts the nodes in it with lab.ForTest. Where it fails and the kernel of a node
// panicked with the known defect, it runs once more with new nodes, and make says so at its end. Every other failure
// counts, and so does a second one.
func Run(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	if os.Getenv(testVariable) == t.Name() {
		body(t)
		return
	}
	repeat(t, func() (string, error) { return alone(t) })
}

// reporter is what repeat needs of a test.
type reporter interface {
	Helper()
	Name() string
	Log(args ...any)
	Error(args ...any)
}

// repeat fails the test unless an attempt passes: the first, or the second after a panic of the known kind.
func repeat(t reporter, attempt func() (output string, err error)) {
	t.Helper()
	output, err := attempt()
	if node, known := panicked(output); err != nil && known {
		t.Log(output)
		if err := budget.Say(fmt.Sprintf("%s: repeated, because the emulated kernel of %s panicked (flush_tlb_mm)", t.Name(), node)); err != nil {
			t.Error(err)
		}
		output, err = attempt()
	}
	t.Log(output)
	if err != nil {
		t.Error(err)
	}
}

// alone runs the test t, and nothing else, in a new process of this program.
func alone(t *testing.T) (output string, err error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	arguments := []string{"-test.v", "-test.run", pattern(t.Name())}
	if deadline, ok := t.Deadline(); ok {
		// It ends first, and so says where it waited.
		arguments = append(arguments, "-test.timeout", max(time.Until(deadline)-10*time.Second, time.Second).String())
	}
	flag.Visit(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			arguments = append(arguments, "-"+f.Name+"="+f.Value.String())
		}
	})
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Env = append(os.Environ(), testVariable+"="+t.Name())
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("the process of this test: %w", err)
	}
	// A pattern that fits no test ends with success as well.
	if passed := "--- PASS: " + t.Name() + " ("; !strings.Contains(out.String(), passed) {
		return out.String(), fmt.Errorf("the process of this test does not say %q", passed)
	}
	return out.String(), nil
}

// pattern is the value of -run for one test or subtest.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// console is how lab.ForTest begins what a node of a failed test printed.
var console = regexp.MustCompile(`console of (\S+):\n`)

// defect is the panic of the emulated kernel: within fork, a process that was killed meanwhile has its half-made memory
// taken down, and 0x40e lies in what marks the end of the made half.
var defect = regexp.MustCompile(`(?s)Kernel panic - not syncing: Kernel mode fault at addr 0x40e\b.*\bflush_tlb_mm\b.*\bexit_mmap\b.*\bcopy_process\b`)

// panicked finds the node whose kernel panicked with the known defect.
func panicked(output string) (node string, known bool) {
	begins := console.FindAllStringSubmatchIndex(output, -1)
	for i, at := range begins {
		end := len(output)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		if defect.MatchString(output[at[1]:end]) {
			return output[at[2]:at[3]], true
		}
	}
	return "", false
}
