package posture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Cluster is what PVE told of its access control.
type Cluster struct {
	Users  []proxmox.User
	Groups []proxmox.Group
	ACL    []proxmox.ACLEntry
	Roles  []proxmox.Role
	Realms []proxmox.Realm
	Gaps   []Gap

	rights  *proxmox.Rights
	factors map[proxmox.UserID][]string // kinds of second factors
	now     time.Time
	ways    map[string][]pveWay // by user, token, and by "@" and the id of a group
}

// pveWay is a set of privileges that leads to root, or to a group.
type pveWay struct {
	finding escalation.Finding
	holds   string // the privileges with the ACL entries that they come from
	// group is the group that is joined, or whose members are taken over; "" for a way to root itself.
	group string
	joins bool
}

// CollectCluster asks PVE for its lists: users, tokens, groups, roles, ACL, and pools where they matter. It changes
// nothing. What PVE hides from the token is among the gaps. now decides which users and tokens have expired.
func CollectCluster(ctx context.Context, pve *proxmox.Client, now time.Time) (*Cluster, error) {
	c := &Cluster{now: now, ways: map[string][]pveWay{}}
	var hidden *proxmox.VisibilityError
	if err := pve.RequireVisibility(ctx); errors.As(err, &hidden) {
		c.unknown("access control of PVE", err.Error())
	} else if err != nil {
		return nil, fmt.Errorf("asking PVE for its access control: %w", err)
	}
	var err error
	if c.Users, err = pve.Users(ctx); err != nil {
		return nil, fmt.Errorf("asking PVE for its users: %w", err)
	}
	if c.Groups, err = pve.Groups(ctx); err != nil {
		return nil, fmt.Errorf("asking PVE for its groups: %w", err)
	}
	if c.ACL, err = pve.ACL(ctx); err != nil {
		return nil, fmt.Errorf("asking PVE for its access control list: %w", err)
	}
	if c.factors, err = pve.SecondFactors(ctx); err != nil {
		c.unknown("second factors of PVE users", err.Error())
	}
	rights, poolsHidden, err := pve.RightsOfAll(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking PVE for its roles: %w", err)
	}
	c.rights = rights
	if c.Roles, err = pve.Roles(ctx); err != nil {
		return nil, fmt.Errorf("asking PVE for its roles: %w", err)
	}
	if c.Realms, err = pve.Realms(ctx); err != nil {
		return nil, fmt.Errorf("asking PVE for its realms: %w", err)
	}
	if poolsHidden != nil {
		c.unknown("pools of PVE", poolsHidden.Error())
	}
	c.judge()
	return c, nil
}

func (c *Cluster) unknown(about, reason string) {
	c.Gaps = append(c.Gaps, Gap{About: about, Reason: untrusted.Line(reason)})
}

// SecondFactors are the kinds of second factors that a user has.
func (c *Cluster) SecondFactors(user proxmox.UserID) []string { return c.factors[user] }

// Way is a set of privileges that leads to root, or into a group, in words.
type Way struct{ Finding, Why, Holds string }

// Ways are those of a user, a separated token, or a group ("@" and its id).
func (c *Cluster) Ways(of string) []Way {
	list := make([]Way, len(c.ways[of]))
	for i, w := range c.ways[of] {
		list[i] = Way{w.finding.ID, w.finding.Why, w.holds}
	}
	return list
}

// Unknown is why something of these things is not known, "" where all is known. It compares the beginnings of what gaps
// are about.
func (c *Cluster) Unknown(about ...string) string {
	for _, gap := range c.Gaps {
		if slices.ContainsFunc(about, func(a string) bool { return strings.HasPrefix(gap.About, a) }) {
			return gap.About + ": " + gap.Reason
		}
	}
	return ""
}

// nobody is a user of no name that exists: PVE refuses a slash in a name.
const nobody = proxmox.UserID("no/body@pve")

