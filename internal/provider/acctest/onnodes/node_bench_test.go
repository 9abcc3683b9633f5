package onnodes

import (
	"bytes"
	"context"
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

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// A rig is everything that the tools under comparison need: nodes, credentials in files, a provider binary.
type rig struct {
	tb      testing.TB
	cluster *lab.Cluster
	nodes   []*lab.Node // those in use
	dir     string
	env     []string
	version int
}

// newRig boots n nodes and builds the provider.
func newRig(tb testing.TB, n int) *rig {
	tb.Helper()
	spec := lab.ClusterSpec{}
	for i := range n {
		spec.Nodes = append(spec.Nodes, lab.NodeSpec{Suite: lab.Suites()[i%2], DiskMiB: 96})
	}
	r := &rig{tb: tb, cluster: lab.ForTest(tb, spec), dir: tb.TempDir()}
	for _, node := range r.cluster.Nodes {
		if _, err := node.Shell(context.Background(), "useradd -m agent"); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := exec.LookPath("ansible-playbook"); err == nil {
		r.python()
	}
	r.write("key", string(r.cluster.SSHKeyPEM), 0o600)
	r.write("known_hosts", r.cluster.KnownHosts(), 0o600)
	r.write("terraformrc", fmt.Sprintf("provider_installation {\n  dev_overrides { \"pvesec/pvesec\" = %q }\n  direct {}\n}\n", r.dir), 0o600)
	build := exec.CommandContext(context.Background(), "go", "build", "-o", filepath.Join(r.dir, "terraform-provider-pvesec"), harness.Root)
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	r.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(r.dir, "terraformrc"), "CHECKPOINT_DISABLE=1", "TF_LOG=", "TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color", "ANSIBLE_CONFIG="+filepath.Join(r.dir, "ansible.cfg"))
	return r
}

// python copies this machine's Python to the nodes, which Ansible needs there and the lab's nodes do not have.
func (r *rig) python() {
	r.tb.Helper()
	pack := exec.CommandContext(context.Background(), "sh", "-c", `
python=$(readlink -f /usr/bin/python3)
lib=/usr/lib/${python##*/}
tar -C / -cf - --exclude=__pycache__ --exclude=test --exclude='*.a' --exclude='config-*' "$python" "$lib" \
	$(ldd "$python" "$lib"/lib-dynload/*.so | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u | grep -v -e libc.so -e libm.so -e libcrypto -e libssl -e libpthread | while read -r f; do echo "$f"; readlink -f "$f"; done | sort -u)`)
	packed, err := pack.Output()
	if err != nil {
		r.tb.Fatal(err)
	}
	link, err := os.Readlink("/usr/bin/python3")
	if err != nil {
		r.tb.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, node := range r.cluster.Nodes {
		wg.Go(func() {
			if _, err := node.Exec(context.Background(), string(packed), "sh", "-c", "tar -C / --keep-directory-symlink -xf - && ln -sf "+link+" /usr/bin/python3 && python3 -c 'import json, hashlib, ctypes'"); err != nil {
				r.tb.Error(err)
			}
		})
	}
	wg.Wait()
}

func (r *rig) write(name, content string, mode os.FileMode) {
	r.tb.Helper()
	full := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		r.tb.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), mode); err != nil {
		r.tb.Fatal(err)
	}
}

