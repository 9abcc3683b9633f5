package onnodes

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// reader does what a guide says, line by line, on a cluster where nobody did anything before.
type reader struct {
	t      *testing.T
	c      *lab.Cluster
	home   string // where the provider is installed, and the files are that the guides make
	secret string // of the token made last
	env    []string
	w      *harness.Workspace // the directory with the configuration
}

// follow does what the code blocks of a guide say, in their order, in a new directory. A configuration goes into the
// file that the guide names for it.
func (r *reader) follow(guide string, files ...string) {
	r.t.Helper()
	r.w = harness.NewWorkspace(r.t).Quietly()
	r.w.Write("none.tfrc", "disable_checkpoint = true\n")
	for _, block := range codeBlocks(r.t, guide) {
		if block.language == "terraform" {
			r.w.Write(files[0], block.text)
			files = files[1:]
			continue
		}
		exports := ""
		for line := range strings.Lines(block.text) {
			if strings.HasPrefix(line, "export ") {
				exports += line
				continue
			}
			r.export(exports)
			exports = ""
			r.do(strings.TrimSpace(line))
		}
		r.export(exports)
	}
	if len(files) > 0 {
		r.t.Errorf("%s: no configuration for %v", guide, files)
	}
}

// do does one line.
func (r *reader) do(line string) {
	r.t.Helper()
	switch program, rest, _ := strings.Cut(line, " "); {
	case line == "git clone https://github.com/pvesec/terraform-provider-pvesec", line == "cd terraform-provider-pvesec":
		// The reader is there.
	case line == "make install":
		r.run(harness.Root, "make", "install")
	case strings.HasPrefix(line, "ssh-keygen ") && strings.HasSuffix(line, " -f operator"): // of somebody else
		r.run(r.w.Dir, "sh", "-c", line)
	case program == "ssh-keygen":
		r.run(r.home, "sh", "-c", line)
		public, err := os.ReadFile(filepath.Join(r.home, "key.pub"))
		if err != nil {
			r.t.Fatal(err)
		}
		for _, node := range r.c.Nodes {
			shell(r.t, node, "cat >>/root/.ssh/authorized_keys <<'E'\n"+string(public)+"E")
		}
	case line == "ssh-keyscan -t ed25519 pve1 pve2 pve3 >hosts":
		hosts := ""
		for _, node := range r.c.Nodes {
			hosts += node.Name + " " + shell(r.t, node, "cut -d ' ' -f 1-2 /etc/ssh/ssh_host_ed25519_key.pub") + "\n"
		}
		if err := os.WriteFile(filepath.Join(r.home, "hosts"), []byte(hosts), 0o600); err != nil {
			r.t.Fatal(err)
		}
	case program == "pveum":
		r.pveum(strings.Split(strings.TrimSuffix(r.run(r.home, "sh", "-c", "pveum() { printf '%s\\n' \"$@\"; }; "+line), "\n"), "\n"))
	case program == "terraform":
		r.terraform(rest)
	default:
		r.t.Fatalf("the test does not know how a reader does %q", line)
	}
}

// run runs a program of the reader's machine.
func (r *reader) run(dir, program string, args ...string) string {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), program, args...)
	command.Dir, command.Env = dir, append(os.Environ(), r.env...)
	output, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %v: %v\n%s", program, args, err, output)
	}
	return string(output)
}

// terraform runs a command as the reader does, who says yes.
func (r *reader) terraform(line string) {
	r.t.Helper()
	r.w.Env = append(slices.Clone(r.env), "TF_CLI_CONFIG_FILE="+filepath.Join(r.w.Dir, "none.tfrc"))
	line, file, redirected := strings.Cut(line, " >")
	args := append(strings.Fields(line), "-no-color")
	if line == "apply" || line == "destroy" {
		args = append(args, "-auto-approve")
	}
	if strings.HasPrefix(line, "output") { // it takes options first
		args = []string{"output", "-no-color", "-raw", "report"}
	}
	printed := r.w.Terraform(args...)
	if redirected {
		r.w.Write(file, printed)
	}
}

// export sets the variables of a block, with the cluster's address and the last token's secret in the place of the
// example's.
func (r *reader) export(block string) {
	r.t.Helper()
	if block == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(r.home, "pve-root-ca.pem"), []byte(r.c.API.CAPEM()), 0o600); err != nil {
		r.t.Fatal(err)
	}
	block = strings.NewReplacer("https://pve1.example.com:8006", r.c.API.URL(), "SECRET", r.secret).Replace(block)
	for one := range strings.SplitSeq(r.run(r.home, "sh", "-c", block+"env -0"), "\x00") {
		if strings.HasPrefix(one, "PVESEC_") {
			r.env = append(r.env, one)
		}
	}
}

