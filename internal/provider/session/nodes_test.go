package session

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// TestWarnOfUnfinished: what an interrupted change left is one warning for each node, which names it and says what becomes of it; nothing left is none.
func TestWarnOfUnfinished(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unfinished, leftover bool
		says                 string
	}{
		{false, false, ""}, {true, false, "was interrupted"}, {false, true, "left"}, {true, true, "was interrupted"},
	} {
		var diags diag.Diagnostics
		WarnOfUnfinished("pve1", c.unfinished, c.leftover, &diags)
		if c.says == "" {
			if len(diags) > 0 {
				t.Errorf("%v", diags)
			}
			continue
		}
		if len(diags) != 1 || diags.WarningsCount() != 1 {
			t.Fatalf("%+v: %v", c, diags)
		}
		if text := diags[0].Summary() + diags[0].Detail(); !strings.Contains(text, "pve1") || !strings.Contains(text, c.says) || !strings.Contains(text, "next apply") {
			t.Errorf("%+v: %q", c, text)
		}
	}
}
