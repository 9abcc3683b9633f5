package review

import (
	"slices"
	"testing"
)

// TestGrantsResolveAliases: a reader of grants sees the commands, not the names of aliases; a denied alias turns its
// commands around.
func TestGrantsResolveAliases(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"agent ALL=(root) /usr/bin/id, !/usr/bin/w\n": {"agent ALL=(root) /usr/bin/id", "agent ALL=(root) !/usr/bin/w"},
		"Cmnd_Alias X = /usr/bin/id -u, Y\nCmnd_Alias Y = /usr/bin/w, !/usr/bin/su\nUser_Alias U = agent, carol\nU ALL=(root) NOPASSWD: X, !Y\n": {
			"agent ALL=(root) NOPASSWD: /usr/bin/id -u", "agent ALL=(root) NOPASSWD: /usr/bin/w", "agent ALL=(root) NOPASSWD: !/usr/bin/su",
			"agent ALL=(root) NOPASSWD: !/usr/bin/w", "agent ALL=(root) NOPASSWD: /usr/bin/su",
		},
		"agent ALL=(root) ELSEWHERE\n":                             {"agent ALL=(root) ELSEWHERE"},
		"Cmnd_Alias A = B\nCmnd_Alias B = A\nagent ALL=(root) A\n": {"agent ALL=(root) A"},
	} {
		p, errs := ParsePolicy("agent", "agent", text)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		if got := p.Grants(); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
