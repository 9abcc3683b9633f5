package budget

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Struck counts how what a test struck ended. Its zero value counts from nothing, and several goroutines may use it.
type Struck struct {
	mu   sync.Mutex
	ends map[string]map[string]int
}

// Count adds one strike of a kind, and its end.
func (s *Struck) Count(kind, end string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == nil {
		s.ends = map[string]map[string]int{}
	}
	if s.ends[kind] == nil {
		s.ends[kind] = map[string]int{}
	}
	s.ends[kind][end]++
}

// countsVariable names a file to which tests add their counts. go test prints what a test logs only where it fails or
// with -v; make prints this file.
const countsVariable = "PVESEC_TEST_COUNTS"

// Report logs the counts, adds them to the file that make prints, and returns their sum.
func (s *Struck) Report(tb testing.TB) (total int) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(s.ends)) {
		sum := 0
		for _, n := range s.ends[kind] {
			sum += n
		}
		total += sum
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, sum))
		tb.Logf("%-28s %v", kind, s.ends[kind])
	}
	text := fmt.Sprintf("%s: %d struck", tb.Name(), total)
	if mine.of > 1 {
		text += fmt.Sprintf(" in part %s", mine)
	}
	text += " (" + strings.Join(kinds, ", ") + ")"
	tb.Log(text)
	if err := Say(text); err != nil {
		tb.Error(err)
	}
	return total
}

// Say adds a line to what make prints at its end, if make runs this test.
func Say(line string) error {
	name := os.Getenv(countsVariable)
	if name == "" {
		return nil
	}
	return add(name, line+"\n")
}

// add appends a line to a file that several processes write.
func add(name, line string) error {
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the file that make names
	if err != nil {
		return err
	}
	_, err = file.WriteString(line)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// part is one of several equal parts of a run.
type part struct{ number, of int }

// mine is the part that this process runs.
var mine = part{1, 1}

func init() {
	flag.Var(&mine, "part", "strike the first of two parts of the cells with 1/2, the second with 2/2")
}

// String is the part as its flag takes it.
func (p part) String() string { return fmt.Sprintf("%d/%d", p.number, p.of) }

// Set takes the part from its flag.
func (p *part) Set(text string) error {
	var read part
	if _, err := fmt.Sscanf(text, "%d/%d", &read.number, &read.of); err != nil || read.String() != text || read.number < 1 || read.number > read.of {
		return fmt.Errorf("%q is no part: write 2/8 for the second of eight", text)
	}
	*p = read
	return nil
}

// InPart tells whether the cell with this number, counted from 0, belongs to the part that this process runs. Without
// the flag -part all do.
func InPart(cell int) bool { return mine.has(cell) }

func (p part) has(cell int) bool { return cell%p.of == p.number-1 }

// Whole tells whether this process runs all parts.
func Whole() bool { return mine.of == 1 }
