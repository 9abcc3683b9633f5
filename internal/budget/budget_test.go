package budget

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
)

// judge is a test that only notes whether it failed.
type judge struct {
	testing.TB
	said []string
}

func (j *judge) Helper() {}

func (j *judge) Errorf(format string, _ ...any) { j.said = append(j.said, format) }

// TestLinear: what is linear passes, what grows with the square of a long input does not.
func TestLinear(t *testing.T) { //nolint:paralleltest // what others allocate would count
	before := fuzzing
	defer func() { fuzzing = before }()
	fuzzing = func() bool { return true }
	each := PerByte{Time: time.Microsecond, Memory: 64}
	text := Long("ab", 32<<10)
	sink := 0
	for name, tc := range map[string]struct {
		f      func()
		time   bool
		memory bool
	}{
		"linear": {f: func() { sink += len(bytes.ToUpper([]byte(text))) }},
		"square of time": {f: func() {
			for i := range len(text) {
				for j := range len(text) {
					if text[i] == text[j] {
						sink++
					}
				}
			}
		}, time: true},
		"square of memory": {f: func() {
			for i := 0; i < len(text); i += 16 {
				sink += len(strings.Clone(text[i:]))
			}
		}, memory: true},
	} {
		var j judge
		Linear(&j, len(text), each, tc.f)
		said := strings.Join(j.said, "\n")
		if got := strings.Contains(said, "processor"); got != (tc.time && runtime.GOOS == "linux") {
			t.Errorf("%s: too much time is %t", name, got)
		}
		if got := strings.Contains(said, "memory"); got != tc.memory {
			t.Errorf("%s: too much memory is %t", name, got)
		}
	}
	if sink == 0 {
		t.Error("nothing was done")
	}
}

func TestLong(t *testing.T) {
	t.Parallel()
	if got := Long("abc", 7); got != "abcabcabc" {
		t.Errorf("got %q", got)
	}
	if got := Long("", 7); got != "" {
		t.Errorf("got %q", got)
	}
	if !Sampled("abc", 1) {
		t.Error("not every one of one is sampled")
	}
}
