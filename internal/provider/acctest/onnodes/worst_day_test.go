package onnodes

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

func TestUnreachableNodeChangesNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	before := snapshot(t, c.Nodes[0])
	harness.Run(t,
		resource.TestStep{
			PreConfig:   func() { c.Nodes[1].Link().Refuse() },
			Config:      config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
			ExpectError: harness.Matches("pve2"),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := snapshot(t, c.Nodes[0]); after != before {
					t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
				}
				c.Nodes[1].Link().Heal()
			},
			Config: config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
		},
		resource.TestStep{ // a node that cannot be read is an error, not a deletion
			PreConfig:    func() { c.Nodes[1].Link().Refuse() },
			RefreshState: true,
			ExpectError:  harness.Matches("pve2"),
		},
		resource.TestStep{
			PreConfig: func() { c.Nodes[1].Link().Heal() },
			Config:    config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
		},
	)
}

func TestHostKeysAreVerified(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	// pve2 answers with a key that known_hosts does not give for it.
	wrong := strings.ReplaceAll(c.Nodes[0].KnownHosts(), c.Nodes[0].Address, c.Nodes[1].Address)
	policy := harness.PolicyConfig(`"/usr/bin/id"`, `nodes = ["pve2"]`)
	harness.Run(t,
		resource.TestStep{
			Config:      configWith(c, connection{knownHosts: wrong}) + policy,
			ExpectError: harness.Matches(c.Nodes[1].HostKeyFingerprint("ed25519")),
		},
		resource.TestStep{
			Config:      configWith(c, connection{knownHosts: c.Nodes[0].KnownHosts()}) + policy,
			ExpectError: harness.Matches("pve2"),
		},
		resource.TestStep{
			Config: strings.Replace(configWith(c, connection{knownHosts: c.Nodes[0].KnownHosts()}), "known_hosts =",
				fmt.Sprintf("host_key_fingerprints = { pve2 = %q }\n    known_hosts =", c.Nodes[1].HostKeyFingerprint("ed25519")), 1) + policy,
		},
	)
}

func TestNodeWithoutSudo(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{}, {WithoutSudo: true}}})
	before := snapshot(t, c.Nodes[0])
	harness.Run(t,
		resource.TestStep{Config: config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""), ExpectError: harness.Matches("apt-get install sudo")},
		resource.TestStep{Config: config(c)},
	)
	if after := snapshot(t, c.Nodes[0]); after != before {
		t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	ctx := context.Background()
	policy := config(c) + harness.PolicyConfig(`"/usr/bin/id"`, "")
	before := snapshot(t, c.Nodes[0])
	harness.Run(t,
		resource.TestStep{
			PreConfig:   func() { harness.Tamper(t, c.Nodes[1].ReadOnly(ctx)) },
			Config:      policy,
			ExpectError: harness.Matches("Read-only file system"),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := snapshot(t, c.Nodes[0]); after != before {
					t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
				}
				harness.Tamper(t, c.Nodes[1].ReadWrite(ctx))
			},
			Config: policy,
		},
	)
}

// TestRejectedByTheNode has a node whose own visudo refuses the tree, for a reason that no plan can see.
func TestRejectedByTheNode(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Trixie}, {Suite: lab.Bookworm}}})
	before := snapshot(t, c.Nodes[0])
	// cmddenial_message is known since sudo 1.9.16; Debian 12 has 1.9.13.
	harness.Run(t,
		resource.TestStep{
			Config:      config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `defaults = ["cmddenial_message=no"]`),
			ExpectError: harness.Matches("cmddenial_message"),
		},
		resource.TestStep{Config: config(c)},
	)
	if after := snapshot(t, c.Nodes[0]); after != before {
		t.Errorf("pve1 was changed although pve2 refused:\n%s", after)
	}
}

// TestExistingFileIsNotOverwritten has a file of that name which Terraform did not write: nothing that nobody reviewed is overwritten.
func TestExistingFileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	harness.Run(t,
		resource.TestStep{
			PreConfig:   onNodes(t, c, "echo 'carol ALL=(root) /usr/bin/uptime' >/etc/sudoers.d/agent"),
			Config:      config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
			ExpectError: harness.Matches("/etc/sudoers.d/agent"),
		},
		resource.TestStep{Config: config(c)},
	)
	if got := shell(t, c.Nodes[0], "cat /etc/sudoers.d/agent"); !strings.HasPrefix(got, "carol") {
		t.Errorf("the file is now %q", got)
	}
}

// TestTimeouts has a node that accepts connections and never answers: the operation ends when its timeout says so, and names the node.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	within := func(limit string) string {
		return config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `timeouts { create = "`+limit+`" }`)
	}
	harness.Run(t,
		resource.TestStep{PreConfig: func() { c.Nodes[0].Link().Cut() }, Config: within("2s"), ExpectError: harness.Matches("pve1")},
		resource.TestStep{PreConfig: func() { c.Nodes[0].Link().Heal() }, Config: within("10m")},
	)
}
