package program

import (
	"slices"
	"testing"
)

// TestGaps: the tool finds an option that no operation knows, and not one that an operation knows, with or without a
// value.
func TestGaps(t *testing.T) {
	t.Parallel()
	const help = "Usage: qm status <vmid> [OPTIONS]\n  -h, --help\n  --verbose[=BOOL]\n  --entirely-new\n"
	options := Options(help)
	if want := []string{"-h", "--help", "--verbose", "--entirely-new"}; !slices.Equal(options, want) {
		t.Fatalf("options %q, want %q", options, want)
	}
	gaps := Find("/usr/sbin/qm").Gaps(options)
	has := func(option string) bool {
		return slices.ContainsFunc(gaps, func(g Gap) bool { return g.Option == option })
	}
	if !has("--entirely-new") || has("--verbose") {
		t.Errorf("the gaps are %q", gaps)
	}
	for _, gap := range gaps {
		if all, _ := Find("/usr/sbin/qm").undescribed([]string{gap.Args}); !all {
			t.Errorf("%q is described", gap.Args)
		}
	}
}
