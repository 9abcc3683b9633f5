package check

import (
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// Node is what was seen on one node, read once for all checks.
type Node struct {
	*posture.Node
	// subjects limits the claims about grants of sudo to some accounts and groups; nil for all.
	subjects []string
	now      time.Time
	report   *posture.Report

	sshd    settings
	units   units
	sockets sockets
	modes   modes
	kernel  settings
	config  config
	steps   map[string][]paths.Step // steps of paths to root on this node, by their way
}

// NewNode reads what a node told. report is made of the same nodes, now decides about what expires.
func NewNode(n *posture.Node, report *posture.Report, subjects []string, now time.Time) *Node {
	return &Node{Node: n, subjects: subjects, now: now, report: report, sshd: sshdSettings(n), units: unitsOf(n), sockets: socketsOf(n), modes: modesOf(n), kernel: kernelSettings(n), config: configOf(n), steps: stepsOf(n, report)}
}

// settings are values by name. Where a reason stands, they are not known, or not all of them.
type settings struct {
	values map[string]string
	reason string
}

// Judge is what a check says of a node.
func (c *Check) Judge(n *Node) Outcome { return c.node(n) }

// JudgeCluster is what a check says of the cluster.
func (c *Check) JudgeCluster(cl *Cluster) Outcome { return c.cluster(cl) }