// use takes the first n nodes, each behind this delay, and forgets what Terraform knew.
func (r *rig) use(n int, rtt time.Duration) {
	r.tb.Helper()
	r.nodes = r.cluster.Nodes[:n]
	var list strings.Builder
	var inventory strings.Builder
	inventory.WriteString("[pve]\n")
	for _, node := range r.nodes {
		node.Link().Delay(rtt)
		fmt.Fprintf(&list, "  node {\n    name    = %q\n    address = %q\n    port    = %d\n  }\n", node.Name, node.Address, node.Port)
		fmt.Fprintf(&inventory, "%s ansible_host=%s ansible_port=%d\n", node.Name, node.Address, node.Port)
	}
	provider := fmt.Sprintf("terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\nprovider \"pvesec\" {\n  ssh {\n    private_key = file(%q)\n    known_hosts = file(%q)\n  }\n%s}\n",
		filepath.Join(r.dir, "key"), filepath.Join(r.dir, "known_hosts"), list.String())
	for _, dir := range []string{"empty", "full"} {
		if err := os.RemoveAll(filepath.Join(r.dir, dir)); err != nil {
			r.tb.Fatal(err)
		}
		r.write(dir+"/provider.tf", provider, 0o600)
	}
	r.write("empty/main.tf", "data \"pvesec_sudoers_document\" \"none\" {\n  rule {\n    commands = [\"/usr/bin/id\"]\n  }\n}\n", 0o600)
	r.policies()
	r.write("inventory", inventory.String(), 0o600)
	r.write("ansible.cfg", fmt.Sprintf("[defaults]\nforks = 32\nprivate_key_file = %s\nremote_user = root\ngathering = explicit\ninterpreter_python = /usr/bin/python3\n[ssh_connection]\npipelining = True\nssh_args = -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=%s\ncontrol_path_dir = %s\n",
		filepath.Join(r.dir, "key"), filepath.Join(r.dir, "known_hosts"), filepath.Join(r.dir, "cp")), 0o600)
}

// policies writes three resources, of which the first differs from run to run.
func (r *rig) policies() {
	r.tb.Helper()
	r.version++
	r.write("full/main.tf", fmt.Sprintf(`
resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"
  rule { commands = ["/usr/bin/id %d"] }
}
resource "pvesec_sudoers_policy" "other" {
  name    = "other"
  subject = "agent"
  rule { commands = ["/usr/bin/uptime \"\""] }
}
resource "pvesec_audit_logging" "log" {
  subjects = ["agent"]
}
`, r.version), 0o600)
	r.write("playbook.yml", fmt.Sprintf(`
- hosts: pve
  tasks:
    - ansible.builtin.copy:
        dest: /etc/sudoers.d/ansible
        content: "agent ALL=(root) NOPASSWD: /usr/bin/id %d\n"
        mode: "0440"
        validate: /usr/sbin/visudo -cf %%s
`, r.version), 0o600)
}

// cold makes Ansible open its connections anew.
func (r *rig) cold() {
	r.tb.Helper()
	if err := os.RemoveAll(filepath.Join(r.dir, "cp")); err != nil {
		r.tb.Fatal(err)
	}
}

// timed runs a command and returns how long it took.
func (r *rig) timed(dir, name string, args ...string) time.Duration {
	r.tb.Helper()
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, dir), r.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		r.tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out.String())
	}
	return time.Since(begin)
}

// floor is what OpenSSH needs to log in everywhere at once and run nothing.
func (r *rig) floor() time.Duration {
	r.tb.Helper()
	begin := time.Now()
	var wg sync.WaitGroup
	for _, node := range r.nodes {
		wg.Go(func() {
			cmd := exec.CommandContext(context.Background(), "ssh", "-F", "none", "-i", filepath.Join(r.dir, "key"), "-o", "BatchMode=yes", "-o", "UserKnownHostsFile="+filepath.Join(r.dir, "known_hosts"),
				"-p", strconv.Itoa(node.Port), "root@"+node.Address, "true")
			if out, err := cmd.CombinedOutput(); err != nil {
				r.tb.Errorf("ssh %s: %v\n%s", node.Name, err, out)
			}
		})
	}
	wg.Wait()
	return time.Since(begin)
}