// pveum does what the program of Proxmox VE does with these arguments, by the API.
func (r *reader) pveum(args []string) {
	r.t.Helper()
	options, words := url.Values{}, []string{}
	for i := 0; i < len(args); i++ {
		if name, is := strings.CutPrefix(args[i], "--"); is && i+1 < len(args) {
			i++
			options.Set(name, args[i])
		} else {
			words = append(words, args[i])
		}
	}
	method, path := "POST", ""
	switch command := strings.Join(words[:2], " "); {
	case command == "user add":
		path = "/access/users"
		options.Set("userid", words[2])
	case command == "role add":
		path = "/access/roles"
		options.Set("roleid", words[2])
		options.Set("privs", strings.ReplaceAll(options.Get("privs"), " ", ","))
	case command == "acl modify":
		method, path = "PUT", "/access/acl"
		options.Set("path", words[2])
	case command == "user token" && words[2] == "add":
		path = "/access/users/" + words[3] + "/token/" + words[4]
	case command == "user token" && words[2] == "delete":
		method, path = "DELETE", "/access/users/"+words[3]+"/token/"+words[4]
	default:
		r.t.Fatalf("the test does not know pveum %v", args)
	}
	answer, err := r.c.API.Do(method, path, options)
	if err != nil {
		r.t.Fatalf("pveum %v: %v", args, err)
	}
	if made, is := answer.(map[string]any); is && made["value"] != nil {
		r.secret, _ = made["value"].(string)
		harness.KeepSecret(r.t, "token of "+words[3], r.secret)
	}
}

// TestStartGuides follows "First look", "Getting started" and "Token hygiene" to the letter, with a provider that `make
// install` installed, an own key, and tokens of the rights that the guides give.
func TestStartGuides(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: make([]lab.NodeSpec, 2)})
	keepCluster(t, c)
	r := &reader{t: t, c: c, home: t.TempDir()}
	r.env = append(r.env, "HOME="+r.home, "PVESEC_SSH_PORT="+strconv.Itoa(lab.SSHPort))
	for _, cache := range []string{"GOCACHE", "GOMODCACHE"} {
		where, err := exec.CommandContext(t.Context(), "go", "env", cache).Output()
		if err != nil {
			t.Fatal(err)
		}
		r.env = append(r.env, cache+"="+strings.TrimSpace(string(where)))
	}

	r.follow("first-look.md", "main.tf", "operator.tf")
	report, err := os.ReadFile(filepath.Join(r.w.Dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## Subjects", "root on pve1"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report does not have %q:\n%s", want, report)
		}
	}
	if users := c.API.UserCfg(); strings.Contains(users, "agent@pve") {
		t.Errorf("the first look changed something:\n%s", users)
	}
	careless, err := os.ReadFile(filepath.Join(r.w.Dir, "operator.tf"))
	if err != nil {
		t.Fatal(err)
	}
	r.w.Write("operator.tf", strings.Replace(string(careless), "/qm list", "/qm set *", 1))
	if printed := r.w.Refused("plan"); !strings.Contains(printed, `The policy makes "operator" root-equivalent`) || !strings.Contains(printed, "sudo /usr/sbin/qm set 100") {
		t.Errorf("a careless command is not refused:\n%s", printed)
	}

	r.follow("getting-started.md", "main.tf")
	for _, node := range c.Nodes {
		if left := shell(t, node, "ls /etc/sudoers.d"); strings.Contains(left, "agent") || strings.Contains(left, "operator") {
			t.Errorf("%s: after the destroy there is %s", node.Name, left)
		}
	}

	r.follow("tokens.md", "main.tf")
	if users := c.API.UserCfg(); strings.Contains(users, "terraform@pve!pvesec:") || !strings.Contains(users, "pipeline@pve!ci:") {
		t.Errorf("the old token of pvesec stays, or the one that leaked did not come back:\n%s", users)
	}
	text, err := os.ReadFile(filepath.Join(r.w.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	r.w.Write("main.tf", strings.Replace(string(text), `rotation_id   = "1"`, `rotation_id   = "2"`, 1))
	r.terraform("apply")
	r.terraform("plan -detailed-exitcode")
	if users := c.API.UserCfg(); !strings.Contains(users, "pipeline@pve!ci:") || !strings.Contains(users, "pipeline@pve!ci-2:") {
		t.Errorf("the rotation does not overlap:\n%s", users)
	}
}
