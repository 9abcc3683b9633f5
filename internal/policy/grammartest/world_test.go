package grammartest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var (
	decisions = flag.Int("decisions", 2_000, "how many decisions to compare with each version of sudo")
	seed      = flag.Uint64("seed", 1, "seed of the derivations, 0 for one from the clock")
)

const settle = `set -e
# Nobody proves who he is here, and sudo loads what its PAM services name for every question: they name what needs nothing.
printf '%s required pam_permit.so\n' auth account password session | tee /etc/pam.d/sudo >/etc/pam.d/other
groupadd -g 5101 crew
groupadd -g 5102 dock
useradd -u 5001 -m -G crew ann
useradd -u 5002 -m -G dock ben
useradd -u 5003 -m -g crew cat
useradd -u 5004 -m svc
# An assumption of the engine: the shell of every target is one for runas_check_shell.
cut -d: -f7 /etc/passwd | sort -u >>/etc/shells
mkdir -p /opt/g /opt/h /opt/root/opt/g /run/grammar
for f in one two one2 .dot 'sp ace' '[a'; do cp /bin/true "/opt/g/$f"; done
cp /bin/true /opt/h/one
ln -s ../g/two /opt/h/two
ln -s /opt/g /opt/k
cp /bin/true /opt/root/opt/g/one
# A netgroup of users without hosts has every host. Which netgroups a node is in is an assumption of the engine: in none. So the netgroup of hosts has one that nobody asks about.
printf '%s\n' 'ngx (,ann,) (,cat,)' 'hgx (elsewhere,-,)' >/etc/netgroup
grep -q '^netgroup' /etc/nsswitch.conf && sed -i 's/^netgroup.*/netgroup: files/' /etc/nsswitch.conf || echo 'netgroup: files' >>/etc/nsswitch.conf
`

// mainPolicy is where the plug-in reads; what it includes stands beside it.
const mainPolicy = "/run/grammar/policy"

// node is a node with what is known of it.
type node struct {
	*lab.Node
	env      *policy.Environment
	programs []string
}

var accounts = map[string]struct {
	uid, gid int
	groups   []string
	gids     []int
}{
	"ann": {5001, 5001, []string{"ann", "crew"}, []int{5001, 5101}}, "ben": {5002, 5002, []string{"ben", "dock"}, []int{5002, 5102}}, "cat": {5003, 5101, []string{"crew"}, []int{5101}},
}

func newNode(t *testing.T, suite lab.Suite, version sudoers.Version) *node {
	t.Helper()
	n := &node{Node: lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0], env: policy.Debian(version)}
	if _, err := n.Shell(t.Context(), settle); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "ask")
	if out, err := exec.CommandContext(t.Context(), "cc", "-std=gnu99", "-O1", "-rdynamic", "-o", program, filepath.Join("..", "difftest", "testdata", "plugin_driver.c"), "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := n.install(t, program); err != nil {
		t.Fatal(err)
	}
	for link := range n.env.Links { // not every Debian has /lib32
		if _, err := n.Shell(t.Context(), "test -L "+link); err != nil {
			delete(n.env.Links, link)
		}
	}
	n.env.Links["/opt/k"] = "/opt/g"
	n.env.Directories = []string{"/opt", "/opt/g", "/opt/h"}
	n.env.Targets = map[string]string{"/opt/h/two": "/opt/g/two"}
	exists := map[string]bool{}
	out, err := n.Shell(t.Context(), "find /opt /usr/bin -maxdepth 2 -printf '%p\\n'")
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(out) {
		exists[strings.TrimSuffix(path, "\n")] = true
	}
	n.env.Exists = func(path string) bool { return exists[path] }
	n.programs = []string{"/opt/g/one", "/opt/g/two", "/opt/g/one2", "/opt/g/.dot", "/opt/g/sp ace", "/opt/g/[a", "/opt/h/one", "/opt/h/two", "/opt/k/one", "/opt/k/two", "/usr/bin/id", "/bin/id", "/opt/g/../h/one", "/opt//g/one"}
	passwd, err := n.Shell(t.Context(), `cut -d: -f1,3,4 /etc/passwd | while IFS=: read -r name uid gid; do echo "$name $uid $(id -G "$name" | tr ' ' ,) $(id -Gn "$name" | tr ' ' ,)"; done`)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(passwd) {
		f := strings.Fields(line)
		s := policy.Subject{Name: f[0], Groups: strings.Split(f[3], ",")}
		for i, id := range append([]string{f[1]}, strings.Split(f[2], ",")...) {
			value, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				s.UID = &value
			} else {
				s.GIDs = append(s.GIDs, value)
			}
		}
		if s.Name == "ann" || s.Name == "cat" {
			s.Netgroups = []string{"ngx"}
		}
		n.env.Accounts = append(n.env.Accounts, s)
	}
	return n
}

func (n *node) account(name string) policy.Subject {
	i := slices.IndexFunc(n.env.Accounts, func(s policy.Subject) bool { return s.Name == name })
	if i < 0 {
		return policy.Subject{Name: name}
	}
	return n.env.Accounts[i]
}

// addresses are those of the node, as sudo has them.
const addresses = "10.7.8.9/255.255.255.0 fd77::1/ffff:ffff:ffff:ffff::"

// question is some command lines of one caller.
type question struct {
	text, user, host, addresses, runAsUser, runAsGroup string
	lines                                              [][]string
	tree                                               *sudoers.Tree
}

// ask puts questions to the plug-in, in the form that its program reads.
func (n *node) ask(t *testing.T, questions []question) []string {
	t.Helper()
	var in bytes.Buffer
	put := func(words ...string) {
		for _, w := range words {
			in.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(w))))
			in.WriteString(w)
		}
	}
	for _, q := range questions {
		a := accounts[q.user]
		ids := make([]string, len(a.gids))
		for i, gid := range a.gids {
			ids[i] = strconv.Itoa(gid)
		}
		put(q.text, "", q.user, strconv.Itoa(a.uid), strconv.Itoa(a.gid), strings.Join(ids, ","), cmp.Or(q.host, "0"), q.addresses, q.runAsUser, q.runAsGroup,
			strconv.Itoa(len(q.lines)))
		for _, line := range q.lines {
			put(strconv.Itoa(len(line)))
			put(line...)
		}
	}
	out, err := n.Exec(t.Context(), in.String(), "/usr/local/lib/ask", "/usr/libexec/sudo/sudoers.so", mainPolicy)
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// request is a command line in the terms of package policy.
func (n *node) request(q *question, line []string) policy.Request {
	r := policy.Request{
		Subject: n.account(q.user), Host: "box", LongHost: "box.lan.example", Env: n.env, Command: line[0], Args: line[1:], RunAsGroup: q.runAsGroup, Time: time.Now(),
		Interfaces: []netip.Prefix{netip.MustParsePrefix("10.7.8.9/24"), netip.MustParsePrefix("fd77::1/64")},
	}
	if q.runAsUser != "" {
		target := n.account(q.runAsUser)
		r.RunAsUser = &target
	}
	if gid, known := map[string]int{"crew": 5101, "dock": 5102, "root": 0}[q.runAsGroup]; known {
		r.RunAsGroupID = &gid
	}
	return r
}
