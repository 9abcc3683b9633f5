package budget

import (
	"syscall"
	"time"
)

// threadTime is what the calling thread has spent on the processor. Unlike a clock it does not go on while others
// have the processor.
func threadTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
