package acctest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// traceLog is what the log of a workspace is called.
const traceLog = "trace.log"

// workspace is a directory in which the real terraform runs the real provider program, as an operator does.
type workspace struct {
	t   testing.TB
	dir string
	env []string // variables of the configuration; on a command line Terraform logs them itself

	search *search // nil for a benchmark
}

// newWorkspace builds the provider and says to Terraform where it is.
func newWorkspace(tb testing.TB) *workspace {
	tb.Helper()
	w := &workspace{t: tb, dir: tb.TempDir()}
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", filepath.Join(w.dir, "terraform-provider-pvesec"), "github.com/pvesec/terraform-provider-pvesec")
	if output, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("building the provider: %v\n%s", err, output)
	}
	if t, isTest := tb.(*testing.T); isTest {
		w.searched(t)
	}
	w.write("cli.tfrc", fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  dev_overrides {\n    \"pvesec/pvesec\" = %q\n  }\n  direct {}\n}\n", w.dir))
	return w
}

// searched has everything that terraform prints and leaves in the workspace searched for every secret of the test.
func (w *workspace) searched(t *testing.T) {
	t.Helper()
	w.search = &search{t: t, dir: w.dir, found: map[string]bool{}}
	t.Cleanup(func() {
		for _, found := range w.search.finish(filepath.Join(w.dir, traceLog)) {
			t.Error(found)
		}
	})
}

func (w *workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// terraform runs a command with everything logged, and returns what it printed.
func (w *workspace) terraform(args ...string) string {
	w.t.Helper()
	output, err := w.try(args...)
	if err != nil {
		w.t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// refused runs a command that must fail, and returns what it printed without the frame that Terraform draws around an error.
func (w *workspace) refused(args ...string) string {
	w.t.Helper()
	output, err := w.try(append(args, "-no-color")...)
	if err == nil {
		w.t.Fatalf("terraform %s did not fail:\n%s", strings.Join(args, " "), output)
	}
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

func (w *workspace) try(args ...string) (string, error) {
	w.t.Helper()
	command := exec.CommandContext(context.WithoutCancel(w.t.Context()), "terraform", args...)
	command.Dir = w.dir
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "cli.tfrc"), "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.dir, traceLog),
		"TF_REATTACH_PROVIDERS=", "CHECKPOINT_DISABLE=1")
	command.Env = append(command.Env, w.env...)
	output, err := command.CombinedOutput()
	if w.search != nil {
		w.search.printed(args, output)
	}
	return string(output), err
}

// moved is the workspace in another directory, as when one machine plans and another applies.
func (w *workspace) moved() *workspace {
	w.t.Helper()
	other := &workspace{t: w.t, dir: w.t.TempDir(), env: w.env}
	if err := os.CopyFS(other.dir, os.DirFS(w.dir)); err != nil {
		w.t.Fatal(err)
	}
	if w.search != nil {
		other.searched(w.search.t)
	}
	return other
}

// TestNoSecretAnywhere runs plan, apply, change, rotation and destroy with TF_LOG=TRACE, and searches logs, states, plan files, plan JSON and
// everything printed for every secret that was ever given out, and for the password.
func TestNoSecretAnywhere(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	tamper(t, server.AddUser("deploy@pve", nil), server.GrantACL("/", "deploy@pve", "PVEVMUser", true))
	w := newWorkspace(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	const password = "correct-horse-battery"
	keepSecret(t, "password of agent@pve", password)
	keepSecret(t, "age identity", identity.String())
	config := func(comment, rotation string) {
		w.write("main.tf", strings.NewReplacer("COMMENT", comment, "ROTATION", rotation, "ENDPOINT", server.URL(), "FINGERPRINT", server.Fingerprint(), "RECIPIENT", identity.Recipient().String()).Replace(`
terraform {
  required_providers {
    pvesec = { source = "pvesec/pvesec" }
  }
}
variable "token" {
  type      = string
  ephemeral = true
}
variable "password" {
  type      = string
  ephemeral = true
}
provider "pvesec" {
  endpoint  = "ENDPOINT"
  api_token = var.token
  tls       = { fingerprint_sha256 = "FINGERPRINT" }
}
resource "pvesec_restricted_user" "agent" {
  user_id          = "agent@pve"
  comment          = "COMMENT"
  groups           = ["operators"]
  password         = var.password
  password_version = 1
  role             = { privileges = ["VM.Audit"] }
  grants           = [{ path = "/pool/build" }]
  tokens           = { ci = { comment = "COMMENT" } }
}
resource "pvesec_api_token" "deploy" {
  user_id     = "deploy@pve"
  token_id    = "ci"
  expires_in  = "90d"
  rotation_id = "ROTATION"
  rotation    = "in_place"
  grants      = [{ path = "/vms", role = "PVEVMUser" }]
  recipients  = ["RECIPIENT"]
}
ephemeral "pvesec_api_token" "run" {
  user_id = "deploy@pve"
  grants  = [{ path = "/vms", role = "PVEVMUser" }]
}
`))
	}
	w.env = []string{"TF_VAR_token=" + server.RootToken(), "TF_VAR_password=" + password}
	for i, step := range []struct{ comment, rotation string }{{"one", "1"}, {"two", "1"}, {"two", "2"}} {
		config(step.comment, step.rotation)
		plan := fmt.Sprintf("plan%d", i)
		w.terraform("plan", "-input=false", "-out", plan)
		w.terraform("show", "-json", plan)
		w.terraform("apply", "-input=false", plan)
		w.terraform("show", "-json")
	}
	w.terraform("destroy", "-input=false", "-auto-approve")
	if known := secretsOf(t); len(known) < 9 {
		t.Errorf("only %d secrets to look for", len(known))
	}
}
