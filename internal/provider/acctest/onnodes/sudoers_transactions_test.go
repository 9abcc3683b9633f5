package onnodes

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSudoersPoliciesShareTransactions: policies that Terraform makes, changes and removes at the same time share
// transactions on each node. One that a node rejects is told of by its name, and the others are made.
func TestSudoersPoliciesShareTransactions(t *testing.T) {
	t.Parallel()
	const many = 20
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	policies := func(count int, argument, more string) string {
		return config(c) + fmt.Sprintf(`
resource "pvesec_sudoers_policy" "many" {
  count   = %d
  name    = "many${count.index}"
  subject = "agent"
  rule { commands = ["/usr/bin/id %s"] }
}
%s`, count, argument, more)
	}
	bad := `
resource "pvesec_sudoers_policy" "bad" {
  name    = "bad"
  subject = "agent"
  rule { commands = ["/usr/bin/id rejected"] }
}
`
	const forget = "rm -f /run/pvesec/done"
	files := func(want int, also ...string) {
		t.Helper()
		for _, node := range c.Nodes {
			got := shell(t, node, "ls /etc/sudoers.d | grep -c many || true; ls -d /etc/sudoers.d/bad /etc/pvesec 2>/dev/null || true")
			if got != strings.Join(append([]string{strconv.Itoa(want)}, also...), "\n") {
				t.Errorf("%s has %q, want %d policies and %q", node.Name, got, want, also)
			}
		}
	}
	// few checks how many transactions there were since forget: each of ten at once may come too late for the one
	// before, and waits for the next.
	few := func(*terraform.State) error {
		for _, node := range c.Nodes {
			n, err := strconv.Atoi(shell(t, node, "grep -c . /run/pvesec/done"))
			t.Logf("%s: %d transactions for %d policies", node.Name, n, many)
			if err != nil || n > many/2 {
				return fmt.Errorf("%s had %d transactions for %d policies, %w", node.Name, n, many, err)
			}
		}
		return nil
	}
	harness.Run(t,
		resource.TestStep{
			PreConfig: func() {
				shell(t, c.Nodes[1], `mv /usr/sbin/visudo /usr/sbin/visudo.real; cat >/usr/sbin/visudo <<'END'
#!/bin/sh
case $2 in -f) at=${3%/*} ;; *) at=/etc/sudoers.d ;; esac
! grep -rqs 'id rejected' "$at" || { echo "$at: no"; exit 1; }
exec /usr/sbin/visudo.real "$@"
END
chmod 755 /usr/sbin/visudo`)
			},
			Config:      policies(many, "first", bad),
			ExpectError: harness.Matches(`sudoers policy "bad" was not applied; every node is as it was before`),
		},
		resource.TestStep{
			PreConfig: func() {
				files(many)
				shell(t, c.Nodes[1], "mv /usr/sbin/visudo.real /usr/sbin/visudo")
			},
			Config: policies(many, "first", bad),
		},
		resource.TestStep{ // an update of each
			PreConfig: func() {
				files(many, "/etc/sudoers.d/bad")
				onNodes(t, c, forget)()
			},
			Config: policies(many, "second", bad),
			Check:  few,
		},
		resource.TestStep{ // a removal of each
			PreConfig: onNodes(t, c, forget),
			Config:    policies(0, "second", bad),
			Check:     few,
		},
		resource.TestStep{ // all are new
			PreConfig: func() {
				files(0, "/etc/sudoers.d/bad")
				onNodes(t, c, forget)()
			},
			Config: policies(many, "third", ""),
			Check:  few,
		},
	)
}
