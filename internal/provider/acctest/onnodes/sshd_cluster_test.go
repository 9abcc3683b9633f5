package onnodes

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// outside is an address from which an administrator may come, and no node.
const outside = "198.51.100.7"

// clustered are nodes that know each other as those of Proxmox VE do: corosync.conf names the addresses of all, and
// root of each has the RSA keys of all. The lab has no network between nodes, so that each has the addresses of all,
// and a connection of another node is one from its address with its key.
type clustered struct {
	t       *testing.T
	nodes   []*lab.Node
	session []string // of each node, the process of a connection from the node before it
}

func (c *clustered) address(i int) string { return fmt.Sprintf("10.77.0.%d", i%len(c.nodes)+1) }

// join makes the cluster, and leaves a connection to each node open.
func (c *clustered) join() {
	c.t.Helper()
	var corosync, keys string
	privates := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		corosync += fmt.Sprintf("node {\nname: %s\nring0_addr: %s\n}\n", n.Name, c.address(i))
		privates[i] = shell(c.t, n, "ssh-keygen -q -t rsa -b 2048 -N '' -f /root/.ssh/id_rsa; cat /root/.ssh/id_rsa")
		keys += shell(c.t, n, "cat /root/.ssh/id_rsa.pub") + "\n"
	}
	for i, n := range c.nodes {
		shell(c.t, n, fmt.Sprintf("mkdir -p /etc/corosync /etc/pve; printf '{}' >/etc/pve/.members; printf 'nodelist {\n%s}\n' >/etc/corosync/corosync.conf; printf '%%s' '%s' >>/root/.ssh/authorized_keys", corosync, keys))
		for j := range c.nodes {
			shell(c.t, n, "ip address add "+c.address(j)+"/32 dev lo")
			if err := n.WriteFile(c.t.Context(), keyOf(j), privates[j]+"\n", 0o600); err != nil {
				c.t.Fatal(err)
			}
		}
		shell(c.t, n, "ip address add "+outside+"/32 dev lo")
		c.session = append(c.session, shell(c.t, n, "nohup "+c.ssh(i, i+1, "", "sleep 3600")+" >/dev/null 2>&1 & echo $!"))
	}
}

func keyOf(i int) string { return fmt.Sprintf("/root/.ssh/of-node-%d", i) }

// ssh is a command line that connects root of node from, or of nowhere, to node to.
func (c *clustered) ssh(to, from int, options, command string) string {
	address, key := outside, keyOf(0)
	if from >= 0 {
		address, key = c.address(from), keyOf(from%len(c.nodes))
	}
	return fmt.Sprintf("ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=60 -i %s -b %s %s root@%s %s", key, address, options, c.address(to), command)
}

// connected says where a node lacks what Proxmox VE does over SSH: a command, a terminal, a forwarded port, and the
// connection that was open before; and where root from outside has another fate than he must have.
func (c *clustered) connected(rootFromOutside bool) error {
	c.t.Helper()
	var errs []error
	for i, n := range c.nodes {
		for _, from := range []int{i + 1, i + 2} {
			for what, line := range map[string]string{
				"a command":        c.ssh(i, from, "", "'id -u'") + " | grep -qx 0",
				"a terminal":       c.ssh(i, from, "-tt", "tty </dev/null") + " | grep -q /dev/pts/",
				"a forwarded port": c.ssh(i, from, fmt.Sprintf("-o ExitOnForwardFailure=yes -W %s:22", c.address(i)), "") + " </dev/null | grep -q ^SSH-2.0",
			} {
				if out, err := n.Shell(c.t.Context(), line); err != nil {
					errs = append(errs, fmt.Errorf("%s from %s has no %s: %w\n%s", n.Name, c.address(from), strings.TrimPrefix(what, "a "), err, out))
				}
			}
		}
		if _, err := n.Shell(c.t.Context(), "kill -0 "+c.session[i]); err != nil {
			errs = append(errs, fmt.Errorf("%s: the connection that was open is gone", n.Name))
		}
		if out, err := n.Shell(c.t.Context(), c.ssh(i, -1, "", "true")); (err == nil) != rootFromOutside {
			errs = append(errs, fmt.Errorf("%s: root from outside gets in: %v, want %v\n%s%w", n.Name, err == nil, rootFromOutside, out, errors.Join(err)))
		}
	}
	return errors.Join(errs...)
}

// TestSshdPolicyInACluster: a policy that leaves root no way in keeps the connections of the nodes of a cluster of
// three working, those that are open and new ones, also where it says itself which networks these are.
func TestSshdPolicyInACluster(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}, {Suite: lab.Trixie}}})
	members := &clustered{t: t, nodes: c.Nodes}
	members.join()
	if err := members.connected(true); err != nil {
		t.Fatal(err)
	}
	const closed = `  permit_root_login    = "no"
  allow_users          = ["agent", "root@127.*"]
  disable_forwarding   = true
  permit_tty           = false
  allow_tcp_forwarding = "no"
  crypto_profile       = "strict"
  match {
    addresses         = ["127.0.0.0/8"]
    permit_root_login = "prohibit-password"
  }`
	works := func(*terraform.State) error { return members.connected(false) }
	harness.Run(t,
		resource.TestStep{Config: config(c) + sshdConfig(closed), Check: works},
		resource.TestStep{Config: config(c) + sshdConfig(closed+"\n  cluster_networks = [\"10.77.0.0/24\"]"), Check: works},
		resource.TestStep{Config: config(c), Check: func(*terraform.State) error { return members.connected(true) }},
	)
}
