package hardening

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// accountNodes are nodes of which only the accounts exist.
type accountNodes struct {
	accounts map[string]map[string]node.LocalAccount // by node, by name
	applied  []node.Change
}

func (n *accountNodes) Observe(_ context.Context, target node.Target, _ node.Query) (*node.Observation, error) {
	return &node.Observation{Node: target.Name, LocalAccounts: n.accounts[target.Name]}, nil
}

func (n *accountNodes) Apply(_ context.Context, changes []node.Change, _ func(node, step string)) error {
	n.applied = append(n.applied, changes...)
	return nil
}

func local(name string, uid int, change func(*node.LocalAccount)) node.LocalAccount {
	a := node.LocalAccount{Name: name, UID: uid, GID: uid, Home: "/home/" + name, Shell: "/bin/bash", Group: name, GroupsByID: []string{name}, Password: node.PasswordLocked, Expires: -1}
	if change != nil {
		change(&a)
	}
	return a
}

func holding(accounts ...node.LocalAccount) map[string]node.LocalAccount {
	all := map[string]node.LocalAccount{}
	for _, a := range accounts {
		all[a.Name] = a
	}
	return all
}

// TestOnlyItsOwnAccountIsRemoved: another account of the name stays, whatever was recorded, and does not keep ours on
// other nodes.
func TestOnlyItsOwnAccountIsRemoved(t *testing.T) {
	t.Parallel()
	nodes := &accountNodes{accounts: map[string]map[string]node.LocalAccount{
		"n1": holding(local("agent", 1001, nil)), "n2": holding(local("agent", 1007, nil)), "n3": holding(), "n4": holding(local("agent", 1004, nil)),
	}}
	at := targets("n1", "n2", "n3", "n4")
	leave := []Leaving{{at[0], 1001}, {at[1], 1001}, {at[2], 1001}, {at[3], 0}}
	account := NodeAccount{Name: "agent"}
	others, err := account.Remove(t.Context(), nodes, leave, Removal{Sessions: true}, silent)
	if err != nil || !slices.Equal(others, []string{"n2"}) {
		t.Fatalf("left alone on %v, %v", others, err)
	}
	var told []string
	for _, change := range nodes.applied {
		for _, a := range change.Accounts {
			if !a.Absent || !a.EndSessions || a.RemoveHome || a.Name != "agent" {
				t.Errorf("%s: %+v", change.Target.Name, a)
			}
			if told = append(told, change.Target.Name); change.Target.Name != "n4" && a.ExpectUID != 1001 {
				t.Errorf("%s: any user id is removed", change.Target.Name)
			}
		}
	}
	if !slices.Equal(told, []string{"n1", "n3", "n4"}) {
		t.Errorf("removed on %v", told)
	}
	nodes.applied = nil
	if _, err := account.Remove(t.Context(), nodes, leave[1:2], Removal{}, silent); err != nil || len(nodes.applied) != 0 {
		t.Errorf("nothing to remove: %v, %v", nodes.applied, err)
	}
	if others, err = account.Install(t.Context(), nodes, nil, leave[:2], nil, Removal{}, silent); err != nil || !slices.Equal(others, []string{"n2"}) || len(nodes.applied) != 1 {
		t.Errorf("leaving nodes: %v, %v, %v", others, nodes.applied, err)
	}
}

