package sudoers

import (
	"strings"
	"testing"
)

// TestCheckPatterns: a pattern that never matches is told with its place, in a hand-written text and in a structured
// rule alike.
func TestCheckPatterns(t *testing.T) {
	t.Parallel()
	for command, col := range map[string]int{
		"/usr/bin/x ^start [a-z-0-9]+$": 23, "!/usr/bin/x ^[0-9-.]$": 18, "/usr/bin/x ^[*+]$": 15, "/usr/bin/x ^a{,2}{,2}$": 18, "/usr/bin/x ^[{256}]$": 14,
		"/usr/bin/x ^[a{300}b]$": 15, "/usr/bin/x ^[a$": 13, "^/usr/bin/(a$": 11, `/usr/bin/x ^\1$`: 13, "^usr/bin/x$": 1, "/usr/bin/[a/b]": 10, "/usr/bin/x [z-a]": 12,
		"/usr/bin/x ^" + strings.Repeat("a", 1030) + "$": 12 + 1024, "/usr/bin/x ^[[.ch.]]$": 14, "/usr/bin/x ^(?i)[a-z-0-9]$": 21,
	} {
		f, errs := Parse("policy", "alice ALL = "+command+"\n", PVE9)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", command, errs)
		}
		got := CheckPatterns(f)
		if len(got) != 1 || got[0].Pos != (Pos{File: "policy", Line: 1, Col: 12 + col}) || got[0].Msg == "" || got[0].Hint == "" {
			t.Errorf("%s: %+v, want column %d", command, got, 12+col)
		}
		if _, errs := ParseCommand(command, PVE9); len(errs) != 1 || errs[0].Pos.Col != col {
			t.Errorf("as an element, %s: %v, want column %d", command, errs, col)
		}
	}
	for _, command := range []string{"/usr/bin/x ^start [a-z0-9-]+$", `/usr/bin/x ^(a)\1$`, "/usr/bin/[", "/usr/bin/x a[", "^/usr/bin/[a-z]+$ ^$", "/usr/bin/x [a-z-0-9]", "/usr/bin/x ([*]|[+])", "/usr/bin/x ^[{]300}$", "ALL"} {
		if _, errs := ParseCommand(command, PVE9); len(errs) > 0 {
			t.Errorf("%s: %v", command, errs)
		}
	}
}
