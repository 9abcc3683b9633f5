package nodeaccount

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// TestTextStaysAsItIs: what a reading of the node shows in another form than the configuration has it would be drift in
// every plan, and an apply that Terraform calls inconsistent. It is refused.
func TestTextStaysAsItIs(t *testing.T) {
	t.Parallel()
	hidden := []string{"\u00a0", "\u200d", "\u00ad", "\u0085", "\u202e", "\u3164", "\x1b", "\x7f", "\t", "\n", "\u2028", "\ufeff", "\xff"}
	checks := map[string]struct {
		check        func(string) error
		before, then string
		fine         []string
	}{
		"comment": {checkComment, "Night", "shift", []string{"", "Night shift, 2nd floor", "Überwachung & Größe", "夜勤"}},
		"shell":   {checkPath, "/bin/b", "ash", []string{"/bin/bash", "/opt/größe/sh"}},
		"home":    {hardening.CheckAccountHome, "/home/op", "erator", []string{"/home/operator", "/home/größe"}},
	}
	for name, c := range checks {
		for _, part := range hidden {
			if text := c.before + part + c.then; c.check(text) == nil {
				t.Errorf("%s %q is taken, and read back as %q", name, text, untrusted.Line(text))
			}
		}
		for _, text := range c.fine {
			if err := c.check(text); err != nil {
				t.Errorf("%s %q: %v", name, text, err)
			}
		}
	}
}
