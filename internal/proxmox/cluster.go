package proxmox

import (
	"context"
	"slices"
	"strings"
)

// ClusterNode is one node as GET /cluster/status tells it.
type ClusterNode struct {
	Name    string
	Address string // IP of the cluster network, "" when PVE tells none
	Online  bool
	Local   bool // the node that answered
}

// ClusterNodes returns the nodes of the cluster, sorted by name; a server that
// is in no cluster is a list of one. The token needs Sys.Audit on /.
func (c *Client) ClusterNodes(ctx context.Context) ([]ClusterNode, error) {
	var raw []struct {
		Type   string  `json:"type"`
		Name   string  `json:"name"`
		IP     string  `json:"ip"`
		Online integer `json:"online"`
		Local  integer `json:"local"`
	}
	if err := c.read(ctx, "/cluster/status", &raw); err != nil {
		return nil, err
	}
	var nodes []ClusterNode
	for _, r := range raw {
		if r.Type == "node" {
			nodes = append(nodes, ClusterNode{Name: r.Name, Address: r.IP, Online: r.Online != 0, Local: r.Local != 0})
		}
	}
	slices.SortFunc(nodes, func(a, b ClusterNode) int { return strings.Compare(a.Name, b.Name) })
	return nodes, nil
}
