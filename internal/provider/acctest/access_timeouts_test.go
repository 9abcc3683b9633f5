package acctest

import (
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestReadTimeout: an API that does not answer holds up a refresh no longer than timeouts says, and the message tells
// that. It is the same whether the resource was refreshed before or not.
func TestReadTimeout(t *testing.T) {
	t.Parallel()
	for name, c := range accessCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newFaultRun(t, c, pvesim.Version91)
			config := map[string]any{"timeouts": map[string]any{"read": "1s"}}
			for key, value := range c.first {
				config[key] = value
			}
			var err error
			if r.it, err = r.fresh(t).apply(t.Context(), r.it, config); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				p := r.fresh(t)
				r.api.SetHook(func(pvesim.Request) pvesim.Fault { return pvesim.Fault{Delay: time.Hour} })
				if _, err := p.refresh(t.Context(), r.it); err == nil || !strings.Contains(err.Error(), "the 1s that timeouts allows are over") {
					t.Errorf("got %v", err)
				}
				r.api.SetHook(nil)
				if r.it, err = r.fresh(t).refresh(t.Context(), r.it); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
