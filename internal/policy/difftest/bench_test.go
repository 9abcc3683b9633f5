package difftest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// syntheticPolicy has n lines of ten commands each, for 200 users, and one line for
// alice.
func syntheticPolicy(n int) string {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "user%d ALL = (root) NOPASSWD: ", r.IntN(200))
		for j := range 10 {
			if j > 0 {
				b.WriteString(", ")
			}
			tool := r.IntN(50)
			switch j % 4 {
			case 0:
				fmt.Fprintf(&b, "/usr/bin/tool%d list", tool)
			case 1:
				fmt.Fprintf(&b, "/usr/bin/tool%d set * --opt%d *", tool, r.IntN(100))
			case 2:
				fmt.Fprintf(&b, "!/usr/bin/tool%d delete *", tool)
			case 3:
				fmt.Fprintf(&b, "/usr/sbin/x%d status [0-9]*", i)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("alice ALL = (root) /usr/bin/id, !/usr/bin/id -u\n")
	return b.String()
}

// process is one program to be measured, with the policy on standard input.
type process struct {
	name string
	root string // directory to change the root to
	argv []string
}

// run gives the time on the processor, of the program and of the kernel for it. Unlike
// the time on the clock it does not depend on what else the machine does.
func (p *process) run(b *testing.B, file string) time.Duration {
	b.Helper()
	cmd, _ := p.finish(b, file)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Fatal("no resource usage")
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// finish runs the program to its end and gives what it wrote.
func (p *process) finish(b *testing.B, file string) (*exec.Cmd, string) {
	b.Helper()
	in, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Dir = "/"
	// visudo has one thread; a Go program that does one thing after the other needs no more either.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stdin = in
	var stdout, stderr bytes.Buffer
	cmd.Stderr = &stderr
	if slices.Contains(p.argv, "-memory") {
		cmd.Stdout = &stdout
	}
	if p.root != "" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: p.root}
	}
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", p.name, err, &stderr)
	}
	return cmd, stdout.String()
}

// memory gives the most memory that the program had, in bytes.
func (p *process) memory(b *testing.B, file string) int64 {
	b.Helper()
	told := process{name: p.name, argv: append(slices.Clone(p.argv), "-memory")}
	_, status := told.finish(b, file)
	var kilobytes int64
	_, peak, _ := strings.Cut(status, "VmHWM:")
	if _, err := fmt.Sscan(peak, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes * 1024
}

// BenchmarkProcesses compares whole processes that check the same policy: a small
// command around sudoers.Parse with visudo -c and cvtsudoers -f json of both
// versions. All are run in turns, and the metrics are medians over the turns:
//
//   - x-visudo-1.9.13 and its like: how many times longer the other takes in the same turn;
//   - ms: the time of the small command;
//   - ns/byte: what it takes for a byte of the policy, without what it takes for none. It is
//     the same for every size if the parser is linear;
//   - memory/text: the memory at its peak, in sizes of the text. Ten rules are nothing beside the Go
//     runtime, so both are left out there; what the parser allocates for them is in sudoers.BenchmarkParse.
func BenchmarkProcesses(b *testing.B) {
	program := filepath.Join(b.TempDir(), "parse")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, "./testdata/parse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	processes := []process{{name: "parse", argv: []string{program}}}
	for _, suite := range lab.Suites() {
		root, err := lab.BuildRootFS(b.Context(), suite, nil)
		if err != nil {
			b.Fatal(err)
		}
		version := versions[suite].String()
		processes = append(processes,
			process{"visudo-" + version, root, []string{"/usr/sbin/visudo", "-cqf", "-"}},
			process{"cvtsudoers-" + version, root, []string{"/usr/bin/cvtsudoers", "-c", "/dev/null", "-f", "json", "-"}})
	}
	nothing := filepath.Join(b.TempDir(), "nothing")
	if err := os.WriteFile(nothing, []byte("\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			text := syntheticPolicy(n)
			file := filepath.Join(b.TempDir(), "policy")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
			memory := processes[0].memory(b, file)
			turns := map[int]int{10: 101, 1_000: 41, 10_000: 11, 100_000: 3}[n]
			var own, net []float64
			ratios := make([][]float64, len(processes))
			for b.Loop() {
				for range turns {
					start := processes[0].run(b, nothing)
					took := float64(processes[0].run(b, file))
					own, net = append(own, took), append(net, took-float64(start))
					for i := range processes[1:] {
						ratios[i+1] = append(ratios[i+1], float64(processes[i+1].run(b, file))/took)
					}
				}
			}
			b.ReportMetric(median(own)/1e6, "ms")
			if n >= 1_000 {
				b.ReportMetric(median(net)/float64(len(text)), "ns/byte")
				b.ReportMetric(float64(memory)/float64(len(text)), "memory/text")
			}
			for i, p := range processes[1:] {
				b.ReportMetric(median(ratios[i+1]), "x-"+p.name)
			}
		})
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkDecisions compares a batch of 10,000 decisions on a compiled policy of
// 1,000 rules with processes of sudo -l -U in a node, for each decision.
func BenchmarkDecisions(b *testing.B) {
	for _, suite := range lab.Suites() {
		b.Run(versions[suite].String(), func(b *testing.B) {
			cluster := lab.ForTest(b, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}})
			node := cluster.Nodes[0]
			text := syntheticPolicy(1000)
			if err := node.WriteFile(b.Context(), "/etc/sudoers", text, 0o440); err != nil {
				b.Fatal(err)
			}
			const times = 50
			script := fmt.Sprintf(`useradd alice; sudo -n -l -U alice /usr/bin/id >/dev/null || exit 3
s=$(date +%%s%%N); for i in $(seq %d); do sudo -n -l -U alice /usr/bin/id >/dev/null; done; e=$(date +%%s%%N); echo $((e - s))`, times)
			out, err := node.Exec(b.Context(), "", "/bin/sh", "-c", script)
			if err != nil {
				b.Fatal(err)
			}
			var nanoseconds int64
			if _, err := fmt.Sscan(out, &nanoseconds); err != nil {
				b.Fatal(err)
			}
			sudo := time.Duration(nanoseconds) / times
			file, errs := sudoers.Parse("policy", text, versions[suite])
			if errs.Err() != nil {
				b.Fatal(errs)
			}
			c := policy.Compile(sudoers.TreeOf(file), policy.Request{Subject: policy.Subject{Name: "user7"}, Host: "pve1", Env: policy.Debian(versions[suite])})
			r := rand.New(rand.NewPCG(1, 2))
			lines := make([]policy.Line, 10_000)
			for i := range lines {
				words := [][]string{{"list"}, {"set", "100", "--opt7", "x"}, {"delete", "1"}, {"status", "5"}, {}}[i%5]
				lines[i] = policy.NewLine(fmt.Sprintf("/usr/bin/tool%d", r.IntN(60)), words...)
			}
			answers := make([]policy.Answer, 0, len(lines))
			var spent []time.Duration
			for b.Loop() {
				begin := time.Now()
				answers = c.Batch(answers[:0], lines)
				spent = append(spent, time.Since(begin))
			}
			one := slices.Min(spent) / time.Duration(len(lines))
			b.ReportMetric(float64(one), "ns/decision")
			b.ReportMetric(float64(sudo)/float64(max(one, 1)), "x-sudo-l")
		})
	}
}
