package pvesim

import (
	"maps"
	"slices"
	"strconv"
)

// Pools, as far as access control knows them: members come from user.cfg alone,
// none can be added here.
var (
	poolIDArg     = param{required: true, format: checkPoolID}
	poolEndpoints = []endpoint{
		{method: "GET", path: "/pools", params: schema{"poolid": {format: checkPoolID}}, run: listPools},
		{method: "POST", path: "/pools", protected: true, params: schema{"poolid": poolIDArg, "comment": textArg},
			check: onPool("Pool.Allocate"), run: createPool},
		{method: "DELETE", path: "/pools", protected: true, params: schema{"poolid": poolIDArg},
			check: onPool("Pool.Allocate"), run: deletePool},
	}
)

// listPools lists the pools that the caller may see, or shows one with members.
func listPools(c *call) (any, error) {
	list := []any{}
	wanted := c.arg("poolid")
	if wanted != "" && c.cfg.pools[wanted] == nil {
		return nil, dief("pool '%s' does not exist", wanted)
	}
	for id, p := range c.cfg.pools {
		if wanted != "" && id != wanted {
			continue
		}
		if c.cfg.checkAny(c.authid, "/pool/"+id, []string{"Pool.Audit", "Pool.Allocate"}) != nil {
			continue
		}
		item := map[string]any{"poolid": id}
		if truthy(p.comment) {
			item["comment"] = p.comment
		}
		if wanted != "" {
			item["members"] = p.members()
		}
		list = append(list, item)
	}
	return list, nil
}

// members lists guests and storages as far as user.cfg tells of them.
func (p *pool) members() []any {
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(p.vms)) {
		if vmid, err := strconv.Atoi(id); err == nil {
			list = append(list, map[string]any{"id": "qemu/" + id, "type": "qemu", "vmid": vmid})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.storage)) {
		list = append(list, map[string]any{"id": "storage/pve1/" + id, "type": "storage", "storage": id})
	}
	return list
}

func createPool(c *call) (any, error) {
	id := c.arg("poolid")
	return nil, c.update("create pool failed", func(cfg *userConfig) error {
		if cfg.pools[id] != nil {
			return dief("pool '%s' already exists", id)
		}
		cfg.pools[id] = &pool{comment: c.arg("comment")}
		return nil
	})
}

// deletePool removes a pool and the ACL of its path.
func deletePool(c *call) (any, error) {
	id := c.arg("poolid")
	return nil, c.update("delete pool failed", func(cfg *userConfig) error {
		if cfg.pools[id] == nil {
			return dief("pool '%s' does not exist", id)
		}
		delete(cfg.pools, id)
		delete(cfg.acl, "/pool/"+id)
		return nil
	})
}