// judge finds what the privileges of each user, group and separated token lead to. Users of the same groups without
// entries of their own are one question.
func (c *Cluster) judge() {
	own := map[string]bool{}
	for _, entry := range c.ACL {
		own[entry.Type+" "+entry.Holder] = true
	}
	for _, group := range c.Groups {
		alone := c.rights.With(proxmox.Principal{UserID: nobody, Groups: []string{group.ID}})
		c.ways["@"+group.ID] = c.waysOf(alone, string(nobody))
	}
	known := map[string][]pveWay{}
	for _, user := range c.Users {
		id := string(user.ID)
		if !user.ID.IsRootPAM() {
			key := strings.Join(user.Groups, "\x00")
			ways, found := known[key]
			if !found || own["user "+id] {
				ways = c.waysOf(c.rights, id)
			}
			if !own["user "+id] {
				known[key] = ways
			}
			c.ways[id] = ways
		}
		for _, token := range user.Tokens {
			if full := user.ID.Token(token.ID); token.PrivilegeSeparation {
				c.ways[full] = c.waysOf(c.rights, full)
			}
		}
	}
}

// aboutGroup holds the rules that are about a group: whether they put somebody into it, or take over a member.
var aboutGroup = func() map[string]bool {
	rules := map[string]bool{}
	for _, rule := range escalation.Privileges() {
		for _, need := range rule.Needs {
			if need.PowerfulGroup {
				rules[rule.ID] = true
			} else if need.PowerfulMember {
				rules[rule.ID] = false
			}
		}
	}
	return rules
}()

// waysOf meets the rights of a user or token with the rules of package escalation. What takes over the members of a
// group, or puts somebody into one, leads to the group: what that leads to is a question of the graph.
func (c *Cluster) waysOf(rights *proxmox.Rights, authID string) []pveWay {
	with := rights.Paths(authID)
	if len(with) == 0 {
		return nil
	}
	world := WorldOf(rights)
	has := world.Rights(authID).Has
	held := escalation.Held{Paths: with, PVE8: world.PVE8, Has: has}
	if strings.Contains(authID, "!") {
		held.Token = authID
	}
	way := func(f escalation.Finding, group string, joins bool) pveWay {
		texts := make([]string, len(f.Holds))
		for i, hold := range f.Holds {
			texts[i] = hold.String()
			if sources := rights.At(authID, hold.Path)[hold.Privilege].Sources; len(sources) > 0 {
				texts[i] += " (" + sources[0].String() + ")"
			}
		}
		return pveWay{f, untrusted.Line(strings.Join(texts, ", ")), group, joins}
	}
	var ways []pveWay
	for _, f := range escalation.FindPrivileges(held) {
		ways = append(ways, way(f, "", false))
	}
	groups := 0
	for _, path := range with {
		group, is := strings.CutPrefix(path, "/access/groups/")
		if !is || !has(path, "User.Modify") && !has(path, "Permissions.Modify") {
			continue
		}
		groups++
		this := func(of string) bool { return of == group }
		held.PowerfulGroup = this
		held.PowerfulMember = func(of string) string { return c.member(of, of == group) }
		held.AnyMember = func(of string) string { return c.member(of, true) }
		for _, f := range escalation.FindPrivileges(held) {
			if joins, is := aboutGroup[f.ID]; is {
				ways = append(ways, way(f, group, joins))
			}
		}
	}
	// What leads to root only together is no way of the graph, which goes from one to another.
	if groups > 0 && len(ways) > 0 {
		for _, f := range world.Together(authID) {
			ways = append(ways, way(f, "", false))
		}
	}
	return ways
}

// member is some member of a group, "" for none, or where it is not asked for.
func (c *Cluster) member(group string, asked bool) string {
	at := slices.IndexFunc(c.Groups, func(g proxmox.Group) bool { return g.ID == group })
	if !asked || at < 0 || len(c.Groups[at].Members) == 0 {
		return ""
	}
	return c.Groups[at].Members[0]
}
