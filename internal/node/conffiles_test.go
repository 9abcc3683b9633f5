package node_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestConffiles: what installed packages ship below a path, and nothing of packages that were removed, of other paths,
// and of versions before.
func TestConffiles(t *testing.T) {
	t.Parallel()
	const digest = "da8bee36494c904ba767f0dd58920878"
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell})
			s.Tool(t, "dpkg-query", `cat <<'END'
:: installed base-files
 /etc/debian_version `+digest+`
:: installed sudo
 /etc/sudoers `+digest+`
 /etc/sudoers.d/README `+strings.Repeat("1", 32)+`
 /etc/sudoers.d/old `+digest+` obsolete
 /etc/sudoers.d/new newconffile
 /etc/sudoers.dist `+digest+`
:: config-files gone
 /etc/sudoers.d/gone `+digest+`
:: triggers-pending with spaces
 /etc/sudoers.d/a b `+digest+`
END`)
			p := newPool(t, s)
			o, err := p.Observe(testContext(t), target("pve1", s), node.Query{Conffiles: []string{"/etc/sudoers", "/etc/sudoers.d"}})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]node.Conffile{
				"/etc/sudoers": {Package: "sudo", MD5: digest}, "/etc/sudoers.d/README": {Package: "sudo", MD5: strings.Repeat("1", 32)}, "/etc/sudoers.d/a b": {Package: "spaces", MD5: digest},
			}
			if !maps.Equal(o.Conffiles, want) {
				t.Errorf("%+v, want %+v", o.Conffiles, want)
			}
			s.Tool(t, "dpkg-query", "echo 'the database is locked' >&2; exit 2")
			if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{Conffiles: []string{"/etc/sudoers"}}); err == nil || !strings.Contains(err.Error(), "the database is locked") {
				t.Errorf("what packages ship is not known: %v", err)
			}
			if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{Files: []string{"/etc/sudoers"}}); err != nil {
				t.Errorf("who does not ask: %v", err)
			}
		})
	}
}
