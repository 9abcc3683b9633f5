//go:build linux

package lab

import (
	"strings"
	"testing"
)

func TestMirrorFrom(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		targets string
		want    mirror
	}{
		"Debian host": {
			"Debian|main|http://mirror.example/debian/\nDebian|main|http://second.example/debian/\nDebian-Security|main|http://mirror.example/debian-security/\n",
			mirror{"http://mirror.example/debian", "http://mirror.example/debian-security"},
		},
		"other repositories first": {
			"Node Source|main|https://node.example\nDebian|contrib|http://contrib.example/debian\nDebian|main|http://mirror.example/debian\n",
			mirror{"http://mirror.example/debian", debianOrg.security},
		},
		"Ubuntu host": {"Ubuntu|main|http://archive.ubuntu.com/ubuntu/\n", debianOrg},
		"nothing":     {"", debianOrg},
	}
	for name, test := range tests {
		if got := mirrorFrom(test.targets); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	if got := strings.Join(debianOrg.sources(Trixie), "\n"); !strings.Contains(got, "debian-security trixie-security main") {
		t.Errorf("sources without security updates:\n%s", got)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	if got, want := quote([]string{"echo", "it's", "$HOME", ""}), `'echo' 'it'\''s' '$HOME' ''`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var end tail
	for range 3 {
		_, _ = end.Write([]byte(strings.Repeat("a", tailSize/2)))
	}
	_, _ = end.Write([]byte("the end"))
	if got := end.String(); len(got) != tailSize || !strings.HasSuffix(got, "athe end") {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-20):])
	}
}
