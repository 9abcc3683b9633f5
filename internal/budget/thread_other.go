//go:build !linux

package budget

import "time"

// threadTime is known on Linux only; elsewhere only memory is bounded.
func threadTime() time.Duration { return 0 }
