package libctest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// judge answers questions about patterns as a C library does, and sudo's own if it has that.
type judge struct {
	name string
	sudo bool // whether expressions are compiled by sudo
	run  func(t *testing.T, questions string) (answers string)
}

// sudoLibrary is where Debian has the library of sudo that compiles expressions.
const sudoLibrary = "/usr/libexec/sudo/libsudo_util.so.0"

// compileProgram compiles the program that asks, once for all tests.
var compileProgram = sync.OnceValues(func() (program string, err error) {
	dir, err := os.MkdirTemp("", "libctest-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	compiler := ""
	for _, name := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			compiler = path
			break
		}
	}
	if compiler == "" {
		return "", fmt.Errorf("no C compiler: cc, gcc and clang are all missing. On Debian: apt-get install gcc libc6-dev")
	}
	path := filepath.Join(dir, "libc")
	// The C standard keeps newer C libraries from substituting functions that Debian 12 lacks.
	if out, err := exec.Command(compiler, "-std=gnu99", "-O1", "-o", path, filepath.Join("testdata", "libc.c"), "-ldl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", compiler, err, out)
	}
	content, err := os.ReadFile(path)
	return string(content), err
})

func program(t *testing.T) string {
	t.Helper()

	content, err := compileProgram()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// local is the C library of this machine, with its sudo if it has one.
func local(t *testing.T) judge {
	t.Helper()

	path := filepath.Join(t.TempDir(), "libc")
	if err := os.WriteFile(path, []byte(program(t)), 0o700); err != nil {
		t.Fatal(err)
	}
	var arguments []string
	if _, err := os.Stat(sudoLibrary); err == nil {
		arguments = append(arguments, sudoLibrary)
	}
	return judge{name: "this machine", sudo: len(arguments) > 0, run: func(t *testing.T, questions string) string {
		t.Helper()

		command := exec.Command(path, arguments...)
		command.Env = []string{"LC_ALL=C"}
		command.Stdin = strings.NewReader(questions)
		var problems bytes.Buffer
		command.Stderr = &problems
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, &problems)
		}
		return string(out)
	}}
}

// question is a pattern and the texts to match with it.
type question struct {
	kind                   byte // g, e, i or s
	pathname, period, fold bool
	pattern                string
	texts                  []string
}

// answer is, for each text, whether it matches, unless the pattern is refused.
type answer struct {
	refused bool
	matches []bool
}

func (j judge) ask(t *testing.T, questions []question) []answer {
	t.Helper()

	flag := func(set bool, letter byte) byte {
		if set {
			return letter
		}
		return '-'
	}
	var in strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&in, "%c%c%c%c %d\n%x\n", q.kind, flag(q.pathname, 'p'), flag(q.period, 'd'), flag(q.fold, 'c'), len(q.texts), q.pattern)
		for _, text := range q.texts {
			fmt.Fprintf(&in, "%x\n", text)
		}
	}
	lines := strings.Split(strings.TrimSuffix(j.run(t, in.String()), "\n"), "\n")
	if len(lines) != len(questions) {
		t.Fatalf("%s: %d answers to %d questions", j.name, len(lines), len(questions))
	}
	answers := make([]answer, len(questions))
	for i, line := range lines {
		if line == "E" {
			answers[i].refused = true
			continue
		}
		if len(line) != len(questions[i].texts) || strings.Trim(line, "01") != "" {
			t.Fatalf("%q: the answer is %q for %d texts", questions[i].pattern, line, len(questions[i].texts))
		}
		for k := range line {
			answers[i].matches = append(answers[i].matches, line[k] == '1')
		}
	}
	return answers
}
