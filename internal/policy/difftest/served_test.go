package difftest

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// compileServer compiles what makes one process of visudo or cvtsudoers read many policies.
var compileServer = sync.OnceValues(func() (string, error) { return compileC("serve_program.c", "-shared", "-fPIC") })

const serverPath = "/usr/local/lib/serve_program.so"

// The programs that read policies, with their arguments but for the file.
var (
	visudo     = []string{"/usr/sbin/visudo", "-c", "-f"}
	cvtsudoers = []string{"/usr/bin/cvtsudoers", "-c", "/dev/null", "-f", "json"}
)

// served is what a program said of one policy.
type served struct {
	status         string // the exit status in decimal, X if a signal ended the program
	stdout, stderr string
}

// namedPolicy is a policy with the name of its file, which messages of visudo begin with.
type namedPolicy struct{ name, text string }

// serve has one process of a program read all policies, each as a process of its own would.
func (s *station) serve(t *testing.T, program []string, policies []namedPolicy) []served {
	t.Helper()
	if len(policies) == 0 {
		return nil
	}
	var in bytes.Buffer
	for _, p := range policies {
		for _, text := range []string{p.name, p.text} {
			in.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
			in.WriteString(text)
		}
	}
	const script = `d=$(mktemp -d) && cd "$d" && LD_PRELOAD=` + serverPath + ` "$@" && cd / && rmdir "$d"`
	out, err := s.node.Exec(t.Context(), in.String(), slices.Concat([]string{"/bin/sh", "-c", script, "sh"}, program)...)
	if err != nil {
		t.Fatal(err)
	}
	rest := []byte(out)
	next := func() string {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.LittleEndian.Uint32(rest)) {
			t.Fatalf("%s: answers end too early", program[0])
		}
		n := binary.LittleEndian.Uint32(rest)
		text := string(rest[4 : 4+n])
		rest = rest[4+n:]
		return text
	}
	list := make([]served, len(policies))
	for i := range list {
		list[i] = served{status: next(), stdout: next(), stderr: next()}
	}
	return list
}

// TestServedPrograms holds what one process says of many policies to processes of their own.
func TestServedPrograms(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		const many = 24
		policies := make([]namedPolicy, many)
		var in bytes.Buffer
		w := tar.NewWriter(&in)
		for i := range policies {
			policies[i] = namedPolicy{fmt.Sprintf("p%06d", i), generateText(1<<33 + uint64(i))}
			header := tar.Header{Name: policies[i].name, Mode: 0o440, Size: int64(len(policies[i].text))}
			if err := errors.Join(w.WriteHeader(&header), writeString(w, policies[i].text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		const script = `d=$(mktemp -d) && cd "$d" && tar -x
for f in *; do "$@" "$f" >out 2>err; echo "$?"; cat out; echo ===; cat err; echo ===; done
cd / && rm -rf "$d"`
		for _, program := range [][]string{visudo, cvtsudoers} {
			out, err := s.node.Exec(t.Context(), in.String(), slices.Concat([]string{"/bin/sh", "-c", script, "sh"}, program)...)
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			accepted := 0
			for _, a := range s.serve(t, program, policies) {
				fmt.Fprintf(&all, "%s\n%s===\n%s===\n", a.status, a.stdout, a.stderr)
				if a.status == "0" {
					accepted++
				}
			}
			if all.String() != out {
				t.Errorf("%s says as processes\n%s\nand as one\n%s", program[0], out, &all)
			}
			if accepted == 0 || accepted == many {
				t.Errorf("%s accepts %d of %d policies", program[0], accepted, many)
			}
		}
	})
}
