package auditlab_test

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
)

func TestMain(m *testing.M) {
	budget.MoreAtOnce()
	m.Run()
}
