// Package budget is what tests and fuzz targets demand of memory, and fuzzing of time: no more for an input than is
// linear in its size. An input is made long first, so that what is quadratic in a short one stands out. Tests that are
// not fuzzing hold nothing to time, which depends on the machine and on what else it does; where work must be bounded
// and takes no memory, they count it. What tests strike is counted here as well, and a run of hours is parted.
package budget

import (
	"flag"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
	"time"
)

// PerByte is what each byte of an input may cost. It is far above what it does cost, and far below what the
// bytes of a long input would cost each if the work grew with its square.
type PerByte struct {
	// Time on the processor. Only fuzzing holds it.
	Time time.Duration
	// Memory that is allocated in all, in bytes.
	Memory int
}

// Beside the budget, what any input may cost.
const (
	anyTime   = 200 * time.Millisecond
	anyMemory = 8 << 20
)

// Sampled tells whether an input is one of the few on which time is worth being spent: always the same of every n.
func Sampled(text string, n uint32) bool {
	return crc32.ChecksumIEEE([]byte(text))%n == 0
}

// Long repeats a text until it has at least so many bytes; an empty one stays empty.
func Long(text string, size int) string {
	if text == "" {
		return ""
	}
	return strings.Repeat(text, (size+len(text)-1)/len(text))
}

// Linear fails the test if f, which works on an input of so many bytes, costs more than the budget. What other
// tests do at the same time counts as memory of f, so it must not run beside them; fuzzing does not.
func Linear(tb testing.TB, size int, each PerByte, f func()) {
	tb.Helper()
	time := anyTime + time.Duration(size)*each.Time
	if !fuzzing() {
		time = 0
	}
	within(tb, fmt.Sprintf("%d bytes cost", size), time, uint64(anyMemory+size*each.Memory), f)
}

// fuzzing tells whether this process is one of go test -fuzz.
var fuzzing = func() bool {
	f := flag.Lookup("test.fuzz")
	return f != nil && f.Value.String() != ""
}

// Question is what one question may cost, whatever its size: memory that is allocated in all, in bytes.
type Question struct {
	Memory int
}

// Within fails the test if f costs more than a question may. As with Linear, it must not run beside other tests.
func Within(tb testing.TB, limit Question, f func()) {
	tb.Helper()
	within(tb, "it cost", 0, uint64(limit.Memory), f)
}

func within(tb testing.TB, what string, time time.Duration, memory uint64, f func()) {
	tb.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := threadTime()
	f()
	spent := threadTime() - begin
	runtime.ReadMemStats(&after)
	if time > 0 && spent > time {
		tb.Errorf("%s %v on the processor, more than %v", what, spent, time)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > memory {
		tb.Errorf("%s %d bytes of memory, more than %d", what, allocated, memory)
	}
}
