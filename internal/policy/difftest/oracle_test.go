package difftest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	decisions = flag.Int("decisions", 8_000, "how many decisions to compare with each version of sudo")
	trees     = flag.Int("trees", 1_500, "how many policies to compare with visudo and cvtsudoers of each version")
	pairs     = flag.Int("pairs", 100, "how many pairs of policies to compare, with each version of sudo")
	processes = flag.Int("processes", 300, "how many of the decisions to compare with sudo -l -U too")
	seed      = flag.Uint64("seed", 1, "seed of the generator, 0 for one from the clock")
)

// theSeed is printed by every test, so that a failure can be repeated.
var theSeed = sync.OnceValue(func() uint64 {
	if *seed != 0 {
		return *seed
	}
	return uint64(time.Now().UnixNano())
})

// compileDriver compiles the driver once for all tests. What it exports takes the place of the C library's, also for
// the plug-in.
var compileDriver = sync.OnceValues(func() (string, error) { return compileC("plugin_driver.c", "-rdynamic") })

// compileC compiles a file of testdata.
func compileC(source string, flags ...string) (string, error) {
	dir, err := os.MkdirTemp("", "difftest-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "program")
	// The C standard keeps newer C libraries from substituting functions that Debian 12 lacks.
	arguments := slices.Concat([]string{"-std=gnu99", "-O1"}, flags, []string{"-o", program, filepath.Join("testdata", source), "-ldl"})
	if out, err := exec.Command("cc", arguments...).CombinedOutput(); err != nil {
		return "", &compileError{source, err, string(out)}
	}
	content, err := os.ReadFile(program)
	return string(content), err
}

type compileError struct {
	source string
	err    error
	out    string
}

func (e *compileError) Error() string {
	return "compiling testdata/" + e.source + " with cc: " + e.err.Error() + "\n" + e.out +
		"It asks the distribution's sudo. Install a C compiler, on Debian and Ubuntu: apt-get install gcc libc6-dev"
}

// group is a set of command lines for one policy, user and target.
type group struct {
	policy     string
	beside     string // what the policy includes
	user       string
	self       bool   // the user runs the command, else root asks about him
	about      string // with self and command lines without words: whose rights the user wants listed
	uid        int
	gids       []int
	runAsUser  string
	runAsGroup string
	host       string // the name of the machine, hostLong if empty
	lines      [][]string
}

// ask puts groups of questions to the driver.
func (s *station) ask(t *testing.T, groups []group) []string {
	t.Helper()
	var b bytes.Buffer
	put := func(words ...string) {
		for _, w := range words {
			_ = binary.Write(&b, binary.LittleEndian, uint32(len(w)))
			b.WriteString(w)
		}
	}
	for _, g := range groups {
		listed, invoker, uid, gids := g.user, "root", 0, []int{0}
		if g.self {
			listed, invoker, uid, gids = g.about, g.user, g.uid, g.gids
		}
		put(g.policy, listed, invoker, strconv.Itoa(uid), strconv.Itoa(gids[0]), strings.Trim(strings.ReplaceAll(fmt.Sprint(gids), " ", ","), "[]"), cmp.Or(g.host, hostLong), addressList, g.runAsUser, g.runAsGroup, strconv.Itoa(len(g.lines)))
		for _, line := range g.lines {
			put(strconv.Itoa(len(line)))
			put(line...)
		}
	}
	out, err := s.node.Exec(t.Context(), b.String(), driverPath, "/usr/libexec/sudo/sudoers.so", s.policyPath)
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(answers) != len(groups) {
		t.Fatalf("%d answers to %d groups of questions", len(answers), len(groups))
	}
	return answers
}