// memory watches the provider's processes until stop is called, and returns the largest peak in MiB.
func (r *rig) memory() (stop func() float64) {
	done, peak := make(chan struct{}), make(chan float64)
	go func() {
		highest := 0.0
		for {
			select {
			case <-done:
				peak <- highest
				return
			case <-time.After(50 * time.Millisecond):
			}
			processes, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is right
			for _, exe := range processes {
				if to, err := os.Readlink(exe); err != nil || to != filepath.Join(r.dir, "terraform-provider-pvesec") {
					continue
				}
				status, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "status"))
				if err != nil {
					continue
				}
				for line := range strings.Lines(string(status)) {
					var kib float64
					if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
						highest = max(highest, kib/1024)
					}
				}
			}
		}
	}()
	return func() float64 { close(done); return <-peak }
}

// best is the shortest of three, since everything else on the machine only adds.
func best(measure func() time.Duration) time.Duration {
	return slices.Min([]time.Duration{measure(), measure(), measure()})
}

// maxProviderMiB is what the provider may take at 32 nodes.
const maxProviderMiB = 100

// BenchmarkNodes compares a plan without changes and an apply with what OpenSSH needs to log in everywhere, and with
// Ansible where it is installed, side by side at 3, 10 and 32 nodes with and without delay. Each is the best of three.
//
// apply applies a saved plan. Ansible does the same: both decide on each node what to do. terraform apply without a
// plan file plans first, in provider processes of its own, and so logs in twice: plan_and_apply.
func BenchmarkNodes(b *testing.B) {
	r := newRig(b, 32)
	_, err := exec.LookPath("ansible-playbook")
	ansible := err == nil
	for _, n := range []int{3, 10, 32} {
		for _, rtt := range []time.Duration{0, 50 * time.Millisecond} {
			b.Run(fmt.Sprintf("nodes=%d/rtt=%s", n, rtt), func(b *testing.B) {
				r.tb = b
				r.use(n, rtt)
				report := func(name string, d time.Duration) float64 {
					b.ReportMetric(d.Seconds(), name+"_s")
					return d.Seconds()
				}
				for b.Loop() {
					floor := report("floor", best(r.floor))
					empty := report("empty_plan", best(func() time.Duration { return r.timed("empty", "terraform", "plan", "-input=false") }))
					r.timed("full", "terraform", "apply", "-auto-approve", "-input=false")
					stop := r.memory()
					plan := report("plan", best(func() time.Duration {
						return r.timed("full", "terraform", "plan", "-input=false", "-detailed-exitcode")
					}))
					apply := report("apply", best(func() time.Duration {
						r.policies()
						r.timed("full", "terraform", "plan", "-input=false", "-out=saved")
						return r.timed("full", "terraform", "apply", "-input=false", "saved")
					}))
					report("plan_and_apply", best(func() time.Duration {
						r.policies()
						return r.timed("full", "terraform", "apply", "-auto-approve", "-input=false")
					}))
					memory := stop()
					b.ReportMetric(memory, "provider_MiB")
					if memory > maxProviderMiB {
						b.Errorf("the provider took %.0f MiB, more than %d", memory, maxProviderMiB)
					}
					b.ReportMetric(plan/(1.3*floor+empty), "plan/allowed")
					b.ReportMetric(apply/(2*floor+empty), "apply/allowed")
					r.timed("full", "terraform", "destroy", "-auto-approve", "-input=false")
					if ansible {
						playbook := func(args ...string) time.Duration {
							// No master of an earlier run is alive in CI, so none may be alive here.
							r.cold()
							return r.timed("", "ansible-playbook", append([]string{"-i", "inventory", "playbook.yml"}, args...)...)
						}
						changed := report("ansible_apply", best(func() time.Duration {
							r.policies()
							return playbook()
						}))
						same := report("ansible_check", best(func() time.Duration { return playbook("--check") }))
						b.ReportMetric(same/plan, "ansible/plan")
						b.ReportMetric(changed/apply, "ansible/apply")
						// Above 1 no tool that logs in everywhere and starts Terraform is four times as fast as Ansible
						// there.
						b.ReportMetric(4*(floor+empty)/same, "least_plan/quarter")
						b.ReportMetric(4*(floor+empty)/changed, "least_apply/quarter")
					}
				}
			})
		}
	}
}
