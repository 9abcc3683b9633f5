package escalation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// denylist is a policy that grants much and takes pieces out of it.
func denylist(tb testing.TB, version sudoers.Version) *sudoers.Tree {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "denylist.sudoers"))
	if err != nil {
		tb.Fatal(err)
	}
	file, errs := sudoers.Parse("policy", string(text), version)
	if err := errs.Err(); err != nil {
		tb.Fatal(err)
	}
	return sudoers.TreeOf(file)
}

func denylistQuestion(version sudoers.Version) Question { return questionOf("operator", version) }

// questionOf asks about a user on a node of a release.
func questionOf(user string, version sudoers.Version) Question {
	return Question{Question: policy.Question{Subject: policy.Subject{Name: user}, Env: policy.Debian(version)}}
}

// escapes are the grants of the policy that are known to lead to root, with the command line that somebody found.
var escapes = []struct{ grant, line string }{
	{"/usr/sbin/qm monitor *", "/usr/sbin/qm monitor 100"},
	{"/usr/sbin/qm set *", "/usr/sbin/qm set 100 --virtio9 /dev/sda"},
	{"/usr/sbin/qm create *", "/usr/sbin/qm create 999 --archive /tmp/evil.vma --start 1"},
	{"/usr/sbin/pct set *", "/usr/sbin/pct set 200 --mp9 /,mp=/host"},
	{"/usr/sbin/pct create *", "/usr/sbin/pct create 999 local:vztmpl/debian.tar.zst --unprivileged 0 --mp0 /,mp=/host"},
	{"/usr/sbin/pct restore *", "/usr/sbin/pct restore 999 /tmp/evil.tar --start 1"},
	{"/usr/bin/vzdump --mode snapshot *", "/usr/bin/vzdump --mode snapshot 100 --script /tmp/x.sh"},
	{"/usr/bin/vzdump --mode suspend *", "/usr/bin/vzdump --mode suspend 100 --script=/tmp/x.sh"},
	{"/usr/bin/vzdump --storage * --vmid *", "/usr/bin/vzdump --storage local --script '/tmp/x --vmid 1' 100"},
	{"/usr/sbin/zfs set * compression*", "/usr/sbin/zfs set mountpoint=/etc/systemd/system compression=on rpool/data/subvol-200-disk-0"},
	{"/usr/sbin/lvextend --size * *", `/usr/sbin/lvextend --size +4M -r --config 'global/fsadm_executable="/tmp/x"' pve/root`},
	{"/usr/sbin/lvcreate --size * --name *", `/usr/sbin/lvcreate --size 4M --name x --config 'log{file="/etc/cron.d/x" level=7}' pve`},
	{"/usr/sbin/lvs *", `/usr/sbin/lvs --config 'log{file="/etc/cron.d/x" level=7}'`},
	{"/usr/sbin/vgs *", `/usr/sbin/vgs --config 'log{file="/etc/cron.d/x" level=7}'`},
	{"/usr/sbin/pvs *", `/usr/sbin/pvs --config 'log{file="/etc/cron.d/x" level=7}'`},
	{"/usr/bin/cat /var/log/pve*.log", "/usr/bin/cat /var/log/pve /etc/pve/priv/authkey.key x.log"},
	{"/bin/date", "/usr/bin/date -f /root/.ssh/id_rsa"},
	{"/usr/bin/dmesg", "/usr/bin/dmesg -rF /etc/pve/priv/authkey.key"},
	{"/usr/bin/du -sh /var/log*", "/usr/bin/du -sh /var/log --files0-from=/root/.ssh/id_rsa"},
	{`/usr/bin/find /var/log -name "*.log" -type f`, `/usr/bin/find /var/log -name '"' -o -exec /bin/sh ';' -name '.log"' -type f`},
	{"/usr/bin/less /var/log/syslog", "/usr/bin/less /var/log/syslog"},
	{"/usr/bin/less /var/log/auth.log", "/usr/bin/less /var/log/auth.log"},
	{"/usr/sbin/pveum user add *@pam", "/usr/sbin/pveum user add --groups admins evil@pam"},
	{"/usr/sbin/pveum user add *@pve", "/usr/sbin/pveum user add --password Passw0rd1 --groups admins evil@pve"},
	{"/usr/bin/qemu-img create *", "/usr/bin/qemu-img create -f qcow2 -b /dev/mapper/pve-root -F raw /var/lib/vz/images/100/vm-100-disk-9.qcow2"},
}

// decide asks the decision engine, which knows nothing of languages, about a line of a shell.
func decide(t *testing.T, tree *sudoers.Tree, version sudoers.Version, line string) policy.Verdict {
	t.Helper()
	words := shellWords(t, strings.TrimPrefix(line, "sudo "))
	words = slices.DeleteFunc(words, func(word string) bool { return word == words[0] && strings.Contains(word, "=") }) // a variable for sudo to set
	return policy.Decide(tree, policy.Request{
		Subject: policy.Subject{Name: "operator"}, Env: policy.Debian(version), Command: words[0], Args: words[1:],
	}).Verdict
}

