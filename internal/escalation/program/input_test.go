package program

import (
	"slices"
	"testing"
)

// careless are modes in which it is no way to root where a path leads: what is there is neither shown nor changed.
var careless = []string{"stat", "open", "list", "rmdir"}

// following are modes in which a program does what it reads, or puts it in a place of root's.
var following = []string{"config", "source", "own_source", "unpack", "exec"}

// TestCallersInput puts the links to what the caller has open, and his terminal, to every mode of every type of paths:
// he chooses the file behind the links, with O_PATH even one that he cannot read, and types what is read from the
// terminal.
func TestCallersInput(t *testing.T) {
	t.Parallel()
	links := []string{"/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/0", "/dev/fd/3", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/thread-self/fd/0", "/proc/1/fd/0"}
	terminals := []string{"/dev/tty", "/dev/pts/0", "/dev/console", "/dev/tty1"}
	asked := 0
	for name, kind := range knowledge().operands.classed {
		if name != "file" && kind.ClassesOf != "file" {
			continue
		}
		for mode := range kind.Modes {
			if slices.Contains(careless, mode) {
				continue
			}
			of, err := kind.language(mode)
			if err != nil {
				t.Fatal(err)
			}
			paths := links
			if slices.Contains(following, mode) {
				paths = append(slices.Clone(links), terminals...)
			}
			for _, path := range paths {
				asked++
				if of.all.Contains(path) && !leadsToRoot(of, path) {
					t.Errorf("%s:%s: %s is no way to root", name, mode, path)
				}
			}
		}
	}
	if asked < 200 {
		t.Errorf("only %d questions", asked)
	}
}

// leadsToRoot tells whether a value has an effect that is a way to root.
func leadsToRoot(of compiled, value string) bool {
	for key, values := range of.by {
		if rootKey(key) && values.Contains(value) {
			return true
		}
	}
	return false
}
