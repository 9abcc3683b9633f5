package acctest

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

func TestMain(m *testing.M) {
	harness.GoldenForAll = true
	harness.Main(m)
}
