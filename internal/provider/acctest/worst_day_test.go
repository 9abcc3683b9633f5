package acctest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// What an operator meets at 3 a.m.: each must fail with a message that says what happened and where, and leave every node as it was.

func TestMalformedPolicyIsRefusedWithoutANode(t *testing.T) {
	t.Parallel()
	const provider = "provider \"pvesec\" {}\n"
	raw := func(content string) string {
		return provider + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n}\n", content)
	}
	named := func(name string) string {
		return provider + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = %q\n  subject = \"agent\"\n  content = \"agent ALL=/usr/bin/id\\n\"\n}\n", name)
	}
	var steps []resource.TestStep
	for _, bad := range []struct{ config, message string }{
		{raw("agent ALL=(root) NOPASSWD /usr/bin/id\n"), "Line 1, column"},
		{raw("Defaults:agent use_pty\nagent ALL=(root) qm start\n"), "Line 2, column"},
		{raw("Defaults:agent no_such_option\n"), "no_such_option"},
		{raw("bob ALL=(root) /usr/bin/id\n"), "the rule is about bob"},
		{raw("@include /etc/more\n"), "includes another file"},
		{named("agent.bak"), "is skipped by sudo"},
		{named("agent~"), "is skipped by sudo"},
		{named("../agent"), "is skipped by sudo"},
		{provider + policyConfig(`"qm start"`, ""), "rules[0].commands[0]"},
		{provider + policyConfig(`"/usr/bin/id, ALL"`, ""), "rules[0].commands[0]"},
		{provider + policyConfig(`"/usr/bin/id\nagent ALL=(ALL) ALL"`, ""), "rules[0].commands[0]"},
		{provider + policyConfig(`"/usr/bin/id"`, `defaults = ["no_such_option"]`), "no_such_option"},
		{provider + policyConfig(`"/usr/bin/id"`, `content = "x"`), "rules"},
		{strings.Replace(provider+policyConfig(`"/usr/bin/id"`, ""), `subject = "agent"`, `subject = "root"`, 1), "root is not restricted by sudo"},
	} {
		steps = append(steps, resource.TestStep{Config: bad.config, ExpectError: matches(bad.message)})
	}
	run(t, append(steps, resource.TestStep{Config: provider})...)
}

func TestUnreachableNodeChangesNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	before := snapshot(t, c.Nodes[0])
	run(t,
		resource.TestStep{
			PreConfig:   func() { c.Nodes[1].Link().Refuse() },
			Config:      config(c) + policyConfig(`"/usr/bin/id"`, ""),
			ExpectError: matches("pve2"),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := snapshot(t, c.Nodes[0]); after != before {
					t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
				}
				c.Nodes[1].Link().Heal()
			},
			Config: config(c) + policyConfig(`"/usr/bin/id"`, ""),
		},
		resource.TestStep{ // a node that cannot be read is an error, not a deletion
			PreConfig:    func() { c.Nodes[1].Link().Refuse() },
			RefreshState: true,
			ExpectError:  matches("pve2"),
		},
		resource.TestStep{
			PreConfig: func() { c.Nodes[1].Link().Heal() },
			Config:    config(c) + policyConfig(`"/usr/bin/id"`, ""),
		},
	)
}

func TestHostKeysAreVerified(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	// pve2 answers with a key that known_hosts does not give for it.
	wrong := strings.ReplaceAll(c.Nodes[0].KnownHosts(), c.Nodes[0].Address, c.Nodes[1].Address)
	policy := policyConfig(`"/usr/bin/id"`, `nodes = ["pve2"]`)
	run(t,
		resource.TestStep{
			Config:      configWith(c, connection{knownHosts: wrong}) + policy,
			ExpectError: matches(c.Nodes[1].HostKeyFingerprint("ed25519")),
		},
		resource.TestStep{
			Config:      configWith(c, connection{knownHosts: c.Nodes[0].KnownHosts()}) + policy,
			ExpectError: matches("pve2"),
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
	run(t,
		resource.TestStep{Config: config(c) + policyConfig(`"/usr/bin/id"`, ""), ExpectError: matches("apt-get install sudo")},
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
	policy := config(c) + policyConfig(`"/usr/bin/id"`, "")
	before := snapshot(t, c.Nodes[0])
	run(t,
		resource.TestStep{
			PreConfig:   func() { tamper(t, c.Nodes[1].ReadOnly(ctx)) },
			Config:      policy,
			ExpectError: matches("Read-only file system"),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := snapshot(t, c.Nodes[0]); after != before {
					t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
				}
				tamper(t, c.Nodes[1].ReadWrite(ctx))
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
	run(t,
		resource.TestStep{
			Config:      config(c) + policyConfig(`"/usr/bin/id"`, `defaults = ["cmddenial_message=no"]`),
			ExpectError: matches("cmddenial_message"),
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
	run(t,
		resource.TestStep{
			PreConfig:   onNodes(t, c, "echo 'carol ALL=(root) /usr/bin/uptime' >/etc/sudoers.d/agent"),
			Config:      config(c) + policyConfig(`"/usr/bin/id"`, ""),
			ExpectError: matches("/etc/sudoers.d/agent"),
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
	policy := config(c) + policyConfig(`"/usr/bin/id"`, `timeouts = { create = "2s" }`)
	run(t,
		resource.TestStep{PreConfig: func() { c.Nodes[0].Link().Cut() }, Config: policy, ExpectError: matches("pve1")},
		resource.TestStep{PreConfig: func() { c.Nodes[0].Link().Heal() }, Config: policy},
	)
}
