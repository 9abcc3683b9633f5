package acctest

import (
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestNoSecretAnywhere runs plan, apply, change, rotation and destroy with TF_LOG=TRACE, and searches logs, states,
// plan files, plan JSON and everything printed for every secret that was ever given out, and for the password.
func TestNoSecretAnywhere(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	harness.Tamper(t, server.AddUser("deploy@pve", nil), server.GrantACL("/", "deploy@pve", "PVEVMUser", true))
	w := harness.NewWorkspace(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	const password = "correct-horse-battery"
	harness.KeepSecret(t, "password of agent@pve", password)
	harness.KeepSecret(t, "age identity", identity.String())
	config := func(comment, rotation string) {
		w.Write("main.tf", strings.NewReplacer("COMMENT", comment, "ROTATION", rotation, "ENDPOINT", server.URL(), "FINGERPRINT", server.Fingerprint(), "RECIPIENT", identity.Recipient().String()).Replace(`
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
  tls { fingerprint_sha256 = "FINGERPRINT" }
}
resource "pvesec_restricted_user" "agent" {
  user_id          = "agent@pve"
  comment          = "COMMENT"
  groups           = ["operators"]
  password         = var.password
  password_version = 1
  role { privileges = ["VM.Audit"] }
  grant { path = "/pool/build" }
  token {
    name          = "ci"
    comment       = "COMMENT"
    never_expires = true
  }
}
resource "pvesec_api_token" "deploy" {
  user_id     = "deploy@pve"
  token_id    = "ci"
  expires_in  = "90d"
  rotation_id = "ROTATION"
  rotation    = "in_place"
  grant {
    path = "/vms"
    role = "PVEVMUser"
  }
  recipients  = ["RECIPIENT"]
}
ephemeral "pvesec_api_token" "run" {
  user_id = "deploy@pve"
  grant {
    path = "/vms"
    role = "PVEVMUser"
  }
}
`))
	}
	w.Env = []string{"TF_VAR_token=" + server.RootToken(), "TF_VAR_password=" + password}
	for i, step := range []struct{ comment, rotation string }{{"one", "1"}, {"two", "1"}, {"two", "2"}} {
		config(step.comment, step.rotation)
		plan := fmt.Sprintf("plan%d", i)
		w.Terraform("plan", "-input=false", "-out", plan)
		w.Terraform("show", "-json", plan)
		w.Terraform("apply", "-input=false", plan)
		w.Terraform("show", "-json")
	}
	w.Terraform("destroy", "-input=false", "-auto-approve")
	if known := harness.SecretsOf(t); len(known) < 9 {
		t.Errorf("only %d secrets to look for", len(known))
	}
}
