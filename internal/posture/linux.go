package posture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// view is one node in the graph.
type view struct {
	*Node
	g       *paths.Graph
	holders map[string]string // the roots that hold private keys, by the fingerprint
	known   known
}

// link adds a step. Where the node told of somebody in one place and not in another, the step is a gap.
func (v view) link(s paths.Step) {
	if !v.g.Has(s.From) || !v.g.Has(s.To) {
		v.unknown("a way to root", fmt.Sprintf("%s %s [%s], but the node does not list one of the two", s.From, s.Does, s.Evidence))
		return
	}
	v.g.Link(s)
}

// addTo adds what was seen on the node to a graph. holders are the roots that hold private keys, by the fingerprint;
// the graph has them.
func (n *Node) addTo(g *paths.Graph, holders map[string]string) {
	v := view{n, g, holders, known{map[string]sofar{}, map[changed][]writer{}}}
	g.Add(paths.Principal{ID: rootID(n.Name), Kind: paths.Root, Name: "root", Node: n.Name})
	g.Add(paths.Principal{ID: everyoneID(n.Name), Kind: paths.Everyone, Name: "any account", Node: n.Name})
	for _, group := range n.groups {
		g.Add(paths.Principal{ID: groupID(n.Name, group.name), Kind: paths.Group, Name: untrusted.Line(group.name), Node: n.Name})
	}
	for _, a := range n.Accounts {
		if id := v.principal(a); id != rootID(n.Name) {
			g.Add(paths.Principal{ID: id, Kind: paths.Account, Name: untrusted.Line(a.Name), Node: n.Name})
		}
	}
	for _, a := range n.Accounts {
		v.addAccount(a)
		v.addKeys(a)
	}
	v.addGroups()
	v.addElevation()
	v.addSudo()
	v.addSetID()
	v.addFiles()
}

// addAccount adds what an account is by itself.
func (v view) addAccount(a *Account) {
	id := v.principal(a)
	if id != v.who(a.Name) {
		v.link(paths.Step{From: id, To: v.who(a.Name), Way: "uid", Does: "has the name " + untrusted.Line(a.Name) + ", by which sudo and sshd know it", Evidence: fmt.Sprintf("getent passwd: %s is there more than once", untrusted.Line(a.Name)),
			Remedy: "Give the accounts names of their own, or remove one."})
	}
	if a.UID == 0 {
		v.link(paths.Step{From: id, To: rootID(v.Name), Way: "uid", Does: "has the user id 0, which is root", Evidence: "getent passwd: " + untrusted.Line(a.Name) + ":…:0",
			Remedy: "Give the account a user id of its own, or remove it."})
	}
	if a.Password == PasswordEmpty && a.LogsIn() {
		v.link(paths.Step{From: everyoneID(v.Name), To: id, Way: "password", Does: "may become " + untrusted.Line(a.Name) + " without a password (su)", Evidence: "passwd -S " + untrusted.Line(a.Name) + ": NP",
			Remedy: onNames("passwd -l %s", "Lock the password of the account.", a.Name)})
	}
	if a.UID == 0 {
		return
	}
	if first := v.byUID[a.UID]; first != a { // the kernel knows ids only
		for _, two := range [][2]*Account{{a, first}, {first, a}} {
			v.link(paths.Step{From: v.principal(two[0]), To: v.principal(two[1]), Way: "uid", Does: fmt.Sprintf("has the user id %d of %s", a.UID, untrusted.Line(two[1].Name)),
				Evidence: fmt.Sprintf("getent passwd: %s and %s have the user id %d", untrusted.Line(first.Name), untrusted.Line(a.Name), a.UID), Remedy: "Give one of the accounts a user id of its own, or remove it.",
				Change: v.change("uid", strconv.Itoa(a.UID))})
		}
	}
	if a.LogsIn() {
		v.link(paths.Step{From: id, To: everyoneID(v.Name), Way: "local", Does: "can run programs", Evidence: "shell " + untrusted.Line(a.Shell)})
	}
	for i, group := range a.Groups {
		to := groupID(v.Name, group)
		evidence, remedy := "getent group "+untrusted.Line(group), onNames("gpasswd -d %s %s", "Take the account out of the group.", a.Name, group)
		if a.GIDs[i] == a.GID {
			evidence, remedy = "primary group, getent passwd "+untrusted.Line(a.Name), "Give the account another primary group, see usermod -g."
		}
		v.link(paths.Step{From: id, To: to, Way: "member", Does: "is a member of group " + untrusted.Line(group), Evidence: evidence, Remedy: remedy})
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
		if root := v.holders[k.Fingerprint]; root != "" && !slices.Contains(k.Options, "cert-authority") {
			id = root // the key pair of a node's root, by which nodes of a cluster reach each other
		} else {
			v.g.Add(paths.Principal{ID: id, Kind: paths.Key, Name: name})
		}
		v.link(paths.Step{From: id, To: v.principal(a), Way: "key", Does: "logs in as " + untrusted.Line(a.Name) + " on " + v.Name, Evidence: fmt.Sprintf("%s:%d", k.File, k.Line), Condition: condition,
			Remedy: fmt.Sprintf("Remove line %d of %s on %s.", k.Line, k.File, v.Name), Change: v.change("key", fmt.Sprintf("%s:%d", k.File, k.Line))})
	}
}

// addGroups adds the groups that lead to root by themselves.
func (v view) addGroups() {
	for _, group := range v.groups {
		for _, name := range group.names {
			if known, is := mightyGroups[name]; is {
				v.link(paths.Step{From: groupID(v.Name, group.name), To: rootID(v.Name), Way: "group", Does: known.does, Evidence: "group " + name + " (" + known.source + ")", Condition: known.condition,
					Remedy: "Take the members out of group " + name + "."})
			}
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
		from := v.who(name)
		if isGroup {
			known := v.groupNamed(group)
			if known == nil {
				continue // the accounts have it themselves
			}
			from = groupID(v.Name, known.name)
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
					if line := onlyLine(answer.grants); line != "" { // without its one grant, it is nothing
						step.Change = v.change("sudo", line)
					}
				} else {
					step.Change = v.change("sudo", fmt.Sprintf("%s:%d", place.Pos.File, place.Pos.Line))
				}
				v.link(step)
			}
		}
		for _, b := range answer.becomes {
			step := paths.Step{From: from, To: v.who(b.name), Way: "sudo", Does: "may run commands as " + untrusted.Line(b.name), Evidence: grantText(&b.grant),
				Remedy: "Remove the grant, or grant commands that give no shell.", Change: v.change("sudo", fmt.Sprintf("%s:%d", b.grant.Pos.File, b.grant.Pos.Line))}
			if !b.all {
				step.Condition = "a command of the grant lets the caller do what it wants as " + untrusted.Line(b.name) + ", which pvesec does not judge"
			}
			v.link(step)
		}
	}
}

// onlyLine is the line of a file that has all grants, "" where several have them.
func onlyLine(grants []policy.Grant) string {
	line := ""
	for i := range grants {
		at := fmt.Sprintf("%s:%d", grants[i].Pos.File, grants[i].Pos.Line)
		if line != "" && at != line {
			return ""
		}
		line = at
	}
	return line
}
