//go:build linux

package lab

import (
	"fmt"
	"os"
	"runtime"
)

// Roles this program takes when it is started again, recognised by argv[0].
const (
	roleContainer = "pvesec-lab-container" // PID 1 of a node that shares the caller's kernel, until it executes /sbin/init
	roleGuest     = "pvesec-lab-guest"     // PID 1 next to a node with its own kernel, until it executes that kernel
	roleEnter     = "pvesec-lab-enter"     // in the namespaces of a node, to run a command there
	roleJanitor   = "pvesec-lab-janitor"   // outlives a crashed caller and clears up after it
)

// selfExe is the running program, whatever has happened to its path since.
const selfExe = "/proc/self/exe"

// init keeps the main goroutine on the main thread, which a role that enters other namespaces needs, and takes the role
// that argv[0] names; a role never returns.
func init() {
	runtime.LockOSThread()
	var role func() error
	switch os.Args[0] {
	case roleContainer:
		role = containerMain
	case roleGuest:
		role = guestMain
	case roleEnter:
		role = enterMain
	case roleJanitor:
		role = janitorMain
	default:
		return
	}
	if err := role(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
	os.Exit(0)
}
