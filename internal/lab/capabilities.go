//go:build linux

package lab

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// forbidden are capabilities that no process of a node has: each would act on the machine as a whole.
var forbidden = []uintptr{
	unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_TIME, unix.CAP_SYSLOG,
	unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE, unix.CAP_WAKE_ALARM,
}

// dropCapabilities removes the forbidden capabilities from the calling thread's bounding set: what it executes from now
// on cannot have them.
func dropCapabilities() error {
	for _, capability := range forbidden {
		if err := drop(capability); err != nil {
			return err
		}
	}
	return nil
}

// keepOnly removes all capabilities but one from the calling thread's bounding set.
func keepOnly(kept uintptr) error {
	for capability := uintptr(0); ; capability++ {
		if capability == kept {
			continue
		}
		// CAP_LAST_CAP of the running kernel may differ from the headers. EINVAL marks the end.
		if err := drop(capability); errors.Is(err, unix.EINVAL) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// drop removes one capability from the bounding set: capabilities(7).
func drop(capability uintptr) error {
	if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
		return fmt.Errorf("dropping capability %d: %w", capability, err)
	}
	return nil
}
