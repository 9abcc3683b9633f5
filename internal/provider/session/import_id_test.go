package session

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

func TestImportIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]struct {
		name  string
		nodes []string
		ok    bool
	}{
		"agent":           {"agent", nil, true},
		"agent@pve1":      {"agent", []string{"pve1"}, true},
		"agent@pve2,pve1": {"agent", []string{"pve1", "pve2"}, true},
		"agent@":          {ok: false},
		"agent@pve1,":     {ok: false},
		"@pve1":           {ok: false},
		"../x":            {ok: false},
	} {
		name, nodes, err := parseImportID(id, hardening.CheckDropInName)
		if (err == nil) != want.ok || name != want.name || !slices.Equal(nodes, want.nodes) {
			t.Errorf("%q: %q, %v, %v", id, name, nodes, err)
		}
	}
}