// shellWords splits what policy.ShellLine writes.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'':
			quoted = !quoted
		case c == '\\' && !quoted:
			i++
			word.WriteByte(line[i])
		case c == ' ' && !quoted:
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteByte(c)
		}
	}
	if quoted {
		t.Fatalf("%s has an open quote", line)
	}
	return append(words, word.String())
}

// TestDenylist: every escape that is known of the policy is found at its grant, and every witness is allowed.
func TestDenylist(t *testing.T) {
	t.Parallel()
	for _, version := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			tree := denylist(t, version)
			a := Analyse(tree, denylistQuestion(version))
			if !a.Root() {
				t.Error("the policy does not lead to root")
			}
			for _, f := range slices.Concat(a.Findings, a.Disruptive) {
				for _, w := range f.Ways {
					if w.ID == undecided.ID || w.ID == mightyAccount.ID {
						t.Errorf("%+v", w)
						continue
					}
					if verdict := decide(t, tree, version, w.Example); verdict != policy.Allowed {
						t.Errorf("%s: %s is %s", w.ID, w.Example, verdict)
					}
				}
			}
			for _, escape := range escapes {
				if verdict := decide(t, tree, version, escape.line); verdict != policy.Allowed {
					t.Errorf("%s is %s", escape.line, verdict)
				}
				// Unknown programs do not count: that somebody has a look is not that it is known.
				if !slices.ContainsFunc(a.Findings, func(f CommandFinding) bool {
					known := slices.ContainsFunc(f.Ways, func(w Way) bool { return w.Root() && w.Effect != program.Undescribed && w.Effect != "" })
					return known && slices.ContainsFunc(f.Places, func(p Place) bool { return strings.HasSuffix(p.Grant, escape.grant) })
				}) {
					t.Errorf("no way to root is found in %s", escape.grant)
				}
			}
			t.Logf("%d findings, %d disruptive; %s", len(a.Findings), len(a.Disruptive), &a.Denials)
		})
	}
}

// TestDenylistDenials: of 157 denials hardly any does anything.
func TestDenylistDenials(t *testing.T) {
	t.Parallel()
	tree := denylist(t, sudoers.PVE9)
	a := Analyse(tree, denylistQuestion(sudoers.PVE9))
	const want = "All 157 denials together change the answer on 2 command path(s) only: /usr/bin/systemctl, /usr/sbin/pveum."
	if got := a.Denials.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, e := range a.Denials.Effective {
		if verdict := decide(t, tree, sudoers.PVE9, e.Example); verdict != policy.Denied {
			t.Errorf("%s is %s", e.Example, verdict)
		}
	}
	if len(policy.Grants(tree, policy.Subject{Name: "operator"})) < 150 {
		t.Error("the policy has shrunk")
	}
}

// TestDenylistVerdicts has what the sudo of Debian 12 and 13 answered.
func TestDenylistVerdicts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "denylist-verdicts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []struct {
		Line    []string `json:"line"`
		Allowed bool     `json:"allowed"`
	}
	if err := json.Unmarshal(text, &verdicts); err != nil || len(verdicts) < 50 {
		t.Fatal(len(verdicts), err)
	}
	for _, version := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
		tree := denylist(t, version)
		for _, v := range verdicts {
			d := policy.Decide(tree, policy.Request{
				Subject: policy.Subject{Name: "operator"}, Env: policy.Debian(version), Command: v.Line[0], Args: v.Line[1:],
			})
			if (d.Verdict == policy.Allowed) != v.Allowed {
				t.Errorf("%s: %q is %s", version, v.Line, d.Verdict)
			}
		}
	}
}

// TestDenylistAllocations bounds the memory of the analysis, all that it allocates counted together.
func TestDenylistAllocations(t *testing.T) {
	tree := denylist(t, sudoers.PVE9)
	Analyse(tree, denylistQuestion(sudoers.PVE9)) // the knowledge is compiled once
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	Analyse(tree, denylistQuestion(sudoers.PVE9))
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("%d MB", got>>20)
	}
}

// BenchmarkAnalyse is the analysis of the whole policy.
func BenchmarkAnalyse(b *testing.B) {
	tree := denylist(b, sudoers.PVE9)
	b.ReportAllocs()
	for b.Loop() {
		Analyse(tree, denylistQuestion(sudoers.PVE9))
	}
}

// BenchmarkAnalyseHosts is the analysis of policies each of whose rules has a host of its own.
func BenchmarkAnalyseHosts(b *testing.B) {
	for _, rules := range []int{10, 100} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			var text strings.Builder
			for i := range rules {
				fmt.Fprintf(&text, "operator node%d=(root) NOPASSWD: /usr/sbin/qm ^(start|stop|status) [1-9][0-9]{2,8}$\n", i)
			}
			file, errs := sudoers.Parse("policy", text.String(), sudoers.PVE9)
			if err := errs.Err(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if a := Analyse(sudoers.TreeOf(file), denylistQuestion(sudoers.PVE9)); a.Root() {
					b.Fatal(a.Findings)
				}
			}
		})
	}
}
