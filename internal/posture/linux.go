package posture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// view is one node in the graph.
type view struct {
	*Node
	g *paths.Graph
}

// The ids of principals.
func accountID(node, name string) string { return "linux_account:" + node + "/" + untrusted.Line(name) }
func groupID(node, name string) string   { return "linux_group:" + node + "/" + untrusted.Line(name) }
func everyoneID(node string) string      { return "everyone:" + node }
func rootID(node string) string          { return "root:" + node }

// who is the principal of an account: root itself for the name root.
func (v view) who(name string) string {
	if a := v.account(name); name == "root" || a == nil {
		return rootID(v.Name)
	}
	return accountID(v.Name, name)
}

// AddTo adds what was seen on the node to a graph.
func (n *Node) AddTo(g *paths.Graph) {
	v := view{n, g}
	g.Add(paths.Principal{ID: rootID(n.Name), Kind: paths.Root, Name: "root", Node: n.Name})
	g.Add(paths.Principal{ID: everyoneID(n.Name), Kind: paths.Everyone, Name: "any account", Node: n.Name})
	for _, group := range n.groups {
		g.Add(paths.Principal{ID: groupID(n.Name, group.name), Kind: paths.Group, Name: untrusted.Line(group.name), Node: n.Name})
	}
	for _, a := range n.Accounts {
		if a.Name != "root" {
			g.Add(paths.Principal{ID: accountID(n.Name, a.Name), Kind: paths.Account, Name: untrusted.Line(a.Name), Node: n.Name})
		}
	}
	for _, a := range n.Accounts {
		v.addAccount(a)
		v.addKeys(a)
	}
	v.addGroups()
	v.addSudo()
	v.addSetID()
	v.addFiles()
}

// addAccount adds what an account is by itself.
func (v view) addAccount(a *Account) {
	id := v.who(a.Name)
	if a.Name != "root" && a.UID == 0 {
		v.g.Link(paths.Step{From: id, To: rootID(v.Name), Way: "uid", Does: "has the user id 0, which is root", Evidence: "getent passwd: " + untrusted.Line(a.Name) + ":…:0",
			Remedy: "Give the account a user id of its own, or remove it."})
	}
	if a.Password == PasswordEmpty && a.LogsIn() {
		v.g.Link(paths.Step{From: everyoneID(v.Name), To: id, Way: "password", Does: "may become " + untrusted.Line(a.Name) + " without a password (su)", Evidence: "passwd -S " + untrusted.Line(a.Name) + ": NP",
			Remedy: onNames("passwd -l %s", "Lock the password of the account.", a.Name)})
	}
	if a.UID == 0 {
		return
	}
	if a.LogsIn() {
		v.g.Link(paths.Step{From: id, To: everyoneID(v.Name), Way: "local", Does: "can run programs", Evidence: "shell " + untrusted.Line(a.Shell)})
	}
	for i, group := range a.Groups {
		to := groupID(v.Name, group)
		if !v.g.Has(to) {
			continue
		}
		evidence := "getent group " + untrusted.Line(group)
		if a.GIDs[i] == a.GID {
			evidence = "primary group, getent passwd " + untrusted.Line(a.Name)
		}
		v.g.Link(paths.Step{From: id, To: to, Way: "member", Does: "is a member of group " + untrusted.Line(group), Evidence: evidence,
			Remedy: onNames("gpasswd -d %s %s", "Take the account out of the group.", a.Name, group)})
	}
}

// addKeys adds who holds the private keys of an account's public keys.
func (v view) addKeys(a *Account) {
	for _, k := range a.Keys {
		lets, condition := v.letsIn(a, k)
		if !lets {
			continue
		}
		id, name := "ssh_key:"+k.Fingerprint, k.Fingerprint
		if k.Comment != "" {
			name = k.Comment + " (" + k.Fingerprint + ")"
		}
		v.g.Add(paths.Principal{ID: id, Kind: paths.Key, Name: name})
		v.g.Link(paths.Step{From: id, To: v.who(a.Name), Way: "key", Does: "logs in as " + untrusted.Line(a.Name) + " on " + v.Name, Evidence: fmt.Sprintf("%s:%d", k.File, k.Line), Condition: condition,
			Remedy: fmt.Sprintf("Remove line %d of %s on %s.", k.Line, k.File, v.Name)})
	}
}

// addGroups adds the groups that lead to root by themselves.
func (v view) addGroups() {
	for _, group := range v.groups {
		if known, is := mightyGroups[group.name]; is {
			v.g.Link(paths.Step{From: groupID(v.Name, group.name), To: rootID(v.Name), Way: "group", Does: known.does, Evidence: "group " + group.name + " (" + known.source + ")", Condition: known.condition,
				Remedy: "Take the members out of group " + group.name + "."})
		}
	}
}