// TestAccountInstalled: what a node has decides whether an account is made or changed there, and its own user cannot
// hold up a change.
func TestAccountInstalled(t *testing.T) {
	t.Parallel()
	was := func() *AccountState { return &AccountState{Present: true, LocalAccount: local("agent", 1001, nil)} }
	for name, c := range map[string]struct {
		change  func(*NodeAccount)
		node    map[string]node.LocalAccount
		planned PlannedAccount
		want    string // of the error
	}{
		"new":                     {nil, holding(local("other", 1000, nil)), PlannedAccount{}, ""},
		"as it was":               {nil, holding(local("agent", 1001, nil)), PlannedAccount{Seen: was()}, ""},
		"its user's own changes":  {nil, holding(local("agent", 1001, func(a *node.LocalAccount) { a.Shell, a.Comment, a.Password = "/bin/sh", "me", node.PasswordSet })), PlannedAccount{Seen: was()}, ""},
		"another user id":         {nil, holding(local("agent", 1002, nil)), PlannedAccount{Seen: was()}, "user id 1002"},
		"another primary group":   {nil, holding(local("agent", 1001, func(a *node.LocalAccount) { a.Group = "sudo" })), PlannedAccount{Seen: was()}, "primary group sudo"},
		"another group":           {nil, holding(local("agent", 1001, func(a *node.LocalAccount) { a.Groups = []string{"adm"} })), PlannedAccount{Seen: was()}, "groups [adm]"},
		"gone":                    {nil, holding(), PlannedAccount{Seen: was()}, "no account"},
		"another's home":          {func(a *NodeAccount) { a.Home = "/home/other" }, holding(local("other", 1000, nil)), PlannedAccount{}, "home of other"},
		"in another's home":       {func(a *NodeAccount) { a.Home = "/home/other/agent" }, holding(local("other", 1000, nil)), PlannedAccount{}, "home of other"},
		"above another's home":    {func(a *NodeAccount) { a.Home = "/srv/team" }, holding(local("svc", 110, func(a *node.LocalAccount) { a.Home = "/srv/team/svc" })), PlannedAccount{}, "home of svc"},
		"a service at the root":   {nil, holding(local("svc", 110, func(a *node.LocalAccount) { a.Home = "/" }), local("s2", 111, func(a *node.LocalAccount) { a.Home = "/home" })), PlannedAccount{}, ""},
		"moves to another's home": {func(a *NodeAccount) { a.Home = "/home/other" }, holding(local("agent", 1001, nil), local("other", 1000, nil)), PlannedAccount{Seen: was()}, "home of other"},
		"shares its home already": {nil, holding(local("agent", 1001, nil), local("other", 1000, func(a *node.LocalAccount) { a.Home = "/home/agent" })), PlannedAccount{Seen: was()}, ""},
		"taken over with sudo": {
			func(a *NodeAccount) { a.OnlyGroups = false }, holding(local("agent", 1001, func(a *node.LocalAccount) { a.Groups = []string{"sudo"} })), PlannedAccount{Adopt: true}, "PVESEC-A0001",
		},
		"taken over, accepted": {
			func(a *NodeAccount) { a.OnlyGroups = false }, holding(local("agent", 1001, func(a *node.LocalAccount) { a.Groups = []string{"sudo"} })),
			PlannedAccount{Adopt: true, Accepted: []string{"PVESEC-A0001"}}, "",
		},
		"taken over, sudo goes": {nil, holding(local("agent", 1001, func(a *node.LocalAccount) { a.Groups = []string{"sudo"} })), PlannedAccount{Adopt: true}, ""},
		"taken over, sudo by its id": {
			func(a *NodeAccount) { a.Groups = []string{"helpers"} },
			holding(local("agent", 1001, func(a *node.LocalAccount) {
				a.Groups, a.GroupsByID = []string{"helpers"}, []string{"agent", "helpers", "sudo"}
			})), PlannedAccount{Adopt: true}, "PVESEC-A0001",
		},
		"an entry that cannot be read": {nil, map[string]node.LocalAccount{"agent": {Name: "agent", Problem: "its entry has 3 fields"}}, PlannedAccount{}, "its entry has 3 fields"},
		"a key of two lines":           {func(a *NodeAccount) { a.Keys = []AuthorizedKey{{Key: nightKey, Command: "id\n" + dayKey}} }, holding(), PlannedAccount{}, "forced command"},
	} {
		a := NodeAccount{Name: "agent", Home: "/home/agent", Shell: "/bin/bash", OnlyGroups: true, OnlyKeys: true}
		if c.change != nil {
			c.change(&a)
		}
		nodes := &accountNodes{accounts: map[string]map[string]node.LocalAccount{"n1": c.node}}
		_, err := a.Install(t.Context(), nodes, targets("n1"), nil, map[string]PlannedAccount{"n1": c.planned}, Removal{Sessions: true}, silent)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || len(nodes.applied) > 0 {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			var changed *node.AccountChangedError
			if strings.Contains(c.want, "group ") && !errors.As(err, &changed) {
				t.Errorf("%s: %v is no change since the plan", name, err)
			}
			continue
		}
		if err != nil || len(nodes.applied) != 1 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := nodes.applied[0].Accounts[0]
		if got.PrimaryGroup != "agent" {
			t.Errorf("%s: primary group %q", name, got.PrimaryGroup)
		}
		if _, there := c.node["agent"]; got.EndSessions != there {
			t.Errorf("%s: sessions end: %v", name, got.EndSessions)
		}
		if _, there := c.node["agent"]; there && (got.Expect != "" || got.ExpectUID != 1001) || !there && got.Expect != node.AbsentAccount {
			t.Errorf("%s: expects %q and user id %d", name, got.Expect, got.ExpectUID)
		}
	}
}

