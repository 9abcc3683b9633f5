package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

const intro = `pvesec hardens Proxmox VE with Terraform. This demo applies it to a cluster of three nodes, tampers with them, and mends them.

Real:      terraform; the provider, built from this tree; three Debian 13 systems (what PVE 9 is built on) with their own systemd, sshd,
           sudo, visudo, journald and logrotate, reached over SSH with verified host keys.
Simulated: the Proxmox VE API (held to recorded answers of the real one), and the programs qm and pveversion on the nodes, which
           only print how they were called. The nodes are namespaces on this machine and share its kernel.`

// demonstrate is the whole story.
func demonstrate(ctx context.Context, n *narrator) (err error) {
	n.say("%s", intro)
	if err := install(ctx, n, lab.MissingPackages()); err != nil {
		return err
	}
	if missing := lab.Missing(); len(missing) > 0 {
		return fmt.Errorf("this machine lacks what the nodes need:\n\n  %s\n\nWithout any of it there is `make demo-plan`: what pvesec shows at plan time, with no node at all",
			strings.Join(missing, "\n  "))
	}
	n.chapter("Three nodes")
	cluster, err := lab.StartCluster(ctx, lab.ClusterSpec{Nodes: make([]lab.NodeSpec, 3), Progress: n.progress})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	w, err := newWorkspace(ctx, n, cluster.ProviderEnv())
	if w != nil {
		defer func() { err = errors.Join(err, w.remove()) }()
	}
	if err != nil {
		return err
	}
	story := &story{workspace: w, cluster: cluster}
	for _, chapter := range []func(context.Context) error{story.prepare, story.apply, story.look, story.tamper, story.drift, story.mend, story.destroy} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	n.say("\nDone. The nodes and the API are removed; nothing is left on this machine but the cached root file systems.")
	return nil
}

// install brings Debian packages that the nodes need, where root runs the demo on a system with apt-get; elsewhere the
// list of what is missing says what to do.
func install(ctx context.Context, n *narrator, packages []string) error {
	if len(packages) == 0 || os.Geteuid() != 0 || !exists("/usr/bin/apt-get") {
		return nil
	}
	n.progress("installing " + strings.Join(packages, ", ") + " with apt-get")
	for _, args := range [][]string{{"update"}, append([]string{"install", "--no-install-recommends", "--yes"}, packages...)} {
		cmd := exec.CommandContext(ctx, "/usr/bin/apt-get", append([]string{"-q"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// story is the demo's cluster and workspace as it goes on.
type story struct {
	*workspace
	cluster *lab.Cluster
	before  []string
}

// on runs a command on a node, as root and past the network, and shows it.
func (s *story) on(ctx context.Context, node *lab.Node, script string) (string, error) {
	s.command("root@"+node.Name, script)
	out, err := node.Shell(ctx, script)
	s.output(out)
	return out, err
}

const standIn = `#!/bin/sh
echo "$(basename "$0") $*"
`

// prepare makes the account that the policy is about; nobody but an administrator does that today.
func (s *story) prepare(ctx context.Context) error {
	for _, node := range s.cluster.Nodes {
		err := errors.Join(
			node.WriteFile(ctx, "/usr/sbin/qm", standIn, 0o755),
			node.WriteFile(ctx, "/usr/bin/pveversion", standIn, 0o755),
		)
		if err != nil {
			return err
		}
		if _, err := node.Shell(ctx, "useradd -m -s /bin/bash agent"); err != nil {
			return err
		}
	}
	before, err := s.traces(ctx)
	s.before = before
	s.say("Each node has a Linux account agent without any right. The cluster's API knows the nodes, so the configuration does not name them.")
	return err
}

// traces lists what pvesec may have touched: the configuration directories of each node, and PVE's users, roles and
// ACL.
func (s *story) traces(ctx context.Context) ([]string, error) {
	traces := []string{s.cluster.API.UserCfg()}
	for _, node := range s.cluster.Nodes {
		out, err := node.Shell(ctx, `find /etc/sudoers /etc/sudoers.d /etc/logrotate.d /etc/systemd/system /etc/pvesec -type f -exec stat -c '%n %a %U:%G' {} + -exec sha256sum {} + 2>/dev/null | sort`)
		if err != nil {
			return nil, err
		}
		traces = append(traces, out)
	}
	return traces, nil
}
