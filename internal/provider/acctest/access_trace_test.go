package acctest

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// workspace is a directory in which the real terraform runs the real provider program, as an operator does.
type workspace struct {
	t   testing.TB
	dir string
	env []string // variables of the configuration; on a command line Terraform logs them itself
}

// newWorkspace builds the provider and says to Terraform where it is.
func newWorkspace(tb testing.TB) *workspace {
	tb.Helper()
	w := &workspace{t: tb, dir: tb.TempDir()}
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", filepath.Join(w.dir, "terraform-provider-pvesec"), "github.com/pvesec/terraform-provider-pvesec")
	if output, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("building the provider: %v\n%s", err, output)
	}
	w.write("cli.tfrc", fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  dev_overrides {\n    \"pvesec/pvesec\" = %q\n  }\n  direct {}\n}\n", w.dir))
	return w
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
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "cli.tfrc"), "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.dir, "trace.log"),
		"TF_REATTACH_PROVIDERS=", "CHECKPOINT_DISABLE=1")
	command.Env = append(command.Env, w.env...)
	output, err := command.CombinedOutput()
	return string(output), err
}

// moved is the workspace in another directory, as when one machine plans and another applies.
func (w *workspace) moved() *workspace {
	w.t.Helper()
	other := &workspace{t: w.t, dir: w.t.TempDir(), env: w.env}
	if err := os.CopyFS(other.dir, os.DirFS(w.dir)); err != nil {
		w.t.Fatal(err)
	}
	return other
}

// find returns the files in which a text occurs, also inside plan files, which are archives.
func (w *workspace) find(text string) []string {
	w.t.Helper()
	var found []string
	err := filepath.WalkDir(w.dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "terraform-provider-pvesec" {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		short := filepath.Base(name)
		if bytes.Contains(content, []byte(text)) {
			found = append(found, short)
		}
		archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return nil //nolint:nilerr // no archive
		}
		for _, member := range archive.File {
			reader, err := member.Open()
			if err != nil {
				return err
			}
			inner, err := io.ReadAll(reader)
			if err != nil {
				return err
			}
			if bytes.Contains(inner, []byte(text)) {
				found = append(found, short+":"+member.Name)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
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
	printed := ""
	for i, step := range []struct{ comment, rotation string }{{"one", "1"}, {"two", "1"}, {"two", "2"}} {
		config(step.comment, step.rotation)
		plan := fmt.Sprintf("plan%d", i)
		printed += w.terraform("plan", "-input=false", "-out", plan)
		printed += w.terraform("show", "-json", plan)
		printed += w.terraform("apply", "-input=false", plan)
		printed += w.terraform("show", "-json")
	}
	printed += w.terraform("destroy", "-input=false", "-auto-approve")
	w.write("printed.txt", printed)
	var log []byte
	log, err = os.ReadFile(filepath.Join(w.dir, "trace.log"))
	if err != nil || !bytes.Contains(log, []byte("[TRACE]")) || !bytes.Contains(log, []byte("provider.terraform-provider-pvesec")) {
		t.Fatalf("nothing was traced: %v", err)
	}
	secrets := server.Secrets()
	secrets["password of agent@pve"] = password
	if len(secrets) < 8 {
		t.Errorf("only %d secrets to look for", len(secrets))
	}
	for owner, secret := range secrets {
		if found := w.find(secret); len(found) > 0 {
			t.Errorf("the secret of %s is in %q", owner, found)
		}
	}
}
