package libctest

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// libc is a running program that asks the C library.
type libc struct {
	in  *bufio.Writer
	out *bufio.Scanner
}

// startLibc builds the program and starts it.
func startLibc(t *testing.T) *libc {
	t.Helper()

	compiler := ""
	for _, name := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			compiler = path
			break
		}
	}
	if compiler == "" {
		t.Fatal("no C compiler: cc, gcc and clang are all missing. On Debian: apt-get install gcc libc6-dev")
	}
	program := filepath.Join(t.TempDir(), "libc")
	if out, err := exec.Command(compiler, "-O1", "-o", program, filepath.Join("testdata", "libc.c")).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	command := exec.Command(program)
	command.Env = []string{"LC_ALL=C"}
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &libc{in: bufio.NewWriterSize(stdin, 1<<16), out: scanner(stdout)}
}

func scanner(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 1<<16), 1<<20)
	return s
}

// question is a pattern and the texts to match with it.
type question struct {
	kind     byte // g, e or i
	pathname bool
	period   bool
	pattern  string
	texts    []string
}

// ask gives, for each text, whether it matches; ok is false if the pattern is refused.
func (l *libc) ask(t *testing.T, q question) (matches []bool, ok bool) {
	t.Helper()

	flag := func(set bool, letter byte) byte {
		if set {
			return letter
		}
		return '-'
	}
	fmt.Fprintf(l.in, "%c%c%c %d\n%x\n", q.kind, flag(q.pathname, 'p'), flag(q.period, 'd'), len(q.texts), q.pattern)
	for _, text := range q.texts {
		fmt.Fprintf(l.in, "%x\n", text)
	}
	if err := l.in.Flush(); err != nil {
		t.Fatal(err)
	}
	if !l.out.Scan() {
		t.Fatalf("no answer to %q: %v", q.pattern, l.out.Err())
	}
	answer := l.out.Text()
	if answer == "E" {
		return nil, false
	}
	if len(answer) != len(q.texts) || strings.Trim(answer, "01") != "" {
		t.Fatalf("%q: the answer is %q for %d texts", q.pattern, answer, len(q.texts))
	}
	for i := range answer {
		matches = append(matches, answer[i] == '1')
	}
	return matches, true
}
