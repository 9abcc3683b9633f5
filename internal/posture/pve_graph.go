package posture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

const pveRoot = "root@pam"

func userID(id string) string     { return "pve_user:" + untrusted.Line(id) }
func tokenID(id string) string    { return "pve_token:" + untrusted.Line(id) }
func pveGroupID(id string) string { return "pve_group:" + untrusted.Line(id) }
func membersID(id string) string  { return "pve_members:" + untrusted.Line(id) }

// AddTo adds the access control of PVE to a graph, with the accounts behind @pam users on the nodes.
func (c *Cluster) AddTo(g *paths.Graph, nodes []*Node) {
	g.Add(paths.Principal{ID: userID(pveRoot), Kind: paths.Root, Name: pveRoot})
	for _, group := range c.Groups {
		name := untrusted.Line(group.ID)
		g.Add(paths.Principal{ID: pveGroupID(group.ID), Kind: paths.PVEGroup, Name: "PVE group " + name})
		g.Add(paths.Principal{ID: membersID(group.ID), Kind: paths.PVEGroup, Name: "members of PVE group " + name})
		c.addWays(g, pveGroupID(group.ID), "@"+group.ID, "")
	}
	for _, user := range c.Users {
		g.Add(paths.Principal{ID: userID(string(user.ID)), Kind: paths.PVEUser, Name: untrusted.Line(string(user.ID))})
	}
	for i := range c.Users {
		c.addUser(g, &c.Users[i], nodes)
	}
	for _, group := range c.Groups {
		for _, member := range group.Members {
			if g.Has(userID(member)) {
				g.Link(paths.Step{From: membersID(group.ID), To: userID(member), Way: "member", Does: "is taken over", Evidence: "member of PVE group " + untrusted.Line(group.ID),
					Remedy: fmt.Sprintf("Take %s out of group %s.", untrusted.Line(member), untrusted.Line(group.ID))})
			}
		}
	}
}

// addWays adds what privileges lead to.
func (c *Cluster) addWays(g *paths.Graph, from, of, condition string) {
	for _, w := range c.ways[of] {
		step := paths.Step{From: from, To: userID(pveRoot), Way: "privilege", Does: "has the privileges for it: " + w.finding.Why, Evidence: w.holds, Finding: w.finding.ID,
			Example: untrusted.Line(w.finding.Witness), Condition: condition, Remedy: w.finding.Fix}
		switch {
		case w.group != "" && w.joins:
			step.To, step.Does = pveGroupID(w.group), "may put a user into PVE group "+untrusted.Line(w.group)
		case w.group != "":
			step.To, step.Does = membersID(w.group), "may take over the members of PVE group "+untrusted.Line(w.group)
		}
		if g.Has(step.To) {
			g.Link(step)
		}
	}
}

// addUser adds a user: its groups, its own privileges, its tokens, and the Linux accounts behind it.
func (c *Cluster) addUser(g *paths.Graph, user *proxmox.User, nodes []*Node) {
	id := string(user.ID)
	from := userID(id)
	condition := c.inactive(user.Enabled, user.Expire, "the user")
	mine := c.ways[id]
	var through []pveWay
	for _, group := range user.Groups {
		if !g.Has(pveGroupID(group)) {
			c.unknown("PVE user "+untrusted.Line(id), "it is a member of group "+group+", which PVE does not show")
			continue
		}
		of := c.ways["@"+group]
		// What the group has and the user has not is taken away from the user by an entry of its own.
		if slices.ContainsFunc(of, func(w pveWay) bool { return !slices.ContainsFunc(mine, w.same) }) {
			continue
		}
		through = append(through, of...)
		if !user.ID.IsRootPAM() {
			g.Link(paths.Step{From: from, To: pveGroupID(group), Way: "member", Does: "is a member of PVE group " + untrusted.Line(group), Evidence: "GET /access/groups", Condition: condition,
				Remedy: fmt.Sprintf("Take %s out of group %s.", untrusted.Line(id), untrusted.Line(group))})
		}
	}
	if !user.ID.IsRootPAM() {
		c.ways[id] = slices.DeleteFunc(slices.Clone(mine), func(w pveWay) bool { return slices.ContainsFunc(through, w.same) })
		c.addWays(g, from, id, condition)
		c.ways[id] = mine
	}
	for _, token := range user.Tokens {
		full := user.ID.Token(token.ID)
		g.Add(paths.Principal{ID: tokenID(full), Kind: paths.PVEToken, Name: untrusted.Line(full)})
		inactive := condition
		if of := c.inactive(true, token.Expire, "the token"); of != "" {
			inactive = joined(inactive, of)
		}
		if !token.PrivilegeSeparation {
			g.Link(paths.Step{From: tokenID(full), To: from, Way: "token", Does: "has all rights of " + untrusted.Line(id), Evidence: "privsep=0 of token " + untrusted.Line(full), Condition: inactive,
				Remedy: onNames("pveum user token modify %s %s --privsep 1", "Give the token rights of its own: set its privilege separation.", id, token.ID)})
			continue
		}
		c.addWays(g, tokenID(full), full, inactive)
	}
	c.addLinux(g, user, nodes, condition)
}

// same tells whether two ways are the same, wherever they come from.
func (w pveWay) same(other pveWay) bool {
	return w.finding.ID == other.finding.ID && w.group == other.group && w.joins == other.joins
}

// addLinux joins a user of the realm pam with the account of its name: they have one password.
func (c *Cluster) addLinux(g *paths.Graph, user *proxmox.User, nodes []*Node, condition string) {
	if user.ID.Realm() != "pam" || user.ID.IsRootPAM() {
		return
	}
	name := user.ID.Name()
	for _, n := range nodes {
		a := n.account(name)
		if a == nil || a.Name == "root" || a.Password == PasswordLocked {
			continue
		}
		evidence := fmt.Sprintf("realm pam; password of %s on %s: %s", untrusted.Line(name), n.Name, a.Password)
		remedy := "Give the PVE user another realm, or lock the password of the account."
		account, of := accountID(n.Name, name), userID(string(user.ID))
		if a.LogsIn() {
			g.Link(paths.Step{From: of, To: account, Way: "login", Does: "has the password of the Linux account " + untrusted.Line(name) + " on " + n.Name, Evidence: evidence, Remedy: remedy, Condition: condition})
		}
		if kinds := c.factors[user.ID]; len(kinds) > 0 { // sshd and su ask for none
			condition = joined(condition, "the second factor of the user is known as well: "+untrusted.Line(strings.Join(kinds, ", ")))
		}
		g.Link(paths.Step{From: account, To: of, Way: "login", Does: "has the password of " + untrusted.Line(string(user.ID)), Evidence: evidence, Remedy: remedy, Condition: condition})
	}
}

// joined are two conditions, of which the first one may be empty.
func joined(one, other string) string { return strings.TrimPrefix(one+"; "+other, "; ") }

// inactive is the condition under which a disabled or expired user or token is of use, "" for one that is active.
func (c *Cluster) inactive(enabled bool, expire int64, what string) string {
	switch {
	case !enabled:
		return what + " is enabled again: it is disabled now"
	case expire > 0 && expire <= c.now.Unix():
		return what + " gets a later end: it has expired"
	}
	return ""
}
