package harness

import (
	"cmp"
	"os"
	"os/exec"
	"testing"
)

// Terraform is the program that the tests run: any Terraform or OpenTofu, by default the terraform in PATH.
var Terraform = cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform")

// registry is the host where that program looks for providers that are named without one. OpenTofu has its own; the
// test framework reads the same variable.
var registry = cmp.Or(os.Getenv("TF_ACC_PROVIDER_HOST"), "registry.terraform.io")

// demandTerraform ends a test that cannot run.
func demandTerraform(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(Terraform); err != nil {
		t.Fatalf("%s is not there; acceptance tests run the real program, version 1.11 or later: %v", Terraform, err)
	}
}