// addSudo adds what sudo gives. What it gives to a group is the group's, and the account's by its membership.
func (v view) addSudo() {
	viaGroup := map[string]bool{}
	mark := func(finding, place string) string { return finding + "\x00" + place }
	names := make([]string, 0, len(v.sudo))
	for name := range v.sudo {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { // groups first
		if x, y := strings.HasPrefix(a, "%"), strings.HasPrefix(b, "%"); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		answer := v.sudo[name]
		group, isGroup := strings.CutPrefix(name, "%")
		from := accountID(v.Name, name)
		if isGroup {
			if from = groupID(v.Name, group); !v.g.Has(from) {
				continue
			}
		}
		byPlace := map[string]*policy.Grant{}
		for i := range answer.grants {
			byPlace[answer.grants[i].Pos.String()+answer.grants[i].Text] = &answer.grants[i]
		}
		for i := range answer.findings {
			f := &answer.findings[i]
			if !f.Root() {
				continue
			}
			for _, place := range f.Places {
				at := mark(f.ID, place.Pos.String()+place.Grant)
				g := byPlace[place.Pos.String()+place.Grant]
				if !isGroup && g != nil && g.Users == policy.MatchGroup && viaGroup[g.By+at] {
					continue
				}
				if isGroup {
					viaGroup[name+at] = true
				}
				step := paths.Step{From: from, To: rootID(v.Name), Way: "sudo", Finding: f.ID, Example: untrusted.Line(f.Example), Condition: f.Condition, Remedy: f.Fix,
					Does: "has a grant of sudo that " + untrusted.Line(f.Does), Evidence: untrusted.Line(fmt.Sprintf("%s:%d: %s", place.Pos.File, place.Pos.Line, place.Grant))}
				if place.Pos.File == "" {
					step.Evidence = "the sudoers files as a whole"
				}
				v.g.Link(step)
			}
		}
		for _, b := range answer.becomes {
			step := paths.Step{From: from, To: accountID(v.Name, b.name), Way: "sudo", Does: "may run commands as " + untrusted.Line(b.name), Evidence: grantText(&b.grant),
				Remedy: "Remove the grant, or grant commands that give no shell."}
			if !b.all {
				step.Condition = "a command of the grant lets the caller do what it wants as " + untrusted.Line(b.name) + ", which pvesec does not judge"
			}
			v.g.Link(step)
		}
	}
}

// addSetID adds programs with a set-id bit or capabilities that no package gave them. What they do is not known, and unknown is not safe.
func (v view) addSetID() {
	for _, f := range v.setID {
		if v.ofDistribution(f.path) {
			continue
		}
		file := untrusted.Line(f.path)
		evidence := fmt.Sprintf("%s: mode %04o, owner %s, group %s", file, f.mode, v.userName(f.uid), v.groupName(f.gid))
		remedy := takeSetID(f.path)
		for _, from := range v.executors(f.path, f.mode, f.gid) {
			if f.mode&0o4000 != 0 {
				v.g.Link(paths.Step{From: from, To: v.ofUID(f.uid), Way: "set-id", Does: "may run " + file + ", which runs as " + v.userName(f.uid), Evidence: evidence, Remedy: remedy,
					Condition: "the program does what its caller wants; no package put it there, and nobody described it"})
			}
			if group := v.groups[f.gid]; f.mode&0o2000 != 0 && f.mode&0o010 != 0 && group != nil {
				v.g.Link(paths.Step{From: from, To: groupID(v.Name, group.name), Way: "set-id", Does: "may run " + file + ", which runs with group " + untrusted.Line(group.name), Evidence: evidence, Remedy: remedy,
					Condition: "the program does what its caller wants; no package put it there, and nobody described it"})
			}
		}
		for _, w := range v.writers(f.path) {
			v.g.Link(paths.Step{From: w.id, To: v.ofUID(f.uid), Way: "file", Does: "may change " + file + ", which has a set-id bit", Evidence: w.evidence, Remedy: w.remedy})
		}
	}
	for _, c := range v.capabilities {
		if !c.leads() {
			continue
		}
		state, known := v.states[c.path]
		if !known {
			v.unknown("programs with capabilities", "the mode of "+c.path+" is not known; pvesec assumes that everyone can run it")
			state.mode = 0o755
		}
		for _, from := range v.executors(c.path, state.mode, state.gid) {
			v.g.Link(paths.Step{From: from, To: rootID(v.Name), Way: "capability", Does: "may run " + untrusted.Line(c.path) + ", which has " + untrusted.Line(c.text),
				Evidence: "getcap " + untrusted.Line(c.path+": "+c.text), Remedy: takeCapabilities(c.path), Condition: "the program does what its caller wants"})
		}
	}
}

// executors are who can run a program: everyone, or the members of its group.
func (v view) executors(file string, mode uint64, gid int) []string {
	group := v.groups[gid]
	switch {
	case !v.entered(file):
		return nil
	case mode&0o001 != 0:
		return []string{everyoneID(v.Name)}
	case mode&0o010 != 0 && group != nil:
		return []string{groupID(v.Name, group.name)}
	}
	return nil
}

// ofUID is the principal of a user id, root where no account has it: nobody can tell who gets it.
func (v view) ofUID(uid int) string {
	for _, a := range v.Accounts {
		if a.UID == uid {
			return v.who(a.Name)
		}
	}
	return rootID(v.Name)
}

func (v view) userName(uid int) string {
	for _, a := range v.Accounts {
		if a.UID == uid {
			return untrusted.Line(a.Name)
		}
	}
	return fmt.Sprintf("#%d", uid)
}

func (v view) groupName(gid int) string {
	if group := v.groups[gid]; group != nil {
		return untrusted.Line(group.name)
	}
	return fmt.Sprintf("#%d", gid)
}
