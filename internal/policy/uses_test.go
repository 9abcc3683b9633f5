package policy

import (
	"slices"
	"strings"
	"testing"
)

// TestUsesOnOneHost: where one host is asked about, Defaults of others do not count, and those of addresses, netgroups
// and long names may.
func TestUsesOnOneHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want bool
	}{
		{"Defaults@pve9 BAD", false},
		{"Defaults@pve1 BAD", true},
		{"Defaults@ALL,!pve1 BAD", false},
		{"Defaults@ALL,!pve9 BAD", true},
		{"Defaults@10.0.0.0/8 BAD", true},
		{"Defaults@+nodes BAD", true},
		{"Defaults@*.example.com BAD", true},
		{"Host_Alias NODES = 10.0.0.1\nDefaults@NODES BAD", true},
		{"Host_Alias NODES = pve9\nDefaults@NODES BAD", false},
		{"Defaults BAD\nDefaults@pve1 FINE", false},
		{"Defaults BAD\nDefaults@pve9 FINE", true},
		{"Defaults BAD\nDefaults@10.0.0.1 FINE", true},
		{"Defaults@pve1 BAD\nDefaults FINE", false},
	} {
		for option, values := range map[string][2]string{"logfile": {"logfile=/etc/profile", "logfile=/var/log/sudo.log"}, "editor": {"editor=/home/op/vi", "editor=/usr/bin/nano"}} {
			text := strings.NewReplacer("BAD", values[0], "FINE", values[1]).Replace(c.text)
			tree := treeOf(t, text+"\nop ALL=/bin/a\n")
			q := Question{Subject: Subject{Name: "op"}, Host: "pve1"}
			got := slices.ContainsFunc(Hazards(Settings{}, UsesOf(tree, q, true), q.Subject), func(h Hazard) bool { return h.Option == option })
			if got != c.want {
				t.Errorf("%s is found: %t\n%s", option, got, text)
			}
		}
	}
}
