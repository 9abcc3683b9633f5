package pvesim

// Storages are told from [Options.Storages]. Nothing of this is recorded from a real cluster: it has the fields and the
// permission check that PVE documents.
var storageEndpoints = []endpoint{{method: "GET", path: "/storage", run: listStorages}}

// listStorages lists the storages that the caller may see.
func listStorages(c *call) (any, error) {
	list := []any{}
	for _, id := range c.srv.opts.Storages {
		if c.cfg.checkAny(c.authid, "/storage/"+id, []string{"Datastore.Audit", "Datastore.AllocateSpace"}) == nil {
			list = append(list, map[string]any{"storage": id, "type": "dir"})
		}
	}
	return list, nil
}
