// Command parse reads a policy from standard input and does with it what visudo -c
// does: it says what is wrong, and exits with 1 if anything is.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"syscall"
	"unsafe"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

func main() {
	// The process ends when the policy is read: nothing is worth collecting, as a C
	// program of this sort frees nothing.
	debug.SetGCPercent(-1)
	text, err := read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if _, errs := sudoers.Parse("stdin", text, sudoers.PVE9); errs.Err() != nil {
		fmt.Fprintln(os.Stderr, errs)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == "-memory" {
		// The peak since the program began; what wait4(2) tells includes its parent.
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Print(string(status))
	}
}

// read takes standard input as a whole, without copying it if it is a file.
func read() (string, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(0, &stat); err == nil && stat.Mode&syscall.S_IFMT == syscall.S_IFREG && stat.Size > 0 {
		text, err := syscall.Mmap(0, 0, int(stat.Size), syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_POPULATE)
		return unsafe.String(unsafe.SliceData(text), len(text)), err
	}
	text, err := io.ReadAll(os.Stdin)
	return string(text), err
}
