package posture

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// addSetID adds programs with a set-id bit or capabilities that no package gave them. What they do is not known, and
// unknown is not safe.
func (v view) addSetID() {
	const condition = "the program does what its caller wants; no package gave it that bit, and nobody described it"
	for _, f := range v.setID {
		bits := v.foreignBits(f)
		if bits == 0 {
			continue
		}
		file := untrusted.Line(f.path)
		step := paths.Step{Way: "set-id", Evidence: fmt.Sprintf("%s: mode %04o, owner %s, group %s", file, f.mode, v.userName(f.uid), v.groupName(f.gid)), Remedy: v.takeSetID(bits, f.path), Condition: condition,
			Change: v.change("set-id", f.path)}
		owner := v.ofUID(f.uid)
		if bits&0o4000 != 0 && owner == "" {
			v.unknown("programs of ids that no account has", fmt.Sprintf("%s runs as the user id %d, which no account has", f.path, f.uid))
		}
		runners := v.executors(f.path, f.mode, f.uid, f.gid)
		for _, step.From = range runners {
			if bits&0o4000 != 0 && owner != "" {
				step.To, step.Does = owner, "may run "+file+", which runs as "+v.userName(f.uid)
				v.link(step)
			}
			if group := v.groups[f.gid]; bits&0o2000 != 0 && f.mode&0o010 != 0 && group != nil {
				step.To, step.Does = groupID(v.Name, group.name), "may run "+file+", which runs with group "+untrusted.Line(group.name)
				v.link(step)
			}
		}
		if bits&0o4000 == 0 || owner == "" {
			continue
		}
		for _, w := range v.writers(f.path) {
			if v.among(runners, w.id) {
				continue // who can run it already needs no change of it, and a remedy for the directory would hide the bit
			}
			v.link(paths.Step{From: w.id, To: owner, Way: "file", Does: "may change " + file + ", which has a set-id bit", Evidence: w.evidence, Remedy: w.remedy, Change: w.change,
				Condition: "the bit stays, which the kernel takes away when somebody else than root writes the file"})
		}
	}
	for _, c := range v.capabilities {
		if !v.leads(c) {
			continue
		}
		state, known := v.states[c.path]
		if !known || !state.regular() {
			v.unknown("programs with capabilities", "the mode of "+c.path+" is not known; pvesec assumes that everyone can run it")
			state.mode = 0o755
		}
		for _, from := range v.executors(c.path, state.mode, state.uid, state.gid) {
			v.link(paths.Step{From: from, To: rootID(v.Name), Way: "capability", Does: "may run " + untrusted.Line(c.path) + ", which has " + untrusted.Line(c.text),
				Evidence: "getcap " + untrusted.Line(c.path+": "+c.text), Remedy: v.takeCapabilities(c.path), Condition: "the program does what its caller wants", Change: v.change("capability", c.path)})
		}
	}
}

// among tells whether a principal is one of those who can run a program.
func (v view) among(runners []string, id string) bool {
	if slices.Contains(runners, id) {
		return true
	}
	return slices.Contains(runners, everyoneID(v.Name)) && slices.ContainsFunc(v.Accounts, func(a *Account) bool { return a.LogsIn() && v.principal(a) == id })
}

// executors are who can run a program: everyone, or its owner and the members of groups. A directory above that lets
// its owner or a group in only, lets nobody else through. An account that must pass several of them cannot be told
// here: each is told, unknown is not safe.
func (v view) executors(file string, mode uint64, uid, gid int) []string {
	hops, _ := v.way(file)
	everyone := true
	let := map[string]bool{}
	pass := func(m uint64, owner string, g int) bool {
		group := v.groups[g]
		switch {
		case m&0o001 != 0: // everyone who came here goes on
			return true
		case m&0o010 == 0 || group == nil:
			clear(let) // nobody but its owner
		default:
			let[groupID(v.Name, group.name)] = true
		}
		if owner != "" && owner != rootID(v.Name) {
			let[owner] = true
		}
		everyone = false
		return len(let) > 0
	}
	for _, h := range hops {
		if h.state.directory() && h.at != file && !pass(h.state.mode, v.ofUID(h.state.uid), h.state.gid) {
			return nil
		}
	}
	owner := ""
	if mode&0o100 != 0 {
		owner = v.ofUID(uid)
	}
	switch {
	case !pass(mode, owner, gid):
		return nil
	case everyone:
		return []string{everyoneID(v.Name)}
	}
	return slices.Sorted(maps.Keys(let))
}
