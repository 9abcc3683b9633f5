package onnodes

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

func TestMain(m *testing.M) {
	budget.MoreAtOnce()
	harness.Main(m)
}
