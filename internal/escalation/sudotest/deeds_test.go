package sudotest

import (
	"encoding/json"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

var (
	everyExample = flag.Bool("every-example", false, "trace every example of what is harmless, and not a sample")
	traceSeed    = flag.Uint64("trace-seed", 1, "which sample of examples is traced")
)

// deedsFile has what programs do beyond what a command line says, as somebody has reviewed it.
var deedsFile = filepath.Join("testdata", "deeds.json")

// updateDeeds writes what is found into the file.
var updateDeeds = os.Getenv("PVESEC_TEST_UPDATE_DEEDS") != ""

// tracedExamples is how many examples are traced on each release where not all are.
const tracedExamples = 80

// deeds are what the harmless command lines of a program do: the programs that they start, the files that they open for
// writing or change, and the calls with which they become another account.
type deeds struct {
	Starts  []string `json:"starts,omitempty"`
	Writes  []string `json:"writes,omitempty"`
	Becomes []string `json:"becomes,omitempty"`
}

// add puts in what is new.
func (d *deeds) add(of *deeds) {
	for _, pair := range [][2]*[]string{{&d.Starts, &of.Starts}, {&d.Writes, &of.Writes}, {&d.Becomes, &of.Becomes}} {
		*pair[0] = slices.Compact(slices.Sorted(slices.Values(slices.Concat(*pair[0], *pair[1]))))
	}
}

// beyond is what d has and reviewed has not.
func (d *deeds) beyond(reviewed *deeds) (list []string) {
	for _, pair := range [][2][]string{{d.Starts, reviewed.Starts}, {d.Writes, reviewed.Writes}, {d.Becomes, reviewed.Becomes}} {
		for _, deed := range pair[0] {
			if !slices.Contains(pair[1], deed) {
				list = append(list, deed)
			}
		}
	}
	return list
}

// TestHarmlessDeeds runs examples of what is described as harmless under strace, as root in a copy of the node, on both
// releases. None starts a program, opens a file for writing or becomes another account that the review of the program
// does not have.
func TestHarmlessDeeds(t *testing.T) {
	t.Parallel()
	reviewed := map[string]*deeds{}
	text, err := os.ReadFile(deedsFile)
	if err == nil {
		err = json.Unmarshal(text, &reviewed)
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := harmlessLines()
	if !*everyExample {
		random := rand.New(rand.NewPCG(*traceSeed, 0))
		random.Shuffle(len(lines), func(i, k int) { lines[i], lines[k] = lines[k], lines[i] })
	}
	found := map[string]*deeds{}
	for _, suite := range lab.Suites() {
		for command, d := range traced(t, suite, lines) {
			if reviewed[command] == nil {
				reviewed[command] = &deeds{}
			}
			if list := d.beyond(reviewed[command]); len(list) > 0 && !updateDeeds {
				t.Errorf("%s on %s: %q, which nobody has reviewed", command, suite, list)
			}
			if found[command] == nil {
				found[command] = &deeds{}
			}
			found[command].add(d)
		}
	}
	if updateDeeds {
		maps.DeleteFunc(found, func(_ string, d *deeds) bool { return len(d.beyond(&deeds{})) == 0 })
		text, err := json.MarshalIndent(found, "", " ")
		if err == nil {
			err = os.WriteFile(deedsFile, append(text, '\n'), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// harmlessLines are all examples without any effect, as lines of a shell.
func harmlessLines() (lines []string) {
	for _, p := range program.Programs() {
		for _, o := range p.Operations {
			for _, args := range o.Examples {
				if outcomes, insides := p.JudgeFixed(strings.TrimRight(" "+args, " ")); len(o.Effects)+len(outcomes)+len(insides) == 0 {
					for _, command := range p.Paths {
						lines = append(lines, shellLine(command, args))
					}
				}
			}
		}
	}
	return lines
}

func shellLine(command, args string) string {
	for word := range strings.FieldsSeq(args) {
		command += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return command
}

// traced runs lines on a new node and gives what they do, by the program.
func traced(t *testing.T, suite lab.Suite, lines []string) map[string]*deeds {
	t.Helper()
	node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0]
	most := len(lines)
	if !*everyExample {
		most = tracedExamples
	}
	out, err := node.Exec(t.Context(), strings.ReplaceAll(tracer, "MOST", strconv.Itoa(most))+"try "+strings.Join(lines, "\ntry ")+"\necho \"count $count\"\n", "/bin/sh", "-s")
	if err != nil {
		t.Fatal(err)
	}
	all, command, ran := map[string]*deeds{}, "", 0
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if words, is := strings.CutPrefix(line, "== "); is {
			command = words
			ran++
			continue
		}
		name, _, _ := strings.Cut(command, " ")
		if d := deedOf(line, command); d != nil {
			if all[name] == nil {
				all[name] = &deeds{}
			}
			all[name].add(d)
		}
	}
	if t.Logf("%s: %d examples", suite, ran); ran < tracedExamples {
		t.Errorf("only %d examples are of programs that %s has", ran, suite)
	}
	return all
}

// tracer runs each line in a copy of the node that nothing else uses, and prints the calls that matter.
const tracer = `set -e
mkdir /srv/copy /srv/traces
cp -ax /bin /sbin /lib* /etc /usr /var /root /srv/copy/ 2>/dev/null || true
cd /srv/copy
mkdir -p proc sys dev run tmp
mount --bind /proc proc
mount --bind /dev dev
count=0
try() {
	test -x "/srv/copy$1" || return 0
	test $count -lt MOST || return 0
	count=$((count + 1))
	echo "== $*"
	rm -f /srv/traces/*
	strace -ff -y -qq -e signal=none -o /srv/traces/t -e trace=execve,execveat,open,openat,creat,truncate,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,chmod,fchmodat,chown,lchown,fchownat,setuid,setreuid,setresuid,setfsuid,mount,init_module,finit_module,reboot \
		chroot /srv/copy timeout -k 1 3 "$@" </dev/null >/dev/null 2>&1 || true
	cat /srv/traces/t.* | grep -E ' = [0-9]' | grep -E '^(open|creat)[a-z0-9]*\(.*(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC)|^creat|^(exec|truncate|mkdir|unlink|rename|link|symlink|chmod|fchmod|chown|lchown|fchown|set|mount|init_|finit|reboot)' || true
}
`

var (
	openedFile = regexp.MustCompile(`^(open|openat|creat)\(.* = [0-9]+<([^>]*)>`)
	quotedPath = regexp.MustCompile(`^([a-z_0-9]+)\([^"]*"([^"]*)"`)
	account    = regexp.MustCompile(`^(setuid|setreuid|setresuid|setfsuid)\(([^)]*)\)`)
	// What a program makes up in names: in directories for passing files, and in the directory of the file that it
	// replaces.
	passing = regexp.MustCompile(`[A-Za-z0-9]{6,}$|[0-9]+`)
	beside  = regexp.MustCompile(`[.]([A-Za-z0-9]{10}|[A-Za-z0-9]{6})$`)
	ofSed   = regexp.MustCompile(`/sed[A-Za-z0-9]{6}$`)
	stars   = regexp.MustCompile(`\*+`)
)

// deedOf is what a call does beyond what the command line says, nil for nothing.
func deedOf(call, command string) *deeds {
	words := strings.Fields(command)
	if m := account.FindStringSubmatch(call); m != nil {
		if strings.Trim(m[2], "0, -1") == "" {
			return nil
		}
		return &deeds{Becomes: []string{m[1] + " " + m[2]}}
	}
	if m := openedFile.FindStringSubmatch(call); m != nil {
		return written(m[2], words)
	}
	m := quotedPath.FindStringSubmatch(call)
	switch {
	case m == nil:
		return nil
	case strings.HasPrefix(m[1], "exec"):
		if name := path.Base(m[2]); m[2] != words[0] && name != "chroot" && name != "timeout" {
			return &deeds{Starts: []string{name}}
		}
		return nil
	default:
		return written(m[2], words)
	}
}

// written is a file that is changed, unless the command line names it, or it is no file.
func written(file string, words []string) *deeds {
	file = "/" + strings.TrimPrefix(strings.TrimPrefix(file, "/srv/copy"), "/")
	if slices.Contains(words, file) || slices.Contains([]string{"/dev/null", "/dev/tty"}, file) || strings.HasPrefix(file, "/var/cache/apt/") {
		return nil // whichever program of apt comes first makes its caches
	}
	file = ofSed.ReplaceAllString(beside.ReplaceAllString(file, ".*"), "/sed*")
	for _, dir := range []string{"/proc", "/tmp", "/run", "/dev/shm"} {
		if rest, below := strings.CutPrefix(file, dir+"/"); below {
			file = dir + "/" + stars.ReplaceAllString(passing.ReplaceAllString(rest, "*"), "*")
		}
	}
	return &deeds{Writes: []string{file}}
}
