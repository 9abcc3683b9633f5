package pvesim

// Nodes are told from [Options.Nodes]. Nothing of this is recorded from a real
// cluster: it has the fields that PVE documents.
var nodeEndpoints = []endpoint{
	{method: "GET", path: "/nodes", run: listNodes},
	{method: "GET", path: "/cluster/status", check: onPath("/", "Sys.Audit"), run: clusterStatus},
}

func listNodes(c *call) (any, error) {
	list := []any{}
	for _, n := range c.srv.opts.Nodes {
		status := "offline"
		if n.Online {
			status = "online"
		}
		list = append(list, map[string]any{"id": "node/" + n.Name, "node": n.Name, "type": "node", "status": status,
			"ssl_fingerprint": c.srv.ca.fingerprint})
	}
	return list, nil
}

// clusterStatus lists the cluster itself, if there are several nodes, and the
// nodes. The first node is the one that answers.
func clusterStatus(c *call) (any, error) {
	nodes := c.srv.opts.Nodes
	list := []any{}
	online := 0
	for _, n := range nodes {
		online += number(n.Online)
	}
	if len(nodes) > 1 {
		list = append(list, map[string]any{"type": "cluster", "id": "cluster", "name": c.srv.opts.ClusterName,
			"version": len(nodes), "nodes": len(nodes), "quorate": number(online > len(nodes)/2)})
	}
	for i, n := range nodes {
		id := 0
		if len(nodes) > 1 {
			id = i + 1
		}
		list = append(list, map[string]any{"type": "node", "id": "node/" + n.Name, "name": n.Name, "ip": n.Address,
			"level": "", "nodeid": id, "local": number(i == 0), "online": number(n.Online)})
	}
	return list, nil
}
