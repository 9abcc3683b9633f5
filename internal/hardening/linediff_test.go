package hardening

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

func TestLineChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		recorded, found string
		want            []string
	}{
		"equal":         {"a\nb\n", "a\nb\n", nil},
		"added":         {"a\n", "a\nb\n", []string{"+ b"}},
		"removed":       {"a\nb\n", "b\n", []string{"- a"}},
		"changed":       {"a\nb\nc\n", "a\nx\nc\n", []string{"- b", "+ x"}},
		"reordered":     {"a\nb\n", "b\na\n", []string{"+ b", "- b"}},
		"line ending":   {"a\n", "a", []string{"- a", "+ a"}},
		"control bytes": {"", "\x1b[2J\r\n", []string{`+ \x1b[2J\r`}},
	} {
		if got := LineChanges(c.recorded, c.found); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestLineChangesAlwaysTellADifference(t *testing.T) {
	t.Parallel()
	texts := []string{"", "\n", "a", "a\n", "a\n\n", "\na", "b\na\n", "a\r\n"}
	for _, a := range texts {
		for _, b := range texts {
			if got := LineChanges(a, b); (len(got) > 0) != (a != b) {
				t.Errorf("LineChanges(%q, %q) = %q", a, b, got)
			}
		}
	}
}

func TestFileStatus(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("ab", 32)
	for want, state := range map[string]node.FileState{
		"absent":                             {},
		"0440 root:root sha256:abababababab": {Exists: true, Type: node.TypeRegular, Mode: 0o440, Owner: "root", Group: "root", SHA256: digest},
		"04755 root:adm":                     {Exists: true, Type: node.TypeRegular, Mode: 0o755 | fs.ModeSetuid, Owner: "root", Group: "adm"},
		"0700 root:root directory":           {Exists: true, Type: node.TypeDirectory, Mode: 0o700, Owner: "root", Group: "root"},
		"01777 root:root directory":          {Exists: true, Type: node.TypeDirectory, Mode: 0o777 | fs.ModeSticky, Owner: "root", Group: "root"},
		"0777 root:root symlink":             {Exists: true, Type: node.TypeSymlink, Mode: 0o777, Owner: "root", Group: "root"},
		"0600 root:root other":               {Exists: true, Type: node.TypeOther, Mode: 0o600, Owner: "root", Group: "root"},
	} {
		if got := statusOf(state).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