// TestGroupProblems: what an apply leaves of powerful groups is told, whatever name their ids have, and what it takes
// away is not.
func TestGroupProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked  NodeAccount
		change func(*node.LocalAccount)
		want   string
	}{
		"none":                 {NodeAccount{OnlyGroups: true}, nil, ""},
		"goes":                 {NodeAccount{OnlyGroups: true}, func(a *node.LocalAccount) { a.Groups = []string{"sudo"} }, ""},
		"stays":                {NodeAccount{}, func(a *node.LocalAccount) { a.Groups = []string{"sudo", "users"} }, "PVESEC-A0001"},
		"asked for":            {NodeAccount{Groups: []string{"adm"}}, func(a *node.LocalAccount) { a.Groups = []string{"adm"} }, ""},
		"primary goes":         {NodeAccount{OnlyGroups: true}, func(a *node.LocalAccount) { a.GID, a.Group, a.GroupsByID = 27, "sudo", []string{"sudo"} }, ""},
		"own group of root":    {NodeAccount{OnlyGroups: true}, func(a *node.LocalAccount) { a.GID, a.GroupsByID = 0, []string{"agent", "root"} }, "PVESEC-A0007"},
		"another name of disk": {NodeAccount{OnlyGroups: true, Groups: []string{"d"}}, func(a *node.LocalAccount) { a.Groups, a.GroupsByID = []string{"d"}, []string{"agent", "d", "disk"} }, "PVESEC-A0002"},
		"of a service":         {NodeAccount{}, func(a *node.LocalAccount) { a.Groups = []string{"_chrony", "systemd-network"} }, "PVESEC-A0026 PVESEC-A0026"},
	} {
		c.asked.Name = "agent"
		var ids []string
		for _, problem := range c.asked.groupProblems(&AccountState{Present: true, LocalAccount: local("agent", 1001, c.change)}) {
			ids = append(ids, problem.ID)
			if CheckAccountFindingID(problem.ID) != nil || !refusedID(problem.ID) {
				t.Errorf("%s: %s can be accepted or ignored", name, problem.ID)
			}
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestCheckAccountHome: a home is a directory of its own.
func TestCheckAccountHome(t *testing.T) {
	t.Parallel()
	for _, home := range []string{"/home/agent", "/srv/agent", "/var/lib/agent", "/opt/agent/home", "/agent", "/mnt/data/agent", "/home/a/b"} {
		if err := CheckAccountHome(home); err != nil {
			t.Errorf("%s is refused: %v", home, err)
		}
	}
	for _, home := range []string{
		"", "/", "home/agent", "/home", "/tmp", "/tmp/agent", "/var/tmp/agent", "/etc", "/etc/agent", "/etc/pve/x", "/usr/local/agent", "/root", "/root/agent", "/run/agent", "/dev/shm/agent", "/proc/1", "/var", "/var/lib",
		"/var/log/agent", "/var/spool/cron", "/srv", "/opt", "/mnt/pve", "/lib64/x", "/boot/x", "/home/agent/", "/home/../etc", "/home//agent", "/home/a b", "/home/a:b", "/home/a\nb",
	} {
		if CheckAccountHome(home) == nil {
			t.Errorf("%q is taken", home)
		}
	}
}
