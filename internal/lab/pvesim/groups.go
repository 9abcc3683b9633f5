package pvesim

import (
	"maps"
	"slices"
	"strings"
)

var groupEndpoints = []endpoint{
	{method: "GET", path: "/access/groups", run: listGroups},
	{method: "POST", path: "/access/groups", protected: true, params: schema{"groupid": groupIDArg, "comment": textArg},
		check: onPath("/access/groups", "Group.Allocate"), run: createGroup},
	{method: "GET", path: "/access/groups/{groupid}", params: schema{"groupid": groupIDArg},
		check: anyOnPath("/access/groups", "Sys.Audit", "Group.Allocate"), run: getGroup},
	{method: "PUT", path: "/access/groups/{groupid}", protected: true, params: schema{"groupid": groupIDArg, "comment": textArg},
		check: onPath("/access/groups", "Group.Allocate"), run: updateGroup},
	{method: "DELETE", path: "/access/groups/{groupid}", protected: true, params: schema{"groupid": groupIDArg},
		check: onPath("/access/groups", "Group.Allocate"), run: deleteGroup},
}

// group returns a group or dies with PVE's text.
func (c *userConfig) group(id string) (*group, error) {
	if g := c.groups[id]; g != nil {
		return g, nil
	}
	return nil, dief("group '%s' does not exist", id)
}

// listGroups shows, in random order, the groups on which the caller has a
// privilege.
func listGroups(c *call) (any, error) {
	list := []any{}
	for id, g := range c.cfg.groups {
		if c.cfg.checkAny(c.authid, "/access/groups/"+id, []string{"User.Modify", "Sys.Audit", "Group.Allocate"}) != nil {
			continue
		}
		item := map[string]any{"groupid": id, "users": strings.Join(slices.Sorted(maps.Keys(g.users)), ",")}
		if truthy(g.comment) {
			item["comment"] = g.comment
		}
		list = append(list, item)
	}
	return list, nil
}

func getGroup(c *call) (any, error) {
	g, err := c.cfg.group(c.arg("groupid"))
	if err != nil {
		return nil, err
	}
	members := []string{}
	for id := range g.users {
		members = append(members, id)
	}
	out := map[string]any{"members": members}
	if truthy(g.comment) {
		out["comment"] = g.comment
	}
	return out, nil
}

func createGroup(c *call) (any, error) {
	id := c.arg("groupid")
	return nil, c.update("create group failed", func(cfg *userConfig) error {
		if cfg.groups[id] != nil {
			return dief("group '%s' already exists", id)
		}
		cfg.groups[id] = &group{users: map[string]bool{}, comment: c.arg("comment")}
		return nil
	})
}

func updateGroup(c *call) (any, error) {
	return nil, c.update("update group failed", func(cfg *userConfig) error {
		g, err := cfg.group(c.arg("groupid"))
		if err == nil && c.given("comment") {
			g.comment = c.arg("comment")
		}
		return err
	})
}

// deleteGroup removes a group, also one with members, and its ACL.
func deleteGroup(c *call) (any, error) {
	id := c.arg("groupid")
	return nil, c.update("delete group failed", func(cfg *userConfig) error {
		if _, err := cfg.group(id); err != nil {
			return err
		}
		delete(cfg.groups, id)
		for _, entry := range cfg.acl {
			delete(entry.groups, id)
		}
		return nil
	})
}
